// SPDX-License-Identifier: GPL-2.0-only
/* Vmks that do not carry what they are configured for, because of stacks and services. */

#include "check.h"
#include "host.h"
#include "text.h"

static const char *name_of_vmk(const struct check *check, unsigned int i)
{
	return visible(check->device[i]->ifname);
}

static unsigned int first_of(const struct check *check, enum migsel_stack stack)
{
	unsigned int i = 0;

	while (check->vmk[i].stack != stack)
		i++;
	return i;
}

/* A flag of the default stack that counts for nothing beside another stack. */
static void check_flag(struct check *check, unsigned int i, const char *flag,
		       const char *class, enum migsel_stack stack)
{
	const char *ifname = check->device[i]->ifname;
	struct remedy remedy = {};

	fix_add(&remedy.fix, "migsel", "vmk", "set", "dev", ifname, flag, "off");
	found(check, "deactivated", SEVERITY_WARNING, ifname, &remedy,
	      "%s has %s on, but %s is on the stack for %s traffic, which deactivates the vmks of the default stack for it",
	      visible(ifname), flag, name_of_vmk(check, first_of(check, stack)),
	      class);
}

static void check_cold_subnet(struct check *check, enum migsel_family family)
{
	unsigned int vmk = check->rule.provisioning_vmk;
	unsigned int first = check->rule.first_vmk;
	const char *ifname = check->device[vmk]->ifname;
	char network[SUBNET_TEXT_SIZE] = "one subnet";
	const struct subnet *subnet;
	struct remedy remedy = {};

	subnet = shared_subnet(check, first, vmk, family);
	if (subnet)
		subnet_text(subnet, network, sizeof(network));
	fix_add(&remedy.fix, "migsel", "vmk", "set", "dev", ifname,
		"provisioning", "off", "stack", "provisioning");
	text_add(&remedy.advice,
		 "1. A subnet of its own for %s is what lasts; add the new address before the old one goes, and do it by another NIC or the console, as connections to the old address are lost. ",
		 visible(ifname));
	text_add(&remedy.advice,
		 "2. The provisioning stack, as the command has it: there the subnet does not matter; no connection is lost.");
	found(check, "cold-same-subnet", SEVERITY_WARNING, ifname, &remedy,
	      "%s has provisioning on and is in %s like %s, so cold traffic leaves by %s",
	      visible(ifname), network, name_of_vmk(check, first),
	      name_of_vmk(check, first));
}

static void check_no_first_vmk(struct check *check)
{
	struct remedy remedy = {};

	text_add(&remedy.advice,
		 "Register the management NIC, or bring its vmk to stack default.");
	found(check, "no-first-vmk", SEVERITY_ERROR, "", &remedy,
	      "no vmk is of the default stack, and none of the provisioning stack, so cold traffic is refused");
}

void check_stacks(struct check *check)
{
	const struct migsel_rule *rule = &check->rule;
	bool has_stack = rule->provisioning_stack != MIGSEL_NO_VMK;
	int family = MIGSEL_INET;
	unsigned int i;

	for (i = 0; i < check->n; i++) {
		if (check->vmk[i].stack != MIGSEL_STACK_DEFAULT)
			continue;
		if (check->vmk[i].migration && rule->vmotion_stack)
			check_flag(check, i, "migration", "hot",
				   MIGSEL_STACK_VMOTION);
		if (check->vmk[i].provisioning && has_stack)
			check_flag(check, i, "provisioning", "cold",
				   MIGSEL_STACK_PROVISIONING);
	}
	if (has_stack)
		return;
	if (rule->first_vmk == MIGSEL_NO_VMK) {
		check_no_first_vmk(check);
		return;
	}
	while (family < MIGSEL_N_FAMILIES && !rule->cold_same_subnet[family])
		family++;
	if (family < MIGSEL_N_FAMILIES)
		check_cold_subnet(check, family);
}
