/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters. */

#ifndef _MIGSEL_STATS_H
#define _MIGSEL_STATS_H

#include <linux/migsel.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <net/snmp.h>

struct migsel_net;
struct migsel_vmk;

/**
 * struct migsel_vmk_stats - what left by a vmk, on one CPU
 * @mibs: packets and bytes (IP layer), one after the other, for each class. The kernel's
 *	macros for counters want that name
 * @syncp: lets 32-bit readers see whole values
 */
struct migsel_vmk_stats {
	u64 mibs[2 * (MIGSEL_CLASS_MAX + 1)];
	struct u64_stats_sync syncp;
};

/**
 * struct migsel_stats - what was decided in a namespace, on one CPU
 * @mibs: packets and bytes, one after the other, for each reason
 * @syncp: lets 32-bit readers see whole values
 */
struct migsel_stats {
	u64 mibs[2 * (MIGSEL_REASON_MAX + 1)];
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

/**
 * migsel_count - count a packet for its reason
 * @stats: the counters of its namespace
 * @reason: what was decided
 * @skb: the packet; a GSO packet counts as one, as in nftables
 *
 * Context: any but hard interrupt.
 */
static inline void migsel_count(struct migsel_stats __percpu *stats,
				enum migsel_reason reason,
				const struct sk_buff *skb)
{
	SNMP_INC_STATS64(stats, 2 * reason);
	SNMP_ADD_STATS64(stats, 2 * reason + 1, skb->len);
}

/**
 * migsel_count_vmk - count a packet for its reason and for its vmk
 * @stats: the counters of its namespace
 * @reason: what was decided
 * @vmk_stats: the counters of the vmk that it leaves by
 * @class: its tag
 * @skb: the packet
 *
 * Context: any but hard interrupt.
 */
static inline void
migsel_count_vmk(struct migsel_stats __percpu *stats, enum migsel_reason reason,
		 struct migsel_vmk_stats __percpu *vmk_stats,
		 enum migsel_class class, const struct sk_buff *skb)
{
	SNMP_INC_STATS64(stats, 2 * reason);
	SNMP_ADD_STATS64(stats, 2 * reason + 1, skb->len);
	SNMP_INC_STATS64(vmk_stats, 2 * class);
	SNMP_ADD_STATS64(vmk_stats, 2 * class + 1, skb->len);
}

void migsel_stats_sum(const struct migsel_net *ms, enum migsel_reason reason,
		      struct migsel_sum *sum);
void migsel_vmk_stats_sum(const struct migsel_vmk *vmk,
			  enum migsel_class class, struct migsel_sum *sum);
void migsel_stats_reset(struct migsel_net *ms);

#endif /* _MIGSEL_STATS_H */
