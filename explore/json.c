// SPDX-License-Identifier: GPL-2.0-only
/* What is handed to the page, as JSON. */

#include <linux/kernel.h>
#include <string.h>

#include "json.h"
#include "print.h"
#include "text.h"

static struct text json;

void json_begin(void)
{
	text_free(&json);
}

const char *json_text(void)
{
	return json.s;
}

static void begin_value(const char *key)
{
	if (json.length && !strchr("[{:", json.s[json.length - 1]))
		text_add(&json, ",");
	if (key)
		text_add(&json, "\"%s\":", key);
}

void json_open(const char *key, char bracket)
{
	begin_value(key);
	text_add(&json, "%c", bracket);
}

void json_close(char bracket)
{
	text_add(&json, "%c", bracket);
}

void json_string(const char *key, const char *value)
{
	int n;

	begin_value(key);
	text_add(&json, "\"");
	while (*value) {
		for (n = 0; (unsigned char)value[n] >= ' ' && value[n] != '"' &&
		     value[n] != '\\'; n++)
			;
		text_add(&json, "%.*s", n, value);
		value += n;
		if (*value)
			text_add(&json, "\\u%04x", (unsigned char)*value++);
	}
	text_add(&json, "\"");
}

void json_number(const char *key, int value)
{
	begin_value(key);
	text_add(&json, "%d", value);
}

void json_truth(const char *key, bool value)
{
	begin_value(key);
	text_add(&json, value ? "true" : "false");
}

/* What the rows of the table say is printed by the tool's own function, which calls these. */

void print_object(const char *key)
{
	json_open(key, '{');
}

void print_close(void)
{
	json_close('}');
}

void print_text(const char *text)
{
	(void)text;
}

void print_string(enum color color, const char *key, const char *lead,
		  const char *value)
{
	(void)color;
	(void)lead;
	json_string(key, value);
}

void print_cell(enum color color, const char *key, int width,
		const char *value)
{
	(void)width;
	print_string(color, key, "", value);
}

void print_uint_cell(const char *key, int width, __u64 value)
{
	(void)width;
	json_number(key, value);
}
