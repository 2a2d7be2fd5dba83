/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_UDP_H
#define _MIGSEL_COMPAT_NET_UDP_H

#include <linux/version.h>
#include_next <net/udp.h>

/* Kernels with UDP-Lite have two tables, and the lookup is told which to use. */

/**
 * udp_lookup_inet - find the socket that a packet of IPv4 is for
 * @net: the namespace
 * @saddr: the peer's address
 * @sport: its port
 * @daddr: the own address
 * @dport: the own port
 * @dif: the device that the packet came in by
 * @sdif: likewise, if @dif is a VRF that it is in
 *
 * Context: under rcu_read_lock().
 * Return: the socket, or NULL.
 */
static inline struct sock *udp_lookup_inet(struct net *net, __be32 saddr,
					   __be16 sport, __be32 daddr,
					   __be16 dport, int dif, int sdif)
{
	return __udp4_lib_lookup(net, saddr, sport, daddr, dport, dif, sdif,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
				 &udp_table,
#elif defined(IS_UDPLITE)
				 net->ipv4.udp_table,
#endif
				 NULL);
}

#if IS_ENABLED(CONFIG_IPV6)
/**
 * udp_lookup_inet6 - find the socket that a packet of IPv6 is for
 * @net: the namespace
 * @saddr: the peer's address
 * @sport: its port
 * @daddr: the own address
 * @dport: the own port
 * @dif: the device that the packet came in by
 * @sdif: likewise, if @dif is a VRF that it is in
 *
 * Context: under rcu_read_lock().
 * Return: the socket, or NULL.
 */
static inline struct sock *udp_lookup_inet6(struct net *net,
					    const struct in6_addr *saddr,
					    __be16 sport,
					    const struct in6_addr *daddr,
					    __be16 dport, int dif, int sdif)
{
	return __udp6_lib_lookup(net, saddr, sport, daddr, dport, dif, sdif,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
				 &udp_table,
#elif defined(IS_UDPLITE)
				 net->ipv4.udp_table,
#endif
				 NULL);
}
#endif

#endif /* _MIGSEL_COMPAT_NET_UDP_H */
