/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_IP6_FIB_H
#define _MIGSEL_COMPAT_NET_IP6_FIB_H

#include_next <net/ip6_fib.h>

/* It is a macro, which some releases of 6.1 have and others have not. */
#ifndef dst_rt6_info
static inline struct rt6_info *dst_rt6_info(const struct dst_entry *dst)
{
	return (struct rt6_info *)dst;
}
#endif

#endif /* _MIGSEL_COMPAT_NET_IP6_FIB_H */
