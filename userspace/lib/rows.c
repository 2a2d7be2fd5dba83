// SPDX-License-Identifier: GPL-2.0-only
/* What the rows of the rule's table say. */

#include <linux/kernel.h>
#include <linux/migsel.h>
#include <stddef.h>

#include "names.h"
#include "print.h"
#include "rows.h"

/* What a row of the table found where it applies, and where it does not. */
static const struct {
	const char *applied;
	const char *skipped;
} row_words[] = {
	[MIGSEL_REASON_UNTAGGED] = {
		"no tag",
		"tagged",
	},
	[MIGSEL_REASON_NO_VMK] = {
		"no vmk is registered",
		"a vmk is registered",
	},
	[MIGSEL_REASON_NOT_UNICAST] = {
		"local, multicast, broadcast or link-local",
		"the destination is unicast",
	},
	[MIGSEL_REASON_BOUND_DEVICE] = {
		"the socket is bound to a device",
		"the socket is not bound to a device",
	},
	[MIGSEL_REASON_PROVISIONING_STACK] = {
		"cold traffic takes the provisioning stack",
		"not cold, or the provisioning stack has no vmk",
	},
	[MIGSEL_REASON_COLD_SAME_SUBNET] = {
		"the provisioning vmk shares a subnet with the first vmk",
		"not cold, or no provisioning vmk that shares a subnet with the first vmk",
	},
	[MIGSEL_REASON_PROVISIONING_VMK] = {
		"the provisioning vmk has a route to the destination that is no default route",
		"not cold, or no provisioning vmk that is usable and has a route that is no default route",
	},
	[MIGSEL_REASON_COLD_FIRST_VMK] = {
		"cold traffic takes the first vmk",
		"not cold",
	},
	[MIGSEL_REASON_NO_MIGRATION_VMK] = {
		"migration is off on every vmk",
		"migration is on",
	},
	[MIGSEL_REASON_VMOTION_STACK] = {
		"the vMotion stack has one vmk",
		"the vMotion stack has no vmk, or two or more",
	},
	[MIGSEL_REASON_SINGLE_NIC] = {
		"only the first vmk has migration on",
		"another vmk carries migration traffic",
	},
	[MIGSEL_REASON_STRICT] = {
		"the only migration vmk is used though it shares a subnet with the first vmk",
		"fallback is first-vmk, or no single migration vmk shares a subnet with the first vmk",
	},
	[MIGSEL_REASON_SAME_SUBNET] = {
		"the only migration vmk shares a subnet with the first vmk",
		"no single migration vmk that shares a subnet with the first vmk",
	},
	[MIGSEL_REASON_DEDICATED_SUBNET] = {
		"the only migration vmk has a subnet of its own",
		"two or more vmks carry migration traffic",
	},
	[MIGSEL_REASON_MULTI_NIC_BOUND] = {
		"the socket is bound to an address of a usable migration vmk",
		"the socket is bound to no address of a usable migration vmk",
	},
	[MIGSEL_REASON_MULTI_NIC] = {
		"two or more vmks carry migration traffic",
		NULL,
	},
};

static const char *why_row(__u32 reason, __u32 outcome)
{
	/* A module that is newer may have rows that are not known here. */
	if (reason >= ARRAY_SIZE(row_words))
		return NULL;
	if (outcome == MIGSEL_OUTCOME_APPLIED)
		return row_words[reason].applied;
	return outcome == MIGSEL_OUTCOME_SKIPPED ? row_words[reason].skipped :
						   NULL;
}

void print_row(unsigned int row, __u32 reason, __u32 outcome)
{
	const char *why = why_row(reason, outcome);

	print_object(NULL);
	print_text("    ");
	print_uint_cell("row", 2, row);
	print_text(" ");
	print_cell(COLOR_NONE, "reason", -18, name_of(reason_names, reason));
	print_string(outcome == MIGSEL_OUTCOME_APPLIED ? COLOR_GOOD : COLOR_NONE,
		     "outcome", " ", name_of(outcome_names, outcome));
	if (why)
		print_string(COLOR_NONE, "why", ": ", why);
	print_text("\n");
	print_close();
}
