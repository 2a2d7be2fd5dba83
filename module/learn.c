// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives sockets the routes that they keep, and tells TCP when the MTU of its route by a
 * vmk has changed.
 *
 * TCP reads the route of a socket without RCU while a user has the socket locked, so the
 * route must not be changed then. Such a socket is left in a ring, and a work item looks
 * whether it is free.
 */

#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/dst.h>
#include <net/inet_connection_sock.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "learn.h"
#include "migsel.h"
#include "route.h"
#include "sender.h"
#include "size.h"
#include "snap.h"

#define N_WAITING	16
/* A socket waits no longer: by then TCP retransmits by itself, and learns. */
#define WAITING_AGE	TCP_RTO_MIN

/**
 * struct waiting - a socket of TCP that could not be told, as a user had it locked
 * @sk: the socket, held
 * @key: its packet that was too big
 * @since: when, in jiffies
 */
struct waiting {
	struct sock *sk;
	struct migsel_flow_key key;
	unsigned long since;
};

/**
 * struct migsel_learners - sockets that are to be told
 * @lock: guards @ring, @head and @n; bottom halves off
 * @ms: migsel in the namespace
 * @work: tells them
 * @head: the oldest
 * @n: how many there are
 * @ring: the sockets
 */
struct migsel_learners {
	spinlock_t lock; /* the ring */
	struct migsel_net *ms;
	struct delayed_work work;
	unsigned int head;
	unsigned int n;
	struct waiting ring[N_WAITING];
};

/**
 * migsel_sk_has_tuple - whether a socket is the one end of a packet's flow
 * @sk: the socket
 * @key: the packet
 *
 * Return: true if it is.
 */
bool migsel_sk_has_tuple(const struct sock *sk,
			 const struct migsel_flow_key *key)
{
	const struct inet_sock *inet = inet_sk(sk);

	if (key->proto != sk->sk_protocol ||
	    key->sport != inet->inet_sport || key->dport != inet->inet_dport)
		return false;
	if (key->family == MIGSEL_INET)
		return key->daddr.s6_addr32[3] == inet->inet_daddr &&
		       key->saddr.s6_addr32[3] == inet->inet_saddr;
#if IS_ENABLED(CONFIG_IPV6)
	return sk->sk_family == AF_INET6 &&
	       ipv6_addr_equal(&key->daddr, &sk->sk_v6_daddr) &&
	       ipv6_addr_equal(&key->saddr, &inet6_sk(sk)->saddr);
#else
	return false;
#endif
}

/**
 * migsel_sk_tags - whether a socket gives its packets the tag that a packet has
 * @snap: the configuration
 * @sk: the socket
 * @mark: the packet's mark
 *
 * Return: true if it does.
 */
bool migsel_sk_tags(const struct migsel_snap *snap, const struct sock *sk,
		    u32 mark)
{
	enum migsel_class class = migsel_class(&snap->tag,
					       READ_ONCE(sk->sk_mark));

	return class != MIGSEL_CLASS_NONE &&
	       class == migsel_class(&snap->tag, mark);
}

static void sk_set_cookie(struct sock *sk, const struct dst_entry *dst,
			  enum migsel_family family)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (family == MIGSEL_INET6)
		WRITE_ONCE(inet6_sk(sk)->dst_cookie,
			   rt6_get_cookie(dst_rt6_info(dst)));
#endif
}

/**
 * migsel_keep - let a socket keep a route
 * @sk: the socket, one end of the flow; of TCP: locked, and not by a user elsewhere
 * @old: the route that it keeps now
 * @route: the route that it is to keep
 * @key: a packet of the flow
 *
 * UDP sends without the socket lock. This races with connect() and with other senders: the
 * route is kept only if the socket still has the old one, and dropped again if it has
 * another destination by then.
 *
 * Context: under rcu_read_lock().
 */
void migsel_keep(struct sock *sk, struct dst_entry *old,
		 struct dst_entry *route, const struct migsel_flow_key *key)
{
	struct dst_entry **cache =
		(__force struct dst_entry **)&sk->sk_dst_cache;

	dst_hold(route);
	if (sk_is_tcp(sk)) {
		sk_set_cookie(sk, route, key->family);
		sk_setup_caps(sk, route);
		return;
	}
	if (!try_cmpxchg(cache, &old, route)) {
		dst_release(route);
		return;
	}
	dst_release(old);
	sk_set_cookie(sk, route, key->family);
	if (!migsel_sk_has_tuple(sk, key))
		sk_dst_reset(sk);
}

/*
 * Let TCP cut its segments for the new MTU and send again what was lost. The MTU that is
 * told here is one for which the kernel changes no route: IPv4 ignores one that is larger
 * than what it knows, IPv6 one that is too small to be legal.
 */
static void tcp_reduce(struct sock *sk, enum migsel_family family)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_pmtu_cookie = IP_MAX_MTU + 1;
	WRITE_ONCE(tcp_sk(sk)->mtu_info, family == MIGSEL_INET ?
					 IP_MAX_MTU : IPV6_MIN_MTU - 1);
	icsk->icsk_af_ops->mtu_reduced(sk);
}

static void tcp_learn(struct migsel_net *ms, const struct migsel_flow_key *key,
		      struct sock *sk)
{
	const struct migsel_snap *snap = rcu_dereference(ms->snap);
	struct tcp_sock *tp = tcp_sk(sk);
	u16 announced = tp->rx_opt.mss_clamp;
	struct dst_entry *old, *dst;
	bool keep;

	if (!snap || !sk_is_tcp_flow(sk))
		return;
	dst = migsel_route_lookup(ms->net, key, sk);
	if (IS_ERR(dst))
		return;

	old = __sk_dst_get(sk);
	keep = migsel_sk_tags(snap, sk, key->mark) && !dst_xfrm(dst) &&
	       !(old && dst_xfrm(old));
	if (keep)
		migsel_keep(sk, old, dst, key);
	/* What cannot be cut smaller would be sent again, be too big again, and so on. */
	if (migsel_tcp_cuts(ms->net, key->family, dst_mtu(dst))) {
		migsel_tcp_limit(sk, dst_mtu(dst));
		tcp_reduce(sk, key->family);
	}
	if (keep) {
		/* The socket has a route that tells the MTU, also when it grows again. */
		tp->rx_opt.mss_clamp = announced;
		if (__sk_dst_get(sk) != dst)
			migsel_keep(sk, __sk_dst_get(sk), dst, key);
	}
	dst_release(dst);
}

/* Returns false if a user has the socket locked. */
static bool tcp_try(struct migsel_net *ms, const struct migsel_flow_key *key,
		    struct sock *sk)
{
	bool done;

	local_bh_disable();
	bh_lock_sock(sk);
	done = !sock_owned_by_user(sk);
	if (done)
		tcp_learn(ms, key, sk);
	bh_unlock_sock(sk);
	local_bh_enable();
	return done;
}

static struct waiting *waiting_of(struct migsel_learners *learners,
				  const struct sock *sk)
{
	unsigned int i;

	for (i = 0; i < learners->n; i++) {
		struct waiting *w = &learners->ring[(learners->head + i) % N_WAITING];

		if (w->sk == sk)
			return w;
	}
	return NULL;
}

static bool waiting_push(struct migsel_learners *learners, const struct waiting *w)
{
	bool pushed = false;

	spin_lock_bh(&learners->lock);
	if (learners->n < N_WAITING && !waiting_of(learners, w->sk)) {
		learners->ring[(learners->head + learners->n++) % N_WAITING] = *w;
		pushed = true;
	}
	spin_unlock_bh(&learners->lock);
	return pushed;
}

static bool waiting_pop(struct migsel_learners *learners, struct waiting *w)
{
	bool popped;

	spin_lock_bh(&learners->lock);
	popped = learners->n;
	if (popped) {
		*w = learners->ring[learners->head];
		learners->head = (learners->head + 1) % N_WAITING;
		learners->n--;
	}
	spin_unlock_bh(&learners->lock);
	return popped;
}

static void waiting_work(struct work_struct *work)
{
	struct migsel_learners *learners = container_of(to_delayed_work(work),
						struct migsel_learners, work);
	unsigned int n = READ_ONCE(learners->n);
	struct waiting w;

	while (n-- && waiting_pop(learners, &w)) {
		bool done;

		rcu_read_lock();
		done = tcp_try(learners->ms, &w.key, w.sk);
		rcu_read_unlock();
		if (done || time_after(jiffies, w.since + WAITING_AGE) ||
		    !waiting_push(learners, &w))
			sock_put(w.sk);
	}
	if (READ_ONCE(learners->n))
		schedule_delayed_work(&learners->work, 1);
}

/**
 * migsel_tcp_learn - let TCP learn what its route by a vmk takes now
 * @learners: sockets that are to be told
 * @key: a packet of its that was too big, and the device of the vmk
 * @sk: the socket; if the ring is full, TCP learns when it sends again by itself
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 */
void migsel_tcp_learn(struct migsel_learners *learners,
		      const struct migsel_flow_key *key, struct sock *sk)
{
	struct waiting w = {
		.sk = sk,
		.key = *key,
		.since = jiffies,
	};

	if (tcp_try(learners->ms, key, sk))
		return;
	sock_hold(sk);
	if (!waiting_push(learners, &w))
		sock_put(sk);
	schedule_delayed_work(&learners->work, 1);
}

/**
 * migsel_learners_alloc - an empty ring
 * @ms: migsel in a namespace
 *
 * Return: the ring, NULL without memory.
 */
struct migsel_learners *migsel_learners_alloc(struct migsel_net *ms)
{
	struct migsel_learners *learners;

	learners = kzalloc_obj(*learners, GFP_KERNEL_ACCOUNT);
	if (!learners)
		return NULL;
	spin_lock_init(&learners->lock);
	INIT_DELAYED_WORK(&learners->work, waiting_work);
	learners->ms = ms;
	return learners;
}

/**
 * migsel_learners_free - free a ring
 * @learners: the ring, which no hook uses any more, may be NULL
 *
 * Context: process, sleeps. Waits for no socket.
 */
void migsel_learners_free(struct migsel_learners *learners)
{
	struct waiting w;

	if (!learners)
		return;
	cancel_delayed_work_sync(&learners->work);
	while (waiting_pop(learners, &w))
		sock_put(w.sk);
	kfree(learners);
}
