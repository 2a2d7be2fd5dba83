// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells the sender that its packet was refused. TCP passes no error of a dropped
 * SYN on, so the socket is aborted. That takes the socket lock, which the hook
 * must not: it leaves the socket in a ring, from which a work item takes it.
 * Other sockets get the error from send(), and from their error queue if they
 * have asked for one.
 */

#include <linux/errqueue.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "migsel.h"

#define RING_SIZE	256

/**
 * struct migsel_refusals - connections to abort
 * @lock: guards @ring, @head and @n; bottom halves off
 * @work: aborts them
 * @head: the oldest
 * @n: how many there are
 * @ring: sockets, each held
 */
struct migsel_refusals {
	spinlock_t lock; /* the ring */
	struct work_struct work;
	unsigned int head;
	unsigned int n;
	struct sock *ring[RING_SIZE];
};

static struct sock *refusals_pop(struct migsel_refusals *refusals)
{
	struct sock *sk = NULL;

	spin_lock_bh(&refusals->lock);
	if (refusals->n) {
		sk = refusals->ring[refusals->head];
		refusals->head = (refusals->head + 1) % RING_SIZE;
		refusals->n--;
	}
	spin_unlock_bh(&refusals->lock);
	return sk;
}

static void refusals_work(struct work_struct *work)
{
	struct migsel_refusals *refusals =
		container_of(work, struct migsel_refusals, work);
	struct sock *sk;

	while ((sk = refusals_pop(refusals))) {
		if (inet_sk_state_load(sk) == TCP_SYN_SENT)
			tcp_abort(sk, EHOSTUNREACH);
		sock_put(sk);
	}
}

/**
 * migsel_refuse - let connect() fail with EHOSTUNREACH
 * @refusals: connections to abort
 * @sk: a TCP socket in SYN_SENT. If the ring is full, its next SYN is tried.
 *
 * Context: any but hard interrupt.
 */
void migsel_refuse(struct migsel_refusals *refusals, struct sock *sk)
{
	spin_lock_bh(&refusals->lock);
	if (refusals->n < RING_SIZE) {
		sock_hold(sk);
		refusals->ring[(refusals->head + refusals->n++) % RING_SIZE] =
			sk;
	}
	spin_unlock_bh(&refusals->lock);
	schedule_work(&refusals->work);
}

/**
 * migsel_refuse_report - leave EHOSTUNREACH in the error queue of a sender
 * @sk: the sender, not of TCP
 * @skb: its packet
 *
 * As the kernel does with what it finds too big itself. ping(8) is one that looks
 * there and keeps quiet about what sendto() says. Only sockets with IP_RECVERR or
 * IPV6_RECVERR have such a queue; it is bounded by their receive buffer.
 *
 * Context: any but hard interrupt.
 */
void migsel_refuse_report(struct sock *sk, const struct sk_buff *skb)
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
	error->ee.ee_errno = EHOSTUNREACH;
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

	refusals = kzalloc(sizeof(*refusals), GFP_KERNEL_ACCOUNT);
	if (!refusals)
		return NULL;
	spin_lock_init(&refusals->lock);
	INIT_WORK(&refusals->work, refusals_work);
	return refusals;
}

/**
 * migsel_refusals_free - abort what is left and free a ring
 * @refusals: the ring, which no hook uses any more, may be NULL
 *
 * Context: process, sleeps.
 */
void migsel_refusals_free(struct migsel_refusals *refusals)
{
	if (!refusals)
		return;
	flush_work(&refusals->work);
	kfree(refusals);
}
