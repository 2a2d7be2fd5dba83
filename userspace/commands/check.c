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
#include "metrics.h"
#include "module.h"
#include "names.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "ruleset.h"
#include "text.h"

enum {
	CHECK_CLEAN = 0,
	CHECK_FOUND = 1,
	CHECK_COULD_NOT_LOOK = 2,
	/* For who asks for a severity. */
	CHECK_FOUND_INFO = 3,
	CHECK_FOUND_WARNING = 4,
	CHECK_FOUND_ERROR = 5,
	CHECK_MODULE_MISSING = 6,
	CHECK_MODULE_REFUSED = 7,
};

static const char usage[] =
	"Usage: migsel check [ severity { error | warning | info } ]\n";

static void unread(void *data, const char *what)
{
	could_not_look(data, "%s", what);
}

/* The device of a vmk, or without the module one that could be made a vmk. */
static int add_device(struct check *check, const struct device *device,
		      const struct vmk *vmk)
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
	vmks[check->n].weight = 1;
	if (vmk) {
		vmks[check->n].stack = vmk_number(vmk, MIGSEL_A_VMK_STACK);
		vmks[check->n].migration =
			vmk_number(vmk, MIGSEL_A_VMK_MIGRATION);
		vmks[check->n].provisioning =
			vmk_number(vmk, MIGSEL_A_VMK_PROVISIONING);
	}
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
		if (device && add_device(check, device, vmk))
			return -1;
	}
	for (i = 0; !check->have_module && i < host->n_devices; i++) {
		device = &host->device[i];
		if (may_be_vmk(device) && add_device(check, device, NULL))
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

static void check_module(struct check *check)
{
	struct remedy remedy = {};
	struct text why = {};

	check->refused = module_is_refused(&why);
	if (check->refused) {
		text_add(&remedy.advice,
			 "enrol the key that it is signed with, see SECURE BOOT in migsel(8)");
		found(check, "module-refused", SEVERITY_ERROR, "", &remedy,
		      "this kernel refuses the migsel module, so every packet leaves by the plain route: %s",
		      why.s);
	} else {
		text_add_command(&remedy.fix, NULL, "modprobe", "migsel", NULL);
		found(check, "module-missing", SEVERITY_ERROR, "", &remedy,
		      "the migsel module is not loaded, so every packet leaves by the plain route");
	}
	text_free(&why);
}

static void check_all(struct check *check)
{
	if (!check->have_module)
		check_module(check);
	if (check->n) {
		if (check->have_module) {
			check_migration_set(check);
			check_stacks(check);
		}
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
	free(check->trap);
	free(check->subnet);
	free(check->below);
	free(check->vmk);
	free(check->device);
	json_decref(check->ruleset);
	host_free(&check->host);
}

static void show_metrics(const struct check *check)
{
	const struct trap *trap;
	unsigned int i;

	metric("migsel_module_loaded", "gauge",
	       "Whether the migsel module is there.");
	sample("migsel_module_loaded", check->have_module, NULL);
	metric("migsel_check_complete", "gauge",
	       "Whether migsel check could look at everything.");
	sample("migsel_check_complete", !check->could_not_look, NULL);
	metric("migsel_check_findings", "gauge",
	       "How many traps migsel check has found, by severity.");
	for (i = SEVERITY_INFO; i < N_SEVERITIES; i++) {
		if (i >= check->least)
			sample("migsel_check_findings", check->n_found[i],
			       "severity", severity_names[i], NULL);
	}
	metric("migsel_check_trap", "gauge",
	       "A trap that migsel check has found, by its code, and how often.");
	for (i = 0; i < check->n_traps; i++) {
		trap = &check->trap[i];
		sample("migsel_check_trap", trap->n, "code", trap->code,
		       "severity", severity_names[trap->severity], "dev",
		       trap->dev, NULL);
	}
}

/* The worst of what was found; without the module that is what to know first. */
static int status_of(const struct check *check, bool by_severity)
{
	int i = N_SEVERITIES - 1;

	while (i > SEVERITY_OK && !check->n_found[i])
		i--;
	if (i == SEVERITY_OK)
		return check->could_not_look ? CHECK_COULD_NOT_LOOK :
					       CHECK_CLEAN;
	if (!by_severity)
		return CHECK_FOUND;
	if (!check->have_module)
		return check->refused ? CHECK_MODULE_REFUSED :
					CHECK_MODULE_MISSING;
	return CHECK_FOUND_INFO + i - SEVERITY_INFO;
}

/* As an option it comes behind the object, too: it is of this one alone. */
static bool is_severity(const char *word)
{
	return matches(word, "severity") ||
	       (*word == '-' && is_option(word + 1, "severity", 2));
}

int do_check(char **argv)
{
	__u32 least = SEVERITY_OK;
	static struct check check;
	bool by_severity;
	const char *word;
	int ret;

	if (*argv && matches(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	by_severity = *argv && is_severity(*argv);
	if (by_severity) {
		ret = take_value(&argv, &word);
		if (!ret)
			ret = parse_name(word, "severity",
					 severity_names + SEVERITY_INFO, &least);
		if (ret)
			return ret;
		least += SEVERITY_INFO;
		argv++;
	}
	ret = no_more(argv, "check");
	if (ret)
		return ret;

	memset(&check, 0, sizeof(check));
	check.least = least;
	if (read_all(&check)) {
		ret = CHECK_COULD_NOT_LOOK;
	} else {
		print_array(NULL);
		check_all(&check);
		print_close();
		if (options.prometheus)
			show_metrics(&check);
		ret = status_of(&check, by_severity);
	}
	free_all(&check);
	return ret;
}
