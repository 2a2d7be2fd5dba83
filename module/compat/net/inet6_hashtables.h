/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_INET6_HASHTABLES_H
#define _MIGSEL_COMPAT_NET_INET6_HASHTABLES_H

#include <linux/version.h>
#include_next <net/inet6_hashtables.h>

#if IS_ENABLED(CONFIG_IPV6)
/**
 * tcp_lookup_inet6 - find a connection of IPv6
 * @net: the namespace
 * @saddr: the peer's address
 * @sport: its port
 * @daddr: the own address
 * @dport: the own port
 * @dif: the device that a packet of it came in by
 * @sdif: likewise, if @dif is a VRF that it is in
 *
 * Context: any but hard interrupt.
 * Return: the socket, held, which may be in TIME-WAIT or a request, or NULL.
 */
static inline struct sock *tcp_lookup_inet6(struct net *net,
					    const struct in6_addr *saddr,
					    __be16 sport,
					    const struct in6_addr *daddr,
					    __be16 dport, int dif, int sdif)
{
	return __inet6_lookup_established(net,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
					  net->ipv4.tcp_death_row.hashinfo,
#endif
					  saddr, sport, daddr, ntohs(dport),
					  dif, sdif);
}
#endif

#endif /* _MIGSEL_COMPAT_NET_INET6_HASHTABLES_H */
