// SPDX-License-Identifier: GPL-2.0-only
/* Text that is put together from what others have named. */

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "error.h"
#include "text.h"
#include "utf8.h"

/* More than this of a foreign text helps nobody. */
#define VISIBLE_MAX 240

static void add_bytes(struct text *text, const char *bytes, size_t n)
{
	char *s = realloc(text->s, text->length + n + 1);

	if (!s)
		exit(out_of_memory());
	memcpy(s + text->length, bytes, n);
	text->s = s;
	text->length += n;
	s[text->length] = '\0';
}

void text_vadd(struct text *text, const char *format, va_list args)
{
	char *s;
	int n = vasprintf(&s, format, args);

	if (n < 0)
		exit(out_of_memory());
	add_bytes(text, s, n);
	free(s);
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vadd(text, format, args);
	va_end(args);
}

void text_free(struct text *text)
{
	free(text->s);
	memset(text, 0, sizeof(*text));
}

static void add_printable(struct text *text, const char *foreign, size_t most)
{
	size_t begin = text->length;
	unsigned int n;

	add_bytes(text, "", 0);
	for (; *foreign; foreign += n) {
		if (text->length - begin >= most) {
			text_add(text, "...");
			return;
		}
		n = printable(foreign);
		if (n) {
			add_bytes(text, foreign, n);
		} else {
			text_add(text, "\\x%02x", (unsigned char)*foreign);
			n = 1;
		}
	}
}

void text_add_printable(struct text *text, const char *foreign)
{
	add_printable(text, foreign, SIZE_MAX);
}

void text_add_visible(struct text *text, const char *foreign)
{
	add_printable(text, foreign, VISIBLE_MAX);
}

const char *visible(const char *foreign)
{
	static struct text ring[16];
	static unsigned int next;
	struct text *text = &ring[next++ % ARRAY_SIZE(ring)];

	text->length = 0;
	text_add_visible(text, foreign);
	return text->s;
}

/* Nothing that a shell takes for more than itself, behind the first word. */
static bool is_plain(const char *word)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";

	return *word && !word[strspn(word, plain)];
}

/* Bytes that a terminal or JSON would not take are left to printf(1). */
static void add_escaped(struct text *text, const char *word)
{
	const char *p;

	text_add(text, "\"$(printf '");
	for (p = word; *p; p++) {
		if (strchr("%\\'", *p) || !printable(p) || *p & 0x80)
			text_add(text, "\\%03o", (unsigned char)*p);
		else
			add_bytes(text, p, 1);
	}
	text_add(text, "')\"");
}

static void add_quoted(struct text *text, const char *word)
{
	const char *p;
	unsigned int n;

	for (p = word; *p; p += n) {
		n = printable(p);
		if (!n) {
			/* The shell cuts newlines off at the end of "$(...)". */
			if (p[strlen(p) - 1] == '\n')
				text->unquotable = true;
			add_escaped(text, word);
			return;
		}
	}
	if (is_plain(word)) {
		text_add(text, "%s", word);
		return;
	}
	text_add(text, "'");
	for (p = word; *p; p++) {
		if (*p == '\'')
			text_add(text, "'\\''");
		else
			add_bytes(text, p, 1);
	}
	text_add(text, "'");
}

void text_add_command(struct text *text, const char *netns, ...)
{
	const char *word, *lead = "";
	va_list words;

	if (text->length)
		text_add(text, " && ");
	if (netns && (strchr(netns, '/') || *netns == '-')) {
		struct text option = {};

		text_add(&option, "--net=%s%s",
			 *netns == '-' ? "/run/netns/" : "", netns);
		text_add(text, "nsenter ");
		add_quoted(text, option.s);
		text_free(&option);
		lead = " ";
	} else if (netns) {
		text_add(text, "ip netns exec ");
		add_quoted(text, netns);
		lead = " ";
	}
	va_start(words, netns);
	while ((word = va_arg(words, const char *))) {
		text_add(text, "%s", lead);
		add_quoted(text, word);
		lead = " ";
	}
	va_end(words);
}

const char *split_words(char *text, char **words, unsigned int most)
{
	unsigned int n = 0;
	char *to = text;
	char quote;

	for (;;) {
		text += strspn(text, " \t");
		if (!*text)
			break;
		if (n == most)
			return "the line has too many words";
		words[n++] = to;
		for (quote = 0; *text; text++) {
			if (!quote && strchr(" \t", *text))
				break;
			if (quote ? *text == quote :
				    *text == '"' || *text == '\'')
				quote = quote ? 0 : *text;
			else
				*to++ = *text;
		}
		if (quote)
			return "a quotation is not closed";
		if (*text)
			text++;
		*to++ = '\0';
	}
	words[n] = NULL;
	return NULL;
}
