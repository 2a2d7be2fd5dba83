// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters, per CPU. A reset races with packets that count on other CPUs, so it does not
 * write the counters: it notes what they stand at, as the new zero.
 */

#include <linux/rtnetlink.h>

#include "migsel.h"
#include "snap.h"
#include "stats.h"
#include "vmk.h"

/* @counts are packets and bytes. */
static void counts_add(struct migsel_sum *sum, const u64 *counts,
		       const struct u64_stats_sync *syncp)
{
	unsigned int start;
	u64 packets, bytes;

	do {
		start = u64_stats_fetch_begin(syncp);
		packets = READ_ONCE(counts[0]);
		bytes = READ_ONCE(counts[1]);
	} while (u64_stats_fetch_retry(syncp, start));
	sum->packets += packets;
	sum->bytes += bytes;
}

static void stats_total(const struct migsel_net *ms, enum migsel_reason reason,
			struct migsel_sum *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct migsel_stats *stats = per_cpu_ptr(ms->stats, cpu);

		counts_add(sum, &stats->mibs[2 * reason], &stats->syncp);
	}
}

static void vmk_stats_total(const struct migsel_vmk *vmk,
			    enum migsel_class class, struct migsel_sum *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct migsel_vmk_stats *stats =
			per_cpu_ptr(vmk->stats, cpu);

		counts_add(sum, &stats->mibs[2 * class], &stats->syncp);
	}
}

static void sum_since(struct migsel_sum *sum, const struct migsel_sum *zero)
{
	sum->packets -= zero->packets;
	sum->bytes -= zero->bytes;
}

/**
 * migsel_stats_sum - what was decided since the last reset
 * @ms: migsel in a namespace, with RTNL held
 * @reason: the reason
 * @sum: where to put it
 */
void migsel_stats_sum(const struct migsel_net *ms, enum migsel_reason reason,
		      struct migsel_sum *sum)
{
	ASSERT_RTNL();

	stats_total(ms, reason, sum);
	sum_since(sum, &ms->zero[reason]);
}

/**
 * migsel_vmk_stats_sum - what left by a vmk since the last reset
 * @vmk: the vmk, with RTNL held
 * @class: the class
 * @sum: where to put it
 */
void migsel_vmk_stats_sum(const struct migsel_vmk *vmk,
			  enum migsel_class class, struct migsel_sum *sum)
{
	ASSERT_RTNL();

	vmk_stats_total(vmk, class, sum);
	sum_since(sum, &vmk->zero[class]);
}

/**
 * migsel_stats_reset - start counting anew
 * @ms: migsel in a namespace, with RTNL held
 */
void migsel_stats_reset(struct migsel_net *ms)
{
	enum migsel_reason reason;
	enum migsel_class class;
	struct migsel_vmk *vmk;

	ASSERT_RTNL();

	for (reason = 0; reason <= MIGSEL_REASON_MAX; reason++)
		stats_total(ms, reason, &ms->zero[reason]);
	list_for_each_entry(vmk, &ms->vmks, list)
		for (class = 0; class <= MIGSEL_CLASS_MAX; class++)
			vmk_stats_total(vmk, class, &vmk->zero[class]);
}
