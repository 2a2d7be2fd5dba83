/* SPDX-License-Identifier: GPL-2.0-only */
/* How the verdict on a packet is found again: compiled into the packet path. */

#ifndef _MIGSEL_CACHE_FIND_H
#define _MIGSEL_CACHE_FIND_H

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/local_lock.h>
#include <linux/seqlock.h>
#include <linux/time.h>
#include <net/dst.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp_states.h>

#include "cache.h"
#include "migsel.h"
#include "route.h"
#include "sender.h"
#include "snap.h"

#define CACHE_SETS	64
#define CACHE_WAYS	4
#define CACHE_SLOTS	(CACHE_SETS * CACHE_WAYS)
/* With more of them in one grace period, no further verdict is remembered. */
#define MOST_RETIRED	96

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
 * @tick: when it was decided, in jiffies, of which these are the lower 32 bits
 * @fib: the state of the FIB that the verdict follows from
 * @cookie: that of the entry of an IPv6 route
 * @lacking: no route was found
 * @sure: it was looked for once more, and again none was found
 * @cached: the verdict, unless @lacking; its route is held. Routes let go of their device
 *	by themselves when it is unregistered
 */
struct cache_slot {
	struct migsel_cache_key key;
	union addrs addrs;
	u64 snap_id;
	u32 tick;
	int fib;
	u32 cookie;
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
 * @first: the route in @retired that was retired first
 * @n_retired: how many there are
 * @retired: the FIB frees its routes without a grace period once nobody has a reference:
 *	so who reads a slot may look at its route, which is let go of one grace period later
 */
struct migsel_cache {
	local_lock_t lock;
	seqcount_t seq;
	struct cache_slot slots[CACHE_SLOTS];
	unsigned int first;
	unsigned int n_retired;
	struct retired retired[MOST_RETIRED];
};

static __always_inline const union addrs *skb_addrs(const struct sk_buff *skb,
						    enum migsel_family family)
{
	return family == MIGSEL_INET ? (const void *)&ip_hdr(skb)->saddr :
				       (const void *)&ipv6_hdr(skb)->saddr;
}

static __always_inline u8 skb_proto(const struct sk_buff *skb,
				    enum migsel_family family)
{
	return family == MIGSEL_INET ? ip_hdr(skb)->protocol :
				       ipv6_hdr(skb)->nexthdr;
}

/* Both ports of a packet without options, 0 if it has none. False if it is too short. */
static __always_inline bool skb_ports(const struct sk_buff *skb,
				      enum migsel_family family, __be32 *ports)
{
	const void *header = family == MIGSEL_INET ? (void *)(ip_hdr(skb) + 1) :
						     (void *)(ipv6_hdr(skb) + 1);

	*ports = 0;
	if (!migsel_proto_has_ports(skb_proto(skb, family)))
		return true;
	if (header + sizeof(*ports) > (void *)skb_tail_pointer(skb))
		return false;
	*ports = *(const __be32 *)header;
	return true;
}

/* Subnet and host are often the same number, which is not to cancel out. */
static __always_inline u32 addr_fold(const struct in6_addr *addr)
{
	const u32 *words = (__force const u32 *)addr->s6_addr32;

	return words[0] ^ words[1] * GOLDEN_RATIO_32 ^ words[2] ^ words[3];
}

static __always_inline u32 addrs_fold(const union addrs *addrs,
				      enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return (__force u32)(addrs->inet.daddr ^ addrs->inet.saddr);
	return addr_fold(&addrs->inet6.daddr) ^ addr_fold(&addrs->inet6.saddr);
}

/* The set for packets of a socket in the cache of a CPU. */
static __always_inline struct cache_slot *
cache_set(struct migsel_cache *cache, u64 cookie, u32 mark, __be32 ports,
	  const union addrs *addrs, enum migsel_family family)
{
	u32 high = addrs_fold(addrs, family) ^ (__force u32)ports ^ mark;
	u64 all = (u64)high << 32 ^ cookie;

	return &cache->slots[hash_64(all, ilog2(CACHE_SETS)) * CACHE_WAYS];
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

/* Whether an address, of a socket, is the source of its packet. */
static __always_inline bool is_source(const void *addr,
				      const union addrs *addrs,
				      enum migsel_family family)
{
	return family == MIGSEL_INET ?
	       *(const __be32 *)addr == addrs->inet.saddr :
	       ipv6_addr_equal(addr, &addrs->inet6.saddr);
}

/* Whether a packet goes where its socket is connected to. */
static __always_inline bool is_to_peer(__be32 ports, const union addrs *addrs,
				       enum migsel_family family,
				       const struct sock *sk)
{
	if (sk->sk_state != TCP_ESTABLISHED ||
	    ((const __be16 *)&ports)[1] != inet_sk(sk)->inet_dport)
		return false;
	if (family == MIGSEL_INET)
		return addrs->inet.daddr == inet_sk(sk)->inet_daddr;
#if IS_ENABLED(CONFIG_IPV6)
	return ipv6_addr_equal(&addrs->inet6.daddr, &sk->sk_v6_daddr);
#else
	return false;
#endif
}

/* Whether a slot of the socket of a packet is about packets like it. */
static __always_inline bool slot_is_of(const struct cache_slot *slot,
				       const struct sk_buff *skb,
				       enum migsel_family family, __be32 ports,
				       const struct sock *sk)
{
	const union addrs *addrs = skb_addrs(skb, family);
	const void *bound = migsel_bound_addr(sk, skb, family);

	return slot->key.family == family &&
	       addrs_equal(&slot->addrs, addrs, family) &&
	       slot->key.ports == ports &&
	       slot->key.proto == skb_proto(skb, family) &&
	       slot->key.mark == skb->mark &&
	       slot->key.flowinfo == migsel_flowinfo(skb, family) &&
	       uid_eq(slot->key.uid, sock_net_uid(NULL, sk)) &&
	       slot->key.bound_if == READ_ONCE(sk->sk_bound_dev_if) &&
	       slot->key.to_peer == is_to_peer(ports, addrs, family, sk) &&
	       (slot->key.bound ? bound && is_source(bound, addrs, family) :
				  !bound);
}

/*
 * What changes when the entry of an IPv6 route does, and when the FIB gives up a router that
 * does not answer: of that it keeps no count. 0 if the route has no entry any more.
 */
static __always_inline u32 rt6_entry_cookie(const struct rt6_info *rt)
{
	const struct fib6_info *entry = rcu_dereference(rt->from);
	u32 cookie = 0;

	if (entry && !fib6_check_expired(entry))
		fib6_get_cookie_safe(entry, &cookie);
	return cookie;
}

/*
 * What a slot says, unless that is out of date, or was written to since @seq. It may be
 * about other packets then.
 */
static __always_inline bool
slot_read(const struct migsel_path *path, const struct migsel_cache *cache,
	  unsigned int seq, const struct cache_slot *slot,
	  const struct sk_buff *skb, enum migsel_family family,
	  struct migsel_cached *cached)
{
	const struct dst_entry *plain = skb_dst(skb);
	u32 cookie;

	if (slot->snap_id != path->snap->id || slot->lacking ||
	    slot->fib != migsel_route_genid(path->ms->net, family) ||
	    (u32)jiffies - slot->tick >= HZ)
		return false;
	*cached = slot->cached;
	cookie = slot->cookie;
	if (read_seqcount_retry(&cache->seq, seq) ||
	    cached->plain_ifindex != dst_dev_rcu(plain)->ifindex)
		return false;
	/* A message may ask for a device, by which the destination is not one host. */
	if (family == MIGSEL_INET && dst_rtable(plain)->rt_type != RTN_UNICAST)
		return false;
	if (!cached->dst)
		return true;
	/* What is learned of a path may make its route void while the FIB stays the same. */
	if (READ_ONCE(cached->dst->obsolete) != DST_OBSOLETE_FORCE_CHK ||
	    (family == MIGSEL_INET6 &&
	     (!cookie || cookie != rt6_entry_cookie(dst_rt6_info(cached->dst)))))
		return false;
	if (cached->dst == plain)
		cached->dst = NULL;
	return true;
}

/**
 * migsel_cache_get - what is remembered of packets like one
 * @path: what the rule has settled for their kind
 * @skb: the packet, in the hook, without IPv4 options
 * @family: its family
 * @sk: its sender, a full socket. Only what is plain has been remembered
 * @cached: where to put it
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: true if the verdict is in @cached, false if the packet has to be decided on.
 */
static __always_inline bool
migsel_cache_get(const struct migsel_path *path, const struct sk_buff *skb,
		 enum migsel_family family, const struct sock *sk,
		 struct migsel_cached *cached)
{
	/* Whichever CPU this goes on: its cache will do. */
	struct migsel_cache *cache = raw_cpu_ptr(path->ms->cache);
	u64 cookie = atomic64_read(&sk->sk_cookie);
	const struct cache_slot *slot;
	unsigned int seq;
	__be32 ports;
	int i;

	if (!skb_ports(skb, family, &ports))
		return false;
	slot = cache_set(cache, cookie, skb->mark, ports,
			 skb_addrs(skb, family), family);
	seq = raw_seqcount_begin(&cache->seq);
	for (i = 0; i < CACHE_WAYS; i++, slot++)
		if (slot->key.cookie == cookie &&
		    slot_is_of(slot, skb, family, ports, sk))
			return slot_read(path, cache, seq, slot, skb, family,
					 cached);
	return false;
}

#endif /* _MIGSEL_CACHE_FIND_H */
