// SPDX-License-Identifier: GPL-2.0-only
/* What the checks have in common: how a trap is reported, and what a vmk may be. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "error.h"
#include "host.h"
#include "print.h"
#include "text.h"

const char *const severity_names[] = {
	[SEVERITY_OK] = "ok",
	[SEVERITY_INFO] = "info",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
	NULL
};

static void count_trap(struct check *check, const char *code,
		       enum severity severity, const char *dev)
{
	struct trap *trap;
	unsigned int i;

	for (i = 0; i < check->n_traps; i++) {
		trap = &check->trap[i];
		if (!strcmp(trap->code, code) && !strcmp(trap->dev, dev) &&
		    trap->severity == severity) {
			trap->n++;
			return;
		}
	}
	trap = reallocarray(check->trap, check->n_traps + 1, sizeof(*trap));
	if (!trap)
		exit(out_of_memory());
	check->trap = trap;
	trap += check->n_traps++;
	trap->code = code;
	trap->severity = severity;
	snprintf(trap->dev, sizeof(trap->dev), "%s", dev);
	trap->n = 1;
}

static void show_trap(const char *code, enum severity severity, const char *dev,
		      const struct remedy *remedy, const char *message)
{
	bool bad = severity >= SEVERITY_WARNING;

	print_object(NULL);
	print_string(bad ? COLOR_BAD : COLOR_NONE, "code", "", code);
	print_string(COLOR_NONE, "severity", " ", severity_names[severity]);
	print_string(COLOR_IFNAME, "dev", *dev ? " " : NULL, visible(dev));
	print_string(COLOR_NONE, "message", ": ", message);
	if (remedy && remedy->fix.length && !remedy->fix.unquotable)
		print_string(COLOR_GOOD, "fix", "\n    ", remedy->fix.s);
	if (remedy && remedy->advice.length)
		print_string(COLOR_NONE, "advice", "\n  advice: ",
			     remedy->advice.s);
	print_text("\n");
	print_close();
}

void found(struct check *check, const char *code, enum severity severity,
	   const char *dev, struct remedy *remedy, const char *format, ...)
{
	struct text message = {};
	va_list args;

	va_start(args, format);
	text_vadd(&message, format, args);
	va_end(args);

	if (severity >= check->least) {
		check->n_found[severity]++;
		if (!options.prometheus)
			show_trap(code, severity, dev, remedy,
				  message.s);
		else if (severity != SEVERITY_OK)
			count_trap(check, code, severity, dev);
	}
	text_free(&message);
	if (remedy) {
		text_free(&remedy->fix);
		text_free(&remedy->advice);
	}
}

void could_not_look(struct check *check, const char *format, ...)
{
	struct text what = {};
	va_list args;

	va_start(args, format);
	text_vadd(&what, format, args);
	va_end(args);
	error("could not look at %s", what.s);
	text_free(&what);
	check->could_not_look = true;
}

bool may_be_vmk(const struct device *device)
{
	return !(device->flags & IFF_LOOPBACK) && has_address(device);
}

bool is_usable(const struct device *device)
{
	return device->flags & IFF_UP && device->flags & IFF_LOWER_UP &&
	       has_address(device);
}

/* Tunnels and what is made for the containers and guests of this host are none. */
bool is_nic(const struct check *check, const struct device *device)
{
	const struct device *d;
	unsigned int i;
	bool inner = false;

	if (device->flags & (IFF_LOOPBACK | IFF_NOARP | IFF_POINTOPOINT) ||
	    !strcmp(device->kind, "tun"))
		return false;
	if (strcmp(device->kind, "bridge"))
		return true;
	for (i = 0; i < check->host.n_devices; i++) {
		d = &check->host.device[i];
		if (d->master != device->ifindex)
			continue;
		/* One end of a pair is as a rule a container's. */
		inner = !strcmp(d->kind, "tun") || !strcmp(d->kind, "veth");
		if (!inner)
			return true;
	}
	return false;
}

static bool is_dropped(enum migsel_reason reason)
{
	return reason == MIGSEL_REASON_SAME_SUBNET ||
	       reason == MIGSEL_REASON_SINGLE_NIC ||
	       reason == MIGSEL_REASON_NO_MIGRATION_VMK ||
	       reason == MIGSEL_REASON_NO_VMK;
}

bool may_go(const struct check *check, unsigned int i)
{
	struct migsel_query query = {
		.class = MIGSEL_CLASS_HOT,
		.bound_vmk = MIGSEL_NO_VMK,
	};
	struct migsel_rule without = {
		.n_vmks = check->n - 1,
		.strict = check->rule.strict,
	};
	enum migsel_reason before, after;
	const struct migsel_rule *rule = &check->rule;
	bool may = true;
	int vmk;

	if ((int)i == rule->first_vmk || (int)i == rule->provisioning_vmk ||
	    (int)i == rule->provisioning_stack)
		return false;
	without.vmks = calloc(check->n, sizeof(*without.vmks));
	if (!without.vmks)
		return false;
	memcpy(without.vmks, check->vmk, i * sizeof(*check->vmk));
	memcpy(without.vmks + i, check->vmk + i + 1,
	       (check->n - i - 1) * sizeof(*check->vmk));
	migsel_rule_prepare(&without);
	for (; query.family < MIGSEL_N_FAMILIES; query.family++) {
		before = migsel_rule_row(&check->rule, &query, &vmk)->reason;
		after = migsel_rule_row(&without, &query, &vmk)->reason;
		if (after != before && (is_dropped(after) ||
					before == MIGSEL_REASON_VMOTION_STACK))
			may = false;
	}
	free(without.vmks);
	return may;
}
