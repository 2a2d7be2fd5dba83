// SPDX-License-Identifier: GPL-2.0-only
/* The egress rule, see Documentation/networking/migsel.rst for its table. */

#include "rule.h"

static unsigned int addr_bits(const struct migsel_addr *addr)
{
	return addr->family == MIGSEL_INET ? 32 : 128;
}

static bool addr_link_local(const struct migsel_addr *addr)
{
	if (addr->family == MIGSEL_INET)
		return addr->local[0] == 169 && addr->local[1] == 254;
	return addr->local[0] == 0xfe && (addr->local[1] & 0xc0) == 0x80;
}

/* Whether the prefix of an address is a subnet that can be shared. */
static bool addr_has_subnet(const struct migsel_addr *addr)
{
	return addr->len < addr_bits(addr) &&
	       (addr->family == MIGSEL_INET || !addr_link_local(addr));
}

/**
 * migsel_rule_compare - the order of addresses: by family, length and subnet
 * @a: an address
 * @b: another
 *
 * Return: less than, equal to, or greater than 0, as sort() and qsort() have it;
 * 0 if both have the same prefix.
 */
int migsel_rule_compare(const void *a, const void *b)
{
	const struct migsel_addr *x = a, *y = b;
	unsigned int bytes = x->len / 8, rest = x->len % 8, i;

	if (x->family != y->family)
		return x->family - y->family;
	if (x->len != y->len)
		return x->len - y->len;
	for (i = 0; i < bytes; i++)
		if (x->prefix[i] != y->prefix[i])
			return x->prefix[i] - y->prefix[i];
	return rest ? (x->prefix[i] >> (8 - rest)) -
		      (y->prefix[i] >> (8 - rest)) : 0;
}

/* In which families two vmks share a subnet: one pass over both. */
static void share_subnets(struct migsel_rule *rule,
			  const struct migsel_rule_vmk *a,
			  const struct migsel_rule_vmk *b)
{
	u32 i = 0, j = 0;

	while (i < a->n_addrs && j < b->n_addrs) {
		int order;

		if (!addr_has_subnet(&a->addrs[i])) {
			i++;
			continue;
		}
		if (!addr_has_subnet(&b->addrs[j])) {
			j++;
			continue;
		}
		order = migsel_rule_compare(&a->addrs[i], &b->addrs[j]);
		if (!order)
			rule->same_subnet[a->addrs[i].family] = true;
		if (order <= 0)
			i++;
		else
			j++;
	}
}

/**
 * migsel_rule_applies - whether one row of the table applies to a packet
 * @rule: the configuration
 * @query: the packet, to which no earlier row applies
 * @row: the row, MIGSEL_REASON_UNTAGGED to MIGSEL_REASON_MULTI_NIC
 *
 * Return: true if it does.
 */
bool migsel_rule_applies(const struct migsel_rule *rule,
			 const struct migsel_query *query,
			 enum migsel_reason row)
{
	switch (row) {
	case MIGSEL_REASON_UNTAGGED:
		return query->class == MIGSEL_CLASS_NONE;
	case MIGSEL_REASON_NO_VMK:
		return rule->n_vmks == 0;
	case MIGSEL_REASON_NOT_UNICAST:
		return query->not_unicast;
	case MIGSEL_REASON_BOUND_DEVICE:
		return query->bound_device;
	case MIGSEL_REASON_COLD_FIRST_VMK:
		return query->class == MIGSEL_CLASS_COLD;
	case MIGSEL_REASON_NO_MIGRATION_VMK:
		return rule->n_migration == 0;
	case MIGSEL_REASON_SINGLE_NIC:
		return rule->n_migration == 1 && rule->migration == 0;
	case MIGSEL_REASON_SAME_SUBNET:
		return rule->n_migration == 1 &&
		       rule->same_subnet[query->family];
	case MIGSEL_REASON_DEDICATED_SUBNET:
		return rule->n_migration == 1;
	case MIGSEL_REASON_MULTI_NIC_BOUND:
		return query->bound_vmk != MIGSEL_NO_VMK;
	case MIGSEL_REASON_MULTI_NIC:
		return true;
	default:
		return false;
	}
}

static enum migsel_reason first_row(const struct migsel_rule *rule,
				    const struct migsel_query *query)
{
	enum migsel_reason row = MIGSEL_REASON_UNTAGGED;

	while (!migsel_rule_applies(rule, query, row))
		row++;
	return row;
}

/**
 * migsel_rule_reason - stage 1: the row of the table that applies
 * @rule: the configuration
 * @query: the packet
 *
 * Return: the first row that applies, the last one always does.
 */
enum migsel_reason migsel_rule_reason(const struct migsel_rule *rule,
				      const struct migsel_query *query)
{
	if (query->not_unicast || query->bound_device ||
	    query->bound_vmk != MIGSEL_NO_VMK)
		return first_row(rule, query);
	return rule->settled[query->class][query->family].reason;
}

/**
 * migsel_rule_why - what was found when a row was tested
 * @query: the packet
 * @row: the row
 * @applies: what migsel_rule_applies() said
 *
 * Return: a few words for a person.
 */
const char *migsel_rule_why(const struct migsel_query *query,
			    enum migsel_reason row, bool applies)
{
	switch (row) {
	case MIGSEL_REASON_UNTAGGED:
		return applies ? "no tag" :
		       query->class == MIGSEL_CLASS_HOT ? "tagged hot" :
							  "tagged cold";
	case MIGSEL_REASON_NO_VMK:
		return applies ? "no vmk is registered" :
				 "a vmk is registered";
	case MIGSEL_REASON_NOT_UNICAST:
		return applies ? "local, multicast, broadcast or link-local" :
				 "the destination is unicast";
	case MIGSEL_REASON_BOUND_DEVICE:
		return applies ? "the socket is bound to a device" :
				 "the socket is not bound to a device";
	case MIGSEL_REASON_COLD_FIRST_VMK:
		return applies ? "cold traffic takes the first vmk" :
				 "not cold";
	case MIGSEL_REASON_NO_MIGRATION_VMK:
		return applies ? "migration is off on every vmk" :
				 "migration is on";
	case MIGSEL_REASON_SINGLE_NIC:
		return applies ? "only the first vmk has migration on" :
				 "another vmk has migration on";
	case MIGSEL_REASON_SAME_SUBNET:
		return applies ?
			"the only migration vmk shares a subnet with the first vmk" :
			"no single migration vmk that shares a subnet with the first vmk";
	case MIGSEL_REASON_DEDICATED_SUBNET:
		return applies ?
			"the only migration vmk has a subnet of its own" :
			"two or more vmks have migration on";
	case MIGSEL_REASON_MULTI_NIC_BOUND:
		return applies ?
			"the socket is bound to an address of a usable migration vmk" :
			"the socket is bound to no address of a usable migration vmk";
	case MIGSEL_REASON_MULTI_NIC:
		return "two or more vmks have migration on";
	default:
		return "";
	}
}

/**
 * migsel_rule_why_candidate - why a candidate was chosen, or why not
 * @reason: the row that left the candidates
 * @state: the candidate's state, MIGSEL_USABLE and MIGSEL_ROUTED
 * @chosen: whether it was chosen
 *
 * Return: a few words for a person.
 */
const char *migsel_rule_why_candidate(enum migsel_reason reason, u8 state,
				      bool chosen)
{
	if (!(state & MIGSEL_USABLE))
		return "down, or without an address of the family";
	if (!(state & MIGSEL_ROUTED))
		return "no route to the destination through it";
	if (reason != MIGSEL_REASON_MULTI_NIC)
		return "the only candidate";
	return chosen ? "fewest flows for its weight" :
			"another has fewer flows for its weight, or as many and comes first";
}

/**
 * migsel_rule_candidate - the vmk that a reason leaves no choice about
 * @rule: the configuration
 * @query: the packet
 * @reason: what stage 1 gave for them
 *
 * Return: the position of the only candidate, MIGSEL_NO_VMK if there is none,
 * or if there are several (MIGSEL_REASON_MULTI_NIC: every migration vmk).
 */
int migsel_rule_candidate(const struct migsel_rule *rule,
			  const struct migsel_query *query,
			  enum migsel_reason reason)
{
	switch (reason) {
	case MIGSEL_REASON_COLD_FIRST_VMK:
	case MIGSEL_REASON_SINGLE_NIC:
	case MIGSEL_REASON_SAME_SUBNET:
		return 0;
	case MIGSEL_REASON_DEDICATED_SUBNET:
		return rule->migration;
	case MIGSEL_REASON_MULTI_NIC_BOUND:
		return query->bound_vmk;
	default:
		return MIGSEL_NO_VMK;
	}
}

static void settle(struct migsel_rule *rule, enum migsel_class class,
		   enum migsel_family family)
{
	struct migsel_settled *settled = &rule->settled[class][family];
	struct migsel_query query = {
		.class = class,
		.family = family,
		.bound_vmk = MIGSEL_NO_VMK,
	};

	settled->reason = first_row(rule, &query);
	settled->vmk = migsel_rule_candidate(rule, &query, settled->reason);
}

/**
 * migsel_rule_prepare_vmk - derive what depends on the addresses of a vmk alone
 * @vmk: a vmk whose @addrs and @n_addrs are filled in
 */
void migsel_rule_prepare_vmk(struct migsel_rule_vmk *vmk)
{
	int family;
	u32 i;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++)
		vmk->addressed[family] = false;
	for (i = 0; i < vmk->n_addrs; i++)
		if (!addr_link_local(&vmk->addrs[i]))
			vmk->addressed[vmk->addrs[i].family] = true;
}

/**
 * migsel_rule_prepare - derive what does not depend on a packet
 * @rule: a configuration whose @vmks and @n_vmks are filled in
 */
void migsel_rule_prepare(struct migsel_rule *rule)
{
	int class, family;
	u32 i;

	rule->n_migration = 0;
	rule->migration = MIGSEL_NO_VMK;
	for (i = 0; i < rule->n_vmks; i++)
		if (rule->vmks[i].migration && !rule->n_migration++)
			rule->migration = i;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++)
		rule->same_subnet[family] = false;
	if (rule->n_migration)
		share_subnets(rule, &rule->vmks[0],
			      &rule->vmks[rule->migration]);

	for (family = 0; family < MIGSEL_N_FAMILIES; family++)
		for (class = 0; class <= MIGSEL_CLASS_MAX; class++)
			settle(rule, class, family);
}

/* Whether vmk @a has fewer flows for its weight than vmk @b. */
static bool less_placed(const struct migsel_rule *rule, const u32 *placed,
			u32 a, u32 b)
{
	return (u64)placed[a] * rule->vmks[b].weight <
	       (u64)placed[b] * rule->vmks[a].weight;
}

/* Whether a vmk is a candidate that can be chosen. */
static bool is_ready(const struct migsel_rule *rule, const u8 *state, u32 vmk)
{
	const u8 ready = MIGSEL_USABLE | MIGSEL_ROUTED;

	return rule->vmks[vmk].migration && (state[vmk] & ready) == ready;
}

/**
 * migsel_rule_single - stage 2 where there is one candidate
 * @reason: what stage 1 gave
 * @state: the candidate's state, MIGSEL_USABLE and MIGSEL_ROUTED
 *
 * Return: @reason, or why the packet is refused.
 */
enum migsel_reason migsel_rule_single(enum migsel_reason reason, u8 state)
{
	if (!(state & MIGSEL_USABLE))
		return MIGSEL_REASON_LINK_DOWN;
	if (!(state & MIGSEL_ROUTED))
		return MIGSEL_REASON_NO_ROUTE;
	return reason;
}

/**
 * migsel_rule_multi - stage 2 where each migration vmk is a candidate
 * @rule: the configuration
 * @cands: the candidates
 * @vmk: where to put the position of the chosen one, or MIGSEL_NO_VMK
 *
 * Return: MIGSEL_REASON_MULTI_NIC, or why the packet is refused.
 */
enum migsel_reason migsel_rule_multi(const struct migsel_rule *rule,
				     const struct migsel_candidates *cands,
				     int *vmk)
{
	int current_vmk = cands->current_vmk;
	bool usable = false;
	u32 i;

	*vmk = MIGSEL_NO_VMK;
	if (current_vmk != MIGSEL_NO_VMK &&
	    is_ready(rule, cands->state, current_vmk)) {
		*vmk = current_vmk;
		return MIGSEL_REASON_MULTI_NIC;
	}

	for (i = 0; i < rule->n_vmks; i++) {
		if (!rule->vmks[i].migration)
			continue;
		if (cands->state[i] & MIGSEL_USABLE)
			usable = true;
		if (!is_ready(rule, cands->state, i))
			continue;
		if (*vmk == MIGSEL_NO_VMK ||
		    less_placed(rule, cands->placed, i, *vmk))
			*vmk = i;
	}
	if (*vmk != MIGSEL_NO_VMK)
		return MIGSEL_REASON_MULTI_NIC;
	return usable ? MIGSEL_REASON_NO_ROUTE : MIGSEL_REASON_LINK_DOWN;
}

/**
 * migsel_rule_next - the candidate that comes after another that will not do
 * @rule: the configuration
 * @cands: the candidates
 * @vmk: position of a migration vmk
 *
 * One with as many flows for its weight is found at once, another one by a look at
 * all of them.
 *
 * Return: the position of the next one that is ready in the order by flows and
 * position, or MIGSEL_NO_VMK.
 */
int migsel_rule_next(const struct migsel_rule *rule,
		     const struct migsel_candidates *cands, int vmk)
{
	const u32 *placed = cands->placed;
	int next = MIGSEL_NO_VMK;
	u32 i;

	for (i = vmk + 1; i < rule->n_vmks; i++)
		if (is_ready(rule, cands->state, i) &&
		    !less_placed(rule, placed, i, vmk) &&
		    !less_placed(rule, placed, vmk, i))
			return i;
	for (i = 0; i < rule->n_vmks; i++)
		if (is_ready(rule, cands->state, i) &&
		    less_placed(rule, placed, vmk, i) &&
		    (next == MIGSEL_NO_VMK ||
		     less_placed(rule, placed, i, next)))
			next = i;
	return next;
}
