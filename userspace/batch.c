// SPDX-License-Identifier: GPL-2.0-only
/* Command lines out of a file, and what a line consists of. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "migsel.h"
#include "print.h"

int lines_open(struct lines *lines, const char *path)
{
	memset(lines, 0, sizeof(*lines));
	lines->name = path;
	lines->file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	if (lines->file)
		return 0;
	complain("Cannot open file \"%s\" for reading: %s", path,
		 strerror(errno));
	return STATUS_FAILED;
}

void lines_close(struct lines *lines)
{
	if (lines->file && lines->file != stdin)
		fclose(lines->file);
	free(lines->text);
	free(lines->more);
	error_place(NULL, 0);
}

/*
 * The next line as the text; a backslash at its end asks for more. Returns 1, 0 at the
 * end of the file, or -1 with errno set.
 */
static int read_line(struct lines *lines)
{
	size_t length = 0, more;
	bool goes_on;
	ssize_t got;
	char *text;

	do {
		got = getline(&lines->more, &lines->more_size, lines->file);
		if (got < 0)
			return feof(lines->file) ? length > 0 : -1;
		lines->number++;
		more = got;
		if (more && lines->more[more - 1] == '\n')
			more--;
		goes_on = more && lines->more[more - 1] == '\\';
		if (goes_on)
			more--;
		text = realloc(lines->text, length + more + 1);
		if (!text)
			return -1;
		lines->text = text;
		memcpy(text + length, lines->more, more);
		length += more;
		text[length] = '\0';
	} while (goes_on);
	return 1;
}

/*
 * Cuts the text into words in place. Quotes of either kind keep blanks and "#"
 * in a word, "#" outside of them begins a comment.
 */
static int split(char *text, char **words)
{
	unsigned int n = 0;
	char *to = text;
	char quote;

	for (;;) {
		text += strspn(text, " \t\r");
		if (!*text || *text == '#')
			break;
		if (n == MAX_WORDS) {
			error("the line has more than %d words.", MAX_WORDS);
			return STATUS_USAGE;
		}
		words[n++] = to;
		for (quote = 0; *text; text++) {
			if (!quote && strchr(" \t\r#", *text))
				break;
			if (quote ? *text == quote :
				    *text == '"' || *text == '\'')
				quote = quote ? 0 : *text;
			else
				*to++ = *text;
		}
		if (quote) {
			error("a quotation is not closed.");
			return STATUS_USAGE;
		}
		if (*text && *text != '#')
			text++;
		else if (*text)
			*text = '\0';
		*to++ = '\0';
	}
	words[n] = NULL;
	return 0;
}

int lines_next(struct lines *lines, bool *any)
{
	int ret;

	do {
		ret = read_line(lines);
		*any = ret > 0;
		if (!ret)
			return 0;
		if (ret < 0) {
			error("cannot read \"%s\": %s", lines->name,
			      strerror(errno));
			return STATUS_FAILED;
		}
		error_place(lines->name, lines->number);
		ret = split(lines->text, lines->words);
	} while (!ret && !lines->words[0]);
	return ret;
}

int run_batch(const char *path)
{
	int ret, status = STATUS_OK;
	struct lines lines;
	bool any;

	if (lines_open(&lines, path))
		return STATUS_FAILED;
	for (;;) {
		ret = lines_next(&lines, &any);
		if (!any)
			break;
		if (!ret)
			ret = run_object(lines.words);
		fflush(stdout);
		if (!ret)
			continue;
		status = STATUS_FAILED;
		if (!options.force)
			break;
	}
	if (ret)
		status = STATUS_FAILED;
	lines_close(&lines);
	return status;
}
