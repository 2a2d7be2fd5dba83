/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ROWS_H
#define ROWS_H

#include <linux/types.h>

/* A row of the rule's table by its number, its reason and its outcome, and why. */
void print_row(unsigned int row, __u32 reason, __u32 outcome);

#endif
