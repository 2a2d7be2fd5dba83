// SPDX-License-Identifier: GPL-2.0-only
/* A tagged packet: its decision, and the route into packet and socket. */

#include <linux/netfilter.h>
#include <linux/sched.h>
#include <net/dst.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/route.h>
#include <net/tcp.h>

#include "alarm.h"
#include "cache.h"
#include "decide.h"
#include "device.h"
#include "egress.h"
#include "learn.h"
#include "migsel.h"
#include "place.h"
#include "refuse.h"
#include "route.h"
#include "sender.h"
#include "size.h"
#include "snap.h"
#include "stats.h"
#include "steered.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * struct egress - a tagged packet on its way
 * @decision: what becomes of it
 * @path: what the rule has settled for its kind
 * @skb: the packet
 * @sk: its sender if that is a full socket, or NULL
 * @plain: the route that it came with
 * @route: the route that it is to take instead, held, or NULL
 * @key: what its route is looked up by, once @has_key
 * @flow_id: migsel_flow_id() of @key, 0 while nobody has asked
 * @has_key: @key is filled in
 * @kept: @plain is the route that @sk keeps for its packets, from the FIB
 * @cache_key: what the verdict is remembered by, NULL if it is not to be
 * @fib: the state of the FIB of its family, from before a route was looked for
 * @no_memory: there was no memory for a route
 */
struct egress {
	struct migsel_decision decision;
	const struct migsel_path *path;
	struct sk_buff *skb;
	struct sock *sk;
	struct dst_entry *plain;
	struct dst_entry *route;
	struct migsel_flow_key key;
	u64 flow_id;
	bool has_key;
	bool kept;
	const struct migsel_cache_key *cache_key;
	int fib;
	bool no_memory;
};

static struct egress *egress_of(struct migsel_decision *d)
{
	return container_of(d, struct egress, decision);
}

static const struct migsel_flow_key *egress_key(struct egress *e)
{
	if (!e->has_key) {
		migsel_flow_key(&e->key, e->skb, e->decision.query.family, e->path->ms->net,
				e->sk);
		e->has_key = true;
	}
	return &e->key;
}

/*
 * Whether a route is the one that a socket keeps, and comes from the FIB. With
 * IP_UNICAST_IF, which TCP does not know, the kernel may have made one up.
 */
static bool sk_keeps(const struct sock *sk, const struct dst_entry *dst)
{
	return rcu_access_pointer(sk->sk_dst_cache) == dst &&
	       (sk_is_tcp(sk) || !READ_ONCE(inet_sk(sk)->uc_index));
}

/*
 * The usable migration vmk to whose address the sender bound its socket. This races with
 * bind(): the key may say otherwise.
 */
static int egress_bound_vmk(struct egress *e)
{
	const struct migsel_snap *snap = e->decision.snap;
	enum migsel_family family = e->decision.query.family;
	const void *addr = NULL;

	/* A SYN-ACK comes with its listener, but belongs to the request. */
	if (e->sk && e->sk == e->skb->sk)
		addr = migsel_bound_addr(e->sk, e->skb, family);
	if (e->cache_key && e->cache_key->bound != !!addr)
		e->cache_key = NULL;
	return migsel_snap_position(snap, addr ?
				    migsel_snap_owner(snap, family, addr) : NULL);
}

/* Whether a packet is neighbour discovery, which is about the device it leaves by. */
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

static u64 egress_flow_id(struct egress *e)
{
	if (!e->flow_id)
		e->flow_id = migsel_flow_id(egress_key(e));
	return e->flow_id;
}

/* The flow that a packet belongs to, 0 if to none. */
static u64 egress_flow(struct migsel_decision *d)
{
	struct egress *e = egress_of(d);
	struct sock *sk = e->sk == e->skb->sk ? e->sk : NULL;

	if (sk && sk_is_tcp_flow(sk))
		return migsel_cookie(sk);
	if (sk && sk_is_udp_flow(sk) && migsel_sk_has_tuple(sk, egress_key(e)))
		return migsel_cookie(sk);
	if (egress_key(e)->proto == IPPROTO_TCP)
		return 0;
	return egress_flow_id(e);
}

/*
 * Look for a route through a vmk. The one that the socket keeps will do if it leaves by
 * the vmk, because it comes from the FIB as well; but it may be a default route.
 */
static bool egress_reach(struct migsel_decision *d, int vmk)
{
	const struct net_device *dev = d->snap->vmks[vmk].dev;
	bool preferred = d->row->action == MIGSEL_PREFER;
	struct egress *e = egress_of(d);
	struct dst_entry *route;
	bool kept;

	dst_release(e->route);
	e->route = NULL;
	kept = e->kept && dst_dev_rcu(e->plain) == dev;
	if (kept && !preferred)
		return true;

	egress_key(e);
	e->key.oif = dev->ifindex;
	e->key.no_default = preferred;
	e->key.fib_first |= d->row->action != MIGSEL_CHOOSE;
	d->fresh = true;
	route = migsel_route_lookup(e->path->ms->net, &e->key, e->sk);
	if (IS_ERR(route)) {
		e->key.fib_first = true;
		e->no_memory |= route == ERR_PTR(-ENOMEM) ||
				route == ERR_PTR(-ENOBUFS);
		return false;
	}
	if (kept)
		dst_release(route);
	else
		e->route = route;
	return true;
}

static const struct migsel_seeker egress_seeker = {
	.reach = egress_reach,
	.flow = egress_flow,
};

/*
 * Whether the route may be replaced in the socket. The packet has to belong to the
 * socket's own flow and to have its tag from the socket, and neither the route nor the
 * packet may have an IPsec transform. TCP has to be sending right now.
 */
static bool egress_owned(struct egress *e, bool locked)
{
	const struct sock *sk = e->sk;

	if (!e->kept || sk != e->skb->sk || dst_xfrm(e->route) ||
	    migsel_class(&e->decision.snap->tag, READ_ONCE(sk->sk_mark)) !=
	    e->decision.query.class)
		return false;
	if (egress_key(e)->transformed)
		return false;
	return (locked || sk_is_udp_flow(sk)) && migsel_sk_has_tuple(sk, egress_key(e));
}

/*
 * Whether TCP is sending right now, with the socket lock held. If so, the packet borrows
 * the socket's route; a packet that comes back from a queue, or a reply on behalf of the
 * socket, holds a reference of its own.
 */
static bool egress_locked(const struct egress *e)
{
	const struct sock *sk = e->sk;

	return e->kept && sk == e->skb->sk && sk_is_tcp_flow(sk) &&
	       skb_dst_is_noref(e->skb);
}

/* Whether TCP has made the packet. A SYN-ACK has no full socket, but a request. */
static bool egress_is_tcp(struct egress *e)
{
	const struct sock *sk = e->skb->sk;

	if (egress_key(e)->proto != IPPROTO_TCP)
		return false;
	if (e->sk)
		return sk_is_tcp(e->sk);
	return sk && inet_sk_state_load(sk) == TCP_NEW_SYN_RECV;
}

/*
 * Whether the verdict is the same for packets alike. It is not where the packet belongs to
 * no flow, if that matters: where a vmk is chosen by flow, or an alarm is raised about each.
 * Nor is it where the vmk that is preferred, or that the sender has bound its socket to, may
 * do for the next one; or where a route may be one of an earlier FIB, or carries the
 * transform of one packet.
 */
static bool egress_is_common(struct egress *e, const struct dst_entry *dst)
{
	const struct migsel_cache_key *key = e->cache_key;
	struct migsel_decision *d = &e->decision;
	bool chosen = d->row->action == MIGSEL_CHOOSE;
	u32 cookie = 0;

	if (!key || e->no_memory || d->query.passed_over ||
	    (dst && dst_xfrm(dst)) ||
	    e->fib != migsel_route_genid(e->path->ms->net, d->query.family))
		return false;
	if (chosen && key->bound)
		return false;
	if ((chosen || (d->row->bypasses && migsel_alarm_wanted(e->path->ms->alarms))) &&
	    !egress_flow(d))
		return false;
	if (!e->kept || dst != e->plain)
		return true;
#if IS_ENABLED(CONFIG_IPV6)
	if (d->query.family == MIGSEL_INET6)
		cookie = inet6_sk(e->sk)->dst_cookie;
#endif
	return dst_check(e->plain, cookie);
}

/*
 * Remember the verdict for packets alike; @dst is the route that it has found for them, which
 * they take unless they pass.
 */
static void egress_remember(struct egress *e, enum migsel_verdict verdict,
			    struct dst_entry *dst,
			    struct migsel_count __percpu *count)
{
	const struct migsel_decision *d = &e->decision;
	const struct migsel_cached cached = {
		.dst = verdict == MIGSEL_VERDICT_STEER ? dst : NULL,
		.dev = d->vmk == MIGSEL_NO_VMK ? NULL : d->snap->vmks[d->vmk].dev,
		.count = count,
		.plain_ifindex = dst_dev_rcu(e->plain)->ifindex,
		.verdict = verdict,
		.bypasses = d->row->bypasses,
		.audience = migsel_alarm_audience(e->path->ms->alarms),
	};

	if (egress_is_common(e, dst))
		migsel_cache_set(e->path, e->cache_key, e->skb, &cached, e->fib);
}

static unsigned int egress_steer(struct egress *e)
{
	const struct migsel_decision *d = &e->decision;
	struct migsel_count __percpu *count;
	struct sk_buff *skb = e->skb;
	bool cuts = e->kept && sk_is_tcp(e->sk);
	bool owned = false;

	if (e->route) {
		bool locked = egress_locked(e);
		int err = 0;

		owned = egress_owned(e, locked);
		if (owned)
			migsel_keep(e->sk, e->plain, e->route, egress_key(e));
		/* The transmit queue that it remembers is one of the old device. */
		if (e->sk && !sk_is_tcp(e->sk) && sk_tx_queue_get(e->sk) >= 0)
			sk_tx_queue_clear(e->sk);
		skb_dst_drop(skb);
		skb_dst_set(skb, e->route);
		migsel_steered_note(e->path->ms->steered, egress_flow_id(e),
				    egress_key(e));
		/* The sender has no say in the size of what IPsec has made. */
		if (!egress_key(e)->transformed)
			err = migsel_resize(skb, d->query.family, e->sk,
					    egress_is_tcp(e), locked, owned);
		if (err)
			return NF_DROP_ERR(err);
		cuts = locked;
	}

	/* TCP cuts its queue anew after a failure. */
	if (cuts && !migsel_tcp_fits(skb))
		return NF_DROP_ERR(-ENOBUFS);

	count = migsel_vmk_count(d->snap->vmks[d->vmk].stats, d->query.class,
				 d->reason);
	/* From now on the socket has the route for its packets. */
	if (!owned)
		egress_remember(e, MIGSEL_VERDICT_STEER, skb_dst(skb), count);
	migsel_count(count, skb);
	return NF_ACCEPT;
}

/* Where a packet is counted that leaves by the route that it has. */
static struct migsel_count __percpu *
pass_count(const struct migsel_path *path, enum migsel_reason reason,
	   const struct sk_buff *skb)
{
	const struct net_device *dev = dst_dev_rcu(skb_dst(skb));
	const struct migsel_snap_vmk *vmk;

	vmk = migsel_snap_find(path->snap, dev->ifindex);
	return vmk ? migsel_vmk_count(vmk->stats, path->class, reason) :
		     &path->ms->stats->reasons[reason];
}

/**
 * migsel_pass - count a packet that leaves by the route that it has
 * @path: what the rule has settled for its kind
 * @reason: what was decided
 * @skb: the packet
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: NF_ACCEPT.
 */
unsigned int migsel_pass(const struct migsel_path *path,
			 enum migsel_reason reason, const struct sk_buff *skb)
{
	migsel_count(pass_count(path, reason, skb), skb);
	return NF_ACCEPT;
}

static unsigned int egress_pass(struct egress *e)
{
	const struct migsel_decision *d = &e->decision;
	struct migsel_count __percpu *count =
		pass_count(e->path, d->reason, e->skb);

	if (!d->refused)
		egress_remember(e, MIGSEL_VERDICT_PASS, d->verdict == MIGSEL_VERDICT_STEER ?
				e->route ?: e->plain : NULL, count);
	dst_release(e->route);
	migsel_count(count, e->skb);
	return NF_ACCEPT;
}

static unsigned int egress_refuse(struct egress *e)
{
	struct sock *sk = e->sk;

	dst_release(e->route);
	migsel_count(&e->path->ms->stats->reasons[e->decision.reason], e->skb);
	if (sk && sk == e->skb->sk) {
		if (!sk_is_tcp(sk))
			migsel_report(sk, e->skb, EHOSTUNREACH, 0);
		else if (inet_sk_state_load(sk) == TCP_SYN_SENT)
			migsel_refuse(e->path->ms->refusals, sk,
				      e->decision.query.family);
	}
	return NF_DROP_ERR(-EHOSTUNREACH);
}

/*
 * Drop a packet that would be refused, but by addresses that have changed since, or that
 * would leave by another vmk for want of memory: the next one may have an egress. To its
 * sender it is as if the network had lost it.
 */
static unsigned int egress_lose(struct egress *e)
{
	dst_release(e->route);
	return NF_DROP_ERR(-ENOBUFS);
}

/* Raise an alarm for a hot packet that its migration vmk does not carry. */
static void egress_alarm(struct egress *e, const struct net_device *out)
{
	struct migsel_decision *d = &e->decision;
	const struct net_device *vmk = NULL;
	u64 id;

	if (d->query.class != MIGSEL_CLASS_HOT ||
	    !migsel_alarm_wanted(e->path->ms->alarms))
		return;
	id = egress_flow(d);
	if (!id ||
	    !migsel_flow_alarm(e->path->ms->flows, id, d->reason,
			       migsel_alarm_audience(e->path->ms->alarms)))
		return;
	if (d->rule->n_migration == 1)
		vmk = d->snap->vmks[d->rule->migration_vmk].dev;
	else if (d->query.bound_vmk != MIGSEL_NO_VMK)
		vmk = d->snap->vmks[d->query.bound_vmk].dev;
	migsel_alarm_raise(e->path->ms->alarms, d->reason, d->query.family,
			   &egress_key(e)->daddr, vmk, out);
}

/* The device that the packet leaves by as the rule has it, NULL if by none. */
static const struct net_device *egress_dev(const struct egress *e)
{
	const struct migsel_decision *d = &e->decision;

	if (d->refused)
		return NULL;
	return d->verdict == MIGSEL_VERDICT_STEER ? d->snap->vmks[d->vmk].dev :
						    dst_dev_rcu(e->plain);
}

/* That no candidate of several has a route is dear to find out, so it is remembered, too. */
static void egress_decide(struct egress *e)
{
	struct migsel_decision *d = &e->decision;

	e->fib = migsel_route_genid(e->path->ms->net, d->query.family);
	/* The FIB is looked at after its state: what it becomes meanwhile has another one. */
	smp_rmb();
	d->unrouted = e->cache_key &&
		      migsel_cache_lacks(e->path, e->cache_key, e->skb, e->fib);
	migsel_decide(d);
	if (d->row->action == MIGSEL_CHOOSE && !d->unrouted && e->cache_key &&
	    d->reason == MIGSEL_REASON_NO_ROUTE && !e->no_memory)
		migsel_cache_lack(e->path, e->cache_key, e->skb, e->fib);
}

static unsigned int egress_act(struct egress *e)
{
	struct migsel_decision *d = &e->decision;
	enum migsel_verdict verdict;

	egress_decide(e);
	if (trace_migsel_select_enabled() && d->fresh)
		trace_migsel_select(d->query.class, egress_key(e), d->reason,
				    egress_dev(e));

	verdict = d->snap->policy.mode == MIGSEL_MODE_ENFORCE ?
		  d->verdict : MIGSEL_VERDICT_PASS;
	if (verdict == MIGSEL_VERDICT_REFUSE && migsel_stale(e->path->ms, d->snap))
		return egress_lose(e);
	if (verdict == MIGSEL_VERDICT_STEER && d->query.passed_over &&
	    e->no_memory)
		return egress_lose(e);
	if (d->refused || d->row->bypasses)
		egress_alarm(e, verdict == MIGSEL_VERDICT_PASS ?
				dst_dev_rcu(e->plain) : egress_dev(e));

	switch (verdict) {
	case MIGSEL_VERDICT_STEER:
		return egress_steer(e);
	case MIGSEL_VERDICT_REFUSE:
		return egress_refuse(e);
	default:
		return egress_pass(e);
	}
}

/**
 * migsel_egress - decide on a tagged packet
 * @path: what the rule has settled for its kind
 * @skb: the packet
 * @sk: its sender, may be NULL
 * @cache_key: what the verdict is to be remembered by, or NULL
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: NF_ACCEPT, or an error for the sender.
 */
unsigned int migsel_egress(const struct migsel_path *path, struct sk_buff *skb,
			   struct sock *sk,
			   const struct migsel_cache_key *cache_key)
{
	const struct migsel_snap *snap = path->snap;
	enum migsel_family family = path->family;
	struct migsel_net *ms = path->ms;
	struct egress e = {
		.decision = {
			.seeker = &egress_seeker,
			.snap = snap,
			.rule = &snap->rule,
			.flows = ms->flows,
			.query = {
				.class = path->class,
				.family = family,
				.bound_vmk = MIGSEL_NO_VMK,
			},
		},
		.path = path,
		.skb = skb,
		.plain = skb_dst(skb),
		.cache_key = cache_key,
	};
	struct migsel_query *query = &e.decision.query;

	/* Once IPsec has transformed the packet, it comes to the hook again. */
	if (dst_xfrm(e.plain))
		return NF_ACCEPT;
	if ((!skb->sk && current->in_nf_duplicate) || migsel_device_was_in(skb))
		return NF_ACCEPT;
	/* The inner packet was decided on. */
	if (migsel_device_has_sent(ms->net, snap, skb, family))
		return NF_ACCEPT;

	if (sk) {
		query->bound_device = cache_key ? cache_key->bound_if :
						  READ_ONCE(sk->sk_bound_dev_if);
		if (sk_fullsock(sk) && sk_is_inet(sk))
			e.sk = sk;
	}
	e.kept = e.sk && sk_keeps(sk, e.plain);
	query->not_unicast = !migsel_route_is_unicast(e.plain, family,
						      migsel_daddr(skb, family)) ||
			     (family == MIGSEL_INET6 && skb_is_ndisc(skb));
	/* The binding is dear to find, and no other packet reaches the row that asks. */
	if (path->class == MIGSEL_CLASS_HOT && snap->rule.n_migration > 1)
		query->bound_vmk = egress_bound_vmk(&e);
	return egress_act(&e);
}
