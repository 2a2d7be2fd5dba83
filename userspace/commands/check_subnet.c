// SPDX-License-Identifier: GPL-2.0-only
/* Devices whose subnets are the same, or lie in one another. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "check.h"
#include "host.h"
#include "text.h"

/* So many names are enough to know what a finding is about. */
#define NAMES_MAX 100

/* An address and whose it is. */
struct owned {
	const struct migsel_addr *addr;
	unsigned int vmk;
};

/* The order of two networks in their first @bits. */
static int compare_bits(const struct migsel_addr *a,
			const struct migsel_addr *b, unsigned int bits)
{
	__u8 last = 0xff00 >> bits % 8;
	int order;

	order = memcmp(a->prefix, b->prefix, bits / 8);
	if (order || !(bits % 8))
		return order;
	return (a->prefix[bits / 8] & last) - (b->prefix[bits / 8] & last);
}

/* A wider network right before those in it. */
static int by_network(const void *x, const void *y)
{
	const struct owned *a = x, *b = y;
	__u8 least = a->addr->len < b->addr->len ? a->addr->len : b->addr->len;
	int order;

	if (a->addr->family != b->addr->family)
		return a->addr->family - b->addr->family;
	order = compare_bits(a->addr, b->addr, least);
	if (!order)
		order = a->addr->len - b->addr->len;
	return order ? order : (int)a->vmk - (int)b->vmk;
}

/* The rule is asked whether two devices with an address each share a subnet. */
static bool same_subnet(const struct migsel_addr *a, const struct migsel_addr *b)
{
	struct migsel_rule_vmk vmks[] = {
		{ .addrs = a, .n_addrs = 1, .weight = 1 },
		{ .addrs = b, .n_addrs = 1, .weight = 1, .migration = true },
	};
	struct migsel_rule rule = { .vmks = vmks, .n_vmks = 2 };

	migsel_rule_prepare_vmk(&vmks[0]);
	migsel_rule_prepare_vmk(&vmks[1]);
	migsel_rule_prepare(&rule);
	return rule.same_subnet[a->family];
}

static int add_subnet(struct check *check, const struct owned *first,
		      unsigned int n)
{
	struct subnet *subnet;
	unsigned int i;

	subnet = reallocarray(check->subnet, check->n_subnets + 1,
			      sizeof(*subnet));
	if (!subnet)
		return -1;
	check->subnet = subnet;
	subnet += check->n_subnets++;
	subnet->n = n;
	subnet->addr = calloc(n, sizeof(*subnet->addr));
	subnet->vmk = calloc(n, sizeof(*subnet->vmk));
	if (!subnet->addr || !subnet->vmk)
		return -1;
	for (i = 0; i < n; i++) {
		subnet->addr[i] = first[i].addr;
		subnet->vmk[i] = first[i].vmk;
	}
	return 0;
}

int read_subnets(struct check *check)
{
	unsigned int i, j, n = 0, begin;
	struct owned *all;
	int ret = 0;

	for (i = 0; i < check->n; i++)
		n += check->device[i]->n_addrs;
	all = calloc(n + 1, sizeof(*all));
	if (!all)
		return -1;
	for (i = 0, n = 0; i < check->n; i++) {
		for (j = 0; j < check->device[i]->n_addrs; j++)
			all[n++] = (struct owned){ &check->device[i]->addr[j],
						   i };
	}
	qsort(all, n, sizeof(*all), by_network);
	for (begin = 0, i = 0; i < n && !ret; i++) {
		/* Of some addresses the rule says that they share nothing. */
		if (i + 1 < n && same_subnet(all[i].addr, all[i + 1].addr))
			continue;
		if (same_subnet(all[i].addr, all[i].addr))
			ret = add_subnet(check, &all[begin], i + 1 - begin);
		begin = i + 1;
	}
	free(all);
	return ret;
}

void subnet_text(const struct subnet *subnet, char *text, size_t size)
{
	addr_text(subnet->addr[0], true, text, size);
}

static bool has_vmk(const struct subnet *subnet, unsigned int vmk)
{
	unsigned int i;

	for (i = 0; i < subnet->n; i++) {
		if (subnet->vmk[i] == vmk)
			return true;
	}
	return false;
}

const struct subnet *shared_subnet(const struct check *check, unsigned int i,
				   unsigned int j, enum migsel_family family)
{
	const struct subnet *s;

	for (s = check->subnet; s < check->subnet + check->n_subnets; s++) {
		if (s->addr[0]->family == family && has_vmk(s, i) &&
		    has_vmk(s, j))
			return s;
	}
	return NULL;
}

/* "vmk0, vmk1 and vmk2", each once. Returns how many there are. */
static unsigned int add_names(const struct check *check, struct text *text,
			      const struct subnet *subnet)
{
	unsigned int i, n = 0, total = 0;

	for (i = 0; i < subnet->n; i++)
		total += !i || subnet->vmk[i] != subnet->vmk[i - 1];
	for (i = 0; i < subnet->n && n < NAMES_MAX; i++) {
		if (i && subnet->vmk[i] == subnet->vmk[i - 1])
			continue;
		n++;
		text_add(text, "%s%s", n == 1 ? "" : n == total ? " and " : ", ",
			 visible(check->device[subnet->vmk[i]]->ifname));
	}
	if (n < total)
		text_add(text, " and %u more", total - n);
	return total;
}

/* A table that no rule asks for. */
static unsigned int unused_table(const struct check *check)
{
	unsigned int table = 100, i;

	for (i = 0; i < check->host.n_rules; i++) {
		if (check->host.rule[i].table == table) {
			table++;
			i = -1;
		}
	}
	return table;
}

/* Commands for a device, as an example of what plain Linux has. */
static void add_policy_routing(const struct check *check, struct text *text,
			       const struct migsel_addr *addr,
			       const char *ifname)
{
	const char *ip = addr->family == MIGSEL_INET ? "-4" : "-6";
	char network[SUBNET_TEXT_SIZE], own[SUBNET_TEXT_SIZE], table[16];

	snprintf(table, sizeof(table), "%u", unused_table(check));
	addr_text(addr, true, network, sizeof(network));
	addr_text(addr, false, own, sizeof(own));
	own[strcspn(own, "/")] = '\0';
	fix_add(text, "ip", ip, "route", "add", network, "dev", ifname, "table",
		table);
	fix_add(text, "ip", ip, "rule", "add", "from", own, "lookup", table);
}

/* Without the module, two devices in one subnet are the trap already. */
static void check_plain_subnet(struct check *check, const struct subnet *subnet)
{
	struct text names = {}, ping = {}, routing = {};
	char network[SUBNET_TEXT_SIZE];
	struct remedy remedy = {};
	const char *second;
	unsigned int i = 1;

	while (i < subnet->n && subnet->vmk[i] == subnet->vmk[0])
		i++;
	if (i == subnet->n)
		return;
	second = check->device[subnet->vmk[i]]->ifname;
	add_names(check, &names, subnet);
	subnet_text(subnet, network, sizeof(network));
	fix_add(&ping, "ping", "-I", second);
	add_policy_routing(check, &routing, subnet->addr[i], second);
	text_add(&remedy.advice,
		 "1. A subnet of its own for %s, by a VLAN or a wire of its own, is what lasts; add the new address before the old one goes, and do it by another NIC or the console, as connections to the old address are lost. ",
		 visible(second));
	text_add(&remedy.advice,
		 "2. Bind the program to the device (SO_BINDTODEVICE, as `%s` does): nothing else changes and no connection is lost. ",
		 ping.s);
	text_add(&remedy.advice,
		 "3. Route by source address, for programs that bind to one; no connection is lost: `%s`. ",
		 routing.s);
	text_add(&remedy.advice,
		 "4. With migsel, register the management NIC first and then two NICs or more with migration on: one alone would still leave by the first.");
	found(check, "same-subnet", SEVERITY_WARNING, second, &remedy,
	      "%s are in %s together: what is not bound to a device leaves by the one whose route comes first",
	      names.s, network);
	text_free(&names);
	text_free(&ping);
	text_free(&routing);
}

/* Has it an address of a device that the other one has none of? */
static bool differ(const struct subnet *wide, const struct subnet *narrow)
{
	return wide->vmk[0] != narrow->vmk[0] ||
	       wide->vmk[0] != wide->vmk[wide->n - 1] ||
	       narrow->vmk[0] != narrow->vmk[narrow->n - 1];
}

static bool is_inside(const struct subnet *wide, const struct subnet *narrow)
{
	const struct migsel_addr *a = wide->addr[0], *b = narrow->addr[0];

	return a->family == b->family && a->len < b->len &&
	       !compare_bits(a, b, a->len);
}

static void advise_overlap(const struct check *check, struct text *advice,
			   const struct subnet *wide,
			   const struct subnet *narrow)
{
	const char *ifname = check->device[narrow->vmk[0]]->ifname;
	char address[SUBNET_TEXT_SIZE];
	struct text add = {};

	addr_text(narrow->addr[0], false, address, sizeof(address));
	snprintf(address + strcspn(address, "/"), 8, "/%u", wide->addr[0]->len);
	fix_add(&add, "ip", "address", "add", address, "dev", ifname);
	text_add(advice,
		 "Where they are meant to be apart, renumber one of them; where they are one network, give the addresses one length. Put the new address beside the old one (`%s`, where one length is right) and change what configures the host at boot: no connection is lost. Take the old one away only then, and not by the connection that uses it: with a primary address go its secondary ones, its routes, label and lifetimes.",
		 add.s);
	text_free(&add);
}

static void report_overlap(struct check *check, const struct subnet *wide,
			   const struct subnet *narrow)
{
	char outer[SUBNET_TEXT_SIZE], inner[SUBNET_TEXT_SIZE];
	struct text inside = {}, around = {};
	struct remedy remedy = {};

	subnet_text(wide, outer, sizeof(outer));
	subnet_text(narrow, inner, sizeof(inner));
	add_names(check, &around, wide);
	add_names(check, &inside, narrow);
	advise_overlap(check, &remedy.advice, wide, narrow);
	found(check, "overlapping-subnets", SEVERITY_WARNING,
	      check->device[narrow->vmk[0]]->ifname, &remedy,
	      "%s of %s lies inside %s of %s, yet is not the same subnet: the longer prefix wins for some destinations only",
	      inner, inside.s, outer, around.s);
	text_free(&inside);
	text_free(&around);
}

/* One finding for each subnet that lies in one of another device, the nearest. */
static void check_overlap(struct check *check)
{
	const struct subnet *around[129], *s;
	unsigned int depth = 0, i;

	for (s = check->subnet; s < check->subnet + check->n_subnets; s++) {
		while (depth && !is_inside(around[depth - 1], s))
			depth--;
		for (i = depth; i && !differ(around[i - 1], s); i--)
			;
		if (i)
			report_overlap(check, around[i - 1], s);
		around[depth++] = s;
	}
}

void check_subnets(struct check *check)
{
	unsigned int i;

	for (i = 0; i < check->n_subnets && !check->have_module; i++)
		check_plain_subnet(check, &check->subnet[i]);
	check_overlap(check);
}
