// SPDX-License-Identifier: GPL-2.0-only
/* Command lines out of a file, and what a line consists of. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "lines.h"
#include "text.h"

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

/* Where the comment begins, or the length; quotes may reach over several lines. */
static size_t without_comment(const char *text, size_t length, char *quote)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (*quote ? text[i] == *quote :
			     text[i] == '"' || text[i] == '\'')
			*quote = *quote ? 0 : text[i];
		else if (!*quote && text[i] == '#')
			break;
	}
	return i;
}

/*
 * What stands in a line of a file without the line's end, which may be that of DOS,
 * and without the mark that the file may begin with. Returns 0, or an error.
 */
static int look_at_line(struct lines *lines, char **text, size_t *length)
{
	if (lines->number == 1) {
		if (*length > 1 && (!memcmp(*text, "\xff\xfe", 2) ||
				    !memcmp(*text, "\xfe\xff", 2))) {
			error("the text is UTF-16 and has to be UTF-8.");
			return STATUS_USAGE;
		}
		if (*length > 2 && !memcmp(*text, "\xef\xbb\xbf", 3)) {
			*text += 3;
			*length -= 3;
		}
	}
	if (*length && (*text)[*length - 1] == '\n')
		--*length;
	if (*length && (*text)[*length - 1] == '\r')
		--*length;
	if (memchr(*text, '\0', *length))
		error("there is a NUL byte in the line.");
	else if (memchr(*text, '\r', *length))
		error("there is a carriage return inside of the line.");
	else
		return 0;
	return STATUS_USAGE;
}

/*
 * The next line as the text; a backslash at its end, outside of a comment, asks for
 * more. *any tells whether there was one. Returns 0, or an error that it has told.
 */
static int read_line(struct lines *lines, bool *any)
{
	bool goes_on = false;
	size_t length = 0, more, end;
	char quote = 0, *text, *line;
	ssize_t got;
	int ret;

	*any = false;
	do {
		got = getline(&lines->more, &lines->more_size, lines->file);
		if (got < 0 && goes_on && feof(lines->file)) {
			error("the last line ends with a backslash.");
			return STATUS_USAGE;
		}
		if (got < 0 && feof(lines->file))
			return 0;
		if (got < 0)
			goto failed;
		error_place(lines->name, ++lines->number);
		*any = true;
		line = lines->more;
		more = got;
		ret = look_at_line(lines, &line, &more);
		if (ret)
			return ret;
		end = without_comment(line, more, &quote);
		goes_on = end && end == more && line[end - 1] == '\\';
		if (goes_on)
			end--;
		text = realloc(lines->text, length + end + 1);
		if (!text)
			goto failed;
		lines->text = text;
		memcpy(text + length, line, end);
		length += end;
		text[length] = '\0';
	} while (goes_on);
	return 0;

failed:
	error("cannot read \"%s\": %s", lines->name, strerror(errno));
	*any = false;
	return STATUS_FAILED;
}

int lines_next(struct lines *lines, bool *any)
{
	const char *wrong;
	int ret;

	do {
		ret = read_line(lines, any);
		if (ret || !*any)
			return ret;
		wrong = split_words(lines->text, lines->words, MAX_WORDS);
	} while (!wrong && !lines->words[0]);
	if (!wrong)
		return 0;
	error("%s.", wrong);
	return STATUS_USAGE;
}

void lines_put_word(const char *word)
{
	if (*word && !strpbrk(word, " \t\"'#\\")) {
		fputs(word, stdout);
		return;
	}
	putchar('"');
	for (; *word; word++)
		printf(*word == '"' ? "\"'%c'\"" : "%c", *word);
	putchar('"');
}
