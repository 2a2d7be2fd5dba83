/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters. */

#ifndef _MIGSEL_STATS_H
#define _MIGSEL_STATS_H

#include <linux/migsel.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

struct migsel_net;
struct migsel_snap_vmk;
struct migsel_vmk;
struct sk_buff;

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

void migsel_count(struct migsel_net *ms, enum migsel_reason reason,
		  const struct sk_buff *skb);
void migsel_count_vmk(struct migsel_net *ms, enum migsel_reason reason,
		      const struct migsel_snap_vmk *vmk,
		      enum migsel_class class, const struct sk_buff *skb);
void migsel_stats_sum(const struct migsel_net *ms, enum migsel_reason reason,
		      struct migsel_sum *sum);
void migsel_vmk_stats_sum(const struct migsel_vmk *vmk,
			  enum migsel_class class, struct migsel_sum *sum);
void migsel_stats_reset(struct migsel_net *ms);

#endif /* _MIGSEL_STATS_H */
