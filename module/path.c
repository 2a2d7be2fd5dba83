// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LOCAL_OUT hooks, which every packet that the host sends comes through. They find out
 * whether a packet is tagged, and whether it already has the route that the rule gives to
 * all such packets, or to its connection. What becomes of the others is up to repeat.c.
 */

#include <linux/netfilter.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/inet_connection_sock.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "alarm.h"
#include "learn.h"
#include "migsel.h"
#include "path.h"
#include "place.h"
#include "repeat.h"
#include "route.h"
#include "sender.h"
#include "size.h"
#include "snap.h"
#include "stats.h"

/*
 * Whether a packet has the route that its socket keeps, and that leaves by a device that
 * is up. Such a route comes from the FIB. A socket that keeps a route is one of IP.
 */
static __always_inline bool path_is_kept(const struct sk_buff *skb,
					 enum migsel_family family,
					 const struct nf_hook_state *state)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct net_device *dev = state->out;
	const struct sock *sk = state->sk;

	/* These differ if the packet goes through a VRF, or a hook has routed it anew. */
	return dst_dev_rcu(dst) == dev && sk && sk_fullsock(sk) &&
	       rcu_access_pointer(sk->sk_dst_cache) == dst &&
	       !READ_ONCE(sk->sk_bound_dev_if) && !dst_xfrm(dst) &&
	       !READ_ONCE(inet_sk(sk)->uc_index) &&
	       migsel_dst_is_unicast(dst, family, migsel_daddr(skb, family)) &&
	       migsel_link_is_up(dev);
}

/*
 * Whether TCP cuts segments for what the route takes. While TCP probes for a larger MTU,
 * its segments may be larger than the one it knows.
 */
static __always_inline bool tcp_knows_mtu(const struct sock *sk,
					  const struct dst_entry *dst,
					  enum migsel_family family)
{
	u32 mtu = migsel_device_mtu(dst, family);

	return mtu && !inet_csk(sk)->icsk_mtup.enabled &&
	       READ_ONCE(inet_csk(sk)->icsk_pmtu_cookie) == mtu;
}

/*
 * Whether a packet of a UDP socket goes to its peer: sendto() may name another. The peer of a
 * socket that is not connected has port 0, which sendto() refuses.
 */
static __always_inline bool udp_is_own(const struct sk_buff *skb,
				       enum migsel_family family,
				       const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);

	if (family == MIGSEL_INET) {
		const struct iphdr *iph = ip_hdr(skb);

		if (iph->protocol != IPPROTO_UDP ||
		    iph->daddr != inet->inet_daddr ||
		    iph->saddr != inet->inet_saddr)
			return false;
	} else {
#if IS_ENABLED(CONFIG_IPV6)
		const struct ipv6hdr *iph = ipv6_hdr(skb);

		if (iph->nexthdr != IPPROTO_UDP || sk->sk_family != AF_INET6 ||
		    !ipv6_addr_equal(&iph->daddr, &sk->sk_v6_daddr) ||
		    !ipv6_addr_equal(&iph->saddr, &inet6_sk(sk)->saddr))
			return false;
#endif
	}
	return udp_hdr(skb)->dest == inet->inet_dport &&
	       udp_hdr(skb)->source == inet->inet_sport;
}

/* Whether a packet belongs to the connection of its socket, which keeps its route. */
static __always_inline bool path_is_connection(const struct sk_buff *skb,
					       enum migsel_family family,
					       const struct sock *sk)
{
	if (sk != skb->sk)
		return false;
	switch (sk->sk_protocol) {
	case IPPROTO_UDP:
		return udp_is_own(skb, family, sk);
	case IPPROTO_TCP:
		return inet_is_tcp(sk) && tcp_is_flow(sk);
	}
	return false;
}

static __always_inline unsigned int
path_repeat(const struct migsel_path *path, struct sk_buff *skb,
	    const struct nf_hook_state *state, enum migsel_family family)
{
	return family == MIGSEL_INET ?
	       migsel_repeat_inet(path, skb, state) :
	       migsel_repeat_inet6(path, skb, state);
}

/* Count a packet of TCP that has its route, unless TCP has to cut it anew. */
static noinline unsigned int path_sized(struct sk_buff *skb,
					struct migsel_count __percpu *count)
{
	if (!migsel_tcp_fits(skb))
		return NF_DROP_ERR(-ENOBUFS);
	migsel_count(count, skb);
	return NF_ACCEPT;
}

/* A packet has its route, and that is the one that its socket keeps. */
static __always_inline unsigned int
path_leave(struct sk_buff *skb, const struct sock *sk,
	   enum migsel_family family, struct migsel_count __percpu *count)
{
	if (inet_is_tcp(sk) && !tcp_knows_mtu(sk, skb_dst(skb), family))
		return path_sized(skb, count);
	migsel_count(count, skb);
	return NF_ACCEPT;
}

/*
 * A packet has its route, and nobody has asked yet in this tick whether somebody listens to
 * alarms. If so, it is one packet of a tick that takes the long way.
 */
static noinline unsigned int path_ask(const struct migsel_path *path,
				      struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	if (migsel_alarm_wanted(path->ms->alarms))
		return path_repeat(path, skb, state, path->family);
	return path_leave(skb, state->sk, path->family, path->count);
}

/* A packet has its route, and the connection may be worth an alarm: somebody listens. */
static __always_inline unsigned int
path_monitored_of(const struct migsel_path *path, struct sk_buff *skb,
		  const struct nf_hook_state *state, enum migsel_family family)
{
	struct migsel_net *ms = path->ms;
	const struct sock *sk = state->sk;

	if (!path_is_connection(skb, family, sk) ||
	    !migsel_flow_heard(ms->flows, atomic64_read(&sk->sk_cookie),
			       path->reason, migsel_alarm_audience(ms->alarms)))
		return path_repeat(path, skb, state, family);
	return path_leave(skb, sk, family, path->count);
}

static noinline unsigned int
path_monitored_inet(const struct migsel_path *path, struct sk_buff *skb,
		    const struct nf_hook_state *state)
{
	return path_monitored_of(path, skb, state, MIGSEL_INET);
}

static noinline unsigned int
path_monitored_inet6(const struct migsel_path *path, struct sk_buff *skb,
		     const struct nf_hook_state *state)
{
	return path_monitored_of(path, skb, state, MIGSEL_INET6);
}

/* A packet of a connection, which may have been placed on the vmk that it leaves by. */
static __always_inline unsigned int
path_placed_of(const struct migsel_path *path, struct sk_buff *skb,
	       const struct nf_hook_state *state, enum migsel_family family)
{
	const struct migsel_snap_vmk *vmk;

	if (migsel_flow_ifindex(path->ms->flows,
				atomic64_read(&state->sk->sk_cookie)) !=
	    state->out->ifindex)
		return path_repeat(path, skb, state, family);
	vmk = migsel_snap_find(path->snap, state->out->ifindex);
	if (!vmk || !vmk->carries[family])
		return path_repeat(path, skb, state, family);
	return path_leave(skb, state->sk, family,
			  migsel_vmk_count_at(vmk->stats, path->placed_at));
}

static noinline unsigned int
path_placed_inet(const struct migsel_path *path, struct sk_buff *skb,
		 const struct nf_hook_state *state)
{
	return path_placed_of(path, skb, state, MIGSEL_INET);
}

static noinline unsigned int
path_placed_inet6(const struct migsel_path *path, struct sk_buff *skb,
		  const struct nf_hook_state *state)
{
	return path_placed_of(path, skb, state, MIGSEL_INET6);
}

static __always_inline unsigned int
path_bound_of(const struct migsel_path *path, struct sk_buff *skb,
	      const struct nf_hook_state *state, enum migsel_family family)
{
	const void *addr = migsel_own_addr(state->sk, family);
	const struct migsel_snap_vmk *vmk;

	vmk = addr ? migsel_snap_owner(path->snap, family, addr) : NULL;
	if (!vmk)
		return family == MIGSEL_INET ?
		       path_placed_inet(path, skb, state) :
		       path_placed_inet6(path, skb, state);
	if (vmk->dev != state->out)
		return path_repeat(path, skb, state, family);
	return path_leave(skb, state->sk, family,
			  migsel_vmk_count_at(vmk->stats, path->bound_at));
}

/* A packet of a connection has its route, and its socket is bound to an address. */
static noinline unsigned int
path_bound_inet(const struct migsel_path *path, struct sk_buff *skb,
		const struct nf_hook_state *state)
{
	return path_bound_of(path, skb, state, MIGSEL_INET);
}

static noinline unsigned int
path_bound_inet6(const struct migsel_path *path, struct sk_buff *skb,
		 const struct nf_hook_state *state)
{
	return path_bound_of(path, skb, state, MIGSEL_INET6);
}

/* The vmk of a packet is one of several, by its flow. The packet may have its route. */
static __always_inline unsigned int
path_flow_of(const struct migsel_path *path, struct sk_buff *skb,
	     const struct nf_hook_state *state, enum migsel_family family)
{
	if (!path_is_kept(skb, family, state) ||
	    !path_is_connection(skb, family, state->sk))
		return path_repeat(path, skb, state, family);
	if (state->sk->sk_userlocks & SOCK_BINDADDR_LOCK)
		return family == MIGSEL_INET ?
		       path_bound_inet(path, skb, state) :
		       path_bound_inet6(path, skb, state);
	return family == MIGSEL_INET ?
	       path_placed_inet(path, skb, state) :
	       path_placed_inet6(path, skb, state);
}

static noinline unsigned int
path_flow_inet(const struct migsel_path *path, struct sk_buff *skb,
	       const struct nf_hook_state *state)
{
	return path_flow_of(path, skb, state, MIGSEL_INET);
}

static noinline unsigned int
path_flow_inet6(const struct migsel_path *path, struct sk_buff *skb,
		const struct nf_hook_state *state)
{
	return path_flow_of(path, skb, state, MIGSEL_INET6);
}

static noinline unsigned int path_untagged_vrf(struct migsel_net *ms,
					       const struct sk_buff *skb,
					       enum migsel_family family)
{
	if (!migsel_comes_again(skb, family))
		migsel_count(&ms->stats->reasons[MIGSEL_REASON_UNTAGGED], skb);
	return NF_ACCEPT;
}

static __always_inline unsigned int
path_untagged(struct migsel_net *ms, const struct sk_buff *skb,
	      const struct nf_hook_state *state, enum migsel_family family)
{
	if (unlikely(netif_is_l3_master(state->out)))
		return path_untagged_vrf(ms, skb, family);
	migsel_count(&ms->stats->reasons[MIGSEL_REASON_UNTAGGED], skb);
	return NF_ACCEPT;
}

static __always_inline unsigned int
path_tagged_of(const struct migsel_path *path, struct sk_buff *skb,
	       const struct nf_hook_state *state, enum migsel_family family)
{
	if (state->out != path->dev) {
		if (!path->by_flow)
			return path_repeat(path, skb, state, family);
		return family == MIGSEL_INET ?
		       path_flow_inet(path, skb, state) :
		       path_flow_inet6(path, skb, state);
	}
	if (!path_is_kept(skb, family, state))
		return path_repeat(path, skb, state, family);
	if (path->bypasses) {
		if (!migsel_alarm_is_known(path->ms->alarms))
			return path_ask(path, skb, state);
		if (migsel_alarm_was_wanted(path->ms->alarms))
			return family == MIGSEL_INET ?
			       path_monitored_inet(path, skb, state) :
			       path_monitored_inet6(path, skb, state);
	}
	return path_leave(skb, state->sk, family, path->count);
}

static noinline unsigned int
path_tagged_inet(const struct migsel_path *path, struct sk_buff *skb,
		 const struct nf_hook_state *state)
{
	return path_tagged_of(path, skb, state, MIGSEL_INET);
}

static noinline unsigned int
path_tagged_inet6(const struct migsel_path *path, struct sk_buff *skb,
		  const struct nf_hook_state *state)
{
	return path_tagged_of(path, skb, state, MIGSEL_INET6);
}

/* What it calls is the last thing that it does: most packets need no stack. */
static __always_inline unsigned int
path_hook(struct migsel_net *ms, struct sk_buff *skb,
	  const struct nf_hook_state *state, enum migsel_family family)
{
	const struct migsel_snap *snap = rcu_dereference(ms->snap);
	const struct migsel_path *path;
	enum migsel_class class;

	if (unlikely(!snap))
		return NF_ACCEPT;
	/* No tag is zero. */
	if (!(skb->mark & snap->tag.mask))
		return path_untagged(ms, skb, state, family);
	class = migsel_class(&snap->tag, skb->mark);
	if (class == MIGSEL_CLASS_NONE)
		return path_untagged(ms, skb, state, family);
	path = &snap->paths[family][class];
	return family == MIGSEL_INET ?
	       path_tagged_inet(path, skb, state) :
	       path_tagged_inet6(path, skb, state);
}

/**
 * migsel_path_inet - decide on an IPv4 packet
 * @priv: migsel in its namespace
 * @skb: the packet
 * @state: how it came here
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: NF_ACCEPT, or an error for the sender.
 */
unsigned int migsel_path_inet(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	return path_hook(priv, skb, state, MIGSEL_INET);
}

/**
 * migsel_path_inet6 - decide on an IPv6 packet
 * @priv: migsel in its namespace
 * @skb: the packet
 * @state: how it came here
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: NF_ACCEPT, or an error for the sender.
 */
unsigned int migsel_path_inet6(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	return path_hook(priv, skb, state, MIGSEL_INET6);
}
