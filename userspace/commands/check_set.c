// SPDX-License-Identifier: GPL-2.0-only
/* Which vmks carry migration traffic, and whether the rule lets them. */

#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "host.h"
#include "text.h"

static const char *name_of_vmk(const struct check *check, unsigned int i)
{
	return check->device[i]->ifname;
}

/* The row of the rule that hot traffic of a family meets. */
static enum migsel_reason hot_reason(const struct check *check,
				     enum migsel_family family)
{
	const struct migsel_query query = {
		.class = MIGSEL_CLASS_HOT,
		.family = family,
		.bound_vmk = MIGSEL_NO_VMK,
	};

	int vmk;

	return migsel_rule_row(&check->rule, &query, &vmk)->reason;
}

static bool shares_with_first(const struct check *check, unsigned int i)
{
	unsigned int first = check->rule.first_vmk;

	return shared_subnet(check, first, i, MIGSEL_INET) ||
	       shared_subnet(check, first, i, MIGSEL_INET6);
}

/*
 * A usable vmk of the default stack, other than the first, that is not in @not, -1 if
 * there is none.
 */
static int other_vmk(const struct check *check, int not, bool own_subnet)
{
	int i;

	for (i = check->rule.first_vmk + 1; i < (int)check->n; i++) {
		if (i != not && check->vmk[i].stack == MIGSEL_STACK_DEFAULT &&
		    is_usable(check->device[i]) &&
		    !(own_subnet && shares_with_first(check, i)))
			return i;
	}
	return -1;
}

static void add_migration(const struct check *check, struct text *fix, int i)
{
	fix_add(fix, "migsel", "vmk", "set", "dev", name_of_vmk(check, i),
		"migration", "on");
}

static bool is_ifname(const struct host *host, const char *name)
{
	const struct device *d;

	for (d = host->device; d < host->device + host->n_devices; d++) {
		if (!strcmp(d->ifname, name))
			return true;
	}
	return false;
}

/* Neither a tunnel nor an ipvlan, whose parent hears one address only. */
static bool carries_macvlan(const struct device *device)
{
	return device->type == ARPHRD_ETHER && strcmp(device->kind, "ipvlan") &&
	       strcmp(device->kind, "tun") && !(device->flags & IFF_NOARP);
}

/*
 * A second vmk on the NIC of a migration vmk. The address makes it usable and no
 * more (RFC 7600: a dummy address): all flows go on leaving by the first of the two.
 */
static void add_second_vmk(const struct check *check, struct text *fix, int i)
{
	const char *ifname = name_of_vmk(check, i);
	char name[IF_NAMESIZE];
	unsigned int n = 2, length = 0;

	/* A name that needs no quoting: what is behind another letter is left out. */
	while (length < 10 && ((ifname[length] | 0x20) >= 'a' ?
			       (ifname[length] | 0x20) <= 'z' :
			       ifname[length] >= '0' && ifname[length] <= '9'))
		length++;
	do
		snprintf(name, sizeof(name), "%.*s-%u", length ? (int)length : 6,
			 length ? ifname : "migsel", n++ % 10000);
	while (is_ifname(&check->host, name));
	fix_add(fix, "ip", "link", "add", "link", ifname, "name", name, "type",
		"macvlan", "mode", "bridge");
	fix_add(fix, "ip", "address", "add", "192.0.0.8/32", "dev", name);
	fix_add(fix, "ip", "link", "set", "dev", name, "up");
	fix_add(fix, "migsel", "vmk", "add", "dev", name, "migration", "on");
}

/*
 * In one subnet with the first vmk a single migration vmk would fall back. That
 * another one has to join it is no reason to send by the first vmk, which is not
 * the migration network. On some kinds of devices there can be none.
 */
static void add_companion(const struct check *check, struct text *fix, int i)
{
	int other = other_vmk(check, i, false);

	if (other >= 0)
		add_migration(check, fix, other);
	else if (carries_macvlan(check->device[i]))
		add_second_vmk(check, fix, i);
}

/* Hot traffic has to leave by another device than the first vmk: which one? */
static void fix_migration(const struct check *check, struct text *fix)
{
	int own = other_vmk(check, -1, true), shared;

	if (own >= 0) {
		add_migration(check, fix, own);
		return;
	}
	shared = other_vmk(check, -1, false);
	if (shared < 0) {
		add_migration(check, fix, check->rule.first_vmk);
		return;
	}
	add_migration(check, fix, shared);
	add_companion(check, fix, shared);
}

static bool is_vmk(const struct check *check, const struct device *device)
{
	unsigned int i;

	for (i = 0; i < check->n; i++) {
		if (check->device[i] == device)
			return true;
	}
	return false;
}

/* A device that could be made a vmk, NULL if there is none. */
static const struct device *other_device(const struct check *check)
{
	const struct host *host = &check->host;
	const struct device *d;

	for (d = host->device; d < host->device + host->n_devices; d++) {
		if (may_be_vmk(d) && is_nic(check, d) && !is_vmk(check, d))
			return d;
	}
	return NULL;
}

static void add_vmk(struct text *fix, const struct device *device)
{
	fix_add(fix, "migsel", "vmk", "add", "dev", device->ifname, "migration",
		"on");
}

static void check_single_nic(struct check *check)
{
	const char *first = name_of_vmk(check, check->rule.first_vmk);
	const struct device *other = other_device(check);
	struct remedy remedy = {};

	if (other_vmk(check, -1, false) >= 0) {
		fix_migration(check, &remedy.fix);
		fix_add(&remedy.fix, "migsel", "vmk", "set", "dev", first,
			"migration", "off");
	} else if (other) {
		add_vmk(&remedy.fix, other);
	} else {
		text_add(&remedy.advice,
			 "There is no other NIC with an address. A VLAN or a macvlan on this one would give migration traffic a network of its own, but no more bandwidth.");
	}
	found(check, "single-nic", SEVERITY_INFO, first, &remedy,
	      "%s is the only migration vmk and the first vmk, so hot and cold traffic share it",
	      visible(first));
}

static void check_same_subnet(struct check *check, enum migsel_family family)
{
	unsigned int only = check->rule.migration_vmk;
	unsigned int first_vmk = check->rule.first_vmk;
	const char *first = name_of_vmk(check, first_vmk);
	const char *name = name_of_vmk(check, only);
	char network[SUBNET_TEXT_SIZE] = "one subnet";
	const struct subnet *subnet;
	struct remedy remedy = {};
	struct text stack = {};

	subnet = shared_subnet(check, first_vmk, only, family);
	if (subnet)
		subnet_text(subnet, network, sizeof(network));
	fix_add(&stack, "migsel", "vmk", "set", "dev", name, "stack",
		"vmotion");
	/* What a NIC that is no vmk is for, nobody has said. */
	add_companion(check, &remedy.fix, only);
	text_add(&remedy.advice,
		 "1. A subnet of its own for %s is what lasts, and what the rule is about; add the new address before the old one goes, and do it by another NIC or the console, as connections to the old address are lost. ",
		 visible(name));
	text_add(&remedy.advice,
		 "2. A second vmk with migration on, best on a NIC of its own, makes the rule choose among them; no connection is lost.%s",
		 remedy.fix.length ? " The command does that." : "");
	text_add(&remedy.advice,
		 " 3. On the vMotion stack (`%s`) it carries hot traffic in any subnet, as on ESXi 6.0 and later; no connection is lost.",
		 stack.s);
	text_add(&remedy.advice,
		 " 4. \"migsel policy set fallback strict\" makes the rule use %s all the same, as ESXi never does; no connection is lost.",
		 visible(name));
	found(check, "same-subnet", SEVERITY_ERROR, name, &remedy,
	      "%s is the only migration vmk and in %s like %s, so hot traffic leaves by %s",
	      visible(name), network, visible(first), visible(first));
	text_free(&stack);
}

void check_migration_set(struct check *check)
{
	enum migsel_reason reason = MIGSEL_REASON_UNTAGGED;
	struct remedy remedy = {};
	int family;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
		reason = hot_reason(check, family);
		if (reason != MIGSEL_REASON_DEDICATED_SUBNET)
			break;
	}
	switch (reason) {
	case MIGSEL_REASON_NO_MIGRATION_VMK:
		if (check->rule.first_vmk != MIGSEL_NO_VMK)
			fix_migration(check, &remedy.fix);
		else
			text_add(&remedy.advice,
				 "Register the NIC that is to carry it, with migration on or on the vMotion stack.");
		found(check, "no-migration-vmk", SEVERITY_ERROR, "", &remedy,
		      "no vmk carries migration traffic, so hot traffic is refused");
		break;
	case MIGSEL_REASON_SINGLE_NIC:
		check_single_nic(check);
		break;
	case MIGSEL_REASON_SAME_SUBNET:
		check_same_subnet(check, family);
		break;
	default:
		break;
	}
}

void check_no_vmk(struct check *check)
{
	const struct device *device = other_device(check);
	struct remedy remedy = {};

	if (device)
		add_vmk(&remedy.fix, device);
	else
		text_add(&remedy.advice,
			 "Give the NICs addresses, then register the management NIC and, with migration on, those that are to carry migration traffic.");
	found(check, "no-migration-vmk", SEVERITY_ERROR, "", &remedy,
	      "there is no vmk, so tagged traffic leaves by the plain route");
}
