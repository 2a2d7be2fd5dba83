// SPDX-License-Identifier: GPL-2.0-only
/* What can be configured, by its keywords. */

#include <assert.h>
#include <linux/kernel.h>
#include <stddef.h>
#include <stdio.h>

#include "config.h"
#include "names.h"
#include "parse.h"
#include "print.h"

static int parse_on_off(const char *word, const char *what, __u32 *value)
{
	static const char *const on_off[] = { "off", "on", NULL };

	return parse_name(word, what, on_off, value);
}

static const char *on_off_text(__u32 value)
{
	return value ? "on" : "off";
}

static void print_on_off(const char *key, const char *lead, __u32 value)
{
	print_bool(COLOR_NONE, key, lead, value, on_off_text(value));
}

static int parse_weight(const char *word, const char *what, __u32 *value)
{
	return parse_range(word, what, 1, 255, value);
}

static const char *number_text(__u32 value)
{
	static char text[sizeof("4294967295")];

	snprintf(text, sizeof(text), "%u", value);
	return text;
}

static void print_number(const char *key, const char *lead, __u32 value)
{
	print_uint(key, lead, value);
}

const struct vmk_keyword vmk_keywords[] = {
	{ "migration", "{ on | off }", MIGSEL_A_VMK_MIGRATION,
	  offsetof(struct vmk, migration), parse_on_off, print_on_off, on_off_text },
	{ "weight", "1..255", MIGSEL_A_VMK_WEIGHT,
	  offsetof(struct vmk, weight), parse_weight, print_number, number_text },
	{ NULL }
};

static_assert(ARRAY_SIZE(vmk_keywords) <= MAX_VMK_KEYWORDS, "too many");

__u32 *vmk_value_at(struct vmk *vmk, const struct vmk_keyword *k)
{
	return (void *)vmk + k->at;
}

__u32 vmk_value(const struct vmk *vmk, const struct vmk_keyword *k)
{
	return *vmk_value_at((struct vmk *)vmk, k);
}
