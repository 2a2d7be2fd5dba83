/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ERROR_H
#define ERROR_H

#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* What every command returns: nothing wrong, refused, not understood. */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 255,
};

/*
 * One line on standard error, after the place in the batch file if there is
 * one: error() begins it with "Error: ", complain() does not.
 */
void error(const char *format, ...) PRINTF(1, 2);
void complain(const char *format, ...) PRINTF(1, 2);

/* The place that errors name, until it is set to NULL. */
void error_place(const char *file, unsigned int line);

/* Says so, and returns STATUS_FAILED. */
int out_of_memory(void);

#endif
