/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum color_when {
	COLOR_NEVER,
	COLOR_AUTO,
	COLOR_ALWAYS,
};

struct options {
	bool json;
	bool csv;
	bool pretty;
	bool stats;
	bool details;
	bool brief;
	bool force;
	bool timestamp;
	bool prometheus;
	enum color_when color;
	const char *batch;
	const char *netns;
};

extern struct options options;

/* Is @word the option @name, or an abbreviation of at least @least letters? */
bool is_option(const char *word, const char *name, size_t least);

/*
 * Takes one option without its dash; a value is the next word. Returns 0, or a status
 * with the complaint made.
 */
int take_option(const char *word, char ***argv);

#endif
