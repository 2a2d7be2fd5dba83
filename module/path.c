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

/* Whether a packet is one of TCP, which may not have cut it for the route that it keeps. */
static __always_inline bool path_is_unsized(const struct sock *sk,
					    const struct sk_buff *skb,
					    enum migsel_family family)
{
	return inet_is_tcp(sk) && !tcp_knows_mtu(sk, skb_dst(skb), family);
}

/* Whether a packet of a connected UDP socket goes to its peer: sendto() may name another. */
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
		return sk->sk_state == TCP_ESTABLISHED &&
		       udp_is_own(skb, family, sk);
	case IPPROTO_TCP:
		return sk_is_tcp_flow(sk);
	}
	return false;
}

/* Whether an alarm may be due about a packet that has the route that its socket keeps. */
static __always_inline bool path_alarms(struct migsel_net *ms,
					const struct migsel_path *path,
					const struct sk_buff *skb,
					struct sock *sk)
{
	return path->bypasses && migsel_alarm_wanted(ms->alarms) &&
	       !(path_is_connection(skb, path->family, sk) &&
		 migsel_flow_heard(ms->flows, atomic64_read(&sk->sk_cookie),
				   path->reason,
				   migsel_alarm_audience(ms->alarms)));
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

/* The packet has its route, but an alarm may be wanted, or TCP may not know the MTU. */
static noinline unsigned int path_wary(struct migsel_net *ms,
				       struct sk_buff *skb,
				       const struct nf_hook_state *state,
				       const struct migsel_snap *snap,
				       const struct migsel_path *path)
{
	if (path_alarms(ms, path, skb, state->sk))
		return migsel_repeat(ms, skb, state, snap, path);
	if (path_is_unsized(state->sk, skb, path->family))
		return path_sized(skb, path->count);
	migsel_count(path->count, skb);
	return NF_ACCEPT;
}

/* Count a packet of a connection that leaves by the vmk where the rule has the connection. */
static __always_inline unsigned int
path_home(struct sk_buff *skb, const struct sock *sk,
	  const struct migsel_path *path, enum migsel_family family,
	  const struct migsel_snap_vmk *vmk, const struct migsel_row *row)
{
	struct migsel_count __percpu *count =
		migsel_vmk_count(vmk->stats, path->class, row->reason);

	if (path_is_unsized(sk, skb, family))
		return path_sized(skb, count);
	migsel_count(count, skb);
	return NF_ACCEPT;
}

/* A packet of a connection, which may have been placed on the vmk that it leaves by. */
static __always_inline unsigned int
path_placed(struct migsel_net *ms, struct sk_buff *skb,
	    const struct nf_hook_state *state, const struct migsel_snap *snap,
	    const struct migsel_path *path, enum migsel_family family)
{
	u64 id = atomic64_read(&state->sk->sk_cookie);
	int ifindex = state->out->ifindex, position;
	const struct migsel_snap_vmk *vmk;

	position = migsel_snap_position(snap, ifindex);
	if (position == MIGSEL_NO_VMK)
		return migsel_repeat(ms, skb, state, snap, path);
	vmk = &snap->vmks[position];
	if (!vmk->carries[family] ||
	    migsel_flow_ifindex(ms->flows, id) != ifindex)
		return migsel_repeat(ms, skb, state, snap, path);
	return path_home(skb, state->sk, path, family, vmk,
			 snap->rule.settled[path->class][family][0].row);
}

static __always_inline unsigned int
path_bound_of(struct migsel_net *ms, struct sk_buff *skb,
	      const struct nf_hook_state *state, const struct migsel_snap *snap,
	      const struct migsel_path *path, enum migsel_family family)
{
	const void *addr = migsel_own_addr(state->sk, family);
	int owner;

	owner = addr ? migsel_snap_owner(snap, family, addr) : MIGSEL_NO_VMK;
	if (owner == MIGSEL_NO_VMK)
		return path_placed(ms, skb, state, snap, path, family);
	if (snap->vmks[owner].dev != state->out)
		return migsel_repeat(ms, skb, state, snap, path);
	return path_home(skb, state->sk, path, family, &snap->vmks[owner],
			 snap->rule.settled[path->class][family][MIGSEL_TO_VMK].row);
}

/* A packet of a connection has its route, and its socket is bound to an address. */
static noinline unsigned int path_bound(struct migsel_net *ms,
					struct sk_buff *skb,
					const struct nf_hook_state *state,
					const struct migsel_snap *snap,
					const struct migsel_path *path)
{
	return path->family == MIGSEL_INET ?
	       path_bound_of(ms, skb, state, snap, path, MIGSEL_INET) :
	       path_bound_of(ms, skb, state, snap, path, MIGSEL_INET6);
}

/* The vmk of a packet is one of several, by its flow. The packet may have its route. */
static __always_inline unsigned int
path_flow_of(struct migsel_net *ms, struct sk_buff *skb,
	     const struct nf_hook_state *state, const struct migsel_snap *snap,
	     const struct migsel_path *path, enum migsel_family family)
{
	if (!path_is_kept(skb, family, state) ||
	    !path_is_connection(skb, family, state->sk))
		return migsel_repeat(ms, skb, state, snap, path);
	if (state->sk->sk_userlocks & SOCK_BINDADDR_LOCK)
		return path_bound(ms, skb, state, snap, path);
	return path_placed(ms, skb, state, snap, path, family);
}

static noinline unsigned int path_flow_inet(struct migsel_net *ms,
					    struct sk_buff *skb,
					    const struct nf_hook_state *state,
					    const struct migsel_snap *snap,
					    const struct migsel_path *path)
{
	return path_flow_of(ms, skb, state, snap, path, MIGSEL_INET);
}

static noinline unsigned int path_flow_inet6(struct migsel_net *ms,
					     struct sk_buff *skb,
					     const struct nf_hook_state *state,
					     const struct migsel_snap *snap,
					     const struct migsel_path *path)
{
	return path_flow_of(ms, skb, state, snap, path, MIGSEL_INET6);
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
path_tagged_of(struct migsel_net *ms, struct sk_buff *skb,
	       const struct nf_hook_state *state, const struct migsel_snap *snap,
	       const struct migsel_path *path, enum migsel_family family)
{
	if (state->out != path->dev) {
		if (!path->by_flow)
			return migsel_repeat(ms, skb, state, snap, path);
		return family == MIGSEL_INET ?
		       path_flow_inet(ms, skb, state, snap, path) :
		       path_flow_inet6(ms, skb, state, snap, path);
	}
	if (!path_is_kept(skb, family, state))
		return migsel_repeat(ms, skb, state, snap, path);
	if ((path->bypasses && !migsel_alarm_idle(ms->alarms)) ||
	    path_is_unsized(state->sk, skb, family))
		return path_wary(ms, skb, state, snap, path);
	migsel_count(path->count, skb);
	return NF_ACCEPT;
}

static noinline unsigned int path_tagged_inet(struct migsel_net *ms,
					      struct sk_buff *skb,
					      const struct nf_hook_state *state,
					      const struct migsel_snap *snap,
					      const struct migsel_path *path)
{
	return path_tagged_of(ms, skb, state, snap, path, MIGSEL_INET);
}

static noinline unsigned int path_tagged_inet6(struct migsel_net *ms,
					       struct sk_buff *skb,
					       const struct nf_hook_state *state,
					       const struct migsel_snap *snap,
					       const struct migsel_path *path)
{
	return path_tagged_of(ms, skb, state, snap, path, MIGSEL_INET6);
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
	       path_tagged_inet(ms, skb, state, snap, path) :
	       path_tagged_inet6(ms, skb, state, snap, path);
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
