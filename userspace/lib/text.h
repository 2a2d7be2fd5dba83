/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Text of any length. All zero is an empty one; text_free() makes it so again. */
struct text {
	char *s;	/* NULL if empty */
	size_t length;
	bool unquotable;	/* a word of a command cannot be written down */
};

void text_add(struct text *text, const char *format, ...) PRINTF(2, 3);
void text_vadd(struct text *text, const char *format, va_list args) PRINTF(2, 0);
void text_free(struct text *text);

/* What others have named, with what is neither printable nor UTF-8 as "\xe9". */
void text_add_printable(struct text *text, const char *foreign);
/* The same for people to read, and bounded. */
void text_add_visible(struct text *text, const char *foreign);
/* The same for use in a format; it holds until it was called for 16 more. */
const char *visible(const char *foreign);

/*
 * One more command line for a POSIX shell, after "&&" if there is one already.
 * Every word is quoted as it needs; the words end with NULL. Without quoting or
 * @netns, where a namespace is named, it would act elsewhere.
 */
void text_add_command(struct text *text, const char *netns, ...)
	__attribute__((sentinel));

/*
 * Cuts the text into words in place, NULL behind the last. Quotes of either kind keep blanks
 * in a word. Returns what is wrong, NULL if nothing is.
 */
const char *split_words(char *text, char **words, unsigned int most);

#endif
