/* SPDX-License-Identifier: GPL-2.0-only */
/* The bounded memory of flows. */

#ifndef _MIGSEL_PLACE_H
#define _MIGSEL_PLACE_H

#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/migsel.h>
#include <linux/seqlock.h>
#include <linux/types.h>

#include "rule.h"

struct migsel_flow_key;
struct migsel_snap;

#define MIGSEL_FLOW_SETS	4096
#define MIGSEL_FLOW_WAYS	8

/**
 * struct migsel_flow - a remembered flow
 * @id: migsel_flow_id() or the cookie of its socket, 0 if free
 * @ifindex: device of the vmk on which it was placed, 0 if on none
 * @alarmed: one more than the reason of the last alarm, 0 if there was none
 * @used: seen since a place was last looked for
 * @audience: who heard that alarm
 */
struct migsel_flow {
	u64 id;
	int ifindex;
	u8 alarmed;
	bool used;
	u16 audience;
};

/**
 * struct migsel_member - a vmk, as it was when counting began
 * @ifindex: its device, 0 if it does not carry migration traffic
 * @weight: its share
 * @usable: whether it was usable
 */
struct migsel_member {
	int ifindex;
	u8 weight;
	bool usable;
};

/**
 * struct migsel_flows - the memory of flows of a namespace
 * @lock: guards everything here. Who reads @sets without it and finds a flow retries. Who
 *	does not, places the flow or raises an alarm only after another look with the lock
 * @sets: the flows, by a hash of their id
 * @members: the vmks for which @placed counts, by family and position
 * @n_members: length of what is used of @members, by family
 * @placed: flows placed since @members last changed, likewise
 * @changes: how often @members or @placed have changed
 */
struct migsel_flows {
	seqlock_t lock;
	struct migsel_flow sets[MIGSEL_FLOW_SETS][MIGSEL_FLOW_WAYS];
	struct migsel_member members[MIGSEL_N_FAMILIES][MIGSEL_MAX_VMKS];
	u32 n_members[MIGSEL_N_FAMILIES];
	u32 placed[MIGSEL_N_FAMILIES][MIGSEL_MAX_VMKS];
	u32 changes;
};

/**
 * struct migsel_choice - a vmk for a flow
 * @vmk: its position, or MIGSEL_NO_VMK, as it is before one is chosen
 * @current_vmk: position of the one on which the flow lived before, or MIGSEL_NO_VMK
 * @changes: tells whether something has changed since it was chosen
 */
struct migsel_choice {
	int vmk;
	int current_vmk;
	u32 changes;
};

/**
 * migsel_flow_set - where a flow is remembered, if it is
 * @flows: the memory
 * @id: the flow
 *
 * Return: MIGSEL_FLOW_WAYS flows, one of which may be it.
 */
static __always_inline struct migsel_flow *
migsel_flow_set(struct migsel_flows *flows, u64 id)
{
	return flows->sets[hash_64(id, ilog2(MIGSEL_FLOW_SETS))];
}

/* Which flow of a set it is, MIGSEL_FLOW_WAYS if none of them. */
static __always_inline unsigned int migsel_flow_way(const struct migsel_flow *set,
						    u64 id)
{
	unsigned int way;

	for (way = 0; way < MIGSEL_FLOW_WAYS; way++)
		if (READ_ONCE(set[way].id) == id)
			break;
	return way;
}

/**
 * migsel_flow_find - a flow that is remembered
 * @flows: the memory
 * @id: the flow
 *
 * Context: any but hard interrupt, with the lock held.
 * Return: the flow, NULL if it is not remembered.
 */
static __always_inline struct migsel_flow *
migsel_flow_find(struct migsel_flows *flows, u64 id)
{
	struct migsel_flow *set = migsel_flow_set(flows, id);
	unsigned int way = migsel_flow_way(set, id);

	return way < MIGSEL_FLOW_WAYS ? &set[way] : NULL;
}

/**
 * migsel_flow_seen - note that a flow lives
 * @flow: the flow
 *
 * Most packets find that noted, and write to nothing that CPUs share.
 */
static __always_inline void migsel_flow_seen(struct migsel_flow *flow)
{
	if (!READ_ONCE(flow->used))
		WRITE_ONCE(flow->used, true);
}

/**
 * migsel_flow_ifindex - where a flow lives
 * @flows: the memory
 * @id: the flow
 *
 * Context: any but hard interrupt. Takes no lock.
 * Return: the device, 0 if the flow is not remembered.
 */
static __always_inline int migsel_flow_ifindex(struct migsel_flows *flows,
					       u64 id)
{
	struct migsel_flow *set = migsel_flow_set(flows, id);
	unsigned int seq, way;
	int ifindex;

	do {
		seq = read_seqbegin(&flows->lock);
		way = migsel_flow_way(set, id);
		if (way == MIGSEL_FLOW_WAYS) {
			read_seqretry(&flows->lock, seq);
			return 0;
		}
		ifindex = READ_ONCE(set[way].ifindex);
	} while (read_seqretry(&flows->lock, seq));

	migsel_flow_seen(&set[way]);
	return ifindex;
}

/**
 * migsel_flow_heard - whether an alarm about a flow has been raised
 * @flows: the memory
 * @id: the flow
 * @reason: what the alarm would be about
 * @audience: who would hear it
 *
 * Context: any but hard interrupt. Takes no lock.
 * Return: true if the last alarm about the flow was about the same, and the same heard it.
 */
static __always_inline bool migsel_flow_heard(struct migsel_flows *flows,
					      u64 id, enum migsel_reason reason,
					      u16 audience)
{
	struct migsel_flow *set = migsel_flow_set(flows, id);
	unsigned int seq, way;

	do {
		seq = read_seqbegin(&flows->lock);
		way = migsel_flow_way(set, id);
		if (way == MIGSEL_FLOW_WAYS ||
		    READ_ONCE(set[way].alarmed) != reason + 1 ||
		    READ_ONCE(set[way].audience) != audience) {
			read_seqretry(&flows->lock, seq);
			return false;
		}
	} while (read_seqretry(&flows->lock, seq));

	migsel_flow_seen(&set[way]);
	return true;
}

u64 migsel_flow_id(const struct migsel_flow_key *key);
bool migsel_flow_alarm(struct migsel_flows *flows, u64 id,
		       enum migsel_reason reason, u16 audience);
enum migsel_reason migsel_place(struct migsel_flows *flows,
				const struct migsel_snap *snap,
				enum migsel_family family, u64 id,
				const u8 *state, struct migsel_choice *choice);
u32 migsel_place_order(struct migsel_flows *flows,
		       const struct migsel_snap *snap,
		       enum migsel_family family, const u8 *state, u8 *order);
void migsel_place_peek(struct migsel_flows *flows,
		       const struct migsel_snap *snap,
		       enum migsel_family family, u32 *placed);
void migsel_place_sync(struct migsel_flows *flows,
		       const struct migsel_snap *snap);
struct migsel_flows *migsel_flows_alloc(void);

#endif /* _MIGSEL_PLACE_H */
