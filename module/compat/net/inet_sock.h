/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_INET_SOCK_H
#define _MIGSEL_COMPAT_NET_INET_SOCK_H

#include_next <net/inet_sock.h>

#ifndef inet_test_bit
#define inet_test_bit(nr, sk)	inet_test_##nr(sk)
static inline bool inet_test_RECVERR(const struct sock *sk)
{
	return inet_sk(sk)->recverr;
}
#endif

#endif /* _MIGSEL_COMPAT_NET_INET_SOCK_H */
