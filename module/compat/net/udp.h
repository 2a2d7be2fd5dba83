/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_UDP_H
#define _MIGSEL_COMPAT_NET_UDP_H

#include <linux/version.h>
#include_next <net/udp.h>

/* Kernels with UDP-Lite have two tables, and the lookup is told which to use. */
#ifdef IS_UDPLITE
static inline struct udp_table *udp_table_of(const struct net *net)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	return &udp_table;
#else
	return net->ipv4.udp_table;
#endif
}

#define __udp4_lib_lookup(net, saddr, sport, daddr, dport, dif, sdif, skb) \
	__udp4_lib_lookup(net, saddr, sport, daddr, dport, dif, sdif, udp_table_of(net), skb)
#define __udp6_lib_lookup(net, saddr, sport, daddr, dport, dif, sdif, skb) \
	__udp6_lib_lookup(net, saddr, sport, daddr, dport, dif, sdif, udp_table_of(net), skb)
#endif

#endif /* _MIGSEL_COMPAT_NET_UDP_H */
