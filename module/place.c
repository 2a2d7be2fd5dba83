// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bounded memory of flows: on which vmk a multi-NIC flow was placed, and
 * for what an alarm was raised about a flow.
 *
 * A new flow takes the place of one that has not sent lately. A forgotten flow that sends
 * again is a new one.
 */

#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "place.h"
#include "route.h"
#include "snap.h"

static siphash_key_t flow_key __read_mostly;

static u64 flow_hash_inet6(const struct migsel_flow_key *key)
{
	const struct {
		struct in6_addr daddr;
		struct in6_addr saddr;
		__be16 sport;
		__be16 dport;
		u32 proto;
	} __packed __aligned(8) tuple = {
		.daddr = key->daddr,
		.saddr = key->saddr,
		.sport = key->sport,
		.dport = key->dport,
		.proto = key->proto,
	};

	return siphash(&tuple, sizeof(tuple), &flow_key);
}

static u64 flow_hash_inet(const struct migsel_flow_key *key)
{
	u32 ports = (__force u32)key->sport << 16 | (__force u32)key->dport;

	return siphash_4u32((__force u32)key->daddr.s6_addr32[3],
			    (__force u32)key->saddr.s6_addr32[3], ports,
			    key->proto, &flow_key);
}

/**
 * migsel_flow_id - the identity of a flow that no socket stands for
 * @key: a packet of it
 *
 * Return: a number that no socket cookie equals, never 0.
 */
u64 migsel_flow_id(const struct migsel_flow_key *key)
{
	net_get_random_once(&flow_key, sizeof(flow_key));
	return (key->family == MIGSEL_INET ? flow_hash_inet(key) :
					     flow_hash_inet6(key)) | BIT_ULL(63);
}

/* The second-chance algorithm: the flow that goes was not seen since the last round. */
static struct migsel_flow *flow_victim(struct migsel_flow *set)
{
	int i;

	for (i = 0; i < MIGSEL_FLOW_WAYS; i++)
		if (!set[i].id || !set[i].used)
			return &set[i];
	for (i = 0; i < MIGSEL_FLOW_WAYS; i++)
		set[i].used = false;
	return &set[get_random_u32() % MIGSEL_FLOW_WAYS];
}

static struct migsel_flow *flow_remember(struct migsel_flows *flows, u64 id)
{
	struct migsel_flow *flow;

	lockdep_assert_held(&flows->lock.lock);

	flow = migsel_flow_find(flows, id);
	if (!flow) {
		flow = flow_victim(migsel_flow_set(flows, id));
		flow->id = id;
		flow->ifindex = 0;
		flow->alarmed = 0;
	}
	flow->used = true;
	return flow;
}

/**
 * migsel_flow_alarm - whether an alarm about a flow is news
 * @flows: the memory
 * @id: the flow
 * @reason: what the alarm would be about
 * @audience: who would hear it
 *
 * Context: any but hard interrupt.
 * Return: true if the last alarm about the flow was about something else, or
 * others heard it.
 */
bool migsel_flow_alarm(struct migsel_flows *flows, u64 id,
		       enum migsel_reason reason, u16 audience)
{
	struct migsel_flow *flow;
	bool news;

	if (migsel_flow_heard(flows, id, reason, audience))
		return false;

	write_seqlock_bh(&flows->lock);
	flow = flow_remember(flows, id);
	news = flow->alarmed != reason + 1 || flow->audience != audience;
	flow->alarmed = reason + 1;
	flow->audience = audience;
	write_sequnlock_bh(&flows->lock);
	return news;
}

static struct migsel_member member_now(const struct migsel_snap *snap,
				       enum migsel_family family, const u8 *state,
				       u32 vmk)
{
	struct migsel_member now = {};

	if (vmk < snap->rule.n_vmks && snap->rule.vmks[vmk].carries) {
		now.ifindex = snap->vmks[vmk].dev->ifindex;
		now.weight = snap->rule.vmks[vmk].weight;
		now.usable = state ? state[vmk] & MIGSEL_USABLE :
				     migsel_usable(snap, vmk, family);
	}
	return now;
}

static bool member_equal(const struct migsel_member *a, const struct migsel_member *b)
{
	return a->ifindex == b->ifindex && a->weight == b->weight &&
	       a->usable == b->usable;
}

/*
 * Begin to count flows anew if the usable set, the members or a weight changed. What is
 * usable is taken from @state or, without it, from the devices.
 */
static void sync_family(struct migsel_flows *flows,
			const struct migsel_snap *snap,
			enum migsel_family family, const u8 *state)
{
	struct migsel_member *members = flows->members[family];
	u32 n = max(snap->rule.n_vmks, flows->n_members[family]), i;
	bool changed = false;

	lockdep_assert_held(&flows->lock.lock);

	for (i = 0; i < n; i++) {
		struct migsel_member now = member_now(snap, family, state, i);

		if (!member_equal(&members[i], &now)) {
			members[i] = now;
			changed = true;
		}
	}
	flows->n_members[family] = snap->rule.n_vmks;
	if (changed) {
		memset(flows->placed[family], 0, sizeof(flows->placed[family]));
		flows->changes++;
	}
}

/**
 * migsel_place_sync - count anew if the usable set, the members or a weight
 *	changed
 * @flows: the memory
 * @snap: the configuration
 *
 * Context: any but hard interrupt.
 */
void migsel_place_sync(struct migsel_flows *flows,
		       const struct migsel_snap *snap)
{
	enum migsel_family family;

	write_seqlock_bh(&flows->lock);
	for (family = 0; family < MIGSEL_N_FAMILIES; family++)
		sync_family(flows, snap, family, NULL);
	write_sequnlock_bh(&flows->lock);
}

/* Where there is no memory, because no hook is registered, no flow is placed. */
static const u32 none_placed[MIGSEL_MAX_VMKS];

static void flow_place(struct migsel_flows *flows, enum migsel_family family,
		       u64 id, const struct migsel_snap *snap, int vmk)
{
	flow_remember(flows, id)->ifindex = snap->vmks[vmk].dev->ifindex;
	flows->placed[family][vmk]++;
	flows->changes++;
}

/**
 * migsel_place - place a multi-NIC flow
 * @flows: the memory, may be NULL where @id is 0
 * @snap: the configuration
 * @family: the flow's family
 * @id: the flow, 0 for one that is not to be placed
 * @state: the state of each migration vmk
 * @choice: what is chosen. Asked again about the same flow once the route through the
 *	chosen vmk is there, it looks for another one only if something else has changed
 *
 * Where the route through the chosen one is only assumed, the flow is not placed yet: the
 * caller looks for the route and asks again.
 *
 * Context: any but hard interrupt.
 * Return: MIGSEL_REASON_MULTI_NIC, or why the packet is refused.
 */
enum migsel_reason migsel_place(struct migsel_flows *flows,
				const struct migsel_snap *snap,
				enum migsel_family family, u64 id,
				const u8 *state, struct migsel_choice *choice)
{
	struct migsel_candidates cands = {
		.state = state,
		.placed = flows ? flows->placed[family] : none_placed,
		.current_vmk = MIGSEL_NO_VMK,
	};
	enum migsel_reason reason = MIGSEL_REASON_MULTI_NIC;
	const struct migsel_flow *flow;

	if (!flows)
		return migsel_rule_multi(&snap->rule, &cands, &choice->vmk);
	write_seqlock_bh(&flows->lock);
	if (choice->vmk == MIGSEL_NO_VMK || choice->changes != flows->changes ||
	    !(state[choice->vmk] & MIGSEL_ROUTED)) {
		sync_family(flows, snap, family, state);
		flow = id ? migsel_flow_find(flows, id) : NULL;
		if (flow)
			cands.current_vmk =
				migsel_snap_position(snap, migsel_snap_find(snap, flow->ifindex));
		reason = migsel_rule_multi(&snap->rule, &cands, &choice->vmk);
		choice->current_vmk = cands.current_vmk;
		choice->changes = flows->changes;
	}
	if (id && choice->vmk != choice->current_vmk &&
	    choice->vmk != MIGSEL_NO_VMK &&
	    !(state[choice->vmk] & MIGSEL_ASSUMED))
		flow_place(flows, family, id, snap, choice->vmk);
	write_sequnlock_bh(&flows->lock);
	return reason;
}

struct order {
	const struct migsel_rule *rule;
	const u32 *placed;
};

static int order_compare(const void *a, const void *b, const void *priv)
{
	const struct order *order = priv;

	return migsel_rule_order(order->rule, order->placed, *(const u8 *)a,
				 *(const u8 *)b);
}

/**
 * migsel_place_order - in which order a flow tries the candidates that are left
 * @flows: the memory, may be NULL
 * @snap: the configuration
 * @family: the flow's family
 * @state: the state of each migration vmk
 * @order: where to put the positions of those whose route is assumed,
 *	MIGSEL_MAX_VMKS long
 *
 * The flow may have to try all of them, so they are sorted once.
 *
 * Context: any but hard interrupt.
 * Return: how many there are.
 */
u32 migsel_place_order(struct migsel_flows *flows,
		       const struct migsel_snap *snap,
		       enum migsel_family family, const u8 *state, u8 *order)
{
	const struct order by = {
		.rule = &snap->rule,
		.placed = flows ? flows->placed[family] : none_placed,
	};
	u32 i, n = 0;

	BUILD_BUG_ON(MIGSEL_MAX_VMKS - 1 > U8_MAX);

	for (i = 0; i < snap->rule.n_vmks; i++)
		if (state[i] & MIGSEL_ASSUMED)
			order[n++] = i;
	if (!flows) {
		sort_r(order, n, sizeof(*order), order_compare, NULL, &by);
		return n;
	}
	write_seqlock_bh(&flows->lock);
	sort_r(order, n, sizeof(*order), order_compare, NULL, &by);
	write_sequnlock_bh(&flows->lock);
	return n;
}

/**
 * migsel_place_peek - how many flows were placed on each vmk
 * @flows: the memory
 * @snap: the configuration
 * @family: the family
 * @placed: where to put it, MIGSEL_MAX_VMKS long
 *
 * Context: any but hard interrupt.
 */
void migsel_place_peek(struct migsel_flows *flows,
		       const struct migsel_snap *snap,
		       enum migsel_family family, u32 *placed)
{
	write_seqlock_bh(&flows->lock);
	sync_family(flows, snap, family, NULL);
	memcpy(placed, flows->placed[family], sizeof(flows->placed[family]));
	write_sequnlock_bh(&flows->lock);
}

/**
 * migsel_flows_alloc - an empty memory
 *
 * Return: the memory, to be freed by kvfree(), NULL without memory.
 */
struct migsel_flows *migsel_flows_alloc(void)
{
	struct migsel_flows *flows;

	flows = kvzalloc_obj(*flows, GFP_KERNEL_ACCOUNT);
	if (flows)
		seqlock_init(&flows->lock);
	return flows;
}
