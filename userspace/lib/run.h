/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RUN_H
#define RUN_H

/* What a command has said, to be freed with output_free(). */
struct output {
	char *text;	/* standard output */
	char *complaint;	/* the first line of standard error */
	int status;	/* exit status, 127 if there is no such command */
	const char *ended;	/* why, if it did not end by itself */
};

/* Returns 0, or -1 with errno set if the command could not be run at all. */
int output_of(const char *const argv[], struct output *output);
/*
 * The same, in another folder, and with limits: for what reads files that others have
 * written, who may have made them so that it takes forever.
 */
int output_in(const char *folder, const char *const argv[],
	      struct output *output);
void output_free(struct output *output);

#endif
