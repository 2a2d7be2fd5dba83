// SPDX-License-Identifier: GPL-2.0-only
/* The LOCAL_OUT hook: tag, decision, route. The only per-packet code. */

#include <linux/netfilter.h>
#include <linux/sock_diag.h>
#include <net/dst.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/route.h>
#include <net/tcp.h>

#include "migsel.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * struct egress - a tagged packet on its way
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @skb: the packet
 * @sk: its sender if that is a full socket, or NULL
 * @plain: the route that it came with
 * @route: the route that it is to take instead, held, or NULL
 * @query: what the rule asks of it
 * @key: what its route is looked up by, once @has_key
 * @vmk: position of the vmk that it leaves by, or MIGSEL_NO_VMK
 * @has_key: @key is filled in
 * @kept: @plain is the route that @sk keeps for its packets, from the FIB
 * @cached: the decision was answered from a cached one
 * @note: it is time to note that the flow was steered
 */
struct egress {
	struct migsel_net *ms;
	const struct migsel_snap *snap;
	struct sk_buff *skb;
	struct sock *sk;
	struct dst_entry *plain;
	struct dst_entry *route;
	struct migsel_query query;
	struct migsel_flow_key key;
	int vmk;
	bool has_key;
	bool kept;
	bool cached;
	bool note;
};

static const void *skb_daddr(const struct sk_buff *skb,
			     enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return &ip_hdr(skb)->daddr;
	return &ipv6_hdr(skb)->daddr;
}

static const void *skb_saddr(const struct sk_buff *skb,
			     enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return &ip_hdr(skb)->saddr;
	return &ipv6_hdr(skb)->saddr;
}

static const struct migsel_flow_key *egress_key(struct egress *e)
{
	if (!e->has_key) {
		migsel_flow_key(&e->key, e->skb, e->query.family, e->ms->net,
				e->sk);
		e->has_key = true;
	}
	return &e->key;
}

/*
 * Whether a route is the one that a socket keeps, and the FIB gave it. For
 * IP_UNICAST_IF the kernel may have made one up. TCP does not know that option.
 */
static bool sk_keeps(const struct sock *sk, const struct dst_entry *dst)
{
	return rcu_access_pointer(sk->sk_dst_cache) == dst &&
	       (sk_is_tcp(sk) || !READ_ONCE(inet_sk(sk)->uc_index));
}

/*
 * Whether a socket may be bound to an address: the one that it then has. Sockets
 * of raw IP and of L2TP do not say that it was bind() that gave it to them. connect()
 * does as well, which shows. SCTP says nothing either.
 */
static bool sk_may_be_bound(const struct sock *sk)
{
	if (sk->sk_userlocks & SOCK_BINDADDR_LOCK ||
	    sk->sk_protocol == IPPROTO_SCTP)
		return true;
	return (sk->sk_type == SOCK_RAW || sk->sk_protocol == IPPROTO_L2TP) &&
	       sk->sk_state != TCP_ESTABLISHED;
}

static bool sctp_is_bound(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return !ipv6_addr_any(&sk->sk_v6_rcv_saddr);
#endif
	return inet_sk(sk)->inet_rcv_saddr;
}

/* The usable migration vmk to whose address the sender bound its socket. */
static int egress_bound_vmk(const struct egress *e)
{
	const struct sock *sk = e->sk;

	/* A SYN-ACK comes with its listener, but is the request's. */
	if (!sk || sk != e->skb->sk || !sk_may_be_bound(sk))
		return MIGSEL_NO_VMK;
	/* It may be bound to several, and sends from one of them. */
	if (sk->sk_protocol == IPPROTO_SCTP)
		return sctp_is_bound(sk) ?
		       migsel_snap_owner(e->snap, e->query.family,
					 skb_saddr(e->skb, e->query.family)) :
		       MIGSEL_NO_VMK;
	if (e->query.family == MIGSEL_INET)
		return migsel_snap_owner(e->snap, MIGSEL_INET,
					 &inet_sk(sk)->inet_rcv_saddr);
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return migsel_snap_owner(e->snap, MIGSEL_INET6,
					 &sk->sk_v6_rcv_saddr);
#endif
	return MIGSEL_NO_VMK;
}

/* Whether a packet is neighbour discovery: about the device that it leaves by. */
static bool skb_is_ndisc(const struct sk_buff *skb)
{
	int offset = skb_network_offset(skb) + sizeof(struct ipv6hdr);
	u8 proto = ipv6_hdr(skb)->nexthdr;
	const u8 *type;
	__be16 frag_off;
	u8 buf;

	offset = ipv6_skip_exthdr(skb, offset, &proto, &frag_off);
	if (offset < 0 || proto != IPPROTO_ICMPV6)
		return false;
	type = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	return type && *type >= NDISC_ROUTER_SOLICITATION &&
	       *type <= NDISC_REDIRECT;
}

static bool sk_is_udp_flow(const struct sock *sk)
{
	return sk_is_inet(sk) && sk->sk_protocol == IPPROTO_UDP &&
	       sk->sk_state == TCP_ESTABLISHED;
}

static u64 flow_cookie(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	u32 halves[2];

	if (cookie)
		return cookie;
	sock_diag_save_cookie(sk, halves);
	return atomic64_read(&sk->sk_cookie);
}

/* The flow that a packet belongs to, 0 if to none. */
static u64 egress_flow_id(struct egress *e)
{
	struct sock *sk = e->sk == e->skb->sk ? e->sk : NULL;

	if (sk && sk_is_tcp_flow(sk))
		return flow_cookie(sk);
	if (sk && sk_is_udp_flow(sk) && migsel_sk_has_tuple(sk, egress_key(e)))
		return flow_cookie(sk);
	if (egress_key(e)->proto == IPPROTO_TCP)
		return 0;
	return migsel_flow_id(egress_key(e));
}

/*
 * Look for a route through a vmk. The one that the socket keeps is as good as
 * any if it leaves by the vmk: the FIB gave it, here or before.
 */
static bool egress_reach(struct egress *e, int vmk)
{
	const struct net_device *dev = e->snap->vmks[vmk].dev;
	bool cached, note;

	dst_release(e->route);
	e->route = NULL;
	if (e->kept && dst_dev_rcu(e->plain) == dev)
		return true;

	egress_key(e);
	e->key.oif = dev->ifindex;
	e->route = migsel_route_get(e->ms, &e->key, e->sk, &cached, &note);
	e->cached &= cached;
	e->note |= note;
	return e->route;
}

static u8 egress_state(struct egress *e, int vmk)
{
	if (!migsel_usable(e->snap, vmk, e->query.family))
		return 0;
	return egress_reach(e, vmk) ? MIGSEL_USABLE | MIGSEL_ROUTED :
				      MIGSEL_USABLE;
}

/* What belongs to no flow takes the first candidate that will do. */
static enum migsel_reason egress_any(struct egress *e)
{
	const struct migsel_rule *rule = &e->snap->rule;
	enum migsel_reason reason = MIGSEL_REASON_LINK_DOWN;
	u8 state;
	u32 i;

	for (i = 0; i < rule->n_vmks; i++) {
		if (!rule->vmks[i].migration)
			continue;
		state = egress_state(e, i);
		if (state & MIGSEL_ROUTED) {
			e->vmk = i;
			return MIGSEL_REASON_MULTI_NIC;
		}
		if (state & MIGSEL_USABLE)
			reason = MIGSEL_REASON_NO_ROUTE;
	}
	return reason;
}

/*
 * Place a flow that has no place, or whose place is not to be had any more. A
 * route is looked for only where the flow is to go. If others are placed
 * meanwhile, that may be elsewhere than it was.
 */
static noinline enum migsel_reason egress_place(struct egress *e, u64 id)
{
	const struct migsel_rule *rule = &e->snap->rule;
	struct migsel_flows *flows = e->ms->flows;
	enum migsel_family family = e->query.family;
	u8 state[MIGSEL_MAX_VMKS];
	int reached = MIGSEL_NO_VMK, vmk;
	enum migsel_reason reason;
	u32 i;

	e->cached = false;
	for (i = 0; i < rule->n_vmks; i++)
		state[i] = rule->vmks[i].migration &&
			   migsel_usable(e->snap, i, family) ?
			   MIGSEL_USABLE | MIGSEL_ROUTED | MIGSEL_ASSUMED : 0;
	for (;;) {
		reason = migsel_place(flows, e->snap, family, id, state,
				      &e->vmk);
		vmk = e->vmk;
		if (vmk == MIGSEL_NO_VMK || !(state[vmk] & MIGSEL_ASSUMED))
			break;
		do {
			state[vmk] = MIGSEL_USABLE;
			reached = MIGSEL_NO_VMK;
			if (egress_reach(e, vmk)) {
				state[vmk] |= MIGSEL_ROUTED;
				reached = vmk;
				break;
			}
			vmk = migsel_place_next(flows, e->snap, family, state,
						vmk);
		} while (vmk != MIGSEL_NO_VMK && state[vmk] & MIGSEL_ASSUMED);
	}
	if (e->vmk != reached && e->vmk != MIGSEL_NO_VMK &&
	    !egress_reach(e, e->vmk))
		return MIGSEL_REASON_NO_ROUTE;
	return reason;
}

/* Which of several candidates the packet leaves by. */
static enum migsel_reason egress_multi(struct egress *e)
{
	u64 id = egress_flow_id(e);
	int ifindex, vmk;

	ifindex = id ? migsel_flow_ifindex(e->ms->flows, id) : 0;
	vmk = ifindex ? migsel_snap_position(e->snap, ifindex) : MIGSEL_NO_VMK;
	if (vmk != MIGSEL_NO_VMK && e->snap->rule.vmks[vmk].migration &&
	    egress_state(e, vmk) & MIGSEL_ROUTED) {
		e->vmk = vmk;
		return MIGSEL_REASON_MULTI_NIC;
	}
	return id ? egress_place(e, id) : egress_any(e);
}

/* Both stages of the rule, and the route that follows from them. */
static enum migsel_reason egress_decide(struct egress *e)
{
	enum migsel_reason reason;

	reason = migsel_rule_reason(&e->snap->rule, &e->query);
	if (migsel_rule_passes(reason) || migsel_rule_refuses(reason))
		return reason;
	if (reason == MIGSEL_REASON_MULTI_NIC)
		return egress_multi(e);

	e->vmk = migsel_rule_candidate(&e->snap->rule, &e->query, reason);
	return migsel_rule_single(reason, egress_state(e, e->vmk));
}

/*
 * Whether the route may be replaced in the socket: only by a packet of the
 * socket's own flow, tagged by the socket itself, that no transform is due to
 * or has been applied to. TCP must be sending right now.
 */
static bool egress_owned(struct egress *e, bool locked)
{
	const struct sock *sk = e->sk;

	if (!e->kept || sk != e->skb->sk || dst_xfrm(e->route) ||
	    migsel_class(&e->snap->tag, READ_ONCE(sk->sk_mark)) !=
	    e->query.class)
		return false;
	if (egress_key(e)->transformed)
		return false;
	return (locked || sk_is_udp_flow(sk)) && migsel_sk_has_tuple(sk, egress_key(e));
}

/*
 * Whether TCP is sending right now, with the socket lock held: then the packet
 * borrows the socket's route. A packet that comes back from a queue, and a reply on
 * behalf of the socket, hold one of their own.
 */
static bool egress_locked(const struct egress *e)
{
	const struct sock *sk = e->sk;

	return e->kept && sk == e->skb->sk && sk_is_tcp_flow(sk) &&
	       skb_dst_is_noref(e->skb);
}

/* Whether TCP has made the packet. A SYN-ACK comes with a request. */
static bool egress_is_tcp(struct egress *e)
{
	const struct sock *sk = e->skb->sk;

	if (egress_key(e)->proto != IPPROTO_TCP)
		return false;
	if (e->sk)
		return sk_is_tcp(e->sk);
	return sk && inet_sk_state_load(sk) == TCP_NEW_SYN_RECV;
}

static unsigned int egress_steer(struct egress *e, enum migsel_reason reason)
{
	struct sk_buff *skb = e->skb;
	bool cuts = e->kept && sk_is_tcp(e->sk);

	if (e->route) {
		bool locked = egress_locked(e), owned = egress_owned(e, locked);
		int err = 0;

		if (owned)
			migsel_keep(e->sk, e->plain, e->route, egress_key(e));
		/* Its transmit queue is one of the device that it leaves. */
		if (e->sk && !sk_is_tcp(e->sk) && sk_tx_queue_get(e->sk) >= 0)
			sk_tx_queue_clear(e->sk);
		skb_dst_drop(skb);
		skb_dst_set(skb, e->route);
		if (e->note)
			migsel_steered_note(e->ms->steered, egress_key(e));
		/* What IPsec has made of a packet is no more its sender's. */
		if (!egress_key(e)->transformed)
			err = migsel_resize(skb, e->query.family, e->sk,
					    egress_is_tcp(e), locked, owned);
		if (err)
			return NF_DROP_ERR(err);
		cuts = locked;
	}

	/* TCP cuts its queue anew after a failure. */
	if (cuts && !migsel_tcp_fits(skb))
		return NF_DROP_ERR(-ENOBUFS);

	migsel_count_vmk(e->ms, reason, &e->snap->vmks[e->vmk],
			 e->query.class, skb);
	return NF_ACCEPT;
}

static unsigned int egress_pass(struct egress *e, enum migsel_reason reason)
{
	int vmk = migsel_snap_position(e->snap,
				       dst_dev_rcu(e->plain)->ifindex);

	dst_release(e->route);
	if (vmk == MIGSEL_NO_VMK)
		migsel_count(e->ms, reason, e->skb);
	else
		migsel_count_vmk(e->ms, reason, &e->snap->vmks[vmk],
				 e->query.class, e->skb);
	return NF_ACCEPT;
}

static unsigned int egress_refuse(struct egress *e, enum migsel_reason reason)
{
	struct sock *sk = e->sk;

	dst_release(e->route);
	migsel_count(e->ms, reason, e->skb);
	if (sk && sk == e->skb->sk) {
		if (!sk_is_tcp(sk))
			migsel_report(sk, e->skb, EHOSTUNREACH, 0);
		else if (inet_sk_state_load(sk) == TCP_SYN_SENT)
			migsel_refuse(e->ms->refusals, sk,
				      e->query.family);
	}
	return NF_DROP_ERR(-EHOSTUNREACH);
}

/*
 * Refused by addresses that are not what they were, a packet is lost, as on the
 * network: the next one may have an egress.
 */
static unsigned int egress_lose(struct egress *e)
{
	dst_release(e->route);
	return NF_DROP_ERR(-ENOBUFS);
}

/* Raised for a hot packet that its migration vmk does not carry. */
static void egress_alarm(struct egress *e, enum migsel_reason reason,
			 const struct net_device *out)
{
	const struct migsel_rule *rule = &e->snap->rule;
	const struct net_device *vmk = NULL;
	u64 id;

	if (e->query.class != MIGSEL_CLASS_HOT ||
	    !migsel_alarm_wanted(e->ms->alarms))
		return;
	id = egress_flow_id(e);
	if (!id ||
	    !migsel_flow_alarm(e->ms->flows, id, reason,
			       migsel_alarm_audience(e->ms->alarms)))
		return;
	if (rule->n_migration == 1)
		vmk = e->snap->vmks[rule->migration].dev;
	else if (e->query.bound_vmk != MIGSEL_NO_VMK)
		vmk = e->snap->vmks[e->query.bound_vmk].dev;
	migsel_alarm(e->ms->alarms, reason, e->query.family,
		     &egress_key(e)->daddr, vmk, out);
}

static void egress_trace(struct egress *e, enum migsel_reason reason)
{
	const struct net_device *dev = NULL;

	if (!trace_migsel_select_enabled() || e->cached)
		return;
	if (migsel_rule_passes(reason))
		dev = dst_dev_rcu(e->plain);
	else if (!migsel_rule_refuses(reason))
		dev = e->snap->vmks[e->vmk].dev;
	trace_migsel_select(e->query.class, egress_key(e), reason, dev);
}

static unsigned int egress_finish(struct egress *e)
{
	const struct migsel_policy *policy = &e->snap->policy;
	enum migsel_reason reason;
	bool pass;

	reason = egress_decide(e);
	if (migsel_rule_passes(reason) || migsel_rule_refuses(reason))
		e->cached = false;
	egress_trace(e, reason);

	pass = migsel_rule_passes(reason) ||
	       policy->mode != MIGSEL_MODE_ENFORCE;
	if (migsel_rule_refuses(reason)) {
		pass |= policy->unreachable == MIGSEL_UNREACHABLE_PASS;
		if (!pass && migsel_stale(e->ms, e->snap))
			return egress_lose(e);
		egress_alarm(e, reason, pass ? dst_dev_rcu(e->plain) : NULL);
		if (!pass)
			return egress_refuse(e, reason);
	} else if (reason == MIGSEL_REASON_SAME_SUBNET) {
		egress_alarm(e, reason, pass ? dst_dev_rcu(e->plain) :
					       e->snap->vmks[e->vmk].dev);
	}
	return pass ? egress_pass(e, reason) : egress_steer(e, reason);
}

/*
 * Whether a packet is a plain one and the route that its socket keeps leaves by
 * the vmk that the rule gives for all such packets.
 */
static bool egress_settled(struct migsel_net *ms,
			   const struct migsel_snap *snap,
			   enum migsel_class class, enum migsel_family family,
			   const struct sk_buff *skb, const struct sock *sk)
{
	const struct migsel_settled *settled =
		&snap->rule.settled[class][family];
	const struct dst_entry *dst = skb_dst(skb);

	if (!sk_keeps(sk, dst) || settled->vmk == MIGSEL_NO_VMK ||
	    dst_dev_rcu(dst) != snap->vmks[settled->vmk].dev ||
	    READ_ONCE(sk->sk_bound_dev_if) ||
	    snap->policy.mode != MIGSEL_MODE_ENFORCE ||
	    !migsel_usable(snap, settled->vmk, family) ||
	    !migsel_route_is_unicast(dst, family, skb_daddr(skb, family)))
		return false;
	return settled->reason != MIGSEL_REASON_SAME_SUBNET ||
	       !migsel_alarm_wanted(ms->alarms);
}

static unsigned int egress_plain(struct migsel_net *ms,
				 const struct migsel_snap *snap,
				 enum migsel_class class,
				 enum migsel_family family,
				 const struct sk_buff *skb,
				 const struct sock *sk)
{
	const struct migsel_settled *settled =
		&snap->rule.settled[class][family];

	if (sk_is_tcp(sk) && !migsel_tcp_fits(skb))
		return NF_DROP_ERR(-ENOBUFS);
	migsel_count_vmk(ms, settled->reason, &snap->vmks[settled->vmk], class,
			 skb);
	return NF_ACCEPT;
}

static unsigned int egress_tagged(struct migsel_net *ms,
				  const struct migsel_snap *snap,
				  enum migsel_class class,
				  enum migsel_family family,
				  struct sk_buff *skb, struct sock *sk)
{
	struct egress e = {
		.ms = ms,
		.snap = snap,
		.skb = skb,
		.plain = skb_dst(skb),
		.query = {
			.class = class,
			.family = family,
			.bound_vmk = MIGSEL_NO_VMK,
		},
		.vmk = MIGSEL_NO_VMK,
		.cached = true,
	};

	if (!skb->sk && nf_in_duplicate())
		return NF_ACCEPT;
	/* The inner packet was decided on. */
	if (migsel_device_has_sent(ms->net, snap, skb, family))
		return NF_ACCEPT;

	if (sk) {
		e.query.bound_device = READ_ONCE(sk->sk_bound_dev_if);
		if (sk_fullsock(sk) && sk_is_inet(sk))
			e.sk = sk;
	}
	e.kept = e.sk && sk_keeps(sk, e.plain);
	e.query.not_unicast = !migsel_route_is_unicast(e.plain, family,
						       skb_daddr(skb, family)) ||
				(family == MIGSEL_INET6 && skb_is_ndisc(skb));
	if (class == MIGSEL_CLASS_HOT && snap->rule.n_migration > 1)
		e.query.bound_vmk = egress_bound_vmk(&e);
	return egress_finish(&e);
}

/*
 * What goes through a VRF comes to the hook for the VRF first, and then for
 * itself. What is for an address in the VRF comes for the VRF only.
 */
static bool egress_comes_again(const struct sk_buff *skb,
			       enum migsel_family family)
{
	return migsel_route_is_unicast(skb_dst(skb), family,
				       skb_daddr(skb, family));
}

/**
 * migsel_egress_hook - decide on a packet
 * @priv: migsel in its namespace
 * @skb: the packet
 * @state: how it came here
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: NF_ACCEPT, or an error for the sender.
 */
unsigned int migsel_egress_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	const struct migsel_snap *snap;
	struct sock *sk = state->sk;
	struct migsel_net *ms = priv;
	enum migsel_family family;
	enum migsel_class class;

	snap = rcu_dereference(ms->snap);
	if (unlikely(!snap))
		return NF_ACCEPT;

	family = state->pf == NFPROTO_IPV4 ? MIGSEL_INET : MIGSEL_INET6;
	if (unlikely(netif_is_l3_master(state->out)) &&
	    egress_comes_again(skb, family))
		return NF_ACCEPT;

	class = migsel_class(&snap->tag, skb->mark);
	if (class == MIGSEL_CLASS_NONE) {
		migsel_count(ms, MIGSEL_REASON_UNTAGGED, skb);
		return NF_ACCEPT;
	}

	/* It comes back to the hook once it is transformed. */
	if (dst_xfrm(skb_dst(skb)))
		return NF_ACCEPT;

	if (sk && sk_fullsock(sk) && sk_is_inet(sk) &&
	    egress_settled(ms, snap, class, family, skb, sk))
		return egress_plain(ms, snap, class, family, skb, sk);
	return egress_tagged(ms, snap, class, family, skb, sk);
}
