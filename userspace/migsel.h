/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MIGSEL_H
#define MIGSEL_H

#include <stdbool.h>

/* What every command returns: nothing wrong, refused, not understood. */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 255,
};

enum color_when {
	COLOR_NEVER,
	COLOR_AUTO,
	COLOR_ALWAYS,
};

struct options {
	bool json;
	bool pretty;
	bool stats;
	bool details;
	bool brief;
	bool force;
	bool timestamp;
	enum color_when color;
	const char *batch;
	const char *netns;
};

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

extern struct options options;

/*
 * The objects. Each takes the words after its name, ended by NULL, and has
 * said on standard error what went wrong when it does not return STATUS_OK.
 */
int do_vmk(char **argv);
int do_tag(char **argv);
int do_policy(char **argv);
int do_route(char **argv);
int do_stats(char **argv);
int do_monitor(char **argv);
int do_check(char **argv);
int do_exec(char **argv);
int do_classify(char **argv);
int do_save(char **argv);
int do_restore(char **argv);

/* Runs one command line, OBJECT first. */
int run_object(char **argv);

/* Runs the command lines of a file, "-" is standard input. */
int run_batch(const char *path);

#endif
