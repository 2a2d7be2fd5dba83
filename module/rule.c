// SPDX-License-Identifier: GPL-2.0-only
/* The egress rule, see Documentation/networking/migsel.rst for its table. */

#include <linux/kernel.h>

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

/* In which families two vmks, if they are two, share a subnet: one pass over both. */
static void share_subnets(const struct migsel_rule *rule, int first, int second,
			  bool *share)
{
	const struct migsel_rule_vmk *a, *b;
	u32 i = 0, j = 0;
	int family;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++)
		share[family] = false;
	if (first == MIGSEL_NO_VMK || second == MIGSEL_NO_VMK)
		return;
	a = &rule->vmks[first];
	b = &rule->vmks[second];

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
			share[a->addrs[i].family] = true;
		if (order <= 0)
			i++;
		else
			j++;
	}
}

static bool is_untagged(const struct migsel_rule *rule,
			const struct migsel_query *query)
{
	return query->class == MIGSEL_CLASS_NONE;
}

static bool has_no_vmk(const struct migsel_rule *rule,
		       const struct migsel_query *query)
{
	return rule->n_vmks == 0;
}

static bool is_not_unicast(const struct migsel_rule *rule,
			   const struct migsel_query *query)
{
	return query->not_unicast;
}

static bool is_bound_to_device(const struct migsel_rule *rule,
			       const struct migsel_query *query)
{
	return query->bound_device;
}

static bool is_cold(const struct migsel_rule *rule,
		    const struct migsel_query *query)
{
	return query->class == MIGSEL_CLASS_COLD;
}

static bool is_cold_with_stack(const struct migsel_rule *rule,
			       const struct migsel_query *query)
{
	return query->class == MIGSEL_CLASS_COLD &&
	       rule->provisioning_stack != MIGSEL_NO_VMK;
}

static bool is_cold_and_shares_subnet(const struct migsel_rule *rule,
				      const struct migsel_query *query)
{
	return query->class == MIGSEL_CLASS_COLD &&
	       rule->cold_same_subnet[query->family];
}

static bool is_cold_with_service(const struct migsel_rule *rule,
				 const struct migsel_query *query)
{
	return query->class == MIGSEL_CLASS_COLD && !query->passed_over &&
	       rule->provisioning_vmk != MIGSEL_NO_VMK;
}

static bool has_no_migration_vmk(const struct migsel_rule *rule,
				 const struct migsel_query *query)
{
	return rule->n_migration == 0;
}

static bool vmotion_stack_has_one_vmk(const struct migsel_rule *rule,
				      const struct migsel_query *query)
{
	return rule->n_migration == 1 && rule->vmotion_stack;
}

static bool first_is_only_migration_vmk(const struct migsel_rule *rule,
					const struct migsel_query *query)
{
	return rule->n_migration == 1 &&
	       rule->migration_vmk == rule->first_vmk;
}

static bool only_migration_vmk_is_kept(const struct migsel_rule *rule,
				       const struct migsel_query *query)
{
	return rule->n_migration == 1 && rule->same_subnet[query->family] &&
	       rule->strict;
}

static bool only_migration_vmk_shares_subnet(const struct migsel_rule *rule,
					     const struct migsel_query *query)
{
	return rule->n_migration == 1 && rule->same_subnet[query->family];
}

static bool has_one_migration_vmk(const struct migsel_rule *rule,
				  const struct migsel_query *query)
{
	return rule->n_migration == 1;
}

static bool is_bound_to_migration_vmk(const struct migsel_rule *rule,
				      const struct migsel_query *query)
{
	return query->bound_vmk != MIGSEL_NO_VMK;
}

static bool is_left(const struct migsel_rule *rule,
		    const struct migsel_query *query)
{
	return true;
}

const struct migsel_row migsel_rows[] = {
	{
		.reason = MIGSEL_REASON_UNTAGGED,
		.applies = is_untagged,
		.action = MIGSEL_PASS,
	}, {
		.reason = MIGSEL_REASON_NO_VMK,
		.applies = has_no_vmk,
		.action = MIGSEL_PASS,
	}, {
		.reason = MIGSEL_REASON_NOT_UNICAST,
		.applies = is_not_unicast,
		.action = MIGSEL_PASS,
	}, {
		.reason = MIGSEL_REASON_BOUND_DEVICE,
		.applies = is_bound_to_device,
		.action = MIGSEL_PASS,
	}, {
		.reason = MIGSEL_REASON_PROVISIONING_STACK,
		.applies = is_cold_with_stack,
		.candidates = MIGSEL_PROVISIONING_STACK,
		.action = MIGSEL_STEER,
	}, {
		/* Inferred: what is documented is the same of hot traffic. */
		.reason = MIGSEL_REASON_COLD_SAME_SUBNET,
		.applies = is_cold_and_shares_subnet,
		.candidates = MIGSEL_FIRST_VMK,
		.action = MIGSEL_STEER,
	}, {
		.reason = MIGSEL_REASON_PROVISIONING_VMK,
		.applies = is_cold_with_service,
		.candidates = MIGSEL_PROVISIONING_VMK,
		.action = MIGSEL_PREFER,
	}, {
		.reason = MIGSEL_REASON_COLD_FIRST_VMK,
		.applies = is_cold,
		.candidates = MIGSEL_FIRST_VMK,
		.action = MIGSEL_STEER,
	}, {
		.reason = MIGSEL_REASON_NO_MIGRATION_VMK,
		.applies = has_no_migration_vmk,
		.action = MIGSEL_REFUSE,
	}, {
		.reason = MIGSEL_REASON_VMOTION_STACK,
		.applies = vmotion_stack_has_one_vmk,
		.candidates = MIGSEL_MIGRATION_VMK,
		.action = MIGSEL_STEER,
	}, {
		.reason = MIGSEL_REASON_SINGLE_NIC,
		.applies = first_is_only_migration_vmk,
		.candidates = MIGSEL_FIRST_VMK,
		.action = MIGSEL_STEER,
	}, {
		.reason = MIGSEL_REASON_STRICT,
		.applies = only_migration_vmk_is_kept,
		.candidates = MIGSEL_MIGRATION_VMK,
		.action = MIGSEL_STEER,
	}, {
		/* The pitfall: the fallback to the first vmk. */
		.reason = MIGSEL_REASON_SAME_SUBNET,
		.applies = only_migration_vmk_shares_subnet,
		.candidates = MIGSEL_FIRST_VMK,
		.action = MIGSEL_STEER,
		.bypasses = true,
	}, {
		.reason = MIGSEL_REASON_DEDICATED_SUBNET,
		.applies = has_one_migration_vmk,
		.candidates = MIGSEL_MIGRATION_VMK,
		.action = MIGSEL_STEER,
	}, {
		.reason = MIGSEL_REASON_MULTI_NIC_BOUND,
		.applies = is_bound_to_migration_vmk,
		.candidates = MIGSEL_BOUND_VMK,
		.action = MIGSEL_STEER,
	}, {
		.reason = MIGSEL_REASON_MULTI_NIC,
		.applies = is_left,
		.candidates = MIGSEL_MIGRATION_VMKS,
		.action = MIGSEL_CHOOSE,
	},
};

const unsigned int migsel_n_rows = ARRAY_SIZE(migsel_rows);

static int only_candidate(const struct migsel_rule *rule,
			  const struct migsel_row *row)
{
	switch (row->candidates) {
	case MIGSEL_FIRST_VMK:
		return rule->first_vmk;
	case MIGSEL_PROVISIONING_VMK:
		return rule->provisioning_vmk;
	case MIGSEL_PROVISIONING_STACK:
		return rule->provisioning_stack;
	case MIGSEL_MIGRATION_VMK:
		return rule->migration_vmk;
	default:
		return MIGSEL_NO_VMK;
	}
}

static void settle_row(struct migsel_rule *rule, enum migsel_class class,
		       enum migsel_family family, unsigned int binding)
{
	struct migsel_settled *settled =
		&rule->settled[class][family][binding];
	const struct migsel_row *row = migsel_rows;
	struct migsel_query query = {
		.class = class,
		.family = family,
		.not_unicast = binding & MIGSEL_NOT_UNICAST,
		.bound_device = binding & MIGSEL_TO_DEVICE,
		/* Which one it is makes no difference to the row. */
		.bound_vmk = binding & MIGSEL_TO_VMK ? rule->migration_vmk :
						       MIGSEL_NO_VMK,
		.passed_over = binding & MIGSEL_PASSED_OVER,
	};

	while (!row->applies(rule, &query))
		row++;
	settled->row = row;
	settled->vmk = only_candidate(rule, row);
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

/* The first vmk of a stack, MIGSEL_NO_VMK if it has none. */
static int first_of(const struct migsel_rule *rule, enum migsel_stack stack)
{
	u32 i;

	for (i = 0; i < rule->n_vmks; i++)
		if (rule->vmks[i].stack == stack)
			return i;
	return MIGSEL_NO_VMK;
}

/*
 * Find the vmks that rows ask for. Once stack vmotion has a vmk, no other stack carries
 * migration traffic.
 */
static void find_vmks(struct migsel_rule *rule)
{
	struct migsel_rule_vmk *vmk;
	u32 i;

	rule->first_vmk = first_of(rule, MIGSEL_STACK_DEFAULT);
	rule->provisioning_stack = first_of(rule, MIGSEL_STACK_PROVISIONING);
	rule->vmotion_stack =
		first_of(rule, MIGSEL_STACK_VMOTION) != MIGSEL_NO_VMK;
	rule->provisioning_vmk = MIGSEL_NO_VMK;
	rule->migration_vmk = MIGSEL_NO_VMK;
	rule->n_migration = 0;
	for (i = 0; i < rule->n_vmks; i++) {
		vmk = &rule->vmks[i];
		if (vmk->provisioning && vmk->stack == MIGSEL_STACK_DEFAULT)
			rule->provisioning_vmk = i;
		vmk->carries = rule->vmotion_stack ?
			       vmk->stack == MIGSEL_STACK_VMOTION :
			       vmk->stack == MIGSEL_STACK_DEFAULT &&
			       vmk->migration;
		if (vmk->carries && !rule->n_migration++)
			rule->migration_vmk = i;
	}
}

/**
 * migsel_rule_prepare - derive what does not depend on a packet
 * @rule: a configuration whose @vmks and @n_vmks are filled in
 */
void migsel_rule_prepare(struct migsel_rule *rule)
{
	int class, family, binding;

	find_vmks(rule);
	share_subnets(rule, rule->first_vmk,
		      rule->vmotion_stack ? MIGSEL_NO_VMK : rule->migration_vmk,
		      rule->same_subnet);
	share_subnets(rule, rule->first_vmk,
		      rule->provisioning_vmk == rule->first_vmk ?
		      MIGSEL_NO_VMK : rule->provisioning_vmk,
		      rule->cold_same_subnet);

	for (family = 0; family < MIGSEL_N_FAMILIES; family++)
		for (class = 0; class <= MIGSEL_CLASS_MAX; class++)
			for (binding = 0; binding < MIGSEL_N_BINDINGS; binding++)
				settle_row(rule, class, family, binding);
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

	return rule->vmks[vmk].carries && (state[vmk] & ready) == ready;
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
		if (!rule->vmks[i].carries)
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
 * migsel_rule_order - which of two candidates a new flow tries first
 * @rule: the configuration
 * @placed: how many flows were placed on each migration vmk
 * @a: position of a migration vmk
 * @b: position of another
 *
 * That is the one with fewer flows for its weight; where they have as many, the one
 * with the lower position.
 *
 * Return: less than 0 if @a comes first, greater than 0 if @b does, as sort() has it.
 */
int migsel_rule_order(const struct migsel_rule *rule, const u32 *placed, u32 a,
		      u32 b)
{
	if (less_placed(rule, placed, a, b))
		return -1;
	if (less_placed(rule, placed, b, a))
		return 1;
	return (int)a - (int)b;
}
