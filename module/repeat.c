// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tagged packet that does not end in path.c: most have a socket that does not keep their
 * route. The verdict on others like it is repeated if it is known, or the packet is decided
 * on in egress.c.
 */

#include <linux/netfilter.h>
#include <net/dst.h>
#include <net/inet_connection_sock.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "alarm.h"
#include "cache_find.h"
#include "egress.h"
#include "migsel.h"
#include "repeat.h"
#include "route.h"
#include "sender.h"
#include "size.h"
#include "snap.h"
#include "stats.h"
#include "trace.h"

/*
 * Whether a packet may take a route that its sender has not cut it for. SYNs announce a
 * segment size, and TCP has to learn of a smaller MTU.
 */
static __always_inline bool
repeat_fits(const struct sk_buff *skb, enum migsel_family family,
	    const struct sock *sk, const struct dst_entry *dst)
{
	u32 mtu = migsel_device_mtu(dst, family) ?: dst_mtu(dst);

	if (inet_is_tcp(sk) &&
	    (tcp_hdr(skb)->syn ||
	     mtu < READ_ONCE(inet_csk(sk)->icsk_pmtu_cookie)))
		return false;
	return migsel_skb_fits(skb, mtu);
}

/* Whether a verdict that is remembered is still that on a packet. */
static __always_inline bool
repeat_holds(struct migsel_net *ms, const struct migsel_snap *snap,
	     const struct migsel_cached *cached, const struct sk_buff *skb,
	     enum migsel_family family, const struct sock *sk)
{
	if (cached->vmk != MIGSEL_NO_VMK &&
	    !migsel_link_is_up(snap->vmks[cached->vmk].dev))
		return false;
	if (cached->bypasses && migsel_alarm_wanted(ms->alarms) &&
	    cached->audience != migsel_alarm_audience(ms->alarms))
		return false;
	if (cached->verdict == MIGSEL_VERDICT_PASS)
		return true;
	return cached->dst ? repeat_fits(skb, family, sk, cached->dst) :
			     !inet_is_tcp(sk) || migsel_tcp_fits(skb);
}

static __always_inline unsigned int
repeat_verdict(struct migsel_net *ms, const struct migsel_snap *snap,
	       const struct migsel_cached *cached, enum migsel_class class,
	       struct sk_buff *skb, struct sock *sk)
{
	if (cached->verdict == MIGSEL_VERDICT_PASS)
		return migsel_pass(ms, snap, cached->reason, class, skb);
	if (cached->dst) {
		/* The transmit queue that it remembers is one of the old device. */
		if (!inet_is_tcp(sk) && sk_tx_queue_get(sk) >= 0)
			sk_tx_queue_clear(sk);
		skb_dst_drop(skb);
		skb_dst_set(skb, dst_clone(cached->dst));
	}
	migsel_count(migsel_vmk_count(snap->vmks[cached->vmk].stats, class,
				      cached->reason), skb);
	return NF_ACCEPT;
}

/* The policy of a socket may choose a transform by the route. */
static __always_inline bool sk_has_policy(const struct sock *sk)
{
#ifdef CONFIG_XFRM
	return rcu_access_pointer(sk->sk_policy[0]) ||
	       rcu_access_pointer(sk->sk_policy[1]);
#else
	return false;
#endif
}

/*
 * Whether the header of a packet is followed by that of its transport protocol. Neighbour
 * discovery is about the device it leaves by. IPsec does not transform anew what it has
 * transformed once.
 */
static __always_inline bool skb_is_plain(const struct sk_buff *skb,
					 enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return ip_hdr(skb)->ihl == 5 && !ip_is_fragment(ip_hdr(skb)) &&
		       !(IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED);
	return !ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr) &&
	       ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6 &&
	       !(IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED);
}

/* Whether what the rule and the FIB make of a packet depends on it and its sender alone. */
static __always_inline bool packet_is_plain(const struct sk_buff *skb,
					    enum migsel_family family,
					    const struct nf_hook_state *state)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct sock *sk = state->sk;

	return sk && sk == skb->sk && sk_fullsock(sk) && sk_is_inet(sk) &&
	       !sk_has_policy(sk) && !dst_xfrm(dst) && !skb->skb_iif &&
	       !netif_is_l3_master(state->out) &&
	       (!skb->dev || skb->dev == dst_dev_rcu(dst)) &&
	       skb_is_plain(skb, family) &&
	       migsel_route_is_unicast(dst, family, migsel_daddr(skb, family));
}

/* A packet on which no verdict is remembered. */
static noinline unsigned int repeat_new(struct migsel_net *ms,
					struct sk_buff *skb,
					const struct nf_hook_state *state,
					const struct migsel_snap *snap,
					const struct migsel_path *path)
{
	struct migsel_cache_key key;

	return migsel_egress(ms, skb, state->sk, snap, path,
			     migsel_cache_key(&key, skb, path->family,
					      state->sk) ? &key : NULL);
}

/*
 * Whether a packet that is plain comes with the egress that the rule has for all such
 * packets: it is a datagram whose socket names no device, the FIB has its route, and no rule
 * of the FIB may have another one for the device.
 */
static __always_inline bool packet_is_found(struct migsel_net *ms,
					    const struct migsel_path *path,
					    const struct sk_buff *skb,
					    enum migsel_family family)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst_dev_rcu(dst) == path->dev &&
	       (!path->bypasses || migsel_alarm_idle(ms->alarms)) &&
	       skb->sk->sk_type == SOCK_DGRAM &&
	       !READ_ONCE(inet_sk(skb->sk)->uc_index) &&
	       migsel_dst_is_found(dst, family) &&
	       !migsel_route_has_rules(ms->net, family) &&
	       migsel_link_is_up(path->dev);
}

/*
 * The row for a packet that is plain and leaves by the route that it has, whatever became
 * of others: its sender has bound the socket to a device, or it has its egress. NULL if
 * that is not known.
 */
static __always_inline const struct migsel_row *
repeat_row(struct migsel_net *ms, const struct migsel_snap *snap,
	   const struct migsel_path *path, const struct sk_buff *skb,
	   enum migsel_family family)
{
	const struct migsel_settled *settled =
		snap->rule.settled[path->class][family];

	if (trace_migsel_select_enabled())
		return NULL;
	if (READ_ONCE(skb->sk->sk_bound_dev_if))
		return settled[MIGSEL_TO_DEVICE].row;
	return packet_is_found(ms, path, skb, family) ? settled[0].row : NULL;
}

/* A packet that is plain. The verdict on others like it may be remembered. */
static __always_inline unsigned int
repeat_cached_of(struct migsel_net *ms, struct sk_buff *skb,
		 const struct nf_hook_state *state,
		 const struct migsel_snap *snap, const struct migsel_path *path,
		 enum migsel_family family)
{
	struct sock *sk = state->sk;
	struct migsel_cached cached;

	if (migsel_cache_get(ms, snap, skb, family, sk, &cached) &&
	    repeat_holds(ms, snap, &cached, skb, family, sk))
		return repeat_verdict(ms, snap, &cached, path->class, skb, sk);
	return repeat_new(ms, skb, state, snap, path);
}

static noinline unsigned int
repeat_cached_inet(struct migsel_net *ms, struct sk_buff *skb,
		   const struct nf_hook_state *state,
		   const struct migsel_snap *snap,
		   const struct migsel_path *path)
{
	return repeat_cached_of(ms, skb, state, snap, path, MIGSEL_INET);
}

static noinline unsigned int
repeat_cached_inet6(struct migsel_net *ms, struct sk_buff *skb,
		    const struct nf_hook_state *state,
		    const struct migsel_snap *snap,
		    const struct migsel_path *path)
{
	return repeat_cached_of(ms, skb, state, snap, path, MIGSEL_INET6);
}

static __always_inline unsigned int
repeat_of(struct migsel_net *ms, struct sk_buff *skb,
	  const struct nf_hook_state *state, const struct migsel_snap *snap,
	  const struct migsel_path *path, enum migsel_family family)
{
	const struct migsel_row *row;

	if (!packet_is_plain(skb, family, state)) {
		if (netif_is_l3_master(state->out) &&
		    migsel_comes_again(skb, family))
			return NF_ACCEPT;
		return migsel_egress(ms, skb, state->sk, snap, path, NULL);
	}

	row = repeat_row(ms, snap, path, skb, family);
	if (row)
		return migsel_pass(ms, snap, row->reason, path->class, skb);
	return family == MIGSEL_INET ?
	       repeat_cached_inet(ms, skb, state, snap, path) :
	       repeat_cached_inet6(ms, skb, state, snap, path);
}

static noinline unsigned int repeat_inet(struct migsel_net *ms,
					 struct sk_buff *skb,
					 const struct nf_hook_state *state,
					 const struct migsel_snap *snap,
					 const struct migsel_path *path)
{
	return repeat_of(ms, skb, state, snap, path, MIGSEL_INET);
}

static noinline unsigned int repeat_inet6(struct migsel_net *ms,
					  struct sk_buff *skb,
					  const struct nf_hook_state *state,
					  const struct migsel_snap *snap,
					  const struct migsel_path *path)
{
	return repeat_of(ms, skb, state, snap, path, MIGSEL_INET6);
}

/*
 * Whether a packet only passes, and nothing has changed for its connection, whose socket
 * keeps the route that the packet has. That the packets are plain was found out when the
 * verdict was remembered; a socket that gets a policy lets go of its route.
 */
static __always_inline bool
repeat_passes(struct migsel_net *ms, const struct migsel_snap *snap,
	      const struct sk_buff *skb, enum migsel_family family,
	      const struct nf_hook_state *state, struct migsel_cached *cached)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct sock *sk = state->sk;

	return dst_dev_rcu(dst) == state->out && sk && sk == skb->sk && sk_fullsock(sk) &&
	       rcu_access_pointer(sk->sk_dst_cache) == dst && !dst_xfrm(dst) &&
	       !READ_ONCE(sk->sk_bound_dev_if) &&
	       migsel_cache_get_connection(ms, snap, skb, family, sk, cached) &&
	       cached->verdict == MIGSEL_VERDICT_PASS &&
	       repeat_holds(ms, snap, cached, skb, family, sk);
}

/* A packet in mode observe. */
static __always_inline unsigned int
repeat_observed_of(struct migsel_net *ms, struct sk_buff *skb,
		   const struct nf_hook_state *state,
		   const struct migsel_snap *snap,
		   const struct migsel_path *path, enum migsel_family family)
{
	struct migsel_cached cached;

	if (repeat_passes(ms, snap, skb, family, state, &cached))
		return migsel_pass(ms, snap, cached.reason, path->class, skb);
	return family == MIGSEL_INET ?
	       repeat_inet(ms, skb, state, snap, path) :
	       repeat_inet6(ms, skb, state, snap, path);
}

static noinline unsigned int
repeat_observed_inet(struct migsel_net *ms, struct sk_buff *skb,
		     const struct nf_hook_state *state,
		     const struct migsel_snap *snap,
		     const struct migsel_path *path)
{
	return repeat_observed_of(ms, skb, state, snap, path, MIGSEL_INET);
}

static noinline unsigned int
repeat_observed_inet6(struct migsel_net *ms, struct sk_buff *skb,
		      const struct nf_hook_state *state,
		      const struct migsel_snap *snap,
		      const struct migsel_path *path)
{
	return repeat_observed_of(ms, skb, state, snap, path, MIGSEL_INET6);
}

/**
 * migsel_repeat - what becomes of a tagged packet that does not end in path.c
 * @ms: migsel in its namespace
 * @skb: the packet
 * @state: how it came to the hook
 * @snap: the configuration
 * @path: what the rule has settled for its kind
 *
 * One that goes through a VRF comes again.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: NF_ACCEPT, or an error for the sender.
 */
unsigned int migsel_repeat(struct migsel_net *ms, struct sk_buff *skb,
			   const struct nf_hook_state *state,
			   const struct migsel_snap *snap,
			   const struct migsel_path *path)
{
	if (snap->policy.mode == MIGSEL_MODE_OBSERVE)
		return path->family == MIGSEL_INET ?
		       repeat_observed_inet(ms, skb, state, snap, path) :
		       repeat_observed_inet6(ms, skb, state, snap, path);
	return path->family == MIGSEL_INET ?
	       repeat_inet(ms, skb, state, snap, path) :
	       repeat_inet6(ms, skb, state, snap, path);
}
