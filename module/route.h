/* SPDX-License-Identifier: GPL-2.0-only */
/* Routes through a chosen device. */

#ifndef _MIGSEL_ROUTE_H
#define _MIGSEL_ROUTE_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netdevice.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <net/dst.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "rule.h"

struct net;
struct sk_buff;
struct sock;

/**
 * struct migsel_flow_key - what a route is looked up by
 * @daddr: destination, IPv4 as a mapped address
 * @saddr: source, likewise
 * @flowinfo: IPv6 traffic class and flow label, without ECN
 * @mark: the packet mark
 * @uid: owner of the socket, for rules that ask
 * @oif: the device to look through
 * @sport: source port, 0 if the protocol has none
 * @dport: destination port, likewise
 * @family: the address family
 * @proto: the transport protocol
 * @dsfield: the IPv4 DS field, without ECN
 * @transformed: IPsec has transformed it, and is not to again
 * @no_default: a default route does not count
 * @fib_first: for IPv4, find out whether there is a route before one may be made up
 */
struct migsel_flow_key {
	struct in6_addr daddr;
	struct in6_addr saddr;
	__be32 flowinfo;
	u32 mark;
	kuid_t uid;
	int oif;
	__be16 sport;
	__be16 dport;
	u8 family;
	u8 proto;
	u8 dsfield;
	u8 transformed;
	u8 no_default;
	u8 fib_first;
};

/**
 * struct migsel_route_entry - where the FIB has a route
 * @table: the number of its table
 * @prefix_len: how long its prefix is
 */
struct migsel_route_entry {
	u32 table;
	u8 prefix_len;
};

/**
 * migsel_daddr - where a packet goes
 * @skb: the packet
 * @family: its family
 *
 * Return: its destination, 4 or 16 bytes in network order.
 */
static inline const void *migsel_daddr(const struct sk_buff *skb,
				       enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return &ip_hdr(skb)->daddr;
	return &ipv6_hdr(skb)->daddr;
}

/**
 * migsel_flowinfo - what of its header the route of a packet may depend on, beside its flow
 * @skb: the packet
 * @family: its family
 *
 * Return: IPv6 traffic class and flow label, or the IPv4 DS field, without ECN.
 */
static inline __be32 migsel_flowinfo(const struct sk_buff *skb,
				     enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return (__force __be32)(ip_hdr(skb)->tos & ~INET_ECN_MASK);
	return ip6_flowinfo(ipv6_hdr(skb)) & ~htonl(INET_ECN_MASK << 20);
}

/**
 * migsel_dst_is_unicast - whether a packet whose route is not local goes to one host
 * @dst: its route
 * @family: its family
 * @daddr: its destination, 4 or 16 bytes in network order
 *
 * Context: any.
 * Return: false if the destination is multicast, broadcast, anycast or link-local.
 */
static inline bool migsel_dst_is_unicast(const struct dst_entry *dst,
					 enum migsel_family family,
					 const void *daddr)
{
	const struct in6_addr *daddr6 = daddr;

	if (family == MIGSEL_INET)
		return dst_rtable(dst)->rt_type == RTN_UNICAST &&
		       !ipv4_is_linklocal_169(*(const __be32 *)daddr);
	return !(dst_rt6_info(dst)->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST)) &&
	       !ipv6_addr_is_multicast(daddr6) &&
	       (daddr6->s6_addr32[0] & htonl(0xffc00000)) != htonl(0xfe800000);
}

/**
 * migsel_route_is_unicast - whether a packet goes to one host on the network
 * @dst: its route
 * @family: its family
 * @daddr: its destination, 4 or 16 bytes in network order
 *
 * Context: under rcu_read_lock().
 * Return: false if the route is local, or the destination multicast, broadcast
 * or link-local.
 */
static inline bool migsel_route_is_unicast(const struct dst_entry *dst,
					   enum migsel_family family,
					   const void *daddr)
{
	return !(dst_dev_rcu(dst)->flags & IFF_LOOPBACK) &&
	       (family == MIGSEL_INET || !ipv6_addr_loopback(daddr)) &&
	       migsel_dst_is_unicast(dst, family, daddr);
}

/**
 * migsel_comes_again - whether a packet in the hook, with a VRF as its device, comes again
 * @skb: the packet
 * @family: its family
 *
 * What goes through a VRF comes to the hook twice, and what goes to an address in the VRF
 * once.
 *
 * Context: under rcu_read_lock().
 * Return: true if it is one to a host on the network, as migsel_route_is_unicast() has it.
 */
static inline bool migsel_comes_again(const struct sk_buff *skb,
				      enum migsel_family family)
{
	return migsel_route_is_unicast(skb_dst(skb), family,
				       migsel_daddr(skb, family));
}

/* The list that a route is in which the FIB does not keep. */
#ifndef rtable_uncached
#define rtable_uncached(rt)	(&(rt)->dst.rt_uncached)
#endif

/**
 * migsel_dst_is_found - whether a route that is not local is one of the FIB
 * @dst: the route
 * @family: its family
 *
 * Where a packet has asked for a device, IPv4 may have made the route up.
 *
 * Context: any.
 * Return: false if it may be made up.
 */
static inline bool migsel_dst_is_found(const struct dst_entry *dst,
				       enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return list_empty(rtable_uncached(dst_rtable(dst)));
	return rcu_access_pointer(dst_rt6_info(dst)->from);
}

/**
 * migsel_route_has_rules - whether routes of a family may depend on more than tables
 * @net: the namespace
 * @family: the family
 *
 * Context: any.
 * Return: true if there are rules beside those that Linux begins with, or were once.
 */
static inline bool migsel_route_has_rules(const struct net *net,
					  enum migsel_family family)
{
	return family == MIGSEL_INET ? fib4_has_custom_rules(net) :
				       fib6_has_custom_rules(net);
}

/**
 * migsel_route_genid - the state of the FIB of a family
 * @net: the namespace
 * @family: the family
 *
 * IPv6 counts deleted routes apart from its other changes, and neither family counts what
 * becomes of a nexthop object in a group. That a route expires is not counted.
 *
 * Context: any.
 * Return: a number that changes with the FIB.
 */
static inline int migsel_route_genid(const struct net *net,
				     enum migsel_family family)
{
	int genid = rt_genid_ipv4(net);

#if IS_ENABLED(CONFIG_IPV6)
	if (family == MIGSEL_INET6)
		genid = rt_genid_ipv6(net) +
			READ_ONCE(net->ipv6.rt6_stats->fib_discarded_routes);
#endif
	return genid + READ_ONCE(net->nexthop.seq);
}

/**
 * migsel_proto_has_ports - whether a flow of a transport protocol has ports
 * @proto: the protocol
 *
 * Return: true if its header begins with a source and a destination port.
 */
static inline bool migsel_proto_has_ports(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	}
	return false;
}

void migsel_flow_key(struct migsel_flow_key *key, const struct sk_buff *skb,
		     enum migsel_family family, const struct net *net,
		     const struct sock *sk);
struct dst_entry *migsel_route_lookup(struct net *net,
				      const struct migsel_flow_key *key,
				      const struct sock *sk);
bool migsel_route_entry(struct net *net, const struct migsel_flow_key *key,
			const struct dst_entry *dst,
			struct migsel_route_entry *entry);

#endif /* _MIGSEL_ROUTE_H */
