// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters, per CPU. A packet counts once, by its reason: in the counters of the vmk by
 * which it leaves if it is tagged, and in those of the namespace if not or by none. Who reads
 * adds up.
 *
 * A reset races with packets that count on other CPUs, so it does not write the counters:
 * it notes what they stand at, as the new zero.
 */

#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "migsel.h"
#include "snap.h"
#include "stats.h"
#include "vmk.h"

static void count_add(struct migsel_sum *sum, const struct migsel_count *count)
{
	unsigned int start;
	u64 packets, bytes;

	do {
		start = u64_stats_fetch_begin(&count->syncp);
		packets = READ_ONCE(count->mibs[0]);
		bytes = READ_ONCE(count->mibs[1]);
	} while (u64_stats_fetch_retry(&count->syncp, start));
	sum->packets += packets;
	sum->bytes += bytes;
}

/* Add what was counted on one CPU, by reason. */
static void stats_add(struct migsel_sum *sums, const struct migsel_stats *stats)
{
	enum migsel_reason reason;

	for (reason = 0; reason <= MIGSEL_REASON_MAX; reason++)
		count_add(&sums[reason], &stats->reasons[reason]);
}

static void counters_add(struct migsel_sum *sums,
			 const struct migsel_vmk_counters *counters)
{
	int cpu, i;

	for_each_possible_cpu(cpu)
		for (i = 0; i < MIGSEL_CLASS_MAX; i++)
			stats_add(sums,
				  &per_cpu_ptr(counters->stats, cpu)->classes[i]);
	cond_resched();
}

static void stats_total(const struct migsel_net *ms, struct migsel_sum *sums)
{
	const struct migsel_vmk_counters *counters;
	const struct migsel_vmk *vmk;
	int cpu;

	memcpy(sums, ms->left, sizeof(ms->left));
	for_each_possible_cpu(cpu)
		stats_add(sums, per_cpu_ptr(ms->stats, cpu));
	list_for_each_entry(vmk, &ms->vmks, list)
		counters_add(sums, vmk->counters);
	list_for_each_entry(counters, &ms->leaving, list)
		counters_add(sums, counters);
}

static void vmk_stats_total(const struct migsel_vmk *vmk,
			    enum migsel_class class, struct migsel_sum *sum)
{
	enum migsel_reason reason;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu)
		for (reason = 0; reason <= MIGSEL_REASON_MAX; reason++)
			count_add(sum, per_cpu_ptr(migsel_vmk_count(vmk->counters->stats,
								    class, reason),
						   cpu));
	cond_resched();
}

static void sum_since(struct migsel_sum *sum, const struct migsel_sum *zero)
{
	sum->packets -= zero->packets;
	sum->bytes -= zero->bytes;
}

/**
 * migsel_stats_sum - what was decided since the last reset
 * @ms: migsel in a namespace, with RTNL held
 * @sums: where to put it, for each reason
 *
 * Context: process, sleeps.
 */
void migsel_stats_sum(const struct migsel_net *ms, struct migsel_sum *sums)
{
	enum migsel_reason reason;

	ASSERT_RTNL();

	stats_total(ms, sums);
	for (reason = 0; reason <= MIGSEL_REASON_MAX; reason++)
		sum_since(&sums[reason], &ms->zero[reason]);
}

/**
 * migsel_vmk_stats_sum - what left by a vmk since the last reset
 * @vmk: the vmk, with RTNL held
 * @class: the class, not MIGSEL_CLASS_NONE
 * @sum: where to put it
 *
 * Context: process, sleeps.
 */
void migsel_vmk_stats_sum(const struct migsel_vmk *vmk,
			  enum migsel_class class, struct migsel_sum *sum)
{
	ASSERT_RTNL();

	vmk_stats_total(vmk, class, sum);
	sum_since(sum, &vmk->counters->zero[class]);
}

/**
 * migsel_stats_reset - start counting anew
 * @ms: migsel in a namespace, with RTNL held
 *
 * Context: process, sleeps.
 */
void migsel_stats_reset(struct migsel_net *ms)
{
	enum migsel_class class;
	struct migsel_vmk *vmk;

	ASSERT_RTNL();

	stats_total(ms, ms->zero);
	list_for_each_entry(vmk, &ms->vmks, list)
		for (class = MIGSEL_CLASS_HOT; class <= MIGSEL_CLASS_MAX; class++)
			vmk_stats_total(vmk, class, &vmk->counters->zero[class]);
}

static void stats_init(struct migsel_stats *stats)
{
	enum migsel_reason reason;

	for (reason = 0; reason <= MIGSEL_REASON_MAX; reason++)
		u64_stats_init(&stats->reasons[reason].syncp);
}

/**
 * migsel_stats_alloc - counters of a namespace, at zero
 *
 * Context: process, sleeps.
 * Return: the counters, to be freed by free_percpu(), NULL without memory.
 */
struct migsel_stats __percpu *migsel_stats_alloc(void)
{
	struct migsel_stats __percpu *stats;
	int cpu;

	stats = alloc_percpu_gfp(struct migsel_stats, GFP_KERNEL_ACCOUNT);
	if (!stats)
		return NULL;
	for_each_possible_cpu(cpu)
		stats_init(per_cpu_ptr(stats, cpu));
	return stats;
}

/**
 * migsel_vmk_counters_alloc - counters of a vmk, at zero
 *
 * Context: process, sleeps.
 * Return: the counters, to be handed to migsel_vmk_counters_leave(), NULL without memory.
 */
struct migsel_vmk_counters *migsel_vmk_counters_alloc(void)
{
	struct migsel_vmk_counters *counters;
	int cpu, i;

	counters = kzalloc_obj(*counters, GFP_KERNEL_ACCOUNT);
	if (!counters)
		return NULL;
	counters->stats = alloc_percpu_gfp(struct migsel_vmk_stats,
					   GFP_KERNEL_ACCOUNT);
	if (!counters->stats) {
		kfree(counters);
		return NULL;
	}
	for_each_possible_cpu(cpu)
		for (i = 0; i < MIGSEL_CLASS_MAX; i++)
			stats_init(&per_cpu_ptr(counters->stats, cpu)->classes[i]);
	return counters;
}

/**
 * migsel_vmk_counters_leave - keep what a vmk has counted that is none any more
 * @ms: migsel in its namespace, with RTNL held
 * @counters: its counters, freed as soon as no packet sees them
 *
 * Context: process, sleeps.
 */
void migsel_vmk_counters_leave(struct migsel_net *ms,
			       struct migsel_vmk_counters *counters)
{
	ASSERT_RTNL();

	list_add(&counters->list, &ms->leaving);
	if (!ms->retired)
		migsel_vmk_counters_settle(ms);
}

/**
 * migsel_vmk_counters_settle - free the counters of vmks that no packet sees any more
 * @ms: migsel in a namespace, with RTNL held and no reader of an earlier snapshot
 *
 * What they stand at is kept.
 *
 * Context: process, sleeps.
 */
void migsel_vmk_counters_settle(struct migsel_net *ms)
{
	struct migsel_vmk_counters *counters, *next;

	ASSERT_RTNL();

	list_for_each_entry_safe(counters, next, &ms->leaving, list) {
		counters_add(ms->left, counters);
		list_del(&counters->list);
		free_percpu(counters->stats);
		kfree(counters);
	}
}
