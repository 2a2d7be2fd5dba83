// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which flows were steered lately, and where to. Nothing else remembers it where a
 * firewall rule has tagged the packets, or the socket keeps no route.
 */

#include <linux/hash.h>
#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "place.h"
#include "route.h"
#include "steered.h"

#define STEERED_SETS	256
#define STEERED_WAYS	8
#define STEERED_AGE	(3 * HZ)

/**
 * struct steered - a flow that was steered
 * @id: migsel_flow_id(), 0 if free
 * @seen: when, in jiffies
 * @mark: the mark of its packet
 * @ifindex: the device of the vmk that it left by
 */
struct steered {
	u64 id;
	unsigned long seen;
	u32 mark;
	int ifindex;
};

/**
 * struct migsel_steered - the flows of a namespace that were steered lately
 * @lock: guards @sets; bottom halves off
 * @sets: the flows, by a hash of their id
 */
struct migsel_steered {
	spinlock_t lock; /* the flows */
	struct steered sets[STEERED_SETS][STEERED_WAYS];
};

static struct steered *steered_find(struct steered *set, u64 id)
{
	int i;

	for (i = 0; i < STEERED_WAYS; i++)
		if (set[i].id == id)
			return &set[i];
	return NULL;
}

static struct steered *steered_victim(struct steered *set)
{
	struct steered *oldest = set;
	int i;

	for (i = 0; i < STEERED_WAYS; i++) {
		if (!set[i].id)
			return &set[i];
		if (time_before(set[i].seen, oldest->seen))
			oldest = &set[i];
	}
	return oldest;
}

static struct steered *steered_set(struct migsel_steered *memory, u64 id)
{
	return memory->sets[hash_64(id, ilog2(STEERED_SETS))];
}

/**
 * migsel_steered_note - remember for some seconds that a flow was steered
 * @memory: the memory
 * @id: migsel_flow_id() of @key
 * @key: a packet of it, and the device
 *
 * Context: any but hard interrupt.
 */
void migsel_steered_note(struct migsel_steered *memory, u64 id,
			 const struct migsel_flow_key *key)
{
	struct steered *steered;

	if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP)
		return;

	spin_lock_bh(&memory->lock);
	steered = steered_find(steered_set(memory, id), id);
	if (!steered)
		steered = steered_victim(steered_set(memory, id));
	steered->id = id;
	steered->seen = jiffies;
	steered->mark = key->mark;
	steered->ifindex = key->oif;
	spin_unlock_bh(&memory->lock);
}

/**
 * migsel_steered_find - whether a flow was steered in the last seconds
 * @memory: the memory
 * @key: a packet of it; its mark and the device are set if so
 *
 * Context: any but hard interrupt.
 * Return: true if it was.
 */
bool migsel_steered_find(struct migsel_steered *memory,
			 struct migsel_flow_key *key)
{
	u64 id = migsel_flow_id(key);
	struct steered *steered;

	spin_lock_bh(&memory->lock);
	steered = steered_find(steered_set(memory, id), id);
	if (steered && time_after(jiffies, steered->seen + STEERED_AGE))
		steered = NULL;
	if (steered) {
		key->mark = steered->mark;
		key->oif = steered->ifindex;
	}
	spin_unlock_bh(&memory->lock);
	return steered;
}

/**
 * migsel_steered_alloc - an empty memory
 *
 * Return: the memory, to be freed by kvfree(), NULL if there is none to have.
 */
struct migsel_steered *migsel_steered_alloc(void)
{
	struct migsel_steered *memory;

	memory = kvzalloc_obj(*memory, GFP_KERNEL_ACCOUNT);
	if (memory)
		spin_lock_init(&memory->lock);
	return memory;
}
