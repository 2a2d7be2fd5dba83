// SPDX-License-Identifier: GPL-2.0-only
/* Which vmks carry migration traffic, and whether the rule lets them. */

#include <stdio.h>
#include <string.h>

#include "check.h"

static bool is_usable(const struct device *device)
{
	return device->flags & IFF_UP && device->flags & IFF_LOWER_UP &&
	       device->n_prefixes;
}

/* The index of the only migration vmk, -1 if there are more or none. */
static int only_migration(const struct check *check)
{
	int only = -1;
	unsigned int i;

	for (i = 0; i < check->n; i++) {
		if (!check->migration[i])
			continue;
		if (only >= 0)
			return -1;
		only = i;
	}
	return only;
}

static unsigned int count_migration(const struct check *check)
{
	unsigned int i, n = 0;

	for (i = 0; i < check->n; i++)
		n += check->migration[i];
	return n;
}

static enum relation relation_to_first(const struct check *check,
				       unsigned int i)
{
	const struct prefix *p, *q;

	return relation_of(check->device[0], check->device[i], &p, &q);
}

/* A usable vmk other than the first that is not in @not, -1 if there is none. */
static int other_vmk(const struct check *check, int not, bool own_subnet)
{
	unsigned int i;

	for (i = 1; i < check->n; i++) {
		if ((int)i != not && is_usable(check->device[i]) &&
		    (!own_subnet ||
		     relation_to_first(check, i) != RELATION_SAME))
			return i;
	}
	return -1;
}

static void add_migration(const struct check *check, char *fix, int i)
{
	fix_add(fix, "migsel vmk set dev %s migration on",
		check->device[i]->ifname);
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

/*
 * A second vmk on the NIC of a migration vmk. The address makes it usable and no
 * more (RFC 7600: a dummy address): all flows go on leaving by the first of the two.
 */
static void add_second_vmk(const struct check *check, char *fix, int i)
{
	const char *ifname = check->device[i]->ifname;
	char name[IF_NAMESIZE];
	unsigned int n = 2;

	do
		snprintf(name, sizeof(name), "%.10s-%u", ifname, n++ % 10000);
	while (is_ifname(&check->host, name));
	fix_add(fix, "ip link add link %s name %s type macvlan mode bridge",
		ifname, name);
	fix_add(fix, "ip address add 192.0.0.8/32 dev %s", name);
	fix_add(fix, "ip link set dev %s up", name);
	fix_add(fix, "migsel vmk add dev %s migration on", name);
}

/*
 * In one subnet with the first vmk a single migration vmk would fall back. That
 * another one has to join it is no reason to send by the first vmk, which is not
 * the migration network.
 */
static void add_companion(const struct check *check, char *fix, int i)
{
	int other = other_vmk(check, i, false);

	if (other < 0)
		add_second_vmk(check, fix, i);
	else
		add_migration(check, fix, other);
}

/* Hot traffic has to leave by another device than the first vmk: which one? */
static void fix_migration(const struct check *check, char *fix)
{
	int own = other_vmk(check, -1, true), shared;

	if (own >= 0) {
		add_migration(check, fix, own);
		return;
	}
	shared = other_vmk(check, -1, false);
	if (shared < 0) {
		add_migration(check, fix, 0);
		return;
	}
	add_migration(check, fix, shared);
	add_companion(check, fix, shared);
}

bool may_be_vmk(const struct device *device)
{
	return !(device->flags & IFF_LOOPBACK) && device->n_prefixes;
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
		if (may_be_vmk(d) && !is_vmk(check, d))
			return d;
	}
	return NULL;
}

void check_migration_set(struct check *check)
{
	const char *first = check->device[0]->ifname;
	char fix[FIX_SIZE] = "";
	int e = only_migration(check);

	if (!count_migration(check)) {
		fix_migration(check, fix);
		found(check, "no-migration-vmk", "error", "", fix,
		      "no vmk has migration on, so hot traffic is refused");
		return;
	}
	if (e)
		return;

	if (other_vmk(check, -1, false) >= 0) {
		fix_migration(check, fix);
		fix_add(fix, "migsel vmk set dev %s migration off", first);
	} else if (other_device(check)) {
		fix_add(fix, "migsel vmk add dev %s migration on",
			other_device(check)->ifname);
	}
	found(check, "single-nic", "info", first, fix,
	      "%s is the only migration vmk and the first vmk, so hot and cold traffic share it",
	      first);
}

/* Without the module, two devices in one subnet are the trap already. */
void check_same_subnet(struct check *check, unsigned int i, unsigned int j)
{
	const char *a = check->device[i]->ifname;
	const char *b = check->device[j]->ifname;
	const struct prefix *p = NULL, *q = NULL;
	char fix[FIX_SIZE] = "", subnet[64];

	if (relation_of(check->device[i], check->device[j], &p, &q) !=
	    RELATION_SAME)
		return;
	prefix_text(p, true, subnet, sizeof(subnet));
	if (!check->have_module) {
		snprintf(fix, sizeof(fix), "modprobe migsel");
		fix_add(fix, "migsel vmk add dev %s", a);
		fix_add(fix, "migsel vmk add dev %s migration on", b);
		add_second_vmk(check, fix, j);
		found(check, "same-subnet", "warning", b, fix,
		      "%s and %s are both in %s: what is not bound to a device leaves by the one whose route comes first",
		      a, b, subnet);
		return;
	}
	if (i || (int)j != only_migration(check))
		return;

	add_companion(check, fix, j);
	found(check, "same-subnet", "error", b, fix,
	      "%s is the only migration vmk and in %s like %s, so hot traffic leaves by %s; a subnet of its own mends it, or a second migration vmk, even on the same NIC",
	      b, subnet, a, a);
}

void check_no_vmk(struct check *check)
{
	const struct device *device = other_device(check);
	char fix[FIX_SIZE] = "";

	if (device)
		fix_add(fix, "migsel vmk add dev %s migration on",
			device->ifname);
	found(check, "no-migration-vmk", "error", "", fix,
	      "there is no vmk, so tagged traffic leaves by the plain route");
}
