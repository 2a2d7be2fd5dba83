// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes through a chosen device, and a cache of them for packets whose socket
 * cannot keep one.
 */

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/local_lock.h>
#include <net/dst.h>
#include <net/flow.h>
#include <net/inet_ecn.h>
#include <net/inet_sock.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "migsel.h"
#include "route.h"

#define ROUTE_SLOTS	64

/**
 * struct migsel_route_slot - a cached route, on one CPU
 * @key: what it was looked up by
 * @dst: the route, held, NULL if there is none. Routes let go of their
 *	device by themselves when it is unregistered.
 * @cookie: tells whether an IPv6 route is still valid
 * @fib: without a route, the state of the FIB that had none
 * @tick: without a route, when that was, in jiffies; with one, when the user was
 *	last told to note the flow
 * @sure: without a route, it was looked for once more
 */
struct migsel_route_slot {
	struct migsel_flow_key key;
	struct dst_entry *dst;
	u32 cookie;
	int fib;
	unsigned long tick;
	bool sure;
};

/**
 * struct migsel_routes - the cache, on one CPU
 * @lock: guards @slots, inside bottom halves that are off. On PREEMPT_RT these
 *	do not keep a sender from being preempted by another one on its CPU.
 * @slots: the routes, by a hash of their key
 */
struct migsel_routes {
	local_lock_t lock;
	struct migsel_route_slot slots[ROUTE_SLOTS];
};

/**
 * migsel_proto_has_ports - whether a flow of a transport protocol has ports
 * @proto: the protocol
 *
 * Return: true if its header begins with a source and a destination port.
 */
bool migsel_proto_has_ports(u8 proto)
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
		.flowi4_mark = key->mark,
		.flowi4_uid = key->uid,
		.flowi4_proto = key->proto,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
		.daddr = key->daddr.s6_addr32[3],
		.saddr = key->saddr.s6_addr32[3],
		.fl4_sport = key->sport,
		.fl4_dport = key->dport,
	};
	flowi4_set_dsfield(fl4, key->dsfield);
}

/*
 * Given a device, ip_route_output_flow() takes any destination for on-link. So the FIB is
 * asked first whether there is a route.
 */
static struct dst_entry *lookup_inet(struct net *net,
				     const struct migsel_flow_key *key,
				     const struct sock *sk)
{
	struct fib_result res = {};
	struct flowi4 fl4, probe;
	struct rtable *rt;

	flow_inet(&fl4, key);
	if (sk)
		fl4.flowi4_flags |= inet_sk_flowi_flags(sk);
	probe = fl4;
	if (fib_lookup(net, &probe, &res, 0) || res.type != RTN_UNICAST ||
	    (key->no_default && !res.prefixlen))
		return ERR_PTR(-ENETUNREACH);
	if (key->transformed)
		rt = __ip_route_output_key(net, &fl4);
	else
		rt = ip_route_output_flow(net, &fl4, sk);
	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
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

/* The policy of a socket may choose a transform by the route. */
static bool sk_has_policy(const struct sock *sk)
{
#ifdef CONFIG_XFRM
	return sk && (rcu_access_pointer(sk->sk_policy[0]) ||
		      rcu_access_pointer(sk->sk_policy[1]));
#else
	return false;
#endif
}

static u32 slot_hash(const struct migsel_flow_key *key)
{
	return jhash_3words((__force u32)key->daddr.s6_addr32[3],
			    (__force u32)key->sport << 16 |
			    (__force u32)key->dport, key->oif, 0) % ROUTE_SLOTS;
}

/* This CPU's slot for a route. */
static struct migsel_route_slot *slot_of(struct migsel_routes __percpu *routes,
					 const struct migsel_flow_key *key)
{
	struct migsel_routes *here = this_cpu_ptr(routes);

	lockdep_assert_held(&here->lock);
	return &here->slots[slot_hash(key)];
}

/* Changes with the FIB of a family. */
static int fib_state(const struct net *net, const struct migsel_flow_key *key)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (key->family == MIGSEL_INET6)
		return rt_genid_ipv6(net);
#endif
	return rt_genid_ipv4(net);
}

/*
 * Whether there was no route in this state of the FIB and within this tick. The tick is
 * for IPv6, which counts a change before it makes it: a lookup that races with the change
 * may see the new count and yet no route.
 */
static bool slot_lacks(const struct migsel_route_slot *slot, int fib)
{
	return !slot->dst && slot->fib == fib &&
	       time_in_range(jiffies, slot->tick, slot->tick);
}

/* The route, NULL if the cache does not know, or an error pointer: there is none. */
static struct dst_entry *cache_get(struct migsel_routes __percpu *routes,
				   const struct migsel_flow_key *key, int fib,
				   bool *note)
{
	struct migsel_route_slot *slot;
	struct dst_entry *dst = NULL;

	local_bh_disable();
	local_lock_nested_bh(&routes->lock);
	slot = slot_of(routes, key);
	if (memcmp(&slot->key, key, sizeof(*key)))
		goto unlock;
	if (slot->sure && slot_lacks(slot, fib)) {
		dst = ERR_PTR(-ENETUNREACH);
	} else if (slot->dst && dst_check(slot->dst, slot->cookie)) {
		dst = dst_clone(slot->dst);
		*note = time_after(jiffies, slot->tick + HZ);
		if (*note)
			slot->tick = jiffies;
	}
unlock:
	local_unlock_nested_bh(&routes->lock);
	local_bh_enable();
	return dst;
}

/*
 * Keep a route, or with NULL that there is none. IPv6 also finds none for lack of memory:
 * so a route that is still valid is not forgotten for it, and it is believed once it was
 * found twice. A route that carries a transform belongs to one packet and is not kept.
 */
static void cache_set(struct migsel_routes __percpu *routes,
		      const struct migsel_flow_key *key, struct dst_entry *dst,
		      int fib)
{
	struct migsel_route_slot *slot;
	struct dst_entry *old = NULL;

	if (dst && dst_xfrm(dst))
		return;
	local_bh_disable();
	local_lock_nested_bh(&routes->lock);
	slot = slot_of(routes, key);
	if (!dst && slot->dst && dst_check(slot->dst, slot->cookie))
		goto unlock;
	old = slot->dst;
	slot->sure = !dst && slot_lacks(slot, fib) &&
		     !memcmp(&slot->key, key, sizeof(*key));
	slot->key = *key;
	slot->dst = dst_clone(dst);
	slot->cookie = dst && key->family == MIGSEL_INET6 ?
		       rt6_get_cookie(dst_rt6_info(dst)) : 0;
	slot->fib = fib;
	slot->tick = jiffies;
unlock:
	local_unlock_nested_bh(&routes->lock);
	local_bh_enable();
	dst_release(old);
}

/**
 * migsel_route_get - like migsel_route_lookup(), from the cache if possible
 * @ms: migsel in the packet's namespace
 * @key: what to look for, and the device
 * @sk: the sender, a full socket, or NULL
 * @cached: set to whether the cache had it
 * @note: set if it did not, and once a second
 *
 * Context: under rcu_read_lock().
 * Return: the route, held, or NULL if there is none, or no memory for it.
 */
struct dst_entry *migsel_route_get(struct migsel_net *ms,
				   const struct migsel_flow_key *key,
				   const struct sock *sk, bool *cached,
				   bool *note)
{
	bool cacheable = !sk_has_policy(sk);
	int fib = fib_state(ms->net, key);
	struct dst_entry *dst;

	*cached = false;
	*note = true;
	if (cacheable) {
		dst = cache_get(ms->routes, key, fib, note);
		if (dst) {
			*cached = true;
			return IS_ERR(dst) ? NULL : dst;
		}
	}
	dst = migsel_route_lookup(ms->net, key, sk);
	if (dst == ERR_PTR(-ENOMEM) || dst == ERR_PTR(-ENOBUFS))
		return NULL;
	if (IS_ERR(dst))
		dst = NULL;
	if (cacheable)
		cache_set(ms->routes, key, dst, fib);
	return dst;
}

/**
 * migsel_routes_alloc - an empty cache
 *
 * Return: the cache, NULL without memory.
 */
struct migsel_routes __percpu *migsel_routes_alloc(void)
{
	struct migsel_routes __percpu *routes;
	int cpu;

	routes = alloc_percpu_gfp(struct migsel_routes, GFP_KERNEL_ACCOUNT);
	if (!routes)
		return NULL;
	for_each_possible_cpu(cpu)
		local_lock_init(&per_cpu_ptr(routes, cpu)->lock);
	return routes;
}

/**
 * migsel_routes_free - free a cache and let go of its routes
 * @routes: the cache, which no hook uses any more, may be NULL
 */
void migsel_routes_free(struct migsel_routes __percpu *routes)
{
	int cpu, i;

	if (!routes)
		return;
	for_each_possible_cpu(cpu)
		for (i = 0; i < ROUTE_SLOTS; i++)
			dst_release(per_cpu_ptr(routes, cpu)->slots[i].dst);
	free_percpu(routes);
}
