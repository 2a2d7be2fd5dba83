/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define MAX_WORDS 512

/* The command lines of a file, one after the other. */
struct lines {
	const char *name;
	FILE *file;
	unsigned int number;
	char *words[MAX_WORDS + 1];	/* of the line that was read last */
	char *text;
	char *more;
	size_t more_size;
};

int lines_open(struct lines *lines, const char *path);
/*
 * Reads the next line that is not empty; *any tells whether there was one.
 * From then on errors name its place.
 */
int lines_next(struct lines *lines, bool *any);
void lines_close(struct lines *lines);

/* Writes a word so that it is read as the same one. */
void lines_put_word(const char *word);

#endif
