// SPDX-License-Identifier: GPL-2.0-only
/*
 * What module/rule.c answers, asked as the unit tests ask it, for page.py to compare: it reads
 * hosts and questions, and prints row, reason and the numbers of NICs for each question.
 *
 *   host STRICT        nic FLAGS STACK      of the host before; flags as in explore.h
 *   address TEXT       route TEXT           of the NIC before
 *   ask CLASS BOUND TO_DEVICE DEST
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"
#include "reasons.h"
#include "rule.h"

#define NICS 16
#define ADDRS 8
#define READY (MIGSEL_USABLE | MIGSEL_ROUTED)

struct nic {
	unsigned int flags, stack, n_addrs, n_routes;
	struct migsel_addr addrs[ADDRS], routes[ADDRS];
};

static struct nic nics[NICS];
static unsigned int n_nics;
static struct migsel_rule_vmk vmks[NICS];
static unsigned int nic_of_vmk[NICS];
static struct migsel_rule rule = { .vmks = vmks };

#define NAME(reason, name)	\
	[MIGSEL_REASON_##reason] = name,

static const char *const names[] = { MIGSEL_REASON_NAMES(NAME, NAME) };

static void parse(struct migsel_addr *addr, const char *text)
{
	char bare[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	bool is_inet6 = strchr(text, ':');

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(text, "/"), text);
	memset(addr, 0, sizeof(*addr));
	addr->family = is_inet6 ? MIGSEL_INET6 : MIGSEL_INET;
	addr->len = slash ? atoi(slash + 1) : is_inet6 ? 128 : 32;
	if (inet_pton(is_inet6 ? AF_INET6 : AF_INET, bare, addr->local) != 1)
		exit(2);
	memcpy(addr->prefix, addr->local, sizeof(addr->prefix));
}

static bool has_prefix(const struct migsel_addr *dst,
		       const struct migsel_addr *prefix)
{
	unsigned int i;

	if (dst->family != prefix->family)
		return false;
	for (i = 0; i < prefix->len; i++) {
		if ((dst->local[i / 8] ^ prefix->local[i / 8]) & (0x80 >> i % 8))
			return false;
	}
	return true;
}

/* MIGSEL_USABLE and MIGSEL_ROUTED; @specific: a default route is none. */
static u8 state_of(int vmk, const struct migsel_addr *dst, bool specific)
{
	const struct nic *nic;
	unsigned int i;
	u8 state;

	/* A stack without a vmk. */
	if (vmk == MIGSEL_NO_VMK)
		return MIGSEL_USABLE;
	nic = &nics[nic_of_vmk[vmk]];
	state = !(nic->flags & EXPLORE_DOWN) && vmks[vmk].addressed[dst->family] ?
		MIGSEL_USABLE : 0;
	for (i = 0; i < nic->n_addrs; i++) {
		if (has_prefix(dst, &nic->addrs[i]))
			state |= MIGSEL_ROUTED;
	}
	for (i = 0; i < nic->n_routes; i++) {
		if (has_prefix(dst, &nic->routes[i]) &&
		    (nic->routes[i].len || !specific))
			state |= MIGSEL_ROUTED;
	}
	return state;
}

static void prepare(void)
{
	struct migsel_rule_vmk *vmk;
	unsigned int i;

	rule.n_vmks = 0;
	for (i = 0; i < n_nics; i++) {
		if (!(nics[i].flags & EXPLORE_VMK))
			continue;
		nic_of_vmk[rule.n_vmks] = i;
		vmk = &vmks[rule.n_vmks++];
		memset(vmk, 0, sizeof(*vmk));
		qsort(nics[i].addrs, nics[i].n_addrs, sizeof(*nics[i].addrs),
		      migsel_rule_compare);
		vmk->addrs = nics[i].addrs;
		vmk->n_addrs = nics[i].n_addrs;
		vmk->stack = nics[i].stack;
		vmk->migration = nics[i].flags & EXPLORE_MIGRATION;
		vmk->provisioning = nics[i].flags & EXPLORE_PROVISIONING;
		vmk->weight = 1;
		migsel_rule_prepare_vmk(vmk);
	}
	migsel_rule_prepare(&rule);
}

static bool is_own(const struct migsel_addr *dst)
{
	unsigned int i, j;

	for (i = 0; i < rule.n_vmks; i++) {
		for (j = 0; j < vmks[i].n_addrs; j++) {
			if (vmks[i].addrs[j].family == dst->family &&
			    !memcmp(vmks[i].addrs[j].local, dst->local, 16))
				return true;
		}
	}
	return false;
}

/* Several candidates: prints all that will do. Returns the reason. */
static enum migsel_reason choose(const struct migsel_addr *dst)
{
	u8 state[NICS];
	u32 placed[NICS] = {}, i;
	struct migsel_candidates cands = {
		.state = state,
		.placed = placed,
		.current_vmk = MIGSEL_NO_VMK,
	};
	int vmk;

	for (i = 0; i < rule.n_vmks; i++) {
		state[i] = state_of(i, dst, false);
		if (vmks[i].carries && (state[i] & READY) == READY)
			printf(" %u", nic_of_vmk[i]);
	}
	return migsel_rule_multi(&rule, &cands, &vmk);
}

static void ask(enum migsel_class class, int bound, bool to_device,
		const char *text)
{
	struct migsel_query query = {
		.class = class,
		.bound_device = bound >= 0 && to_device,
		.bound_vmk = MIGSEL_NO_VMK,
	};
	const struct migsel_row *row;
	struct migsel_addr dst;
	enum migsel_reason reason;
	u32 i;
	int vmk;

	parse(&dst, text);
	query.family = dst.family;
	query.not_unicast = is_own(&dst) ||
		(dst.family == MIGSEL_INET ? dst.local[0] >= 224 :
					     dst.local[0] == 0xff);
	for (i = 0; i < rule.n_vmks && !query.bound_device; i++) {
		if ((int)nic_of_vmk[i] == bound && vmks[i].carries &&
		    state_of(i, &dst, false) & MIGSEL_USABLE)
			query.bound_vmk = i;
	}
	row = migsel_rule_row(&rule, &query, &vmk);
	if (row->action == MIGSEL_PREFER && state_of(vmk, &dst, true) != READY) {
		query.passed_over = true;
		row = migsel_rule_row(&rule, &query, &vmk);
	}
	reason = row->reason;
	printf("%td", row - migsel_rows + 1);
	if (row->action == MIGSEL_CHOOSE) {
		reason = choose(&dst);
	} else if (row->action == MIGSEL_STEER || row->action == MIGSEL_PREFER) {
		reason = migsel_rule_single(reason, state_of(vmk, &dst, false));
		if (reason == row->reason)
			printf(" %u", nic_of_vmk[vmk]);
	}
	printf(" %s\n", names[reason]);
}

int main(void)
{
	unsigned int a, b, is_strict;
	char line[128], text[64];
	struct nic *nic = nics;
	bool prepared = false;
	int bound;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "host %u", &is_strict) == 1) {
			n_nics = 0;
			prepared = false;
			rule.strict = is_strict;
		} else if (sscanf(line, "nic %u %u", &a, &b) == 2 &&
			   n_nics < NICS) {
			nic = &nics[n_nics++];
			memset(nic, 0, sizeof(*nic));
			nic->flags = a;
			nic->stack = b;
		} else if (sscanf(line, "address %63s", text) == 1 &&
			   nic->n_addrs < ADDRS) {
			parse(&nic->addrs[nic->n_addrs++], text);
		} else if (sscanf(line, "route %63s", text) == 1 &&
			   nic->n_routes < ADDRS) {
			parse(&nic->routes[nic->n_routes++], text);
		} else if (sscanf(line, "ask %u %d %u %63s", &a, &bound, &b,
				  text) == 4) {
			if (!prepared)
				prepare();
			prepared = true;
			ask(a, bound, b, text);
		} else {
			return 1;
		}
	}
	return 0;
}
