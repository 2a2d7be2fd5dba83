// SPDX-License-Identifier: GPL-2.0-only
/* Traps of a device and of what it is on. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "host.h"
#include "text.h"

/* No link of IPv6 may have less. */
#define IPV6_MIN_MTU 1280

/* The number in a file of /proc/sys/net/ipv4/conf, -1 if it cannot be read. */
static int sysctl_of(const char *ifname, const char *key)
{
	char *path = NULL;
	FILE *file = NULL;
	int value = -1;

	if (asprintf(&path, "/proc/sys/net/ipv4/conf/%s/%s", ifname, key) >= 0)
		file = fopen(path, "re");
	free(path);
	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/* These keys count as the greater of what "all" and the device have. */
static int effective_sysctl(const char *ifname, const char *key)
{
	int all = sysctl_of("all", key), own = sysctl_of(ifname, key);

	return all > own ? all : own;
}

static void set_sysctl(struct text *fix, const char *ifname, const char *key,
		       const char *value)
{
	struct text path = {};

	/* sysctl(8) has a meaning of its own for some of what a name may hold. */
	if (strpbrk(ifname, "=*?[]{}\\")) {
		text_add(&path, "/proc/sys/net/ipv4/conf/%s/%s", ifname, key);
		fix_add(fix, "sh", "-c", "echo \"$1\" >\"$2\"", "sh", value,
			path.s);
	} else {
		text_add(&path, "net/ipv4/conf/%s/%s=%s", ifname, key, value);
		fix_add(fix, "sysctl", "-w", path.s);
	}
	text_free(&path);
}

/* Flows move among the migration vmks, and within a subnet of one stack. */
static bool may_move(const struct check *check, unsigned int i, unsigned int j)
{
	if (check->vmk[i].carries && check->vmk[j].carries)
		return true;
	return check->vmk[i].stack == check->vmk[j].stack &&
	       (shared_subnet(check, i, j, MIGSEL_INET) ||
		shared_subnet(check, i, j, MIGSEL_INET6));
}

static void check_mtu(struct check *check, unsigned int i)
{
	const struct device *large = check->device[i], *small = large;
	struct remedy remedy = {};
	char mtu[12];
	unsigned int j;

	for (j = 0; j < check->n; j++) {
		if (check->device[j]->mtu < small->mtu && may_move(check, i, j))
			small = check->device[j];
	}
	if (small == large)
		return;
	snprintf(mtu, sizeof(mtu), "%u", small->mtu);
	if (small->mtu >= IPV6_MIN_MTU || !has_family(large, MIGSEL_INET6))
		fix_add(&remedy.fix, "ip", "link", "set", "dev", large->ifname,
			"mtu", mtu);
	else
		text_add(&remedy.advice,
			 "Raise the MTU of %s: with less than %u, %s would lose its IPv6.",
			 visible(small->ifname), IPV6_MIN_MTU,
			 visible(large->ifname));
	found(check, "mtu-mismatch", SEVERITY_WARNING, large->ifname, &remedy,
	      "the MTU of %s is %u and that of %s %u: a flow that moves from one to the other is held up or cut into smaller segments",
	      visible(large->ifname), large->mtu, visible(small->ifname),
	      small->mtu);
}

/* The nearest device that both are on; one may be on the other. */
static bool share_device(const struct check *check, unsigned int i,
			 unsigned int j, const struct device **shared)
{
	const struct below *a = &check->below[i], *b = &check->below[j];
	unsigned int k, l;

	for (k = 0; k < a->n; k++) {
		for (l = 0; l < b->n; l++) {
			if (a->key[k] != b->key[l])
				continue;
			*shared = a->device[k];
			return true;
		}
	}
	return false;
}

static void check_parent(struct check *check, unsigned int j)
{
	const char *name = check->device[j]->ifname, *other;
	const struct device *shared = NULL;
	struct remedy remedy = {};
	unsigned int i = 0;

	while (i < j && !share_device(check, i, j, &shared))
		i++;
	if (i == j)
		return;
	other = check->device[i]->ifname;
	if (may_go(check, j))
		fix_add(&remedy.fix, "migsel", "vmk", "del", "dev", name);
	else
		text_add(&remedy.advice,
			 "%s is needed all the same: without it tagged traffic would leave by another vmk. A NIC of its own for it adds bandwidth.",
			 visible(name));
	found(check, "shared-parent", SEVERITY_INFO, name, &remedy,
	      "%s and %s are on one NIC, %s: that keeps hot traffic off the other NICs, but adds no bandwidth, and both fail together",
	      visible(other), visible(name),
	      shared ? visible(shared->ifname) :
		       "a device of another namespace");
}

/* As deep as devices can be stacked, and more. */
#define MAX_DEPTH 16

/* A port that leads to a guest leads nowhere else. */
static bool is_guest(const struct device *port)
{
	return !strcmp(port->kind, "tun");
}

static const struct device *lower_of(const struct check *check,
				     const struct device *device)
{
	return is_stacked(device) && device->lower_netns < 0 ?
		host_device(&check->host, device->lower) : NULL;
}

/*
 * Whether what is sent by a device gets onto a wire, as far as this namespace knows.
 * A bridge has carrier from its guests when none of its NICs has.
 */
static bool is_alive(const struct check *check, const struct device *device,
		     unsigned int depth)
{
	const struct host *host = &check->host;
	const struct device *d, *lower = lower_of(check, device);
	bool any = false;

	if (!(device->flags & IFF_UP) || !(device->flags & IFF_LOWER_UP))
		return false;
	if (depth > MAX_DEPTH)
		return true;
	if (lower)
		return is_alive(check, lower, depth + 1);
	for (d = host->device; has_ports(device) &&
	     d < host->device + host->n_devices; d++) {
		if (d->master != device->ifindex || is_guest(d))
			continue;
		if (is_alive(check, d, depth + 1))
			return true;
		any = true;
	}
	return !any;
}

/*
 * Sets up what a dead device is on and what was set down, the lowest first. Of several
 * ports of a bridge none is chosen: two of them may make a loop. Names one such device.
 */
static const struct device *set_up(const struct check *check, struct text *fix,
				   const struct device *device,
				   unsigned int depth)
{
	const struct device *d, *port = NULL, *down = NULL, *lower;
	const struct host *host = &check->host;
	bool bridge = !strcmp(device->kind, "bridge");
	unsigned int n = 0;

	if (depth > MAX_DEPTH)
		return NULL;
	lower = lower_of(check, device);
	if (lower)
		down = set_up(check, fix, lower, depth + 1);
	for (d = host->device; has_ports(device) &&
	     d < host->device + host->n_devices; d++) {
		if (d->master != device->ifindex || is_guest(d))
			continue;
		if (!bridge)
			down = set_up(check, fix, d, depth + 1) ?: down;
		port = d;
		n++;
	}
	if (bridge && n == 1)
		down = set_up(check, fix, port, depth + 1);
	if (device->flags & IFF_UP)
		return down;
	fix_add(fix, "ip", "link", "set", "dev", device->ifname, "up");
	return down ? down : device;
}

static void check_link(struct check *check, unsigned int i)
{
	const struct device *device = check->device[i], *down;
	const char *name = device->ifname;
	struct text state = {};
	struct remedy remedy = {};

	if (is_alive(check, device, 0))
		return;
	down = set_up(check, &remedy.fix, device, 0);
	if (down && down != device && device->flags & IFF_UP)
		text_add(&state, "is on %s, which is down",
			 visible(down->ifname));
	else if (!(device->flags & IFF_UP))
		text_add(&state, "is down");
	else if (!check->have_module)
		return;
	else if (!(device->flags & IFF_LOWER_UP))
		text_add(&state, "has no carrier");
	else
		text_add(&state, "is on NICs without carrier");
	if (!remedy.fix.length && may_go(check, i))
		fix_add(&remedy.fix, "migsel", "vmk", "del", "dev", name);
	else if (!remedy.fix.length)
		text_add(&remedy.advice,
			 "Look at the cable, the port of the switch or the other end. To take the vmk out would have tagged traffic leave by another vmk, or change which the first one is.");
	found(check, "link-down", SEVERITY_ERROR, name, &remedy,
	      "%s %s, so nothing leaves by it%s", visible(name), state.s,
	      check->have_module ? ": mend the link, or take the vmk out" : "");
	text_free(&state);
}

static void check_address(struct check *check, unsigned int i)
{
	const char *name = check->device[i]->ifname;
	struct remedy remedy = {};

	if (has_address(check->device[i]))
		return;
	if (may_go(check, i))
		fix_add(&remedy.fix, "migsel", "vmk", "del", "dev", name);
	else
		text_add(&remedy.advice,
			 "Give it an address. To take the vmk out would have tagged traffic leave by another vmk, or change which the first one is.");
	found(check, "no-address", SEVERITY_ERROR, name, &remedy,
	      "%s has no address other than link-local, so it is never used: give it one, or take the vmk out",
	      visible(name));
}

static void check_sysctls(struct check *check, const struct device *device)
{
	const char *name = device->ifname;
	int ignore = effective_sysctl(name, "arp_ignore");
	int announce = effective_sysctl(name, "arp_announce");
	struct remedy remedy = {};

	if (ignore < 0 || announce < 0) {
		could_not_look(check, "/proc/sys/net/ipv4/conf/%s",
			       visible(name));
		return;
	}
	/* arp_filter answers by the device that the route back would take. */
	if (!(device->flags & IFF_NOARP) &&
	    effective_sysctl(name, "arp_filter") != 1 &&
	    (ignore < 1 || announce < 2)) {
		set_sysctl(&remedy.fix, name, "arp_ignore", "1");
		set_sysctl(&remedy.fix, name, "arp_announce", "2");
		found(check, "arp-flux", SEVERITY_WARNING, name, &remedy,
		      "%s has arp_ignore %d and arp_announce %d: any NIC on its wire answers for its address, so replies come in by another one",
		      visible(name), ignore, announce);
	}
	if (effective_sysctl(name, "rp_filter") == 1) {
		set_sysctl(&remedy.fix, name, "rp_filter", "2");
		found(check, "rp-filter-strict", SEVERITY_WARNING, name, &remedy,
		      "%s has rp_filter 1: what comes in by %s but would be answered by another NIC is dropped, ARP included",
		      visible(name), visible(name));
	}
}

void check_devices(struct check *check)
{
	unsigned int i, n_ipv4 = 0;

	/* More than one device with IPv4 is needed to answer for another one. */
	for (i = 0; i < check->n; i++)
		n_ipv4 += has_family(check->device[i], MIGSEL_INET) &&
			  (check->have_module ||
			   is_nic(check, check->device[i]));

	for (i = 0; i < check->n; i++) {
		check_mtu(check, i);
		check_link(check, i);
		if (check->have_module) {
			check_address(check, i);
			check_parent(check, i);
		}
		if (n_ipv4 > 1 && has_family(check->device[i], MIGSEL_INET) &&
		    (check->have_module || is_nic(check, check->device[i])))
			check_sysctls(check, check->device[i]);
	}
}
