// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts that are remembered for packets whose socket cannot keep a route.
 *
 * A verdict holds for all packets that are alike in what the rule and the FIB look at, as
 * long as configuration and route are valid, but for a second at most: then the packet is
 * decided on anew, so that others learn that the flow lives.
 */

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/local_lock.h>
#include <linux/seqlock.h>
#include <net/dst.h>
#include <net/inet_ecn.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ipv6.h>

#include "cache.h"
#include "migsel.h"
#include "route.h"
#include "sender.h"
#include "snap.h"

#define CACHE_SETS	64
#define CACHE_WAYS	4

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
 * @fib: without a route, the state of the FIB that had none
 * @family: the family of the packets
 * @lacking: no route was found
 * @sure: without a route, it was looked for once more
 * @cached: the verdict, unless @lacking; its route is held, or NULL if it needs none.
 *	Routes let go of their device by themselves when it is unregistered
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
 * struct migsel_cache - the verdicts, on one CPU
 * @lock: for who writes to @slots or takes a route from one, inside bottom halves that are
 *	off. On PREEMPT_RT these do not keep a sender from being preempted by another one
 *	on its CPU.
 * @seq: odd while @slots are written to. Who only reads takes no lock, and does not wait: a
 *	verdict that is being replaced is not known. It is read and written by the raw
 *	calls for PREEMPT_RT, where a writer may be preempted
 * @slots: the verdicts, those with one hash side by side
 */
struct migsel_cache {
	local_lock_t lock;
	seqcount_t seq;
	struct cache_slot slots[CACHE_SETS * CACHE_WAYS];
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
		key->flowinfo = (__force __be32)(ip_hdr(skb)->tos & ~INET_ECN_MASK);
		key->proto = ip_hdr(skb)->protocol;
		ports = ip_hdr(skb) + 1;
	} else {
		key->flowinfo = ip6_flowinfo(ipv6_hdr(skb)) &
				~htonl(INET_ECN_MASK << 20);
		key->proto = ipv6_hdr(skb)->nexthdr;
		ports = ipv6_hdr(skb) + 1;
	}
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
 * Whether there was no route in this state of the FIB and within this tick. The tick is
 * for IPv6, which counts a change before it makes it: a lookup that races with the change
 * may see the new count and yet no route.
 */
static bool slot_lacks(const struct cache_slot *slot,
		       const struct migsel_snap *snap, int fib)
{
	return slot->snap_id == snap->id && slot->lacking && slot->fib == fib &&
	       time_in_range(jiffies, slot->tick, slot->tick);
}

/* The slot for a new key: the one whose verdict is the oldest goes. */
static struct cache_slot *slot_victim(struct cache_slot *set,
				      const struct migsel_snap *snap)
{
	struct cache_slot *oldest = set;
	int i;

	for (i = 0; i < CACHE_WAYS; i++) {
		if (set[i].snap_id != snap->id)
			return &set[i];
		if (time_before(set[i].tick, oldest->tick))
			oldest = &set[i];
	}
	return oldest;
}

/* This CPU's cache, whose routes stay where they are. */
static __always_inline struct migsel_cache *cache_lock(struct migsel_net *ms)
{
	local_bh_disable();
	local_lock_nested_bh(&ms->cache->lock);
	return this_cpu_ptr(ms->cache);
}

static __always_inline void cache_unlock(struct migsel_net *ms)
{
	local_unlock_nested_bh(&ms->cache->lock);
	local_bh_enable();
}

/*
 * Get a reference to the route of a slot for a packet that has another one. The FIB frees
 * its routes without a grace period once nobody has a reference, so a route may be looked
 * at only while the slot is sure to have its own. False if the slot was written to since
 * @seq, belongs to another CPU, or the route does not hold any more.
 */
static __always_inline bool
slot_route(struct migsel_net *ms, const struct migsel_cache *cache,
	   unsigned int seq, const struct cache_slot *slot,
	   struct migsel_cached *cached)
{
	struct dst_entry *dst = slot->cached.dst;
	bool valid;

	valid = cache_lock(ms) == cache &&
		!read_seqcount_retry(&cache->seq, seq) &&
		dst_check(dst, slot->cookie);
	if (valid && cached->verdict == MIGSEL_VERDICT_STEER) {
		dst_clone(dst);
		cached->dst = dst;
	}
	cache_unlock(ms);
	return valid;
}

static __always_inline bool
cache_get(struct migsel_net *ms, const struct migsel_snap *snap,
	  const struct sk_buff *skb, enum migsel_family family,
	  const struct sock *sk, struct migsel_cached *cached)
{
	/* Whichever CPU this goes on: its cache will do. */
	struct migsel_cache *cache = raw_cpu_ptr(ms->cache);
	const union addrs *addrs = skb_addrs(skb, family);
	const struct cache_slot *slot;
	struct migsel_cache_key key;
	struct dst_entry *dst;
	unsigned int seq;
	u32 hash;

	if (!key_fill(&key, skb, family, sk))
		return false;
	hash = key_hash(&key, addrs, family);
	seq = raw_seqcount_begin(&cache->seq);
	slot = slot_find(cache_set(cache, hash), hash, &key, addrs, family);
	if (!slot || slot->snap_id != snap->id || slot->lacking ||
	    time_after_eq(jiffies, slot->tick + HZ))
		return false;
	dst = READ_ONCE(slot->cached.dst);
	cached->vmk = slot->cached.vmk;
	cached->reason = slot->cached.reason;
	cached->verdict = slot->cached.verdict;
	cached->bypasses = slot->cached.bypasses;
	cached->audience = slot->cached.audience;
	cached->dst = NULL;
	if (dst && dst != skb_dst(skb))
		return slot_route(ms, cache, seq, slot, cached);
	/*
	 * The sender has seen that the route of its packet is valid. An IPv6 route stays the
	 * same when the rules of the FIB change, by which the device may have another one.
	 */
	if (dst && family == MIGSEL_INET6 && !dst_check(dst, slot->cookie))
		return false;
	return !read_seqcount_retry(&cache->seq, seq);
}

/**
 * migsel_cache_key - what the verdict on a packet is remembered by
 * @key: where to put it
 * @skb: the packet, in the hook
 * @family: its family
 * @sk: its sender, whose plain packet it is
 *
 * Context: any but hard interrupt.
 * Return: false if the verdict may depend on more.
 */
bool migsel_cache_key(struct migsel_cache_key *key, const struct sk_buff *skb,
		      enum migsel_family family, const struct sock *sk)
{
	return key_fill(key, skb, family, sk);
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
bool migsel_cache_get(struct migsel_net *ms, const struct migsel_snap *snap,
		      const struct sk_buff *skb, enum migsel_family family,
		      const struct sock *sk, struct migsel_cached *cached)
{
	return family == MIGSEL_INET ?
	       cache_get(ms, snap, skb, MIGSEL_INET, sk, cached) :
	       cache_get(ms, snap, skb, MIGSEL_INET6, sk, cached);
}

/*
 * The slot that is to be written to for a packet. Where it has none it gets that of others,
 * with their route, which is to be let go of.
 */
static struct cache_slot *slot_claim(struct migsel_cache *here,
				     const struct migsel_snap *snap,
				     const struct migsel_cache_key *key,
				     const struct sk_buff *skb,
				     enum migsel_family family)
{
	const union addrs *addrs = skb_addrs(skb, family);
	u32 hash = key_hash(key, addrs, family);
	struct cache_slot *set = cache_set(here, hash), *slot;

	lockdep_assert_held(&here->lock);
	slot = slot_find(set, hash, key, addrs, family);
	if (slot)
		return slot;
	slot = slot_victim(set, snap);
	slot->key = *key;
	if (family == MIGSEL_INET)
		slot->addrs.inet = addrs->inet;
	else
		slot->addrs.inet6 = addrs->inet6;
	slot->family = family;
	slot->hash = hash;
	slot->snap_id = 0;
	return slot;
}

/**
 * migsel_cache_set - remember the verdict on a packet
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @key: what it is remembered by
 * @skb: the packet
 * @family: its family
 * @cached: the verdict
 *
 * A route that carries a transform belongs to one packet and is not kept.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 */
void migsel_cache_set(struct migsel_net *ms, const struct migsel_snap *snap,
		      const struct migsel_cache_key *key,
		      const struct sk_buff *skb, enum migsel_family family,
		      const struct migsel_cached *cached)
{
	struct migsel_cache *here;
	struct cache_slot *slot;
	struct dst_entry *old;

	if (cached->dst && dst_xfrm(cached->dst))
		return;
	dst_clone(cached->dst);
	here = cache_lock(ms);
	raw_write_seqcount_begin(&here->seq);
	slot = slot_claim(here, snap, key, skb, family);
	old = slot->cached.dst;
	slot->snap_id = snap->id;
	slot->cookie = cached->dst && family == MIGSEL_INET6 ?
		       rt6_get_cookie(dst_rt6_info(cached->dst)) : 0;
	slot->tick = jiffies;
	slot->lacking = false;
	slot->cached = *cached;
	raw_write_seqcount_end(&here->seq);
	cache_unlock(ms);
	dst_release(old);
}

/**
 * migsel_cache_lacks - whether no candidate of a packet has a route
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @key: what it is remembered by
 * @skb: the packet
 * @family: its family
 * @fib: the state of its family's FIB
 *
 * Context: under rcu_read_lock(), any but hard interrupt. Takes no lock.
 * Return: true if that is remembered.
 */
bool migsel_cache_lacks(struct migsel_net *ms, const struct migsel_snap *snap,
			const struct migsel_cache_key *key,
			const struct sk_buff *skb, enum migsel_family family,
			int fib)
{
	struct migsel_cache *cache = raw_cpu_ptr(ms->cache);
	unsigned int seq = raw_seqcount_begin(&cache->seq);
	const union addrs *addrs = skb_addrs(skb, family);
	u32 hash = key_hash(key, addrs, family);
	const struct cache_slot *slot;

	slot = slot_find(cache_set(cache, hash), hash, key, addrs, family);
	return slot && slot->sure && slot_lacks(slot, snap, fib) &&
	       !read_seqcount_retry(&cache->seq, seq);
}

/**
 * migsel_cache_lack - remember that no candidate of a packet has a route
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @key: what it is remembered by
 * @skb: the packet
 * @family: its family
 * @fib: the state of the FIB, from before the route was looked for
 *
 * IPv6 also finds none for lack of memory. So it is believed once it was found twice.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 */
void migsel_cache_lack(struct migsel_net *ms, const struct migsel_snap *snap,
		       const struct migsel_cache_key *key,
		       const struct sk_buff *skb, enum migsel_family family,
		       int fib)
{
	struct migsel_cache *here;
	struct cache_slot *slot;
	struct dst_entry *old;

	here = cache_lock(ms);
	raw_write_seqcount_begin(&here->seq);
	slot = slot_claim(here, snap, key, skb, family);
	slot->sure = slot_lacks(slot, snap, fib);
	old = slot->cached.dst;
	slot->snap_id = snap->id;
	slot->fib = fib;
	slot->tick = jiffies;
	slot->lacking = true;
	slot->cached.dst = NULL;
	raw_write_seqcount_end(&here->seq);
	cache_unlock(ms);
	dst_release(old);
}

/**
 * migsel_cache_alloc - an empty cache
 *
 * Return: the cache, NULL without memory.
 */
struct migsel_cache __percpu *migsel_cache_alloc(void)
{
	struct migsel_cache __percpu *cache;
	int cpu;

	BUILD_BUG_ON(sizeof(*cache) > PCPU_MIN_UNIT_SIZE);

	cache = alloc_percpu_gfp(struct migsel_cache, GFP_KERNEL_ACCOUNT);
	if (!cache)
		return NULL;
	for_each_possible_cpu(cpu) {
		local_lock_init(&per_cpu_ptr(cache, cpu)->lock);
		seqcount_init(&per_cpu_ptr(cache, cpu)->seq);
	}
	return cache;
}

/**
 * migsel_cache_free - free a cache and let go of its routes
 * @cache: the cache, which no hook uses any more, may be NULL
 */
void migsel_cache_free(struct migsel_cache __percpu *cache)
{
	int cpu, i;

	if (!cache)
		return;
	for_each_possible_cpu(cpu)
		for (i = 0; i < CACHE_SETS * CACHE_WAYS; i++)
			dst_release(per_cpu_ptr(cache, cpu)->slots[i].cached.dst);
	free_percpu(cache);
}
