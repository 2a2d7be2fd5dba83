// SPDX-License-Identifier: GPL-2.0-only
/* Routes through a chosen device. */

#include <net/dst.h>
#include <net/flow.h>
#include <net/inet_dscp.h>
#include <net/inet_ecn.h>
#include <net/inet_sock.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "route.h"

static void key_ports(struct migsel_flow_key *key, const struct sk_buff *skb,
		      unsigned int offset)
{
	const __be16 *ports;
	__be16 buf[2];

	if (!migsel_proto_has_ports(key->proto))
		return;
	ports = skb_header_pointer(skb, offset, sizeof(buf), buf);
	if (ports) {
		key->sport = ports[0];
		key->dport = ports[1];
	}
}

/**
 * migsel_flow_key - what a packet's route is looked up by
 * @key: where to put it; the device is left open
 * @skb: the packet
 * @family: its family
 * @net: its namespace
 * @sk: its sender, a full socket, or NULL
 */
void migsel_flow_key(struct migsel_flow_key *key, const struct sk_buff *skb,
		     enum migsel_family family, const struct net *net,
		     const struct sock *sk)
{
	memset(key, 0, sizeof(*key));
	key->family = family;
	key->mark = skb->mark;
	key->uid = sock_net_uid(net, sk);

	if (family == MIGSEL_INET) {
		const struct iphdr *iph = ip_hdr(skb);

		ipv6_addr_set_v4mapped(iph->daddr, &key->daddr);
		ipv6_addr_set_v4mapped(iph->saddr, &key->saddr);
		key->dsfield = iph->tos & ~INET_ECN_MASK;
		key->proto = iph->protocol;
		key->transformed = !!(IPCB(skb)->flags &
				      IPSKB_XFRM_TRANSFORMED);
		key_ports(key, skb, skb_network_offset(skb) + ip_hdrlen(skb));
	} else {
		const struct ipv6hdr *iph = ipv6_hdr(skb);
		int offset = skb_network_offset(skb) + sizeof(*iph);
		__be16 frag_off;

		key->daddr = iph->daddr;
		key->saddr = iph->saddr;
		key->flowinfo = ip6_flowinfo(iph) &
				~htonl(INET_ECN_MASK << 20);
		key->proto = iph->nexthdr;
		key->transformed = !!(IP6CB(skb)->flags &
				      IP6SKB_XFRM_TRANSFORMED);
		offset = ipv6_skip_exthdr(skb, offset, &key->proto, &frag_off);
		if (offset >= 0)
			key_ports(key, skb, offset);
	}
}

static void flow_inet(struct flowi4 *fl4, const struct migsel_flow_key *key)
{
	*fl4 = (struct flowi4) {
		.flowi4_iif = LOOPBACK_IFINDEX,
		.flowi4_oif = key->oif,
		.flowi4_dscp = inet_dsfield_to_dscp(key->dsfield),
		.flowi4_mark = key->mark,
		.flowi4_uid = key->uid,
		.flowi4_proto = key->proto,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
		.daddr = key->daddr.s6_addr32[3],
		.saddr = key->saddr.s6_addr32[3],
		.fl4_sport = key->sport,
		.fl4_dport = key->dport,
	};
}

static bool fib_has_inet(struct net *net, const struct migsel_flow_key *key,
			 struct flowi4 *fl4)
{
	struct fib_result res = {};

	return !fib_lookup(net, fl4, &res, 0) && res.type == RTN_UNICAST &&
	       !(key->no_default && !res.prefixlen);
}

/*
 * Given a device, IPv4 takes any destination for on-link. So the FIB is asked whether there
 * is a route, unless the one that is found tells.
 */
static struct dst_entry *lookup_inet(struct net *net,
				     const struct migsel_flow_key *key,
				     const struct sock *sk)
{
	bool fib_first = key->fib_first || key->no_default;
	struct flowi4 fl4, probe;
	struct rtable *rt;

	flow_inet(&fl4, key);
	if (sk)
		fl4.flowi4_flags |= inet_sk_flowi_flags(sk);
	probe = fl4;
	if (fib_first && !fib_has_inet(net, key, &probe))
		return ERR_PTR(-ENETUNREACH);
	rt = __ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return ERR_CAST(rt);
	if (!fib_first && !(migsel_dst_is_found(&rt->dst, MIGSEL_INET) ?
			    rt->rt_type == RTN_UNICAST :
			    fib_has_inet(net, key, &probe))) {
		ip_rt_put(rt);
		return ERR_PTR(-ENETUNREACH);
	}
	if (key->transformed || !key->proto)
		return &rt->dst;
	return xfrm_lookup_route(net, &rt->dst, flowi4_to_flowi(&fl4), sk, 0);
}

#if IS_ENABLED(CONFIG_IPV6)
static bool is_default_inet6(const struct dst_entry *dst)
{
	const struct fib6_info *from = rcu_dereference(dst_rt6_info(dst)->from);

	return !from || !from->fib6_dst.plen;
}

/* Where there is a source address, the device is a mere hint without the flag. */
static struct dst_entry *lookup_inet6(struct net *net,
				      const struct migsel_flow_key *key,
				      const struct sock *sk)
{
	struct flowi6 fl6 = {
		.flowi6_oif = key->oif,
		.flowi6_mark = key->mark,
		.flowi6_uid = key->uid,
		.flowi6_proto = key->proto,
		.flowlabel = key->flowinfo,
		.daddr = key->daddr,
		.saddr = key->saddr,
		.fl6_sport = key->sport,
		.fl6_dport = key->dport,
	};
	struct dst_entry *dst;

	dst = ip6_route_output_flags(net, NULL, &fl6, RT6_LOOKUP_F_IFACE);
	if (dst->error || (key->no_default && is_default_inet6(dst))) {
		dst_release(dst);
		return ERR_PTR(-ENETUNREACH);
	}
	if (key->transformed)
		return dst;
	return xfrm_lookup_route(net, dst, flowi6_to_flowi(&fl6), sk, 0);
}
#else
static struct dst_entry *lookup_inet6(struct net *net,
				      const struct migsel_flow_key *key,
				      const struct sock *sk)
{
	return ERR_PTR(-EAFNOSUPPORT);
}
#endif

/**
 * migsel_route_lookup - find a route through a device
 * @net: the namespace
 * @key: what to look for, and the device
 * @sk: the sender, a full socket, or NULL
 *
 * A route is an entry of the FIB, all rules honoured.
 *
 * Context: under rcu_read_lock().
 * Return: the route, held, or an error pointer: -ENOMEM or -ENOBUFS without memory,
 * which the FIB of IPv6 does not tell from no route, any other if there is none.
 */
struct dst_entry *migsel_route_lookup(struct net *net,
				      const struct migsel_flow_key *key,
				      const struct sock *sk)
{
	struct dst_entry *dst;

	dst = key->family == MIGSEL_INET ? lookup_inet(net, key, sk) :
					   lookup_inet6(net, key, sk);
	if (!IS_ERR(dst) && dst_dev_rcu(dst)->ifindex != key->oif) {
		dst_release(dst);
		return ERR_PTR(-ENETUNREACH);
	}
	return dst;
}

static bool entry_inet(struct net *net, const struct migsel_flow_key *key,
		       struct migsel_route_entry *entry)
{
	struct fib_result res = {};
	struct flowi4 fl4;

	flow_inet(&fl4, key);
	if (fib_lookup(net, &fl4, &res, 0))
		return false;
	entry->table = res.table->tb_id;
	entry->prefix_len = res.prefixlen;
	return true;
}

#if IS_ENABLED(CONFIG_IPV6)
static bool entry_inet6(const struct dst_entry *dst,
			struct migsel_route_entry *entry)
{
	const struct fib6_info *from;

	from = rcu_dereference(dst_rt6_info(dst)->from);
	if (!from || !from->fib6_table)
		return false;
	entry->table = from->fib6_table->tb6_id;
	entry->prefix_len = from->fib6_dst.plen;
	return true;
}
#else
static bool entry_inet6(const struct dst_entry *dst,
			struct migsel_route_entry *entry)
{
	return false;
}
#endif

/**
 * migsel_route_entry - the entry of the FIB that a route comes from
 * @net: the namespace
 * @key: what was looked for
 * @dst: what migsel_route_lookup() or a plain lookup found for it
 * @entry: set to the entry
 *
 * Context: under rcu_read_lock().
 * Return: false if there is none.
 */
bool migsel_route_entry(struct net *net, const struct migsel_flow_key *key,
			const struct dst_entry *dst,
			struct migsel_route_entry *entry)
{
	return key->family == MIGSEL_INET ? entry_inet(net, key, entry) :
					    entry_inet6(dst, entry);
}
