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

/**
 * flowi4_set_dsfield - look a route up for a DS field
 * @fl4: what to look for
 * @dsfield: the DS field of a packet
 */
static inline void flowi4_set_dsfield(struct flowi4 *fl4, u8 dsfield)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	fl4->flowi4_dscp = inet_dsfield_to_dscp(dsfield);
#elif defined(IPTOS_RT_MASK)
	fl4->flowi4_tos = dsfield & IPTOS_RT_MASK;
#else
	fl4->flowi4_tos = dsfield & INET_DSCP_MASK;
#endif
}

#endif /* _MIGSEL_COMPAT_NET_ROUTE_H */
