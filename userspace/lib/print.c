// SPDX-License-Identifier: GPL-2.0-only
/* The one layer that writes results, as text or as JSON. */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "options.h"
#include "print.h"
#include "text.h"

#define MAX_DEPTH 8

/* The arrays and objects that are open, each inside the one before it. */
static json_t *open_values[MAX_DEPTH];
static int depth;

static bool use_color;

void print_init(void)
{
	use_color = !options.json &&
		    (options.color == COLOR_ALWAYS ||
		     (options.color == COLOR_AUTO && isatty(STDOUT_FILENO)));
}

/* The last number of COLORFGBG tells a dark background, as ip(8) reads it. */
static bool dark_background(void)
{
	const char *p = getenv("COLORFGBG");

	p = p ? strrchr(p, ';') : NULL;
	return p && ((p[1] >= '0' && p[1] <= '6') || p[1] == '8') && !p[2];
}

static const char *color_code(enum color color)
{
	static const char *const light[] = {
		[COLOR_IFNAME] = "\033[36m", [COLOR_INET] = "\033[35m",
		[COLOR_INET6] = "\033[34m", [COLOR_GOOD] = "\033[32m",
		[COLOR_BAD] = "\033[31m",
	};
	static const char *const dark[] = {
		[COLOR_IFNAME] = "\033[1;36m", [COLOR_INET] = "\033[1;35m",
		[COLOR_INET6] = "\033[1;34m", [COLOR_GOOD] = "\033[1;32m",
		[COLOR_BAD] = "\033[1;31m",
	};

	return dark_background() ? dark[color] : light[color];
}

enum color address_color(const char *address)
{
	return strchr(address, ':') ? COLOR_INET6 : COLOR_INET;
}

static json_t *check(json_t *value)
{
	if (!value)
		exit(out_of_memory());
	return value;
}

static void attach(const char *key, json_t *value)
{
	json_t *parent = open_values[depth - 1];
	int failed;

	check(value);
	if (json_is_array(parent))
		failed = json_array_append_new(parent, value);
	else
		failed = json_object_set_new(parent, key, value);
	if (failed)
		check(NULL);
}

static void open_value(const char *key, json_t *value)
{
	check(value);
	if (depth)
		attach(key, value);
	open_values[depth++] = value;
}

void print_array(const char *key)
{
	if (options.json)
		open_value(key, json_array());
}

void print_object(const char *key)
{
	if (options.json)
		open_value(key, json_object());
}

void print_close(void)
{
	json_t *outermost = open_values[0];

	if (!options.json || --depth)
		return;
	json_dumpf(outermost, stdout,
		   options.pretty ? JSON_INDENT(4) : JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(outermost);
}

/* The name of a device may hold any byte, a JSON string only UTF-8. */
static json_t *utf8_string(const char *value)
{
	json_t *string = json_string(value);
	struct text text = {};

	if (string)
		return string;
	text_add_printable(&text, value);
	string = json_string(text.s);
	text_free(&text);
	return string;
}

/* Nothing in a value is for the terminal to obey, and none begins a line. */
static void colored(enum color color, int width, const char *value)
{
	struct text text = {};
	int blanks;

	text_add_printable(&text, value);
	blanks = abs(width) - (int)text.length;
	if (blanks < 0)
		blanks = 0;
	if (use_color && color != COLOR_NONE)
		printf("%*s%s%s\033[0m%*s", width > 0 ? blanks : 0, "",
		       color_code(color), text.s, width < 0 ? blanks : 0, "");
	else
		printf("%*s", width, text.s);
	text_free(&text);
}

void print_string(enum color color, const char *key, const char *lead,
		  const char *value)
{
	if (options.json) {
		attach(key, utf8_string(value));
	} else if (lead) {
		fputs(lead, stdout);
		colored(color, 0, value);
	}
}

void print_uint(const char *key, const char *lead, __u64 value)
{
	if (options.json)
		attach(key, json_integer((json_int_t)value));
	else if (lead)
		printf("%s%llu", lead, value);
}

void print_bool(enum color color, const char *key, const char *lead,
		bool value, const char *text)
{
	if (options.json) {
		attach(key, json_boolean(value));
	} else if (lead) {
		fputs(lead, stdout);
		colored(color, 0, text);
	}
}

void print_cell(enum color color, const char *key, int width,
		const char *value)
{
	if (options.json)
		attach(key, utf8_string(value));
	else
		colored(color, width, value);
}

void print_uint_cell(const char *key, int width, __u64 value)
{
	char digits[sizeof("18446744073709551615")];

	snprintf(digits, sizeof(digits), "%llu", value);
	if (options.json)
		print_uint(key, NULL, value);
	else
		colored(COLOR_NONE, width, digits);
}

void print_text(const char *text)
{
	if (!options.json)
		fputs(text, stdout);
}
