// SPDX-License-Identifier: GPL-2.0-only
/* What is printed for Prometheus. */

#include <stdarg.h>
#include <stdio.h>

#include "metrics.h"
#include "options.h"
#include "text.h"

void metric(const char *name, const char *type, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Names of devices and namespaces hold any byte, a label only UTF-8. */
static void put_label(const char *lead, const char *label, const char *value)
{
	struct text text = {};
	const char *p;

	text_add_printable(&text, value);
	printf("%s%s=\"", lead, label);
	for (p = text.s; *p; p++)
		printf("%s%c", *p == '\\' || *p == '"' ? "\\" : "", *p);
	putchar('"');
	text_free(&text);
}

void sample(const char *name, __u64 value, ...)
{
	const char *label;
	va_list labels;

	fputs(name, stdout);
	/* Always there, so that what several namespaces say goes together. */
	put_label("{", "netns", options.netns ? options.netns : "");
	va_start(labels, value);
	while ((label = va_arg(labels, const char *)))
		put_label(",", label, va_arg(labels, const char *));
	va_end(labels);
	printf("} %llu\n", value);
}
