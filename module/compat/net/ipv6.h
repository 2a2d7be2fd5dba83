/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_IPV6_H
#define _MIGSEL_COMPAT_NET_IPV6_H

#include_next <net/ipv6.h>

#ifndef inet6_test_bit
#define inet6_test_bit(nr, sk)	inet6_test_##nr(sk)
static inline bool inet6_test_RECVERR6(const struct sock *sk)
{
	return inet6_sk(sk)->recverr;
}
#endif

#endif /* _MIGSEL_COMPAT_NET_IPV6_H */
