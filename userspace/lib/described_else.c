// SPDX-License-Identifier: GPL-2.0-only
/* What people give that holds no description of a host. */

#include <linux/kernel.h>
#include <stddef.h>
#include <string.h>

#include "described.h"

/* By how it begins, and what would hold one. */
static const struct {
	const char *begins;
	const char *advice;
} others[] = {
	{ "PK\003\004", "a spreadsheet or archive: save the sheet vSC_VMK as CSV" },
	{ "\320\317\021\340", "a spreadsheet: save the sheet vSC_VMK as CSV" },
	{ "\037\213", "compressed: unpack it" },
	{ "<", "XML or HTML: give the JSON of the same, as govc -json has it" },
	{ "1: lo", "what ip prints for people: give that of \"ip -j address\"" },
	{ "lo ", "what ip prints for people: give that of \"ip -j address\"" },
	{ "default via ", "what ip prints for people: give that of \"ip -j route\"" },
	{ "lo: flags=", "what ifconfig prints: give that of \"ip -j address\"" },
	{ "Windows IP", "of Windows, which this rule is not about" },
};

const char *what_else(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (!strncmp(text, others[i].begins, strlen(others[i].begins)))
			return others[i].advice;
	}
	return NULL;
}
