/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_LINUX_NETFILTER_H
#define _MIGSEL_COMPAT_LINUX_NETFILTER_H

#include <linux/bottom_half.h>
#include <linux/percpu.h>
#include <linux/version.h>
#include_next <linux/netfilter.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
/**
 * nf_in_duplicate - whether what is being sent is a copy that netfilter made
 *
 * Return: true if it is.
 */
static inline bool nf_in_duplicate(void)
{
	bool duplicate;

	/* Who sends a copy has them off as well, so the flag is not that of another task. */
	local_bh_disable();
	duplicate = this_cpu_read(nf_skb_duplicated);
	local_bh_enable();
	return duplicate;
}

/* It stands behind "current->", whose stack is never NULL. */
#define in_nf_duplicate stack && nf_in_duplicate()
#endif

#endif /* _MIGSEL_COMPAT_LINUX_NETFILTER_H */
