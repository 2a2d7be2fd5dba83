/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decision on a packet, for the hook and for "route get". The two differ in how a route
 * is looked for and in whether a flow is placed.
 */

#ifndef _MIGSEL_DECIDE_H
#define _MIGSEL_DECIDE_H

#include <linux/types.h>

#include "rule.h"

struct migsel_decision;
struct migsel_flows;
struct migsel_snap;

/**
 * struct migsel_seeker - what a decision asks of whoever makes it
 * @reach: whether there is a route to the destination through the vmk at a
 *	position. For a row that prefers the vmk, a default route does not count.
 *	What was found last is the route that a steered packet takes.
 * @flow: the flow that the packet belongs to, 0 if to none. NULL: a flow that
 *	has not begun, which is not placed
 */
struct migsel_seeker {
	bool (*reach)(struct migsel_decision *d, int vmk);
	u64 (*flow)(struct migsel_decision *d);
};

/**
 * struct migsel_decision - a packet, and what becomes of it
 * @seeker: who makes the decision
 * @snap: the configuration, may be NULL if @rule has no vmk
 * @rule: its vmks
 * @flows: the memory of flows, NULL if there is none
 * @query: what the rule asks of the packet
 * @unrouted: no candidate has a route, it is known
 * @row: the row of the table that applies
 * @reason: that of @row, or why its candidates will not do
 * @verdict: what becomes of the packet, if decisions are enforced
 * @vmk: position of the chosen vmk, or MIGSEL_NO_VMK
 * @refused: the rule has no egress for the packet, whatever the policy makes
 *	of that
 * @fresh: it was not answered from what is remembered
 */
struct migsel_decision {
	const struct migsel_seeker *seeker;
	const struct migsel_snap *snap;
	const struct migsel_rule *rule;
	struct migsel_flows *flows;
	struct migsel_query query;
	bool unrouted;

	const struct migsel_row *row;
	enum migsel_reason reason;
	enum migsel_verdict verdict;
	int vmk;
	bool refused;
	bool fresh;
};

void migsel_decide(struct migsel_decision *d);

#endif /* _MIGSEL_DECIDE_H */
