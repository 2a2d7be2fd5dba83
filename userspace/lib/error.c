// SPDX-License-Identifier: GPL-2.0-only
/* What is said on standard error. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "utf8.h"

static const char *place_file;
static unsigned int place_line;

void error_place(const char *file, unsigned int line)
{
	place_file = file;
	place_line = line;
}

/* One line, and nothing that a terminal obeys, whatever the names in it are. */
static void complain_args(const char *format, va_list args)
{
	char *text;

	if (place_file)
		fprintf(stderr, "%s:%u: ", place_file, place_line);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	if (text)
		hide_unprintable(text);
	fprintf(stderr, "%s\n", text ? text : "out of memory");
	free(text);
}

void complain(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, format);
	complain_args(format, args);
	va_end(args);
}

void error(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("Error: ", stderr);
	va_start(args, format);
	complain_args(format, args);
	va_end(args);
}

int out_of_memory(void)
{
	error("out of memory");
	return STATUS_FAILED;
}
