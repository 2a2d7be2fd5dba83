/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PARSE_H
#define PARSE_H

#include <linux/types.h>
#include <netinet/in.h>
#include <stdbool.h>

struct command {
	const char *name;
	int (*run)(char **argv);
};

struct address {
	int family;
	union {
		struct in_addr in;
		struct in6_addr in6;
	};
};

/* Is @word a whole keyword, or an abbreviation of it? */
bool matches(const char *word, const char *keyword);

/*
 * Runs the command that argv[0] names, the first one if there is none.
 * @commands ends with a NULL name; the first one that matches wins, so the
 * order decides what an abbreviation means.
 */
int run_command(const char *object, const struct command *commands,
		const char *usage, char **argv);

/*
 * The parsers below return 0, or STATUS_USAGE or STATUS_FAILED when they have
 * said what is wrong.
 */
/* Moves *argv from a keyword to its value. */
int take_value(char ***argv, const char **value);
/* Also refuses a keyword whose value *word is known. */
int take_once(char ***argv, const char *keyword, const char **word);
int no_more(char **argv, const char *object);
int parse_u32(const char *word, const char *what, __u32 *value);
int parse_range(const char *word, const char *what, __u32 min, __u32 max,
		__u32 *value);
int parse_address(const char *word, struct address *address);
int parse_device(const char *word, __u32 *ifindex);
/* Whether a device can have such a name, and what to say where none has. */
bool is_device_name(const char *word);
int no_device(const char *word);

int second_value(const char *keyword, const char *value);
int bad_value(const char *value, const char *why);
int unknown_keyword(const char *word, const char *object);
int incomplete(void);

#endif
