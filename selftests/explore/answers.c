// SPDX-License-Identifier: GPL-2.0-only
/*
 * What module/rule.c answers, asked as the unit tests ask it, for page.py to compare: it reads
 * hosts and questions, and prints for each question row, reason and the numbers of NICs.
 *
 *   host FLAGS FIRST   nic FLAGS STACK      of the host before; flags as in explore.h
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
static unsigned int flags;	/* of the host */
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
	/* Routes that were not told are assumed, but not as what makes a vmk preferred. */
	if (!specific && flags & (dst->family == MIGSEL_INET ? EXPLORE_ROUTES4_UNTOLD :
							      EXPLORE_ROUTES6_UNTOLD))
		state |= MIGSEL_ROUTED;
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

/* Of a NIC, registered or not, or the broadcast address of one. */
static bool is_own(const struct migsel_addr *dst)
{
	unsigned int i, j;
	u32 to, own, mask;

	memcpy(&to, dst->local, sizeof(to));
	for (i = 0; i < n_nics; i++) {
		for (j = 0; j < nics[i].n_addrs; j++) {
			const struct migsel_addr *addr = &nics[i].addrs[j];

			if (addr->family != dst->family)
				continue;
			if (!memcmp(addr->local, dst->local, 16))
				return true;
			if (dst->family == MIGSEL_INET6 || addr->len > 30)
				continue;
			memcpy(&own, addr->local, sizeof(own));
			mask = addr->len ? htonl(~0u << (32 - addr->len)) : 0;
			if (to == (own | ~mask))
				return true;
		}
	}
	return false;
}

/* The host itself, for many, or for the link: by the prefixes that are set apart for these. */
static bool is_special(const struct migsel_addr *dst)
{
	static const char *const special[] = {
		"0.0.0.0/32", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
		"255.255.255.255/32", "::/127", "fe80::/10", "ff00::/8",
	};
	struct migsel_addr prefix;
	unsigned int i;

	for (i = 0; i < sizeof(special) / sizeof(*special); i++) {
		parse(&prefix, special[i]);
		if (has_prefix(dst, &prefix))
			return true;
	}
	return false;
}

/* Several candidates: prints all that will do, who they were, and by which 8 flows leave. */
static enum migsel_reason choose(const struct migsel_addr *dst)
{
	enum migsel_reason reason;
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
	printf(" of");
	for (i = 0; i < rule.n_vmks; i++) {
		if (vmks[i].carries)
			printf(" %u", nic_of_vmk[i]);
	}
	reason = migsel_rule_multi(&rule, &cands, &vmk);
	printf(" flows");
	for (i = 0; i < 8 && reason == MIGSEL_REASON_MULTI_NIC; i++) {
		migsel_rule_multi(&rule, &cands, &vmk);
		placed[vmk]++;
		printf(" %u", nic_of_vmk[vmk]);
	}
	return reason;
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
	query.not_unicast = is_own(&dst) || is_special(&dst);
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
		printf(" of");
		if (vmk != MIGSEL_NO_VMK)
			printf(" %u", nic_of_vmk[vmk]);
		printf(" flows");
	} else {
		printf(" of flows");
	}
	printf(" %s %s\n", row->bypasses && reason == row->reason ? "pitfall" : "-",
	       names[reason]);
}

int main(void)
{
	unsigned int a, b;
	char line[128], text[64];
	struct nic *nic = nics;
	bool prepared = false;
	int bound;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "host %u %u", &flags, &b) == 2) {
			n_nics = 0;
			prepared = false;
			rule.strict = flags & EXPLORE_STRICT;
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
			fprintf(stderr, "not understood: %s", line);
			return 1;
		}
	}
	return 0;
}
