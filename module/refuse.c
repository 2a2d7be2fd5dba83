// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells the sender that its packet was refused. TCP does not pass on the error of a
 * dropped SYN, but it takes an ICMP error that quotes the SYN. In the hook the socket is
 * locked, so the hook leaves it in a ring and a work item hands TCP the error. Other
 * sockets get the error from send(), and from their error queue if they have asked for
 * one.
 *
 * Nothing here waits for the lock of a socket, because a user can keep it for ever. TCP
 * ignores the error while a user has the lock. Such a socket is tried again, less and less
 * often, until TCP sends its next SYN anyway.
 */

#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/protocol.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "refuse.h"

#define RING_SIZE	256

/* The first is at once, the others after 1, 2, 4 ... 512 ms. */
#define MAX_TRIES	11

/**
 * struct refusal - a connection to fail
 * @sk: its socket, held
 * @seq: the sequence number of its SYN. TCP takes no error for one that was
 *	acknowledged, or that another connect() of the socket sent.
 * @due: when to try, in jiffies
 * @family: the family of its SYN
 * @tries: how often it was tried
 */
struct refusal {
	struct sock *sk;
	u32 seq;
	unsigned long due;
	u8 family;
	u8 tries;
};

/**
 * struct migsel_refusals - connections to fail
 * @lock: guards @ring, @head and @n; bottom halves off
 * @work: fails them
 * @head: the oldest
 * @n: how many there are
 * @n_busy: length of @busy
 * @ring: what the hook left
 * @busy: those whose lock a user had; only @work looks
 */
struct migsel_refusals {
	spinlock_t lock; /* the ring */
	struct delayed_work work;
	unsigned int head;
	unsigned int n;
	unsigned int n_busy;
	struct refusal ring[RING_SIZE];
	struct refusal busy[RING_SIZE];
};

struct inet_error {
	struct iphdr ip;
	struct icmphdr icmp;
	struct iphdr quoted;
	struct tcphdr syn;
};

struct inet6_error {
	struct ipv6hdr ip;
	struct icmp6hdr icmp;
	struct ipv6hdr quoted;
	struct tcphdr syn;
};

static void quote_syn(struct tcphdr *syn, const struct refusal *refusal)
{
	const struct inet_sock *inet = inet_sk(refusal->sk);

	syn->source = READ_ONCE(inet->inet_sport);
	syn->dest = READ_ONCE(inet->inet_dport);
	syn->seq = htonl(refusal->seq);
}

/*
 * Of the codes that mean EHOSTUNREACH, ICMP_PKT_FILTERED is one for which TCP does not
 * send the SYN again first. Without data TCP adds nothing to the error queue, because
 * connect() returns the error.
 */
static struct sk_buff *error_inet(const struct refusal *refusal)
{
	const struct inet_sock *inet = inet_sk(refusal->sk);
	struct inet_error *error;
	struct sk_buff *skb;

	skb = alloc_skb(sizeof(*error), GFP_KERNEL);
	if (!skb)
		return NULL;
	error = skb_put_zero(skb, sizeof(*error));
	error->icmp.type = ICMP_DEST_UNREACH;
	error->icmp.code = ICMP_PKT_FILTERED;
	error->quoted.ihl = sizeof(error->quoted) / 4;
	error->quoted.ttl = 255;
	error->quoted.saddr = READ_ONCE(inet->inet_rcv_saddr);
	error->quoted.daddr = READ_ONCE(inet->inet_daddr);
	quote_syn(&error->syn, refusal);

	skb_reset_network_header(skb);
	skb_set_transport_header(skb, offsetof(struct inet_error, icmp));
	skb_pull(skb, offsetof(struct inet_error, quoted));
	skb_trim(skb, 0);
	return skb;
}

static void tell_inet(struct sk_buff *skb)
{
	const struct net_protocol *tcp =
		rcu_dereference(inet_protos[IPPROTO_TCP]);

	if (tcp && tcp->err_handler)
		tcp->err_handler(skb, 0);
}

#if IS_ENABLED(CONFIG_IPV6)
static struct sk_buff *error_inet6(const struct refusal *refusal)
{
	struct inet6_error *error;
	struct sk_buff *skb;

	skb = alloc_skb(sizeof(*error), GFP_KERNEL);
	if (!skb)
		return NULL;
	error = skb_put_zero(skb, sizeof(*error));
	error->ip.hop_limit = 255;
	error->ip.saddr = refusal->sk->sk_v6_rcv_saddr;
	error->ip.daddr = refusal->sk->sk_v6_rcv_saddr;
	error->icmp.icmp6_type = ICMPV6_DEST_UNREACH;
	error->icmp.icmp6_code = ICMPV6_ADDR_UNREACH;
	error->quoted.saddr = refusal->sk->sk_v6_rcv_saddr;
	error->quoted.daddr = refusal->sk->sk_v6_daddr;
	quote_syn(&error->syn, refusal);

	skb_reset_network_header(skb);
	skb_set_transport_header(skb, offsetof(struct inet6_error, icmp));
	skb_pull(skb, offsetof(struct inet6_error, quoted));
	return skb;
}

static void tell_inet6(struct sk_buff *skb)
{
	const struct inet6_protocol *tcp =
		rcu_dereference(inet6_protos[IPPROTO_TCP]);

	if (tcp && tcp->err_handler)
		tcp->err_handler(skb, IP6CB(skb), ICMPV6_DEST_UNREACH,
				 ICMPV6_ADDR_UNREACH, sizeof(struct ipv6hdr),
				 0);
}
#else
static struct sk_buff *error_inet6(const struct refusal *refusal)
{
	return NULL;
}

static void tell_inet6(struct sk_buff *skb)
{
}
#endif

/*
 * Hand TCP the error. This races with connect() in another thread, which may change the
 * addresses and ports that are read here: TCP looks for a socket that has them, and at
 * worst finds none. A namespace that is being removed has no loopback device any more.
 */
static void tell_tcp(const struct refusal *refusal)
{
	struct net *net = sock_net(refusal->sk);
	struct sk_buff *skb;

	skb = refusal->family == MIGSEL_INET ? error_inet(refusal) :
					       error_inet6(refusal);
	if (!skb)
		return;

	local_bh_disable();
	rcu_read_lock();
	if (check_net(net)) {
		skb->dev = net->loopback_dev;
		if (refusal->family == MIGSEL_INET)
			tell_inet(skb);
		else
			tell_inet6(skb);
	}
	rcu_read_unlock();
	local_bh_enable();
	consume_skb(skb);
}

/* Returns true if the socket need not be tried again, or was tried often enough. */
static bool refusal_try(struct refusal *refusal)
{
	struct sock *sk = refusal->sk;

	if (inet_sk_state_load(sk) == TCP_SYN_SENT &&
	    !sock_owned_by_user_nocheck(sk))
		tell_tcp(refusal);
	refusal->due = jiffies + msecs_to_jiffies(1 << refusal->tries);
	return inet_sk_state_load(sk) != TCP_SYN_SENT ||
	       ++refusal->tries == MAX_TRIES;
}

static bool refusals_pop(struct migsel_refusals *refusals,
			 struct refusal *refusal)
{
	bool found;

	spin_lock_bh(&refusals->lock);
	found = refusals->n;
	if (found) {
		*refusal = refusals->ring[refusals->head];
		refusals->head = (refusals->head + 1) % RING_SIZE;
		refusals->n--;
	}
	spin_unlock_bh(&refusals->lock);
	return found;
}

static void refusals_work(struct work_struct *work)
{
	struct migsel_refusals *refusals =
		container_of(work, struct migsel_refusals, work.work);
	unsigned long wait = MAX_JIFFY_OFFSET;
	unsigned int i, n_busy = 0;
	struct refusal refusal;

	for (i = 0; i < refusals->n_busy; i++) {
		struct refusal *busy = &refusals->busy[i];

		if (time_after_eq(jiffies, busy->due) && refusal_try(busy))
			sock_put(busy->sk);
		else
			refusals->busy[n_busy++] = *busy;
	}
	while (refusals_pop(refusals, &refusal)) {
		if (refusal_try(&refusal) || n_busy == RING_SIZE)
			sock_put(refusal.sk);
		else
			refusals->busy[n_busy++] = refusal;
	}
	refusals->n_busy = n_busy;

	for (i = 0; i < n_busy; i++) {
		unsigned long due = refusals->busy[i].due, now = jiffies;

		wait = min(wait, time_after(due, now) ? due - now : 0);
	}
	if (n_busy)
		queue_delayed_work(system_percpu_wq, &refusals->work, wait);
}

/**
 * migsel_refuse - let connect() fail with EHOSTUNREACH
 * @refusals: connections to fail
 * @sk: a TCP socket in SYN_SENT that sends its SYN
 * @family: the family of the SYN
 *
 * If there is no room, the next SYN is tried.
 *
 * Context: any but hard interrupt.
 */
void migsel_refuse(struct migsel_refusals *refusals, struct sock *sk,
		   enum migsel_family family)
{
	spin_lock_bh(&refusals->lock);
	if (refusals->n < RING_SIZE) {
		sock_hold(sk);
		refusals->ring[(refusals->head + refusals->n++) % RING_SIZE] =
			(struct refusal) {
				.sk = sk,
				.seq = tcp_sk(sk)->snd_una,
				.family = family,
			};
	}
	spin_unlock_bh(&refusals->lock);
	mod_delayed_work(system_percpu_wq, &refusals->work, 0);
}

/**
 * migsel_report - leave an error in the error queue of a sender
 * @sk: the sender, not of TCP
 * @skb: its packet
 * @err: the error, positive
 * @info: what belongs to it: the MTU in bytes, or 0
 *
 * The kernel does the same with a packet that it finds too big itself, and programs rely on
 * it: ping(8) reads the queue and ignores what sendto() returns. Only sockets with
 * IP_RECVERR or IPV6_RECVERR have such a queue; it is bounded by their receive buffer.
 *
 * Context: any but hard interrupt.
 */
void migsel_report(struct sock *sk, const struct sk_buff *skb, int err,
		   u32 info)
{
	bool v6 = skb->protocol == htons(ETH_P_IPV6);
	struct sock_exterr_skb *error;
	struct sk_buff *report;

	/* Through a tunnel the packet may be of another family than the socket. */
	if (v6 ? sk->sk_family != AF_INET6 || !inet6_test_bit(RECVERR6, sk) :
		 !inet_test_bit(RECVERR, sk))
		return;
	report = alloc_skb(sizeof(struct ipv6hdr), GFP_ATOMIC);
	if (!report)
		return;

	error = SKB_EXT_ERR(report);
	error->ee.ee_errno = err;
	error->ee.ee_info = info;
	error->ee.ee_origin = SO_EE_ORIGIN_LOCAL;
	error->port = inet_sk(sk)->inet_dport;
	skb_reset_network_header(report);
	if (v6) {
		report->protocol = skb->protocol;
		error->addr_offset = offsetof(struct ipv6hdr, daddr);
		skb_put_data(report, ipv6_hdr(skb), sizeof(struct ipv6hdr));
	} else {
		error->addr_offset = offsetof(struct iphdr, daddr);
		skb_put_data(report, ip_hdr(skb), sizeof(struct iphdr));
	}
	__skb_pull(report, report->len);
	skb_reset_transport_header(report);
	if (sock_queue_err_skb(sk, report))
		kfree_skb(report);
}

/**
 * migsel_refusals_alloc - an empty ring
 *
 * Return: the ring, NULL without memory.
 */
struct migsel_refusals *migsel_refusals_alloc(void)
{
	struct migsel_refusals *refusals;

	refusals = kvzalloc_obj(*refusals, GFP_KERNEL_ACCOUNT);
	if (!refusals)
		return NULL;
	spin_lock_init(&refusals->lock);
	INIT_DELAYED_WORK(&refusals->work, refusals_work);
	return refusals;
}

/**
 * migsel_refusals_free - drop what is left and free a ring
 * @refusals: the ring, which no hook uses any more, may be NULL
 *
 * A sender that was not told sends another SYN, which may be refused again.
 *
 * Context: process, sleeps, waits for no socket.
 */
void migsel_refusals_free(struct migsel_refusals *refusals)
{
	struct refusal refusal;
	unsigned int i;

	if (!refusals)
		return;
	cancel_delayed_work_sync(&refusals->work);
	while (refusals_pop(refusals, &refusal))
		sock_put(refusal.sk);
	for (i = 0; i < refusals->n_busy; i++)
		sock_put(refusals->busy[i].sk);
	kvfree(refusals);
}
