/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PRINT_H
#define PRINT_H

#include <linux/types.h>
#include <stdbool.h>

/* As ip(8) colours them. */
enum color {
	COLOR_NONE,
	COLOR_IFNAME,
	COLOR_INET,
	COLOR_INET6,
	COLOR_GOOD,
	COLOR_BAD,
};

void print_init(void);

/*
 * One call prints a value in either form: as text after @lead, as JSON under
 * @key. Without a lead a value is for JSON only. The outermost array or object
 * is written when it is closed.
 */
void print_array(const char *key);
void print_object(const char *key);
void print_close(void);
void print_string(enum color color, const char *key, const char *lead,
		  const char *value);
void print_uint(const char *key, const char *lead, __u64 value);
void print_bool(enum color color, const char *key, const char *lead,
		bool value, const char *text);
/* A column of a table, to the left if the width is negative. */
void print_cell(enum color color, const char *key, int width,
		const char *value);
void print_uint_cell(const char *key, int width, __u64 value);
/* For text only: what holds the values together. */
void print_text(const char *text);

/* COLOR_INET or COLOR_INET6, by the look of an address. */
enum color address_color(const char *address);

#endif
