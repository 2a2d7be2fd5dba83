/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's <linux/types.h> has and user space's has not. */
#ifndef _MIGSEL_USER_LINUX_TYPES_H
#define _MIGSEL_USER_LINUX_TYPES_H

#include <stdbool.h>
#include_next <linux/types.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;

#endif /* _MIGSEL_USER_LINUX_TYPES_H */
