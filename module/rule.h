/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The egress rule: which vmk a tagged packet leaves by, and why.
 *
 * Two pure stages: no locks, no allocation, no clock, nothing of the kernel.
 * The module and the unit tests compile the same file.
 */

#ifndef _MIGSEL_RULE_H
#define _MIGSEL_RULE_H

#include <linux/types.h>
#include <linux/migsel.h>

/* No vmk: a position that no vmk has. */
#define MIGSEL_NO_VMK	(-1)

enum migsel_family {
	MIGSEL_INET,
	MIGSEL_INET6,
	MIGSEL_N_FAMILIES,
};

/**
 * struct migsel_addr - one address of a vmk
 * @local: the address itself, 4 or 16 bytes in network order
 * @prefix: an address of the on-link prefix: the peer's on a point-to-point
 *	link, else @local
 * @len: prefix length in bits
 * @family: its family
 */
struct migsel_addr {
	u8 local[16];
	u8 prefix[16];
	u8 len;
	u8 family;
};

/**
 * struct migsel_rule_vmk - what the rule knows of a vmk
 * @addrs: its addresses, in the order of migsel_rule_compare()
 * @n_addrs: length of @addrs
 * @stack: the TCP/IP stack that it belongs to
 * @migration: its flag; counts on the default stack only
 * @provisioning: it has the provisioning service of the default stack, as one vmk
 *	at most
 * @weight: share of the multi-NIC flows, at least 1
 * @addressed: for each family, has an address other than link-local; set by
 *	migsel_rule_prepare_vmk()
 * @carries: it carries migration traffic; set by migsel_rule_prepare()
 */
struct migsel_rule_vmk {
	const struct migsel_addr *addrs;
	u32 n_addrs;
	u8 stack;
	bool migration;
	bool provisioning;
	u8 weight;
	bool addressed[MIGSEL_N_FAMILIES];
	bool carries;
};

struct migsel_rule;
struct migsel_query;

/**
 * enum migsel_action - what a row of the table does with a packet
 * @MIGSEL_PASS: it is not touched
 * @MIGSEL_REFUSE: it has no egress
 * @MIGSEL_STEER: it leaves by the only candidate; without one it has no route
 * @MIGSEL_PREFER: it leaves by the only candidate if that is usable and has a route
 *	other than a default route; if not, the next row that applies is taken
 * @MIGSEL_CHOOSE: it leaves by one of several candidates
 */
enum migsel_action {
	MIGSEL_PASS,
	MIGSEL_REFUSE,
	MIGSEL_STEER,
	MIGSEL_PREFER,
	MIGSEL_CHOOSE,
};

/**
 * enum migsel_candidate - which vmks a row leaves as candidates
 * @MIGSEL_NOBODY: none
 * @MIGSEL_FIRST_VMK: the first vmk, if the default stack has one
 * @MIGSEL_PROVISIONING_VMK: the one with the provisioning service
 * @MIGSEL_PROVISIONING_STACK: the first vmk of stack provisioning
 * @MIGSEL_MIGRATION_VMK: the first vmk that carries migration traffic
 * @MIGSEL_BOUND_VMK: the one to whose address the sender bound its socket
 * @MIGSEL_MIGRATION_VMKS: each that carries migration traffic
 */
enum migsel_candidate {
	MIGSEL_NOBODY,
	MIGSEL_FIRST_VMK,
	MIGSEL_PROVISIONING_VMK,
	MIGSEL_PROVISIONING_STACK,
	MIGSEL_MIGRATION_VMK,
	MIGSEL_BOUND_VMK,
	MIGSEL_MIGRATION_VMKS,
};

/**
 * struct migsel_row - a row of the table
 * @reason: its name
 * @applies: whether it applies to a packet to which no earlier row does
 * @candidates: the vmks that it leaves to choose from
 * @action: what it does with the packet
 * @bypasses: hot traffic leaves by another vmk than the one that carries it,
 *	which is worth an alarm
 */
struct migsel_row {
	enum migsel_reason reason;
	bool (*applies)(const struct migsel_rule *rule,
			const struct migsel_query *query);
	enum migsel_candidate candidates;
	enum migsel_action action;
	bool bypasses;
};

/* The table, in the order in which its rows are tested. The last one applies. */
extern const struct migsel_row migsel_rows[];
extern const unsigned int migsel_n_rows;

/**
 * struct migsel_settled - what stage 1 gives
 * @row: the row of the table that applies
 * @vmk: position of the only candidate, MIGSEL_NO_VMK if there is none, or
 *	several, or the query names it
 */
struct migsel_settled {
	const struct migsel_row *row;
	int vmk;
};

/* What a query says of a packet beside its class and family, as bits. */
#define MIGSEL_NOT_UNICAST	0x1
#define MIGSEL_TO_DEVICE	0x2
#define MIGSEL_TO_VMK		0x4
#define MIGSEL_PASSED_OVER	0x8
#define MIGSEL_N_BINDINGS	16

/**
 * struct migsel_rule - a configuration, as the rule sees it
 * @vmks: the vmks in their order; each prepared
 * @n_vmks: length of @vmks, at most MIGSEL_MAX_VMKS
 * @strict: the only migration vmk is used even where it shares a subnet
 * @n_migration: how many carry migration traffic; set by migsel_rule_prepare()
 * @migration_vmk: position of the first that does; set by migsel_rule_prepare()
 * @first_vmk: position of the first of the default stack; set by
 *	migsel_rule_prepare()
 * @provisioning_vmk: position of the one with the provisioning service; likewise
 * @provisioning_stack: position of the first of stack provisioning; likewise
 * @vmotion_stack: stack vmotion has a vmk; likewise
 * @same_subnet: for each family, @migration_vmk is of the default stack and shares a
 *	subnet with the first vmk; likewise
 * @cold_same_subnet: for each family, @provisioning_vmk is another than the first vmk
 *	and shares a subnet with it; likewise
 * @settled: for each class, family and binding, what stage 1 gives; set by
 *	migsel_rule_prepare()
 */
struct migsel_rule {
	struct migsel_rule_vmk *vmks;
	u32 n_vmks;
	bool strict;
	u32 n_migration;
	int migration_vmk;
	int first_vmk;
	int provisioning_vmk;
	int provisioning_stack;
	bool vmotion_stack;
	bool same_subnet[MIGSEL_N_FAMILIES];
	bool cold_same_subnet[MIGSEL_N_FAMILIES];
	struct migsel_settled settled[__MIGSEL_CLASS_MAX][MIGSEL_N_FAMILIES]
				     [MIGSEL_N_BINDINGS];
};

/**
 * struct migsel_query - what stage 1 asks of a packet
 * @class: its tag
 * @family: its address family
 * @not_unicast: its route is local, or its destination is multicast,
 *	broadcast or link-local, or it is neighbour discovery of IPv6
 * @bound_device: its socket is bound to a device
 * @passed_over: the candidate of a row that prefers it is not usable, or has no route
 *	other than a default route
 * @bound_vmk: position of the migration vmk to whose address its socket is
 *	bound, or MIGSEL_NO_VMK
 */
struct migsel_query {
	enum migsel_class class;
	enum migsel_family family;
	bool not_unicast;
	bool bound_device;
	bool passed_over;
	int bound_vmk;
};

/*
 * The state of a candidate, for stage 2. A route counts only on a usable one. A route that
 * nobody has looked for may be assumed: if such a candidate is chosen, the caller looks
 * for the route and asks stage 2 again.
 */
#define MIGSEL_USABLE	0x1
#define MIGSEL_ROUTED	0x2
#define MIGSEL_ASSUMED	0x4

/**
 * struct migsel_candidates - what stage 2 asks of several candidates
 * @state: for each position, MIGSEL_USABLE, MIGSEL_ROUTED and MIGSEL_ASSUMED
 * @placed: for each position, how many flows were placed on it
 * @current_vmk: position of the vmk on which the flow lives, or MIGSEL_NO_VMK
 *
 * @state and @placed are read only for migration vmks.
 */
struct migsel_candidates {
	const u8 *state;
	const u32 *placed;
	int current_vmk;
};

int migsel_rule_compare(const void *a, const void *b);
void migsel_rule_prepare_vmk(struct migsel_rule_vmk *vmk);
void migsel_rule_prepare(struct migsel_rule *rule);
enum migsel_reason migsel_rule_single(enum migsel_reason reason, u8 state);
enum migsel_reason migsel_rule_multi(const struct migsel_rule *rule,
				     const struct migsel_candidates *cands,
				     int *vmk);
int migsel_rule_order(const struct migsel_rule *rule, const u32 *placed, u32 a,
		      u32 b);

/**
 * migsel_rule_row - stage 1: the row of the table that applies
 * @rule: the configuration
 * @query: the packet
 * @vmk: where to put the position of the only candidate, MIGSEL_NO_VMK if
 *	there is none or there are several
 *
 * Return: the row.
 */
static inline const struct migsel_row *
migsel_rule_row(const struct migsel_rule *rule,
		const struct migsel_query *query, int *vmk)
{
	unsigned int binding = 0;
	const struct migsel_settled *settled;

	if (query->not_unicast)
		binding |= MIGSEL_NOT_UNICAST;
	if (query->bound_device)
		binding |= MIGSEL_TO_DEVICE;
	if (query->bound_vmk != MIGSEL_NO_VMK)
		binding |= MIGSEL_TO_VMK;
	if (query->passed_over)
		binding |= MIGSEL_PASSED_OVER;

	settled = &rule->settled[query->class][query->family][binding];
	*vmk = settled->row->candidates == MIGSEL_BOUND_VMK ?
	       query->bound_vmk : settled->vmk;
	return settled->row;
}

#endif /* _MIGSEL_RULE_H */
