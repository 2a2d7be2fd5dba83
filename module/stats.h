/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters. */

#ifndef _MIGSEL_STATS_H
#define _MIGSEL_STATS_H

#include <linux/list.h>
#include <linux/migsel.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <net/snmp.h>

struct migsel_net;
struct migsel_vmk;

/**
 * struct migsel_count - packets and their bytes, on one CPU
 * @mibs: packets, and bytes (IP layer). The kernel's macros for counters want that name
 * @syncp: lets 32-bit readers see whole values
 */
struct migsel_count {
	u64 mibs[2];
	struct u64_stats_sync syncp;
};

/**
 * struct migsel_stats - what was decided on packets, on one CPU
 * @reasons: for each reason
 */
struct migsel_stats {
	struct migsel_count reasons[MIGSEL_REASON_MAX + 1];
};

/**
 * struct migsel_vmk_stats - what was decided on packets that left by a vmk, on one CPU
 * @classes: for each class but MIGSEL_CLASS_NONE
 */
struct migsel_vmk_stats {
	struct migsel_stats classes[MIGSEL_CLASS_MAX];
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
 * struct migsel_vmk_counters - the counters of a vmk, which may outlive it
 * @list: place in migsel_net::leaving, once the vmk is none any more
 * @stats: what left by it
 * @zero: for each class, what @stats stood at when they were last reset
 */
struct migsel_vmk_counters {
	struct list_head list;
	struct migsel_vmk_stats __percpu *stats;
	struct migsel_sum zero[MIGSEL_CLASS_MAX + 1];
};

/**
 * migsel_count - count a packet
 * @count: the counter of its reason, that of a vmk if it leaves by one
 * @skb: the packet; a GSO packet counts as one, as in nftables
 *
 * Context: any but hard interrupt.
 */
static __always_inline void migsel_count(struct migsel_count __percpu *count,
					 const struct sk_buff *skb)
{
	SNMP_INC_STATS64(count, 0);
	SNMP_ADD_STATS64(count, 1, skb->len);
}

/**
 * migsel_vmk_count_offset - where in the counters of a vmk a packet is counted
 * @class: the tag of the packet, not MIGSEL_CLASS_NONE
 * @reason: what was decided
 *
 * Return: the offset in bytes, for migsel_vmk_count_at().
 */
static inline size_t migsel_vmk_count_offset(enum migsel_class class,
					     enum migsel_reason reason)
{
	return offsetof(struct migsel_vmk_stats,
			classes[class - 1].reasons[reason]);
}

/**
 * migsel_vmk_count_at - where a packet is counted that leaves by a vmk
 * @stats: the counters of the vmk
 * @offset: migsel_vmk_count_offset() of the packet
 *
 * Return: the counter.
 */
static inline struct migsel_count __percpu *
migsel_vmk_count_at(struct migsel_vmk_stats __percpu *stats, size_t offset)
{
	return (void __percpu *)stats + offset;
}

/**
 * migsel_vmk_count - where a packet is counted that leaves by a vmk
 * @stats: the counters of the vmk
 * @class: the tag of the packet, not MIGSEL_CLASS_NONE
 * @reason: what was decided
 *
 * Return: the counter.
 */
static inline struct migsel_count __percpu *
migsel_vmk_count(struct migsel_vmk_stats __percpu *stats,
		 enum migsel_class class, enum migsel_reason reason)
{
	return migsel_vmk_count_at(stats, migsel_vmk_count_offset(class, reason));
}

void migsel_stats_sum(const struct migsel_net *ms, struct migsel_sum *sums);
void migsel_vmk_stats_sum(const struct migsel_vmk *vmk,
			  enum migsel_class class, struct migsel_sum *sum);
void migsel_stats_reset(struct migsel_net *ms);
struct migsel_stats __percpu *migsel_stats_alloc(void);
struct migsel_vmk_counters *migsel_vmk_counters_alloc(void);
void migsel_vmk_counters_leave(struct migsel_net *ms,
			       struct migsel_vmk_counters *counters);
void migsel_vmk_counters_settle(struct migsel_net *ms);

#endif /* _MIGSEL_STATS_H */
