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
 * @migration: carries migration traffic
 * @weight: share of the multi-NIC flows, at least 1
 * @addressed: for each family, has an address other than link-local; set by
 *	migsel_rule_prepare_vmk()
 */
struct migsel_rule_vmk {
	const struct migsel_addr *addrs;
	u32 n_addrs;
	bool migration;
	u8 weight;
	bool addressed[MIGSEL_N_FAMILIES];
};

/**
 * struct migsel_settled - what stage 1 gives for a plain packet: unicast, its
 *	socket bound to nothing
 * @reason: the row of the table
 * @vmk: position of the only candidate, or MIGSEL_NO_VMK
 */
struct migsel_settled {
	enum migsel_reason reason;
	int vmk;
};

/**
 * struct migsel_rule - a configuration, as the rule sees it
 * @vmks: the vmks in their order, the first one is the first vmk; each prepared
 * @n_vmks: length of @vmks, at most MIGSEL_MAX_VMKS
 * @n_migration: how many carry migration traffic; set by migsel_rule_prepare()
 * @migration: position of the first that does; set by migsel_rule_prepare()
 * @same_subnet: for each family, @migration shares a subnet with the first
 *	vmk; set by migsel_rule_prepare()
 * @settled: for each class and family, what stage 1 gives for a plain packet;
 *	set by migsel_rule_prepare()
 */
struct migsel_rule {
	struct migsel_rule_vmk *vmks;
	u32 n_vmks;
	u32 n_migration;
	int migration;
	bool same_subnet[MIGSEL_N_FAMILIES];
	struct migsel_settled settled[__MIGSEL_CLASS_MAX][MIGSEL_N_FAMILIES];
};

/**
 * struct migsel_query - what stage 1 asks of a packet
 * @class: its tag
 * @family: its address family
 * @not_unicast: its route is local, or its destination is multicast,
 *	broadcast or link-local, or it is neighbour discovery of IPv6
 * @bound_device: its socket is bound to a device
 * @bound_vmk: position of the usable migration vmk to whose address its socket
 *	is bound, or MIGSEL_NO_VMK
 */
struct migsel_query {
	enum migsel_class class;
	enum migsel_family family;
	bool not_unicast;
	bool bound_device;
	int bound_vmk;
};

/*
 * What stage 2 asks of a candidate. A route counts only on a usable one. Where nobody
 * has looked for it, it may be assumed: if such a candidate is chosen, its route is to be
 * looked for and stage 2 to be asked again.
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
bool migsel_rule_applies(const struct migsel_rule *rule,
			 const struct migsel_query *query,
			 enum migsel_reason row);
enum migsel_reason migsel_rule_reason(const struct migsel_rule *rule,
				      const struct migsel_query *query);
const char *migsel_rule_why(const struct migsel_query *query,
			    enum migsel_reason row, bool applies);
const char *migsel_rule_why_candidate(enum migsel_reason reason, u8 state,
				      bool chosen);
int migsel_rule_candidate(const struct migsel_rule *rule,
			  const struct migsel_query *query,
			  enum migsel_reason reason);
enum migsel_reason migsel_rule_single(enum migsel_reason reason, u8 state);
enum migsel_reason migsel_rule_multi(const struct migsel_rule *rule,
				     const struct migsel_candidates *cands,
				     int *vmk);
int migsel_rule_next(const struct migsel_rule *rule,
		     const struct migsel_candidates *cands, int vmk);

/**
 * migsel_rule_refuses - whether a packet with this reason has no egress
 * @reason: what the rule gave
 *
 * Return: true if it has none.
 */
static inline bool migsel_rule_refuses(enum migsel_reason reason)
{
	return reason == MIGSEL_REASON_NO_MIGRATION_VMK ||
	       reason == MIGSEL_REASON_LINK_DOWN ||
	       reason == MIGSEL_REASON_NO_ROUTE;
}

/**
 * migsel_rule_passes - whether a packet with this reason is not touched
 * @reason: what the rule gave
 *
 * Return: true if it is not.
 */
static inline bool migsel_rule_passes(enum migsel_reason reason)
{
	return reason <= MIGSEL_REASON_BOUND_DEVICE;
}

#endif /* _MIGSEL_RULE_H */
