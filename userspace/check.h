/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHECK_H
#define CHECK_H

#include <linux/types.h>
#include <stdbool.h>

#include "config.h"
#include "host.h"
#include "print.h"

/* What is looked at, and what was found so far. */
struct check {
	bool have_module;
	bool could_not_look;
	unsigned int n_found;
	struct config config;
	struct host host;
	/* The vmks, or without any each device with an address. */
	unsigned int n;
	const struct device **device;
	bool *migration;
};

/* One trap. @fix are command lines that mend_in() may stand around. */
void found(struct check *check, const char *code, const char *severity,
	   const char *dev, const char *fix, const char *format, ...)
	PRINTF(6, 7);

/*
 * A command line that acts in the namespace that is looked at, after what @fix
 * holds already. Lines are joined by "&&".
 */
void fix_add(char *fix, const char *format, ...) PRINTF(2, 3);

#define FIX_SIZE 1024

/* Something that may hold a trap could not be read. */
void could_not_look(struct check *check, const char *format, ...)
	PRINTF(2, 3);

/*
 * check_set.c: whether hot traffic leaves by the vmks that are to carry it. The
 * module knows of at least one vmk, or there are two devices, or no vmk at all.
 */
void check_migration_set(struct check *check);
void check_same_subnet(struct check *check, unsigned int i, unsigned int j);
void check_no_vmk(struct check *check);

/* Something else than a loopback device, with an address. */
bool may_be_vmk(const struct device *device);

/* check_marks.c: who else uses the bits of the tag. */
void check_marks(struct check *check);

#endif
