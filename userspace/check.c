// SPDX-License-Identifier: GPL-2.0-only
/* The traps that a configuration may hold, and what mends them. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "genl.h"
#include "migsel.h"
#include "parse.h"
#include "print.h"

enum {
	CHECK_CLEAN = 0,
	CHECK_FOUND = 1,
	CHECK_COULD_NOT_LOOK = 2,
};

static const char usage[] = "Usage: migsel check\n";

void found(struct check *check, const char *code, const char *severity,
	   const char *dev, const char *fix, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	check->n_found++;
	print_object(NULL);
	print_string(!strcmp(severity, "info") ? COLOR_NONE : COLOR_BAD, "code",
		     "", code);
	print_string(COLOR_NONE, "severity", " ", severity);
	print_string(COLOR_IFNAME, "dev", *dev ? " " : NULL, dev);
	print_string(COLOR_NONE, "message", ": ", message);
	print_string(COLOR_GOOD, "fix", "\n    ", fix);
	print_text("\n");
	print_close();
}

void fix_add(char *fix, const char *format, ...)
{
	size_t length = strlen(fix);
	const char *before = "";
	va_list args;

	if (options.netns)
		before = strchr(options.netns, '/') ? "nsenter --net=" :
						      "ip netns exec ";
	length += snprintf(fix + length, FIX_SIZE - length, "%s%s%s%s",
			   length ? " && " : "", before,
			   options.netns ? options.netns : "",
			   options.netns ? " " : "");
	if (length >= FIX_SIZE)
		return;
	va_start(args, format);
	vsnprintf(fix + length, FIX_SIZE - length, format, args);
	va_end(args);
}

void could_not_look(struct check *check, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error("could not look at %s", text);
	check->could_not_look = true;
}

/* The number in a file of /proc/sys/net/ipv4/conf, -1 if it cannot be read. */
static int sysctl_of(const char *ifname, const char *key)
{
	char path[128];
	int value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", ifname,
		 key);
	file = fopen(path, "re");
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

static void check_overlap(struct check *check, unsigned int i, unsigned int j)
{
	const struct device *wide = check->device[i];
	const struct device *narrow = check->device[j];
	const struct prefix *p = NULL, *q = NULL;
	char fix[FIX_SIZE] = "", outer[64], inner[64], old[64], new[64];
	struct prefix changed;

	if (relation_of(wide, narrow, &p, &q) != RELATION_OVERLAP)
		return;
	if (p->length > q->length) {
		const struct device *device = wide;
		const struct prefix *prefix = p;

		wide = narrow;
		p = q;
		narrow = device;
		q = prefix;
	}
	prefix_text(p, true, outer, sizeof(outer));
	prefix_text(q, true, inner, sizeof(inner));
	prefix_text(p, false, old, sizeof(old));
	changed = *p;
	changed.length = q->length;
	prefix_text(&changed, false, new, sizeof(new));
	fix_add(fix, "ip address del %s dev %s", old, wide->ifname);
	fix_add(fix, "ip address add %s dev %s", new, wide->ifname);
	found(check, "overlapping-subnets", "warning", narrow->ifname, fix,
	      "%s of %s lies inside %s of %s, yet is not the same subnet: the longer prefix wins for some destinations only",
	      inner, narrow->ifname, outer, wide->ifname);
}

static void check_mtu(struct check *check, unsigned int i, unsigned int j)
{
	const struct device *large = check->device[i];
	const struct device *small = check->device[j];
	const struct prefix *p, *q;
	char fix[FIX_SIZE] = "";

	if (large->mtu == small->mtu ||
	    (relation_of(large, small, &p, &q) != RELATION_SAME &&
	     !(check->migration[i] && check->migration[j])))
		return;
	if (large->mtu < small->mtu) {
		large = check->device[j];
		small = check->device[i];
	}
	fix_add(fix, "ip link set dev %s mtu %u", large->ifname, small->mtu);
	found(check, "mtu-mismatch", "warning", large->ifname, fix,
	      "the MTU of %s is %u and that of %s %u: a flow that moves from one to the other is held up or cut into smaller segments",
	      large->ifname, large->mtu, small->ifname, small->mtu);
}

static void check_parent(struct check *check, unsigned int j)
{
	const char *name, *name_j;
	char fix[FIX_SIZE] = "";
	__u64 root;
	unsigned int i;

	root = root_of(&check->host, check->device[j], &name_j);
	for (i = 0; i < j; i++) {
		if (root_of(&check->host, check->device[i], &name) == root)
			break;
	}
	if (i == j)
		return;
	fix_add(fix, "migsel vmk del dev %s", check->device[j]->ifname);
	found(check, "shared-parent", "info", check->device[j]->ifname, fix,
	      "%s and %s are on one NIC, %s: that keeps hot traffic off the other NICs, but adds no bandwidth, and both fail together",
	      check->device[i]->ifname, check->device[j]->ifname, name);
}

static void check_link(struct check *check, const struct device *device)
{
	const char *state = "is down";
	const struct device *lower;
	char fix[FIX_SIZE] = "";

	lower = device->lower && device->lower_netns < 0 ?
		host_device(&check->host, device->lower) : NULL;
	if (lower && lower->flags & IFF_UP)
		lower = NULL;
	if (lower)
		fix_add(fix, "ip link set dev %s up", lower->ifname);
	if (!(device->flags & IFF_UP)) {
		fix_add(fix, "ip link set dev %s up", device->ifname);
	} else if (lower) {
		state = "is on a device that is down";
	} else if (!(device->flags & IFF_LOWER_UP) && check->have_module) {
		state = "has no carrier";
		fix_add(fix, "migsel vmk del dev %s", device->ifname);
	} else {
		return;
	}
	found(check, "link-down", "error", device->ifname, fix,
	      "%s %s, so nothing leaves by it%s",
	      device->ifname, state,
	      check->have_module ? ": mend the link, or take the vmk out" : "");
}

static void check_address(struct check *check, const struct device *device)
{
	char fix[FIX_SIZE] = "";

	if (device->n_prefixes)
		return;
	fix_add(fix, "migsel vmk del dev %s", device->ifname);
	found(check, "no-address", "error", device->ifname, fix,
	      "%s has no address other than link-local, so it is never used: give it one, or take the vmk out",
	      device->ifname);
}

/* More than one device with IPv4 is needed to answer for another one. */
static void check_sysctls(struct check *check, const struct device *device)
{
	const char *name = device->ifname;
	int ignore = effective_sysctl(name, "arp_ignore");
	int announce = effective_sysctl(name, "arp_announce");
	char fix[FIX_SIZE] = "";

	if (ignore < 0 || announce < 0) {
		could_not_look(check, "/proc/sys/net/ipv4/conf/%s", name);
		return;
	}
	if (ignore < 1 || announce < 2) {
		fix_add(fix,
			"sysctl -w net/ipv4/conf/%s/arp_ignore=1 net/ipv4/conf/%s/arp_announce=2",
			name, name);
		found(check, "arp-flux", "warning", name, fix,
		      "%s has arp_ignore %d and arp_announce %d: any NIC on its wire answers for its address, so replies come in by another one",
		      name, ignore, announce);
	}
	if (effective_sysctl(name, "rp_filter") == 1) {
		fix[0] = '\0';
		fix_add(fix, "sysctl -w net/ipv4/conf/%s/rp_filter=2", name);
		found(check, "rp-filter-strict", "warning", name, fix,
		      "%s has rp_filter 1: what comes in by %s but would be answered by another NIC is dropped, ARP included",
		      name, name);
	}
}

static void check_devices(struct check *check)
{
	unsigned int i, j, n_ipv4 = 0;

	if (check->have_module)
		check_migration_set(check);
	for (i = 0; i < check->n; i++)
		n_ipv4 += has_family(check->device[i], AF_INET);

	for (j = 0; j < check->n; j++) {
		for (i = 0; i < j; i++) {
			check_same_subnet(check, i, j);
			check_overlap(check, i, j);
			check_mtu(check, i, j);
		}
		check_link(check, check->device[j]);
		if (check->have_module) {
			check_address(check, check->device[j]);
			check_parent(check, j);
		}
		if (n_ipv4 > 1 && has_family(check->device[j], AF_INET))
			check_sysctls(check, check->device[j]);
	}
}

static int add_device(struct check *check, const struct device *device,
		      bool migration)
{
	const struct device **devices;
	bool *migrations;

	devices = reallocarray(check->device, check->n + 1, sizeof(*devices));
	if (devices)
		check->device = devices;
	migrations = reallocarray(check->migration, check->n + 1,
				  sizeof(*migrations));
	if (migrations)
		check->migration = migrations;
	if (!devices || !migrations) {
		error("out of memory");
		return -1;
	}
	check->device[check->n] = device;
	check->migration[check->n++] = migration;
	return 0;
}

/* The devices to look at. A vmk may have gone since they were listed. */
static int choose_devices(struct check *check)
{
	const struct vmk_list *vmks = &check->config.vmks;
	const struct host *host = &check->host;
	const struct device *device;
	unsigned int i;

	for (i = 0; check->have_module && i < vmks->n; i++) {
		device = host_device(host, vmks->vmk[i].ifindex);
		if (device && add_device(check, device, vmks->vmk[i].migration))
			return -1;
	}
	for (i = 0; !check->have_module && i < host->n_devices; i++) {
		device = &host->device[i];
		if (may_be_vmk(device) && add_device(check, device, false))
			return -1;
	}
	return 0;
}

static int read_all(struct check *check)
{
	int ret = genl_present(&check->have_module);

	if (!ret && check->have_module)
		ret = config_read(&check->config);
	else
		check->config.tag = default_tag;
	if (ret)
		return ret;
	if (host_read(&check->host)) {
		error("could not look at the devices: %s", strerror(errno));
		return -1;
	}
	return choose_devices(check);
}

int do_check(char **argv)
{
	static struct check check;
	int ret;

	if (*argv && matches(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	ret = no_more(argv, "check");
	if (ret)
		return ret;

	memset(&check, 0, sizeof(check));
	if (read_all(&check)) {
		ret = CHECK_COULD_NOT_LOOK;
		goto out;
	}
	print_array(NULL);
	if (!check.have_module)
		found(&check, "module-missing", "error", "", "modprobe migsel",
		      "the migsel module is not loaded, so every packet leaves by the plain route");
	if (check.n || !check.have_module)
		check_devices(&check);
	else
		check_no_vmk(&check);
	check_marks(&check);
	print_close();

	ret = check.could_not_look ? CHECK_COULD_NOT_LOOK : CHECK_CLEAN;
	if (check.n_found)
		ret = CHECK_FOUND;
out:
	host_free(&check.host);
	free(check.device);
	free(check.migration);
	return ret;
}
