// SPDX-License-Identifier: GPL-2.0-only
/* What stands before the object. */

#include <string.h>

#include "error.h"
#include "options.h"
#include "parse.h"

struct options options;

static int parse_color(const char *word)
{
	if (!*word || !strcmp(word, "=always"))
		options.color = COLOR_ALWAYS;
	else if (!strcmp(word, "=auto"))
		options.color = COLOR_AUTO;
	else if (!strcmp(word, "=never"))
		options.color = COLOR_NEVER;
	else
		return bad_value(word + (*word == '='),
			     "color must be always or auto or never");
	return 0;
}

bool is_option(const char *word, const char *name, size_t least)
{
	return strlen(word) >= least && matches(word, name);
}

int take_option(const char *word, char ***argv)
{
	size_t color = strcspn(word, "=");

	if (is_option(word, "netns", 1))
		return take_value(argv, &options.netns);
	if (is_option(word, "batch", 1))
		return take_value(argv, &options.batch);
	if (color && color <= strlen("color") &&
	    !strncmp(word, "color", color))
		return parse_color(word + color);

	if (is_option(word, "json", 1)) {
		options.json = true;
	} else if (is_option(word, "csv", 2)) {
		options.csv = true;
	} else if (is_option(word, "pretty", 1)) {
		options.pretty = true;
	} else if (is_option(word, "statistics", 1) || !strcmp(word, "stats")) {
		options.stats = true;
	} else if (is_option(word, "details", 1)) {
		options.details = true;
	} else if (is_option(word, "brief", 2)) {
		options.brief = true;
	} else if (is_option(word, "force", 1)) {
		options.force = true;
	} else if (is_option(word, "timestamp", 1)) {
		options.timestamp = true;
	} else if (is_option(word, "prometheus", 3)) {
		options.prometheus = true;
	} else {
		complain("Option \"-%s\" is unknown, try \"migsel help\".",
			 word);
		return STATUS_USAGE;
	}
	return 0;
}
