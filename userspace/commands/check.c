// SPDX-License-Identifier: GPL-2.0-only
/* The traps that a configuration may hold, and what mends them. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "commands.h"
#include "config.h"
#include "error.h"
#include "genl.h"
#include "host.h"
#include "keywords.h"
#include "parse.h"
#include "print.h"
#include "ruleset.h"
#include "text.h"

enum {
	CHECK_CLEAN = 0,
	CHECK_FOUND = 1,
	CHECK_COULD_NOT_LOOK = 2,
};

static const char usage[] = "Usage: migsel check\n";

static void unread(void *data, const char *what)
{
	could_not_look(data, "%s", what);
}

static int add_device(struct check *check, const struct device *device,
		      bool migration)
{
	unsigned int n = check->n + 1;
	const struct device **devices;
	struct migsel_rule_vmk *vmks;
	struct below *below;

	devices = reallocarray(check->device, n, sizeof(*devices));
	if (devices)
		check->device = devices;
	vmks = reallocarray(check->vmk, n, sizeof(*vmks));
	if (vmks)
		check->vmk = vmks;
	below = reallocarray(check->below, n, sizeof(*below));
	if (below)
		check->below = below;
	if (!devices || !vmks || !below ||
	    below_read(&check->host, device, &below[check->n])) {
		error("out of memory");
		return -1;
	}
	memset(&vmks[check->n], 0, sizeof(*vmks));
	vmks[check->n].addrs = device->addr;
	vmks[check->n].n_addrs = device->n_addrs;
	vmks[check->n].migration = migration;
	vmks[check->n].weight = 1;
	migsel_rule_prepare_vmk(&vmks[check->n]);
	devices[check->n++] = device;
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
		const struct vmk *vmk = &vmks->vmk[i];

		device = host_device(host, vmk->ifindex);
		if (device && add_device(check, device, vmk_number(vmk, MIGSEL_A_VMK_MIGRATION)))
			return -1;
	}
	for (i = 0; !check->have_module && i < host->n_devices; i++) {
		device = &host->device[i];
		if (may_be_vmk(device) && add_device(check, device, false))
			return -1;
	}
	check->rule.vmks = check->vmk;
	check->rule.n_vmks = check->n;
	check->rule.strict = keywords_number(&policy_object,
					     &check->config.policy,
					     MIGSEL_A_POLICY_FALLBACK) ==
			     MIGSEL_FALLBACK_STRICT;
	migsel_rule_prepare(&check->rule);
	if (!read_subnets(check))
		return 0;
	error("out of memory");
	return -1;
}

static int read_all(struct check *check)
{
	int ret = genl_present(&check->have_module);

	if (ret)
		return ret;
	check->tag = default_tag;
	if (check->have_module) {
		ret = config_read(&check->config);
		if (ret)
			return ret;
		tag_of(&check->config.tag, &check->tag);
	}
	if (host_read(&check->host)) {
		error("could not look at the devices: %s", strerror(errno));
		return -1;
	}
	if (choose_devices(check))
		return -1;
	check->ruleset = ruleset_read(unread, check);
	if (check->ruleset)
		return 0;
	error("out of memory");
	return -1;
}

static void check_all(struct check *check)
{
	struct remedy load = {};

	if (!check->have_module) {
		text_add_command(&load.fix, NULL, "modprobe", "migsel", NULL);
		found(check, "module-missing", "error", "", &load,
		      "the migsel module is not loaded, so every packet leaves by the plain route");
	}
	if (check->n) {
		if (check->have_module)
			check_migration_set(check);
		check_subnets(check);
		check_devices(check);
		check_filters(check);
	} else if (check->have_module) {
		check_no_vmk(check);
	}
	check_marks(check);
}

static void free_all(struct check *check)
{
	unsigned int i;

	for (i = 0; i < check->n_subnets; i++) {
		free(check->subnet[i].addr);
		free(check->subnet[i].vmk);
	}
	for (i = 0; i < check->n; i++)
		below_free(&check->below[i]);
	free(check->subnet);
	free(check->below);
	free(check->vmk);
	free(check->device);
	json_decref(check->ruleset);
	host_free(&check->host);
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
	} else {
		print_array(NULL);
		check_all(&check);
		print_close();
		ret = check.n_found ? CHECK_FOUND :
		      check.could_not_look ? CHECK_COULD_NOT_LOOK : CHECK_CLEAN;
	}
	free_all(&check);
	return ret;
}
