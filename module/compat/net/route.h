/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_ROUTE_H
#define _MIGSEL_COMPAT_NET_ROUTE_H

#include <linux/version.h>
#include_next <net/route.h>

#ifndef dst_rtable
static inline struct rtable *dst_rtable(const struct dst_entry *dst)
{
	return (struct rtable *)dst;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define rtable_uncached(rt)	(&(rt)->rt_uncached)
#endif

/* Older kernels look routes up for what they take of the field, without a type of its own. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define flowi4_dscp flowi4_tos
#ifdef IPTOS_RT_MASK
#define inet_dsfield_to_dscp(dsfield)	((dsfield) & IPTOS_RT_MASK)
#else
#define inet_dsfield_to_dscp(dsfield)	((dsfield) & INET_DSCP_MASK)
#endif
#endif

#endif /* _MIGSEL_COMPAT_NET_ROUTE_H */
