/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before arch/um/kernel/stacktrace.c, which asks of each word on the stack
 * whether it is a return address, at every allocation. Only those that frame
 * pointers lead to are worth it, but where the kernel dies.
 */
#include <linux/kernel.h>

#define __kernel_text_address(word)					\
	((oops_in_progress || (unsigned long)sp == bp + sizeof(long)) &&	\
	 (__kernel_text_address)(word))
