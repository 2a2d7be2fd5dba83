// SPDX-License-Identifier: GPL-2.0-only
/* The words for the values of the netlink family. */

#include <glob.h>
#include <linux/kernel.h>
#include <linux/migsel.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../module/reasons.h"
#include "names.h"
#include "parse.h"

#define REASON_NAME(reason, name)	\
	[MIGSEL_REASON_##reason] = name,

const char *const reason_names[] = {
	MIGSEL_REASON_NAMES(REASON_NAME, REASON_NAME)
	NULL
};

const char *const class_names[] = {
	[MIGSEL_CLASS_NONE] = "none",
	[MIGSEL_CLASS_HOT] = "hot",
	[MIGSEL_CLASS_COLD] = "cold",
	NULL
};

const char *const verdict_names[] = {
	[MIGSEL_VERDICT_PASS] = "pass",
	[MIGSEL_VERDICT_STEER] = "steer",
	[MIGSEL_VERDICT_REFUSE] = "refuse",
	NULL
};

const char *const outcome_names[] = {
	[MIGSEL_OUTCOME_SKIPPED] = "skipped",
	[MIGSEL_OUTCOME_APPLIED] = "applied",
	[MIGSEL_OUTCOME_NOT_REACHED] = "not-reached",
	NULL
};

const char *name_of(const char *const *names, __u32 value)
{
	while (value && *names) {
		names++;
		value--;
	}
	return *names ? *names : "unknown";
}

/* Its line in a file: the number, the name, and perhaps a comment. */
static bool table_in(const char *path, __u32 table, char *name)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[512];
	int number;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%i %63[^ \t\n#]", &number, name) == 2 &&
			(__u32)number == table;
	if (file)
		fclose(file);
	return found;
}

const char *table_name(__u32 table)
{
	/* What ip(8) reads, in its order. */
	static const char *const patterns[] = {
		"/etc/iproute2/rt_tables",
		"/etc/iproute2/rt_tables.d/*.conf",
		"/usr/share/iproute2/rt_tables",
		"/usr/share/iproute2/rt_tables.d/*.conf",
		"/usr/lib/iproute2/rt_tables",
	};
	static char name[64];
	bool found = false;
	glob_t files;
	size_t i, j;

	if (table == RT_TABLE_MAIN)
		return "main";
	if (table == RT_TABLE_LOCAL)
		return "local";
	if (table == RT_TABLE_DEFAULT)
		return "default";
	for (i = 0; !found && i < ARRAY_SIZE(patterns); i++) {
		if (glob(patterns[i], 0, NULL, &files))
			continue;
		for (j = 0; !found && j < files.gl_pathc; j++)
			found = table_in(files.gl_pathv[j], table, name);
		globfree(&files);
	}
	if (!found)
		snprintf(name, sizeof(name), "%u", table);
	return name;
}

int parse_name(const char *word, const char *what, const char *const *names,
	       __u32 *value)
{
	char why[96];
	int length;

	length = snprintf(why, sizeof(why), "%s must be", what);
	for (*value = 0; names[*value]; (*value)++) {
		if (!strcmp(word, names[*value]))
			return 0;
		length += snprintf(why + length, sizeof(why) - length, "%s %s",
				   *value ? " or" : "", names[*value]);
	}
	return bad_value(word, why);
}
