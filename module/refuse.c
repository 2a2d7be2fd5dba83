// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells connect() that its packet was refused. TCP passes no error of a dropped
 * SYN on, so the socket is aborted. That takes the socket lock, which the hook
 * must not: it leaves the socket in a ring, from which a work item takes it.
 */

#include <linux/slab.h>
#include <linux/spinlock.h>
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
 * migsel_refusals_alloc - an empty ring
 *
 * Return: the ring, NULL without memory.
 */
struct migsel_refusals *migsel_refusals_alloc(void)
{
	struct migsel_refusals *refusals;

	refusals = kzalloc(sizeof(*refusals), GFP_KERNEL);
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
