/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMK_H
#define VMK_H

#include "keywords.h"

/* What "vmk add" and "vmk set" were given. */
struct vmk_edit {
	const char *dev;
	struct values values;
};

/* The words after the verb. Return 0, or a status with the complaint made. */
int vmk_parse_edit(char **argv, struct vmk_edit *edit);
/* [ dev ] DEV and no more; *dev is NULL if there is none. */
int vmk_parse_device(char **argv, const char **dev);

#endif
