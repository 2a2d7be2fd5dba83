/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RUN_H
#define RUN_H

/* What a command has said, to be freed with output_free(). */
struct output {
	char *text;	/* standard output */
	char *complaint;	/* the first line of standard error */
	int status;	/* exit status, 127 if there is no such command */
};

/* Returns 0, or -1 with errno set if the command could not be run at all. */
int output_of(const char *const argv[], struct output *output);
/* The same, in another folder. */
int output_in(const char *folder, const char *const argv[],
	      struct output *output);
void output_free(struct output *output);

#endif
