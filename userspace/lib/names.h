/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NAMES_H
#define NAMES_H

#include <linux/types.h>

/* The words for the values of the netlink family, by value. */
extern const char *const reason_names[];
extern const char *const class_names[];
extern const char *const verdict_names[];
extern const char *const outcome_names[];

/* The word for @value, "unknown" if a newer kernel has more of them. */
const char *name_of(const char *const *names, __u32 value);

/* The name that iproute2 has for a routing table, or its number, in a buffer. */
const char *table_name(__u32 table);

/* Reads a word. @what names it in the complaint; returns 0 or STATUS_USAGE. */
int parse_name(const char *word, const char *what, const char *const *names,
	       __u32 *value);

#endif
