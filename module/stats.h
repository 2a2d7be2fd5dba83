/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters. */

#ifndef _MIGSEL_STATS_H
#define _MIGSEL_STATS_H

#include <linux/migsel.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

struct migsel_net;
struct migsel_vmk;

/**
 * struct migsel_counter - packets and bytes (IP layer)
 * @packets: packets
 * @bytes: bytes
 */
struct migsel_counter {
	u64_stats_t packets;
	u64_stats_t bytes;
};

/**
 * struct migsel_vmk_stats - what left by a vmk, on one CPU
 * @class: for each class
 * @syncp: lets 32-bit readers see whole values
 */
struct migsel_vmk_stats {
	struct migsel_counter class[MIGSEL_CLASS_MAX + 1];
	struct u64_stats_sync syncp;
};

/**
 * struct migsel_stats - what was decided in a namespace, on one CPU
 * @reason: for each reason
 * @syncp: lets 32-bit readers see whole values
 */
struct migsel_stats {
	struct migsel_counter reason[MIGSEL_REASON_MAX + 1];
	struct u64_stats_sync syncp;
};

/**
 * struct migsel_sum - a counter summed over all CPUs
 * @packets: packets
 * @bytes: bytes
 */
struct migsel_sum {
	u64 packets;
	u64 bytes;
};

static inline void migsel_counter_add(struct migsel_counter *counter,
				      struct u64_stats_sync *syncp,
				      unsigned int bytes)
{
	unsigned long flags = u64_stats_update_begin_irqsave(syncp);

	u64_stats_inc(&counter->packets);
	u64_stats_add(&counter->bytes, bytes);
	u64_stats_update_end_irqrestore(syncp, flags);
}

/**
 * migsel_count - count a packet for its reason
 * @stats: the counters of its namespace
 * @reason: what was decided
 * @skb: the packet; a GSO packet counts as one, as in nftables
 *
 * Context: any.
 */
static inline void migsel_count(struct migsel_stats __percpu *stats,
				enum migsel_reason reason,
				const struct sk_buff *skb)
{
	struct migsel_stats *here = get_cpu_ptr(stats);

	migsel_counter_add(&here->reason[reason], &here->syncp, skb->len);
	put_cpu_ptr(stats);
}

/**
 * migsel_count_vmk - count a packet for its reason and for its vmk
 * @stats: the counters of its namespace
 * @reason: what was decided
 * @vmk_stats: the counters of the vmk that it leaves by
 * @class: its tag
 * @skb: the packet
 *
 * Context: any.
 */
static inline void
migsel_count_vmk(struct migsel_stats __percpu *stats, enum migsel_reason reason,
		 struct migsel_vmk_stats __percpu *vmk_stats,
		 enum migsel_class class, const struct sk_buff *skb)
{
	struct migsel_stats *here = get_cpu_ptr(stats);
	struct migsel_vmk_stats *vmk_here = this_cpu_ptr(vmk_stats);

	migsel_counter_add(&here->reason[reason], &here->syncp, skb->len);
	migsel_counter_add(&vmk_here->class[class], &vmk_here->syncp, skb->len);
	put_cpu_ptr(stats);
}

void migsel_stats_sum(const struct migsel_net *ms, enum migsel_reason reason,
		      struct migsel_sum *sum);
void migsel_vmk_stats_sum(const struct migsel_vmk *vmk,
			  enum migsel_class class, struct migsel_sum *sum);
void migsel_stats_reset(struct migsel_net *ms);

#endif /* _MIGSEL_STATS_H */
