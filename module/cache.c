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
 * struct cache_slot - a remembered verdict
 * @key: the packets that it is on
 * @snap: the configuration that it follows from, NULL if the slot is free. Only compared:
 *	before a snapshot is freed, all routes are invalidated
 * @hash: of @key; most slots that are not it can be told by that
 * @cookie: tells whether an IPv6 route is still valid
 * @fib: without a route, the state of the FIB that had none
 * @tick: when it was decided, in jiffies
 * @lacking: no route was found
 * @sure: without a route, it was looked for once more
 * @cached: the verdict, unless @lacking; its route is held, or NULL if it needs none.
 *	Routes let go of their device by themselves when it is unregistered
 */
struct cache_slot {
	struct migsel_cache_key key;
	const struct migsel_snap *snap;
	u32 hash;
	u32 cookie;
	int fib;
	unsigned long tick;
	bool lacking;
	bool sure;
	struct migsel_cached cached;
};

/**
 * struct migsel_cache - the verdicts, on one CPU
 * @lock: guards @slots, inside bottom halves that are off. On PREEMPT_RT these
 *	do not keep a sender from being preempted by another one on its CPU.
 * @slots: the verdicts, those with one hash of their key side by side
 */
struct migsel_cache {
	local_lock_t lock;
	struct cache_slot slots[CACHE_SETS * CACHE_WAYS];
};

/* The policy of a socket may choose a transform by the route. */
static bool sk_has_policy(const struct sock *sk)
{
#ifdef CONFIG_XFRM
	return rcu_access_pointer(sk->sk_policy[0]) ||
	       rcu_access_pointer(sk->sk_policy[1]);
#else
	return false;
#endif
}

/* What the IPv4 header says. False if the ports are not where they are without options. */
static bool key_inet(struct migsel_cache_key *key, const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (iph->ihl != 5 || ip_is_fragment(iph) ||
	    IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED)
		return false;
	key->flowinfo = (__force __be32)(iph->tos & ~INET_ECN_MASK);
	key->proto = iph->protocol;
	key->inet.saddr = iph->saddr;
	key->inet.daddr = iph->daddr;
	return true;
}

/* What the IPv6 header says. Neighbour discovery is about the device it leaves by. */
static bool key_inet6(struct migsel_cache_key *key, const struct sk_buff *skb)
{
	const struct ipv6hdr *iph = ipv6_hdr(skb);

	if (ipv6_ext_hdr(iph->nexthdr) || iph->nexthdr == IPPROTO_ICMPV6 ||
	    IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED)
		return false;
	key->flowinfo = ip6_flowinfo(iph) & ~htonl(INET_ECN_MASK << 20);
	key->proto = iph->nexthdr;
	key->inet6.saddr = iph->saddr;
	key->inet6.daddr = iph->daddr;
	return true;
}

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

/* Fill in what the verdict on a packet depends on. False if it may depend on more. */
static bool key_fill(struct migsel_cache_key *key, const struct sk_buff *skb,
		     enum migsel_family family, const struct net *net,
		     const struct sock *sk)
{
	const void *bound, *ports = skb_network_header(skb);
	bool is_inet = family == MIGSEL_INET;

	if (!sk || sk != skb->sk || !sk_fullsock(sk) || !sk_is_inet(sk) ||
	    sk_has_policy(sk) || skb->skb_iif ||
	    (skb->dev && skb->dev != dst_dev_rcu(skb_dst(skb))))
		return false;
	if (!(is_inet ? key_inet(key, skb) : key_inet6(key, skb)))
		return false;

	key->mark = skb->mark;
	key->uid = sock_net_uid(net, sk);
	key->bound_if = READ_ONCE(sk->sk_bound_dev_if);
	key->family = family;
	key->zero = 0;
	key->cookie = key_cookie(sk);
	key->ports = 0;
	if (migsel_proto_has_ports(key->proto)) {
		ports += is_inet ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
		if (ports + sizeof(key->ports) > (void *)skb_tail_pointer(skb))
			return false;
		key->ports = *(const __be32 *)ports;
	}
	bound = migsel_bound_addr(sk, skb, family);
	key->bound = bound;
	if (!bound)
		return true;
	return is_inet ? *(const __be32 *)bound == key->inet.saddr :
			 ipv6_addr_equal(bound, &key->inet6.saddr);
}

#define INET_WORDS	(offsetofend(struct migsel_cache_key, inet) / sizeof(u64))
#define INET6_WORDS	(sizeof(struct migsel_cache_key) / sizeof(u64))

/* Without a loop, as the compiler makes one of it that takes twice as long. */
static __always_inline bool key_equal(const struct migsel_cache_key *a,
				      const struct migsel_cache_key *b)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;
	u64 differ = (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) |
		     (x[3] ^ y[3]) | (x[4] ^ y[4]);

	BUILD_BUG_ON(INET_WORDS != 5 || INET6_WORDS != 8);

	if (a->family == MIGSEL_INET6)
		differ |= (x[5] ^ y[5]) | (x[6] ^ y[6]) | (x[7] ^ y[7]);
	return !differ;
}

static u32 key_hash(const struct migsel_cache_key *key)
{
	const u64 *words = (const u64 *)key;
	u64 hash = words[0] * GOLDEN_RATIO_64;

	if (key->family == MIGSEL_INET)
		hash ^= words[INET_WORDS - 1];
	else
		hash ^= words[INET6_WORDS - 2] * GOLDEN_RATIO_64 ^
			words[INET6_WORDS - 1];
	return hash_64(hash, 32);
}

/* This CPU's set for a hash. */
static struct cache_slot *cache_set(struct migsel_net *ms, u32 hash)
{
	struct migsel_cache *here = this_cpu_ptr(ms->cache);

	lockdep_assert_held(&here->lock);
	return &here->slots[(hash >> (32 - ilog2(CACHE_SETS))) * CACHE_WAYS];
}

/* The slot of a key in its set, NULL if it has none. */
static __always_inline struct cache_slot *
slot_find(struct cache_slot *set, const struct migsel_cache_key *key, u32 hash)
{
	int i;

	for (i = 0; i < CACHE_WAYS; i++) {
		if (set[i].hash == hash && key_equal(&set[i].key, key))
			return &set[i];
	}
	return NULL;
}

static bool slot_is_valid(const struct cache_slot *slot,
			  const struct migsel_snap *snap)
{
	return slot->snap == snap && !slot->lacking &&
	       time_before(jiffies, slot->tick + HZ) &&
	       (!slot->cached.dst ||
		dst_check(slot->cached.dst, slot->cookie));
}

/*
 * Whether there was no route in this state of the FIB and within this tick. The tick is
 * for IPv6, which counts a change before it makes it: a lookup that races with the change
 * may see the new count and yet no route.
 */
static bool slot_lacks(const struct cache_slot *slot,
		       const struct migsel_snap *snap, int fib)
{
	return slot->snap == snap && slot->lacking && slot->fib == fib &&
	       time_in_range(jiffies, slot->tick, slot->tick);
}

/* The slot for a new key: the one whose verdict is the oldest goes. */
static struct cache_slot *slot_victim(struct cache_slot *set,
				      const struct migsel_snap *snap)
{
	struct cache_slot *oldest = set;
	int i;

	for (i = 0; i < CACHE_WAYS; i++) {
		if (set[i].snap != snap)
			return &set[i];
		if (time_before(set[i].tick, oldest->tick))
			oldest = &set[i];
	}
	return oldest;
}

static void cache_lock(struct migsel_net *ms)
{
	local_bh_disable();
	local_lock_nested_bh(&ms->cache->lock);
}

static void cache_unlock(struct migsel_net *ms)
{
	local_unlock_nested_bh(&ms->cache->lock);
	local_bh_enable();
}

/**
 * migsel_cache_get - what is remembered of packets like one
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @skb: the packet, in the hook
 * @family: its family
 * @sk: its sender, may be NULL
 * @recall: where to put it
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: true if the verdict is in @recall, false if the packet has to be decided on.
 */
bool migsel_cache_get(struct migsel_net *ms, const struct migsel_snap *snap,
		      const struct sk_buff *skb, enum migsel_family family,
		      const struct sock *sk, struct migsel_recall *recall)
{
	const struct cache_slot *slot;
	bool found;
	u32 hash;

	recall->cacheable = key_fill(&recall->key, skb, family, ms->net, sk);
	if (!recall->cacheable)
		return false;
	hash = key_hash(&recall->key);
	cache_lock(ms);
	slot = slot_find(cache_set(ms, hash), &recall->key, hash);
	found = slot && slot_is_valid(slot, snap);
	if (found) {
		recall->cached = slot->cached;
		if (slot->cached.verdict != MIGSEL_VERDICT_STEER ||
		    slot->cached.dst == skb_dst(skb))
			recall->cached.dst = NULL;
		dst_clone(recall->cached.dst);
	}
	cache_unlock(ms);
	return found;
}

/**
 * migsel_cache_set - remember the verdict on a packet
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @key: the packet
 * @cached: the verdict
 *
 * A route that carries a transform belongs to one packet and is not kept.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 */
void migsel_cache_set(struct migsel_net *ms, const struct migsel_snap *snap,
		      const struct migsel_cache_key *key,
		      const struct migsel_cached *cached)
{
	struct cache_slot *set, *slot;
	u32 hash = key_hash(key);
	struct dst_entry *old;

	if (cached->dst && dst_xfrm(cached->dst))
		return;
	dst_clone(cached->dst);
	cache_lock(ms);
	set = cache_set(ms, hash);
	slot = slot_find(set, key, hash) ?: slot_victim(set, snap);
	old = slot->cached.dst;
	slot->key = *key;
	slot->hash = hash;
	slot->snap = snap;
	slot->cookie = cached->dst && key->family == MIGSEL_INET6 ?
		       rt6_get_cookie(dst_rt6_info(cached->dst)) : 0;
	slot->tick = jiffies;
	slot->lacking = false;
	slot->cached = *cached;
	cache_unlock(ms);
	dst_release(old);
}

/**
 * migsel_cache_lacks - whether no candidate of a packet has a route
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @key: the packet
 * @fib: the state of its family's FIB
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 * Return: true if that is remembered.
 */
bool migsel_cache_lacks(struct migsel_net *ms, const struct migsel_snap *snap,
			const struct migsel_cache_key *key, int fib)
{
	const struct cache_slot *slot;
	u32 hash = key_hash(key);
	bool lacks;

	cache_lock(ms);
	slot = slot_find(cache_set(ms, hash), key, hash);
	lacks = slot && slot->sure && slot_lacks(slot, snap, fib);
	cache_unlock(ms);
	return lacks;
}

/**
 * migsel_cache_lack - remember that no candidate of a packet has a route
 * @ms: migsel in its namespace
 * @snap: the configuration
 * @key: the packet
 * @fib: the state of its family's FIB, from before the route was looked for
 *
 * IPv6 also finds none for lack of memory. So it is believed once it was found twice.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 */
void migsel_cache_lack(struct migsel_net *ms, const struct migsel_snap *snap,
		       const struct migsel_cache_key *key, int fib)
{
	struct cache_slot *set, *slot;
	u32 hash = key_hash(key);
	struct dst_entry *old;

	cache_lock(ms);
	set = cache_set(ms, hash);
	slot = slot_find(set, key, hash);
	if (slot) {
		slot->sure = slot_lacks(slot, snap, fib);
	} else {
		slot = slot_victim(set, snap);
		slot->sure = false;
	}
	old = slot->cached.dst;
	slot->key = *key;
	slot->hash = hash;
	slot->snap = snap;
	slot->fib = fib;
	slot->tick = jiffies;
	slot->lacking = true;
	slot->cached.dst = NULL;
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
	for_each_possible_cpu(cpu)
		local_lock_init(&per_cpu_ptr(cache, cpu)->lock);
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
