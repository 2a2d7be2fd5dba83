// SPDX-License-Identifier: GPL-2.0-only
/* What the rule says of a host that is only described. */

#include <fnmatch.h>
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "error.h"
#include "explain.h"

const char *const explain_verdicts[] = {
	[VERDICT_GOOD] = "good",
	[VERDICT_PITFALL] = "pitfall",
	[VERDICT_REFUSED] = "refused",
	[VERDICT_UNTOLD] = "untold",
	[VERDICT_NOT_OURS] = "not-applicable",
	NULL
};

static int by_number(const void *a, const void *b)
{
	const struct described_nic *x = *(const struct described_nic **)a;
	const struct described_nic *y = *(const struct described_nic **)b;
	unsigned long i = strtoul(x->name + 3, NULL, 10);
	unsigned long j = strtoul(y->name + 3, NULL, 10);

	return i < j ? -1 : i > j;
}

static int by_place(const void *a, const void *b)
{
	const struct described_nic *x = *(const struct described_nic **)a;
	const struct described_nic *y = *(const struct described_nic **)b;

	return x->place < y->place ? -1 : x->place > y->place;
}

/*
 * In the order of the rule: ESXi's by number, those of "migsel save" as they are there,
 * others as they are listed, which on Linux is the order in which they were made.
 */
static void sort_nics(struct view *view)
{
	unsigned int i, n = view->rule.n_vmks;
	bool numbered = true;

	for (i = 0; i < n; i++)
		numbered &= is_vmk(view->nic[i]->name);
	if (view->host->n_saved)
		qsort(view->nic, n, sizeof(*view->nic), by_place);
	else if (numbered)
		qsort(view->nic, n, sizeof(*view->nic), by_number);
}

bool matches_pattern(const struct explain *explain,
		     const struct described_nic *nic)
{
	return explain->pattern && nic->portgroup &&
	       !fnmatch(explain->pattern, nic->portgroup, 0);
}

/* What is given on the command line goes for every host. */
static bool carries_migration(const struct explain *explain,
			      const struct described_nic *nic)
{
	size_t i;

	if (!explain->n_migration && !explain->pattern)
		return nic->migration == TOLD_ON;
	for (i = 0; i < explain->n_migration; i++) {
		if (!strcmp(explain->migration[i], nic->name))
			return true;
	}
	return matches_pattern(explain, nic);
}

static bool is_candidate(struct view *view, const struct described_nic *nic)
{
	if (view->host->system == SYSTEM_ESXI && !is_vmk(nic->name))
		return false;
	if (nic->stack == ON_OTHER) {
		if (!view->n_other++)
			view->other_stack = nic->stack_name;
		return false;
	}
	if (view->host->n_saved)
		return nic->place;
	return view->host->system == SYSTEM_ESXI || nic->n_addrs;
}

static void view_nic(const struct explain *explain,
		     const struct described_nic *nic,
		     struct migsel_rule_vmk *vmk)
{
	static const enum migsel_stack stacks[] = {
		[ON_DEFAULT] = MIGSEL_STACK_DEFAULT,
		[ON_VMOTION] = MIGSEL_STACK_VMOTION,
		[ON_PROVISIONING] = MIGSEL_STACK_PROVISIONING,
	};

	memset(vmk, 0, sizeof(*vmk));
	vmk->addrs = nic->sorted;
	vmk->n_addrs = nic->n_addrs;
	vmk->stack = stacks[nic->stack];
	vmk->weight = nic->weight;
	/* The stack says it of the others. */
	vmk->migration = vmk->stack == MIGSEL_STACK_DEFAULT &&
			 carries_migration(explain, nic);
	vmk->provisioning = vmk->stack == MIGSEL_STACK_DEFAULT &&
			    nic->provisioning == TOLD_ON;
	migsel_rule_prepare_vmk(vmk);
}

/* Routes by one device stand together, as a rule: it is not looked for anew. */
static unsigned int find_routed_stacks(const struct described_host *host)
{
	const struct described_nic *nic = NULL;
	unsigned int i, stacks = 0;

	for (i = 0; i < host->n_routes; i++) {
		const char *dev = host->route[i].dev;

		if (dev && (!nic || strcmp(nic->name, dev)))
			nic = nic_find(host, dev);
		if (dev && nic)
			stacks |= 1 << nic->stack;
	}
	return stacks;
}

bool view_host(struct explain *explain, const struct described_host *host,
	       struct view *view)
{
	bool is_given = explain->n_migration || explain->pattern;
	struct migsel_rule *rule = &view->rule;
	bool has_service = false;
	unsigned int i;

	view->host = host;
	view->routed_stacks = find_routed_stacks(host);
	view->n_other = 0;
	view->is_bound_to_device = false;
	view->bound_vmk = MIGSEL_NO_VMK;
	rule->vmks = view->vmk;
	rule->n_vmks = 0;
	rule->strict = host->is_strict;
	for (i = 0; i < host->n_nics; i++) {
		if (!is_candidate(view, &host->nic[i]))
			continue;
		if (rule->n_vmks == MIGSEL_MAX_VMKS) {
			explain->all.file = host->file;
			cannot_read(&explain->all, host->line,
				    "%s has more than %u vmks",
				    visible(host->name), MIGSEL_MAX_VMKS);
			return false;
		}
		view->nic[rule->n_vmks++] = &host->nic[i];
	}
	sort_nics(view);
	for (i = 0; i < rule->n_vmks; i++) {
		view_nic(explain, view->nic[i], &view->vmk[i]);
		/* The service has one vmk at most. */
		view->vmk[i].provisioning &= !has_service;
		has_service |= view->vmk[i].provisioning;
	}
	migsel_rule_prepare(rule);
	view->is_unaddressed = true;
	for (i = 0; i < rule->n_vmks; i++)
		view->is_unaddressed &= !view->nic[i]->n_addrs;
	view->is_untold = false;
	for (i = 0; i < rule->n_vmks && !rule->vmotion_stack && !is_given; i++)
		view->is_untold |= view->nic[i]->migration == NOT_TOLD &&
				   view->vmk[i].stack == MIGSEL_STACK_DEFAULT;
	return true;
}

bool view_has(const struct view *view, const struct migsel_addr *addr)
{
	const struct described_host *host = view->host;
	unsigned int i, j;

	for (i = 0; i < host->n_nics; i++) {
		for (j = 0; j < host->nic[i].n_addrs; j++) {
			if (addr_equal(&host->nic[i].addr[j], addr))
				return true;
		}
	}
	return false;
}

static bool is_connected(const struct migsel_rule_vmk *vmk,
			 const struct migsel_addr *addr)
{
	unsigned int i;

	for (i = 0; i < vmk->n_addrs; i++) {
		if (addr_is_in(addr, &vmk->addrs[i]))
			return true;
	}
	return false;
}

/* Whether the routes of the stack that a vmk is on were told: each stack has its own. */
static bool are_routes_told(const struct view *view, unsigned int vmk,
			    enum migsel_family family)
{
	const struct described_host *host = view->host;

	if (!(host->parts & (family == MIGSEL_INET ? PART_ROUTES4 : PART_ROUTES6)))
		return false;
	return view->vmk[vmk].stack == MIGSEL_STACK_DEFAULT || host->n_saved ||
	       view->routed_stacks & 1 << view->nic[vmk]->stack;
}

enum reach view_reach(const struct view *view, unsigned int vmk,
		      const struct migsel_addr *dst)
{
	const struct described_host *host = view->host;
	enum reach reach = UNREACHED;
	unsigned int i;

	if (is_connected(&view->vmk[vmk], dst))
		return REACHED;
	for (i = 0; i < host->n_routes; i++) {
		const struct described_route *route = &host->route[i];

		if (!addr_is_in(dst, &route->dst))
			continue;
		if (route->dev ? strcmp(route->dev, view->nic[vmk]->name) :
				 !is_connected(&view->vmk[vmk], &route->gateway))
			continue;
		if (route->dst.len)
			return REACHED;
		reach = REACHED_BY_DEFAULT;
	}
	if (reach == UNREACHED && !are_routes_told(view, vmk, dst->family))
		return REACH_UNTOLD;
	return reach;
}

/* Whether an address is the broadcast one of an address of the host. */
static bool is_broadcast(const struct view *view, const struct migsel_addr *dst)
{
	const struct described_host *host = view->host;
	unsigned int i, j;

	for (i = 0; i < host->n_nics; i++) {
		for (j = 0; j < host->nic[i].n_addrs; j++) {
			if (addr_is_broadcast(dst, &host->nic[i].addr[j]))
				return true;
		}
	}
	return false;
}

bool view_is_unicast(const struct view *view, const struct migsel_addr *dst)
{
	return !view_has(view, dst) && !addr_is_loopback(dst) &&
	       !addr_is_multicast(dst) && !addr_is_link_local(dst) &&
	       !is_broadcast(view, dst);
}

/* The state of a vmk, as stage 2 of the rule asks for it. */
static __u8 state_of(const struct view *view, unsigned int vmk,
		     enum migsel_family family, const struct migsel_addr *dst,
		     bool *is_untold)
{
	enum reach reach = dst ? view_reach(view, vmk, dst) : REACHED;
	__u8 state = 0;

	if (!view->nic[vmk]->is_down && view->vmk[vmk].addressed[family])
		state |= MIGSEL_USABLE;
	if (reach != UNREACHED)
		state |= MIGSEL_ROUTED;
	*is_untold |= reach == REACH_UNTOLD;
	return state;
}

/* Each of those that carry migration traffic and will do. */
static void answer_several(const struct view *view,
			   const struct migsel_addr *dst, struct answer *answer)
{
	static const __u8 ready = MIGSEL_USABLE | MIGSEL_ROUTED;
	__u8 state[MIGSEL_MAX_VMKS];
	__u32 placed[MIGSEL_MAX_VMKS] = {};
	struct migsel_candidates cands = {
		.state = state,
		.placed = placed,
		.current_vmk = MIGSEL_NO_VMK,
	};
	unsigned int i;
	int first;

	for (i = 0; i < view->rule.n_vmks; i++) {
		state[i] = 0;
		if (!view->vmk[i].carries)
			continue;
		state[i] = state_of(view, i, answer->family, dst,
				    &answer->is_routes_untold);
		if ((state[i] & ready) == ready)
			answer->by[answer->n++] = i;
	}
	answer->reason = migsel_rule_multi(&view->rule, &cands, &first);
}

void view_answer(const struct view *view, enum migsel_class class,
		 enum migsel_family family, const struct migsel_addr *dst,
		 struct answer *answer)
{
	struct migsel_query query = {
		.class = class,
		.family = family,
		.not_unicast = dst && !view_is_unicast(view, dst),
		.bound_device = view->is_bound_to_device,
		.bound_vmk = view->bound_vmk,
	};
	bool is_untold = false;
	__u8 state = 0;
	int vmk;

	memset(answer, 0, sizeof(*answer));
	answer->class = class;
	answer->family = family;
	answer->row = migsel_rule_row(&view->rule, &query, &vmk);
	if (answer->row->action == MIGSEL_PREFER) {
		/* Without a destination it is as if that were its subnet. */
		state = state_of(view, vmk, family, dst, &is_untold);
		query.passed_over = !(state & MIGSEL_USABLE) ||
				    (dst && view_reach(view, vmk, dst) != REACHED);
		if (query.passed_over)
			answer->row = migsel_rule_row(&view->rule, &query, &vmk);
	}
	answer->reason = answer->row->reason;
	answer->is_routes_untold = is_untold;
	if (answer->row->action == MIGSEL_CHOOSE) {
		answer_several(view, dst, answer);
	} else if (answer->row->action == MIGSEL_STEER ||
		   answer->row->action == MIGSEL_PREFER) {
		/* A stack that has no vmk has no route, either. */
		state = MIGSEL_USABLE;
		if (vmk != MIGSEL_NO_VMK) {
			state = state_of(view, vmk, family, dst,
					 &answer->is_routes_untold);
			answer->by[answer->n++] = vmk;
		}
		answer->reason = migsel_rule_single(answer->reason, state);
	}
	answer->is_refused = answer->row->action == MIGSEL_REFUSE ||
			     answer->reason == MIGSEL_REASON_LINK_DOWN ||
			     answer->reason == MIGSEL_REASON_NO_ROUTE;
}

/* Migrations can be sent in a family of which one that carries them has an address. */
static bool is_sent_in(const struct view *view, enum migsel_family family)
{
	const struct migsel_rule *rule = &view->rule;
	unsigned int i;

	for (i = 0; i < rule->n_vmks; i++) {
		if ((rule->n_migration ? view->vmk[i].carries :
		     (int)i == rule->first_vmk) &&
		    view->vmk[i].addressed[family])
			return true;
	}
	return false;
}

bool explain_host(struct explain *explain, const struct described_host *host,
		  const struct migsel_addr *dst, struct explained *explained)
{
	struct view *view = &explained->view;
	enum migsel_family family;
	unsigned int i;

	explained->explain = explain;
	explained->n = 0;
	explained->verdict = VERDICT_GOOD;
	if (!view_host(explain, host, view))
		return false;
	if (host->is_not_enforced || (!view->rule.n_vmks && view->n_other)) {
		explained->verdict = VERDICT_NOT_OURS;
		return true;
	}
	if (view->is_untold || view->is_unaddressed || host->is_unread) {
		explained->verdict = VERDICT_UNTOLD;
		return true;
	}
	for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
		if (dst ? dst->family == family : is_sent_in(view, family))
			view_answer(view, MIGSEL_CLASS_HOT, family, dst,
				    &explained->answer[explained->n++]);
	}
	/* Of none that has an address the answer is that it is refused. */
	if (!explained->n)
		view_answer(view, MIGSEL_CLASS_HOT, MIGSEL_INET, dst,
			    &explained->answer[explained->n++]);
	for (i = 0; i < explained->n; i++) {
		const struct answer *answer = &explained->answer[i];

		if (answer->row->bypasses)
			explained->verdict = VERDICT_PITFALL;
		else if (answer->is_routes_untold &&
			 explained->verdict != VERDICT_PITFALL)
			explained->verdict = VERDICT_UNTOLD;
		else if (answer->is_refused &&
			 explained->verdict == VERDICT_GOOD)
			explained->verdict = VERDICT_REFUSED;
	}
	view_answer(view, MIGSEL_CLASS_COLD, explained->answer[0].family, dst,
		    &explained->answer[explained->n++]);
	return true;
}
