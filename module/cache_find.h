/* SPDX-License-Identifier: GPL-2.0-only */
/* How the verdict on a packet is found again: compiled into the packet path. */

#ifndef _MIGSEL_CACHE_FIND_H
#define _MIGSEL_CACHE_FIND_H

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/local_lock.h>
#include <linux/seqlock.h>
#include <net/dst.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "cache.h"
#include "migsel.h"
#include "route.h"
#include "sender.h"
#include "snap.h"

#define CACHE_SETS	64
#define CACHE_WAYS	4
#define CACHE_SLOTS	(CACHE_SETS * CACHE_WAYS)
/* With more of them in one grace period, no further verdict is remembered. */
#define MOST_RETIRED	128

/**
 * union addrs - the addresses of a packet, as they are in its header
 * @inet: IPv4
 * @inet6: IPv6
 */
union addrs {
	struct {
		__be32 saddr;
		__be32 daddr;
	} inet;
	struct {
		struct in6_addr saddr;
		struct in6_addr daddr;
	} inet6;
};

/**
 * struct cache_slot - a remembered verdict
 * @key: the packets that it is on
 * @addrs: their addresses
 * @snap_id: of the configuration that it follows from, 0 if the slot is free
 * @tick: when it was decided, in jiffies
 * @hash: of @key and @addrs; most slots that are not it can be told by that
 * @cookie: tells whether an IPv6 route is still valid
 * @fib: without a route, the state of the FIB that the verdict follows from
 * @family: the family of the packets
 * @lacking: no route was found
 * @sure: without a route, it was looked for once more
 * @cached: the verdict, unless @lacking; its route is held. Routes let go of their device
 *	by themselves when it is unregistered
 */
struct cache_slot {
	struct migsel_cache_key key;
	union addrs addrs;
	u64 snap_id;
	unsigned long tick;
	u32 hash;
	u32 cookie;
	int fib;
	u8 family;
	bool lacking;
	bool sure;
	struct migsel_cached cached;
};

/**
 * struct retired - a route that is in no slot any more
 * @dst: the route, held
 * @gp: the grace period after which nobody looks at it
 */
struct retired {
	struct dst_entry *dst;
	unsigned long gp;
};

/**
 * struct migsel_cache - the verdicts, on one CPU
 * @lock: for who writes, inside bottom halves that are off. On PREEMPT_RT these do not keep
 *	a sender from being preempted by another one on its CPU
 * @seq: odd while @slots are written to. Who only reads takes no lock, and does not wait: a
 *	verdict that is being replaced is not known. It is read and written by the raw
 *	calls for PREEMPT_RT, where a writer may be preempted
 * @slots: the verdicts, those with one hash side by side
 * @by_cookie: the last slot of a connection, by the low bits of its socket's cookie
 * @first: the route in @retired that was retired first
 * @n_retired: how many there are
 * @retired: the FIB frees its routes without a grace period once nobody has a reference:
 *	so who reads a slot may look at its route, which is let go of one grace period later
 */
struct migsel_cache {
	local_lock_t lock;
	seqcount_t seq;
	struct cache_slot slots[CACHE_SLOTS];
	u8 by_cookie[CACHE_SLOTS];
	unsigned int first;
	unsigned int n_retired;
	struct retired retired[MOST_RETIRED];
};

/*
 * A connection is a flow, whoever else has its addresses and ports: another socket on the
 * same port, or one that has been closed.
 */
static u64 key_cookie(const struct sock *sk)
{
	bool connected = sk->sk_protocol == IPPROTO_TCP ?
			 sk->sk_type == SOCK_STREAM :
			 sk->sk_protocol == IPPROTO_UDP &&
			 sk->sk_type == SOCK_DGRAM &&
			 sk->sk_state == TCP_ESTABLISHED;

	return connected ? atomic64_read(&sk->sk_cookie) : 0;
}

static __always_inline const union addrs *skb_addrs(const struct sk_buff *skb,
						    enum migsel_family family)
{
	return family == MIGSEL_INET ? (const void *)&ip_hdr(skb)->saddr :
				       (const void *)&ipv6_hdr(skb)->saddr;
}

/* Fill in what the verdict on a packet depends on. False if it may depend on more. */
static __always_inline bool key_fill(struct migsel_cache_key *key,
				     const struct sk_buff *skb,
				     enum migsel_family family,
				     const struct sock *sk)
{
	const union addrs *addrs = skb_addrs(skb, family);
	bool is_inet = family == MIGSEL_INET;
	const void *bound, *ports;

	if (is_inet) {
		key->proto = ip_hdr(skb)->protocol;
		ports = ip_hdr(skb) + 1;
	} else {
		key->proto = ipv6_hdr(skb)->nexthdr;
		ports = ipv6_hdr(skb) + 1;
	}
	key->flowinfo = migsel_flowinfo(skb, family);
	key->mark = skb->mark;
	key->uid = sock_net_uid(NULL, sk);
	key->bound_if = READ_ONCE(sk->sk_bound_dev_if);
	key->cookie = key_cookie(sk);
	key->ports = 0;
	if (migsel_proto_has_ports(key->proto)) {
		if (ports + sizeof(key->ports) > (void *)skb_tail_pointer(skb))
			return false;
		key->ports = *(const __be32 *)ports;
	}
	bound = migsel_bound_addr(sk, skb, family);
	key->bound = bound;
	if (!bound)
		return true;
	return is_inet ? *(const __be32 *)bound == addrs->inet.saddr :
			 ipv6_addr_equal(bound, &addrs->inet6.saddr);
}

/* Subnet and host are often the same number, which is not to cancel out. */
static __always_inline u32 addr_fold(const struct in6_addr *addr)
{
	const u32 *words = (__force const u32 *)addr->s6_addr32;

	return words[0] ^ words[1] * GOLDEN_RATIO_32 ^ words[2] ^ words[3];
}

static __always_inline u32 key_hash(const struct migsel_cache_key *key,
				    const union addrs *addrs,
				    enum migsel_family family)
{
	u32 to, from;

	if (family == MIGSEL_INET) {
		to = (__force u32)addrs->inet.daddr;
		from = (__force u32)addrs->inet.saddr;
	} else {
		to = addr_fold(&addrs->inet6.daddr);
		from = addr_fold(&addrs->inet6.saddr);
	}
	return hash_64((u64)(to ^ key->mark) << 32 |
		       (from ^ (__force u32)key->ports), 32);
}

static __always_inline bool addrs_equal(const union addrs *a,
					const union addrs *b,
					enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return a->inet.daddr == b->inet.daddr &&
		       a->inet.saddr == b->inet.saddr;
	return ipv6_addr_equal(&a->inet6.daddr, &b->inet6.daddr) &&
	       ipv6_addr_equal(&a->inet6.saddr, &b->inet6.saddr);
}

static __always_inline bool slot_is_for(const struct cache_slot *slot,
					const struct migsel_cache_key *key,
					const union addrs *addrs,
					enum migsel_family family)
{
	return slot->family == family &&
	       addrs_equal(&slot->addrs, addrs, family) &&
	       slot->key.ports == key->ports && slot->key.mark == key->mark &&
	       uid_eq(slot->key.uid, key->uid) &&
	       slot->key.bound_if == key->bound_if &&
	       slot->key.flowinfo == key->flowinfo &&
	       slot->key.proto == key->proto &&
	       slot->key.bound == key->bound &&
	       slot->key.cookie == key->cookie;
}

/* The set for a hash in the cache of a CPU. */
static __always_inline struct cache_slot *cache_set(struct migsel_cache *cache,
						    u32 hash)
{
	return &cache->slots[(hash >> (32 - ilog2(CACHE_SETS))) * CACHE_WAYS];
}

/* The slot of a packet in its set, NULL if it has none. */
static __always_inline struct cache_slot *
slot_find(struct cache_slot *set, u32 hash, const struct migsel_cache_key *key,
	  const union addrs *addrs, enum migsel_family family)
{
	int i;

	for (i = 0; i < CACHE_WAYS; i++)
		if (set[i].hash == hash &&
		    slot_is_for(&set[i], key, addrs, family))
			return &set[i];
	return NULL;
}

/*
 * What a slot says, unless that is out of date, or was written to since @seq. It may be
 * about other packets then.
 */
static __always_inline bool
slot_read(struct migsel_net *ms, const struct migsel_cache *cache,
	  unsigned int seq, const struct cache_slot *slot,
	  const struct migsel_snap *snap, const struct sk_buff *skb,
	  enum migsel_family family, struct migsel_cached *cached)
{
	u32 cookie;

	if (slot->snap_id != snap->id || slot->lacking ||
	    time_after_eq(jiffies, slot->tick + HZ))
		return false;
	if (!slot->cached.dst &&
	    slot->fib != migsel_route_genid(ms->net, family))
		return false;
	*cached = slot->cached;
	cookie = slot->cookie;
	if (read_seqcount_retry(&cache->seq, seq))
		return false;
	if (!cached->dst)
		return true;
	if (cached->dst != skb_dst(skb))
		return dst_check(cached->dst, cookie);
	/*
	 * The sender has seen that the route of its packet is valid. An IPv6 route stays the
	 * same when the rules of the FIB change, by which the device may have another one.
	 */
	if (family == MIGSEL_INET6 && !dst_check(cached->dst, cookie))
		return false;
	cached->dst = NULL;
	return true;
}

/**
 * migsel_cache_get - what is remembered of packets like one
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @skb: the packet, in the hook
 * @family: its family
 * @sk: its sender, whose plain packet it is
 * @cached: where to put it
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: true if the verdict is in @cached, false if the packet has to be decided on.
 */
static __always_inline bool
migsel_cache_get(struct migsel_net *ms, const struct migsel_snap *snap,
		 const struct sk_buff *skb, enum migsel_family family,
		 const struct sock *sk, struct migsel_cached *cached)
{
	/* Whichever CPU this goes on: its cache will do. */
	struct migsel_cache *cache = raw_cpu_ptr(ms->cache);
	const union addrs *addrs = skb_addrs(skb, family);
	const struct cache_slot *slot;
	struct migsel_cache_key key;
	unsigned int seq;
	u32 hash;

	if (!key_fill(&key, skb, family, sk))
		return false;
	hash = key_hash(&key, addrs, family);
	seq = raw_seqcount_begin(&cache->seq);
	slot = slot_find(cache_set(cache, hash), hash, &key, addrs, family);
	return slot && slot_read(ms, cache, seq, slot, snap, skb, family, cached);
}

/**
 * migsel_cache_get_connection - what is remembered of the packets of a connection
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @skb: a packet, in the hook
 * @family: its family
 * @sk: its sender, which is not bound to a device
 * @cached: where to put it
 *
 * The same as migsel_cache_get(), but it finds only what was remembered last of a
 * connection, and asks for less.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: true if the verdict is in @cached, false if it has to be looked for.
 */
static __always_inline bool
migsel_cache_get_connection(struct migsel_net *ms,
			    const struct migsel_snap *snap,
			    const struct sk_buff *skb,
			    enum migsel_family family, const struct sock *sk,
			    struct migsel_cached *cached)
{
	const struct migsel_cache *cache = raw_cpu_ptr(ms->cache);
	u64 cookie = atomic64_read(&sk->sk_cookie);
	const struct cache_slot *slot =
		&cache->slots[READ_ONCE(cache->by_cookie[cookie % CACHE_SLOTS])];
	unsigned int seq = raw_seqcount_begin(&cache->seq);

	/* No other socket than one of TCP or UDP has a slot so. */
	return cookie && slot->key.cookie == cookie &&
	       slot->family == family &&
	       addrs_equal(&slot->addrs, skb_addrs(skb, family), family) &&
	       slot->key.ports == *(__be32 *)skb_transport_header(skb) &&
	       slot->key.mark == skb->mark &&
	       slot->key.flowinfo == migsel_flowinfo(skb, family) &&
	       uid_eq(slot->key.uid, sock_net_uid(NULL, sk)) &&
	       !slot->key.bound_if &&
	       slot->key.bound == !!(sk->sk_userlocks & SOCK_BINDADDR_LOCK) &&
	       slot_read(ms, cache, seq, slot, snap, skb, family, cached);
}

#endif /* _MIGSEL_CACHE_FIND_H */
