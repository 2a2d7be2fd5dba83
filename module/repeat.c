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
repeat_holds(const struct migsel_path *path, const struct migsel_cached *cached,
	     const struct sk_buff *skb, enum migsel_family family,
	     const struct sock *sk)
{
	struct migsel_alarms *alarms = path->ms->alarms;

	if (cached->dev && !migsel_link_is_up(cached->dev))
		return false;
	if (cached->bypasses && migsel_alarm_wanted(alarms) &&
	    cached->audience != migsel_alarm_audience(alarms))
		return false;
	if (cached->verdict == MIGSEL_VERDICT_PASS)
		return true;
	return cached->dst ? repeat_fits(skb, family, sk, cached->dst) :
			     !inet_is_tcp(sk) || migsel_tcp_fits(skb);
}

/* A packet that takes another route than the one it came with. */
static noinline unsigned int repeat_moved(struct sk_buff *skb, struct sock *sk,
					  struct dst_entry *dst,
					  struct migsel_count __percpu *count)
{
	/* The transmit queue that it remembers is one of the old device. */
	if (!inet_is_tcp(sk) && sk_tx_queue_get(sk) >= 0)
		sk_tx_queue_clear(sk);
	skb_dst_drop(skb);
	skb_dst_set(skb, dst_clone(dst));
	migsel_count(count, skb);
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
 * Whether a packet comes from its socket without a detour, in one piece and without IPv4
 * options. IPsec does not transform anew what it has transformed once.
 */
static __always_inline bool packet_is_direct(const struct sk_buff *skb,
					     enum migsel_family family,
					     const struct nf_hook_state *state)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct sock *sk = state->sk;

	return sk && sk == skb->sk && sk_fullsock(sk) && sk_is_inet(sk) &&
	       !sk_has_policy(sk) && !dst_xfrm(dst) && !skb->skb_iif &&
	       !netif_is_l3_master(state->out) &&
	       (!skb->dev || skb->dev == dst_dev_rcu(dst)) &&
	       (family == MIGSEL_INET ?
		ip_hdr(skb)->ihl == 5 && !ip_is_fragment(ip_hdr(skb)) &&
		!(IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED) :
		!(IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED));
}

/*
 * Whether what the rule and the FIB make of a direct packet depends on it and its sender
 * alone. Neighbour discovery is about the device it leaves by.
 */
static __always_inline bool packet_is_plain(const struct sk_buff *skb,
					    enum migsel_family family)
{
	return migsel_route_is_unicast(skb_dst(skb), family,
				       migsel_daddr(skb, family)) &&
	       (family == MIGSEL_INET ||
		(!ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr) &&
		 ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6));
}

/* A direct packet on which no verdict is remembered. */
static noinline unsigned int
repeat_new(const struct migsel_path *path, struct sk_buff *skb,
	   const struct nf_hook_state *state)
{
	struct migsel_cache_key key;

	return migsel_egress(path, skb, state->sk,
			     packet_is_plain(skb, path->family) &&
			     migsel_cache_key(&key, skb, path->family,
					      state->sk) ? &key : NULL);
}

/*
 * Whether a direct packet comes with the egress that the rule has for all plain ones: it is
 * a datagram whose socket names no device, the FIB has its route, and no rule of the FIB may
 * have another one for the device.
 */
static __always_inline bool packet_is_found(const struct migsel_path *path,
					    const struct sk_buff *skb,
					    enum migsel_family family)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst_dev_rcu(dst) == path->dev &&
	       (!path->bypasses || migsel_alarm_idle(path->ms->alarms)) &&
	       skb->sk->sk_type == SOCK_DGRAM &&
	       !READ_ONCE(inet_sk(skb->sk)->uc_index) &&
	       migsel_dst_is_found(dst, family) &&
	       !migsel_route_has_rules(path->ms->net, family) &&
	       migsel_link_is_up(path->dev);
}

/*
 * The row for a direct packet that leaves by the route that it has, whatever became of
 * others: it is plain, and its sender has bound the socket to a device, or it has its
 * egress. NULL if that is not known.
 */
static __always_inline const struct migsel_row *
repeat_row(const struct migsel_path *path, const struct sk_buff *skb,
	   enum migsel_family family)
{
	const struct migsel_settled *settled;

	if (READ_ONCE(skb->sk->sk_bound_dev_if))
		settled = &path->settled[MIGSEL_TO_DEVICE];
	else if (packet_is_found(path, skb, family))
		settled = &path->settled[0];
	else
		return NULL;
	return packet_is_plain(skb, family) && !trace_migsel_select_enabled() ?
	       settled->row : NULL;
}

/* A direct packet. The verdict on others like it may be remembered. */
static __always_inline unsigned int
repeat_cached_of(const struct migsel_path *path, struct sk_buff *skb,
		 const struct nf_hook_state *state, enum migsel_family family)
{
	struct sock *sk = state->sk;
	struct migsel_cached cached;

	if (!migsel_cache_get(path, skb, family, sk, &cached) ||
	    !repeat_holds(path, &cached, skb, family, sk))
		return repeat_new(path, skb, state);
	if (cached.dst)
		return repeat_moved(skb, sk, cached.dst, cached.count);
	migsel_count(cached.count, skb);
	return NF_ACCEPT;
}

static noinline unsigned int
repeat_cached_inet(const struct migsel_path *path, struct sk_buff *skb,
		   const struct nf_hook_state *state)
{
	return repeat_cached_of(path, skb, state, MIGSEL_INET);
}

static noinline unsigned int
repeat_cached_inet6(const struct migsel_path *path, struct sk_buff *skb,
		    const struct nf_hook_state *state)
{
	return repeat_cached_of(path, skb, state, MIGSEL_INET6);
}

static __always_inline unsigned int
repeat_of(const struct migsel_path *path, struct sk_buff *skb,
	  const struct nf_hook_state *state, enum migsel_family family)
{
	const struct migsel_row *row;

	if (!packet_is_direct(skb, family, state)) {
		if (netif_is_l3_master(state->out) &&
		    migsel_comes_again(skb, family))
			return NF_ACCEPT;
		return migsel_egress(path, skb, state->sk, NULL);
	}

	row = repeat_row(path, skb, family);
	if (row)
		return migsel_pass(path, row->reason, skb);
	return family == MIGSEL_INET ?
	       repeat_cached_inet(path, skb, state) :
	       repeat_cached_inet6(path, skb, state);
}

/**
 * migsel_repeat_inet - what becomes of a tagged IPv4 packet that does not end in path.c
 * @path: what the rule has settled for its kind
 * @skb: the packet
 * @state: how it came to the hook
 *
 * One that goes through a VRF comes again.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: NF_ACCEPT, or an error for the sender.
 */
unsigned int migsel_repeat_inet(const struct migsel_path *path,
				struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	return repeat_of(path, skb, state, MIGSEL_INET);
}

/**
 * migsel_repeat_inet6 - what becomes of a tagged IPv6 packet that does not end in path.c
 * @path: what the rule has settled for its kind
 * @skb: the packet
 * @state: how it came to the hook
 *
 * One that goes through a VRF comes again.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: NF_ACCEPT, or an error for the sender.
 */
unsigned int migsel_repeat_inet6(const struct migsel_path *path,
				 struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	return repeat_of(path, skb, state, MIGSEL_INET6);
}
