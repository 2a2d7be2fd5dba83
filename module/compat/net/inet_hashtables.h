/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_INET_HASHTABLES_H
#define _MIGSEL_COMPAT_NET_INET_HASHTABLES_H

#include <linux/version.h>
#include_next <net/inet_hashtables.h>

/* Older kernels are told the table. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define __inet_lookup_established(net, ...) \
	__inet_lookup_established(net, (net)->ipv4.tcp_death_row.hashinfo, __VA_ARGS__)
#endif

#endif /* _MIGSEL_COMPAT_NET_INET_HASHTABLES_H */
