/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's <linux/kernel.h> has and user space's has not. */
#ifndef _MIGSEL_USER_LINUX_KERNEL_H
#define _MIGSEL_USER_LINUX_KERNEL_H

#include_next <linux/kernel.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif /* _MIGSEL_USER_LINUX_KERNEL_H */
