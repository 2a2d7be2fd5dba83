// SPDX-License-Identifier: GPL-2.0-only
/* Decides on a packet: takes its row, and finds a vmk that is usable and has a route. */

#include "decide.h"
#include "place.h"
#include "snap.h"

/* A stack that has no vmk has no route, either. */
static u8 candidate_state(struct migsel_decision *d, int vmk)
{
	if (vmk == MIGSEL_NO_VMK)
		return MIGSEL_USABLE;
	if (!migsel_usable(d->snap, vmk, d->query.family))
		return 0;
	return d->seeker->reach(d, vmk) ? MIGSEL_USABLE | MIGSEL_ROUTED :
					  MIGSEL_USABLE;
}

/* A packet that belongs to no flow takes the first candidate that will do. */
static enum migsel_reason choose_any(struct migsel_decision *d)
{
	enum migsel_reason reason = MIGSEL_REASON_LINK_DOWN;
	u8 state;
	u32 i;

	for (i = 0; i < d->rule->n_vmks; i++) {
		if (!d->rule->vmks[i].carries)
			continue;
		state = candidate_state(d, i);
		if (state & MIGSEL_ROUTED) {
			d->vmk = i;
			return d->row->reason;
		}
		if (state & MIGSEL_USABLE)
			reason = MIGSEL_REASON_NO_ROUTE;
	}
	return reason;
}

/* Look for the route through a vmk, which was only assumed so far. */
static bool try_assumed(struct migsel_decision *d, u8 *state, int vmk)
{
	bool reached = d->seeker->reach(d, vmk);

	state[vmk] = reached ? MIGSEL_USABLE | MIGSEL_ROUTED : MIGSEL_USABLE;
	return reached;
}

/* Returns the first candidate with a route, or MIGSEL_NO_VMK. Tries @vmk first. */
static int seek_route(struct migsel_decision *d, u8 *state, int vmk)
{
	u8 order[MIGSEL_MAX_VMKS];
	u32 i, n;

	if (try_assumed(d, state, vmk))
		return vmk;
	n = migsel_place_order(d->flows, d->snap, d->query.family, state,
			       order);
	for (i = 0; i < n; i++)
		if (try_assumed(d, state, order[i]))
			return order[i];
	return MIGSEL_NO_VMK;
}

/*
 * Place a flow that has no place, or cannot keep it. To look for a route is dear, so it
 * is done only for the vmk where the flow is to go. This races with other flows that are
 * placed meanwhile: then the flow may have to go elsewhere, and it is tried again.
 */
static noinline enum migsel_reason choose_place(struct migsel_decision *d,
						u64 id)
{
	enum migsel_family family = d->query.family;
	u8 state[MIGSEL_MAX_VMKS];
	struct migsel_choice choice = { .vmk = MIGSEL_NO_VMK };
	int reached = MIGSEL_NO_VMK;
	enum migsel_reason reason;
	u32 i;

	d->fresh = true;
	for (i = 0; i < d->rule->n_vmks; i++)
		state[i] = d->rule->vmks[i].carries &&
			   migsel_usable(d->snap, i, family) ?
			   MIGSEL_USABLE | MIGSEL_ROUTED | MIGSEL_ASSUMED : 0;
	for (;;) {
		reason = migsel_place(d->flows, d->snap, family, id, state,
				      &choice);
		d->vmk = choice.vmk;
		if (d->vmk == MIGSEL_NO_VMK ||
		    !(state[d->vmk] & MIGSEL_ASSUMED))
			break;
		reached = seek_route(d, state, d->vmk);
	}
	if (d->vmk != reached && d->vmk != MIGSEL_NO_VMK &&
	    !d->seeker->reach(d, d->vmk))
		return MIGSEL_REASON_NO_ROUTE;
	return reason;
}

/* Of several candidates the packet leaves by the one where its flow lives. */
static enum migsel_reason choose_vmk(struct migsel_decision *d)
{
	int ifindex, vmk;
	u64 id;

	if (!d->seeker->flow)
		return choose_place(d, 0);
	id = d->seeker->flow(d);
	if (!id)
		return choose_any(d);

	ifindex = migsel_flow_ifindex(d->flows, id);
	vmk = migsel_snap_position(d->snap, migsel_snap_find(d->snap, ifindex));
	if (vmk != MIGSEL_NO_VMK && d->rule->vmks[vmk].carries &&
	    candidate_state(d, vmk) & MIGSEL_ROUTED) {
		d->vmk = vmk;
		return d->row->reason;
	}
	return choose_place(d, id);
}

/* Take the row that applies. A row that prefers a vmk gives way where that will not do. */
static void take_row(struct migsel_decision *d)
{
	d->query.passed_over = false;
	d->row = migsel_rule_row(d->rule, &d->query, &d->vmk);
	if (d->row->action != MIGSEL_PREFER ||
	    candidate_state(d, d->vmk) & MIGSEL_ROUTED)
		return;
	d->query.passed_over = true;
	d->row = migsel_rule_row(d->rule, &d->query, &d->vmk);
}

/**
 * migsel_decide - decide on a packet
 * @d: who decides, on what; gets the answer. @fresh is set, never cleared.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 */
void migsel_decide(struct migsel_decision *d)
{
	take_row(d);
	d->reason = d->row->reason;
	d->refused = false;

	switch (d->row->action) {
	case MIGSEL_PASS:
		d->fresh = true;
		d->verdict = MIGSEL_VERDICT_PASS;
		return;
	case MIGSEL_REFUSE:
		d->refused = true;
		break;
	case MIGSEL_STEER:
		d->reason = migsel_rule_single(d->reason,
					       candidate_state(d, d->vmk));
		break;
	case MIGSEL_PREFER:
		break;
	case MIGSEL_CHOOSE:
		d->reason = d->unrouted ? MIGSEL_REASON_NO_ROUTE : choose_vmk(d);
		break;
	}

	d->refused |= d->reason != d->row->reason;
	if (!d->refused) {
		d->verdict = MIGSEL_VERDICT_STEER;
		return;
	}
	d->fresh = true;
	d->verdict = d->snap->policy.unreachable == MIGSEL_UNREACHABLE_PASS ?
		     MIGSEL_VERDICT_PASS : MIGSEL_VERDICT_REFUSE;
}
