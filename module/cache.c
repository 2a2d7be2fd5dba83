// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts that are remembered for packets whose socket does not keep the rule's route.
 *
 * A verdict holds for all packets of a socket that are alike in what the rule and the FIB
 * look at, as long as these stay the same, but for a second at most: then the packet is
 * decided on anew, so that others learn that the flow lives.
 */

#include <linux/rcupdate.h>
#include <net/dst.h>

#include "cache.h"
#include "cache_find.h"
#include "migsel.h"
#include "snap.h"

/*
 * Whether there was no route in this state of the FIB and within this tick. The tick is
 * for IPv6, which in some versions counts a change before it makes it: a lookup that races
 * with the change may see the new count and yet no route.
 */
static bool slot_lacks(const struct cache_slot *slot,
		       const struct migsel_snap *snap, int fib)
{
	return slot->snap_id == snap->id && slot->lacking && slot->fib == fib &&
	       slot->tick == (u32)jiffies;
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
		if (time_before32(set[i].tick, oldest->tick))
			oldest = &set[i];
	}
	return oldest;
}

/* This CPU's cache, to be written to. */
static struct migsel_cache *cache_lock(struct migsel_net *ms)
{
	local_bh_disable();
	local_lock_nested_bh(&ms->cache->lock);
	return this_cpu_ptr(ms->cache);
}

static void cache_unlock(struct migsel_net *ms)
{
	local_unlock_nested_bh(&ms->cache->lock);
	local_bh_enable();
}

/* Whether one more route can be retired. Lets go of those that nobody looks at any more. */
static bool may_retire(struct migsel_cache *cache)
{
	struct retired *oldest;

	lockdep_assert_held(&cache->lock);
	while (cache->n_retired) {
		oldest = &cache->retired[cache->first];
		if (!poll_state_synchronize_rcu(oldest->gp))
			break;
		dst_release(oldest->dst);
		cache->first = (cache->first + 1) % MOST_RETIRED;
		cache->n_retired--;
	}
	return cache->n_retired < MOST_RETIRED;
}

/* Let go of a route once nobody looks at it, or now if others in the slot have it, too. */
static void retire(struct migsel_cache *cache, struct dst_entry *dst,
		   const struct dst_entry *successor)
{
	struct retired *last;

	lockdep_assert_held(&cache->lock);
	if (!dst || dst == successor) {
		dst_release(dst);
		return;
	}
	last = &cache->retired[(cache->first + cache->n_retired++) % MOST_RETIRED];
	last->dst = dst;
	/* Nobody else may ever ask for a grace period: ask before there is no more room. */
	last->gp = cache->n_retired > MOST_RETIRED / 2 ?
		   start_poll_synchronize_rcu() : get_state_synchronize_rcu();
}

/**
 * migsel_cache_key - what the verdict on a packet is remembered by
 * @key: where to put it
 * @skb: the packet, in the hook
 * @family: its family
 * @sk: its sender, whose plain packet it is
 *
 * The socket gets a cookie if it has none, unless it is one of SCTP.
 *
 * Context: any but hard interrupt.
 * Return: false if the verdict may depend on more.
 */
bool migsel_cache_key(struct migsel_cache_key *key, const struct sk_buff *skb,
		      enum migsel_family family, struct sock *sk)
{
	const union addrs *addrs = skb_addrs(skb, family);
	const void *bound = migsel_bound_addr(sk, skb, family);

	BUILD_BUG_ON(sizeof(*key) !=
		     offsetofend(struct migsel_cache_key, to_peer));

	/* Linux 7.3 gives the cookie of a listener of SCTP to all that it accepts. */
	key->cookie = sk->sk_protocol == IPPROTO_SCTP ?
		      atomic64_read(&sk->sk_cookie) : migsel_cookie(sk);
	key->mark = skb->mark;
	key->uid = sock_net_uid(NULL, sk);
	key->bound_if = READ_ONCE(sk->sk_bound_dev_if);
	key->flowinfo = migsel_flowinfo(skb, family);
	key->proto = skb_proto(skb, family);
	key->family = family;
	key->bound = bound;
	if (!skb_ports(skb, family, &key->ports))
		return false;
	key->to_peer = is_to_peer(key->ports, addrs, family, sk);
	return !bound || is_source(bound, addrs, family);
}

static struct cache_slot *slot_set(struct migsel_cache *cache,
				   const struct migsel_cache_key *key,
				   const union addrs *addrs)
{
	return cache_set(cache, key->cookie, key->mark, key->ports, addrs,
			 key->family);
}

/* The slot with a key in its set, NULL if none has it. */
static struct cache_slot *slot_find(struct cache_slot *set,
				    const struct migsel_cache_key *key,
				    const union addrs *addrs)
{
	int i;

	for (i = 0; i < CACHE_WAYS; i++)
		if (addrs_equal(&set[i].addrs, addrs, key->family) &&
		    !memcmp(&set[i].key, key, sizeof(*key)))
			return &set[i];
	return NULL;
}

/*
 * The slot that is to be written to for a packet. Where it has none it gets that of others,
 * with their route, which is to be let go of.
 */
static struct cache_slot *slot_claim(struct migsel_cache *here,
				     const struct migsel_snap *snap,
				     const struct migsel_cache_key *key,
				     const struct sk_buff *skb)
{
	const union addrs *addrs = skb_addrs(skb, key->family);
	struct cache_slot *set = slot_set(here, key, addrs), *slot;

	lockdep_assert_held(&here->lock);
	slot = slot_find(set, key, addrs);
	if (slot)
		return slot;
	slot = slot_victim(set, snap);
	slot->key = *key;
	if (key->family == MIGSEL_INET)
		slot->addrs.inet = addrs->inet;
	else
		slot->addrs.inet6 = addrs->inet6;
	slot->snap_id = 0;
	return slot;
}

/**
 * migsel_cache_set - remember the verdict on a packet
 * @path: what the rule has settled for its kind
 * @key: what it is remembered by
 * @skb: the packet
 * @cached: the verdict
 * @fib: the state of the FIB, from before a route was looked for
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 */
void migsel_cache_set(const struct migsel_path *path,
		      const struct migsel_cache_key *key,
		      const struct sk_buff *skb,
		      const struct migsel_cached *cached, int fib)
{
	struct migsel_cache *here;
	struct cache_slot *slot;
	struct dst_entry *old;

	here = cache_lock(path->ms);
	if (!may_retire(here))
		goto out;
	raw_write_seqcount_begin(&here->seq);
	slot = slot_claim(here, path->snap, key, skb);
	old = slot->cached.dst;
	slot->snap_id = path->snap->id;
	slot->tick = (u32)jiffies;
	slot->fib = fib;
	slot->cookie = cached->dst && key->family == MIGSEL_INET6 ?
		       rt6_entry_cookie(dst_rt6_info(cached->dst)) : 0;
	slot->lacking = false;
	slot->cached = *cached;
	dst_clone(cached->dst);
	raw_write_seqcount_end(&here->seq);
	retire(here, old, cached->dst);
out:
	cache_unlock(path->ms);
}

/**
 * migsel_cache_lacks - whether no candidate of a packet has a route
 * @path: what the rule has settled for its kind
 * @key: what it is remembered by
 * @skb: the packet
 * @fib: the state of its family's FIB
 *
 * Context: under rcu_read_lock(), any but hard interrupt. Takes no lock.
 * Return: true if that is remembered.
 */
bool migsel_cache_lacks(const struct migsel_path *path,
			const struct migsel_cache_key *key,
			const struct sk_buff *skb, int fib)
{
	struct migsel_cache *cache = raw_cpu_ptr(path->ms->cache);
	unsigned int seq = raw_seqcount_begin(&cache->seq);
	const union addrs *addrs = skb_addrs(skb, key->family);
	const struct cache_slot *slot;

	slot = slot_find(slot_set(cache, key, addrs), key, addrs);
	return slot && slot->sure && slot_lacks(slot, path->snap, fib) &&
	       !read_seqcount_retry(&cache->seq, seq);
}

/**
 * migsel_cache_lack - remember that no candidate of a packet has a route
 * @path: what the rule has settled for its kind
 * @key: what it is remembered by
 * @skb: the packet
 * @fib: the state of the FIB, from before the route was looked for
 *
 * IPv6 also finds none for lack of memory. So it is believed once it was found twice.
 *
 * Context: under rcu_read_lock(), any but hard interrupt.
 */
void migsel_cache_lack(const struct migsel_path *path,
		       const struct migsel_cache_key *key,
		       const struct sk_buff *skb, int fib)
{
	struct migsel_cache *here;
	struct cache_slot *slot;
	struct dst_entry *old;

	here = cache_lock(path->ms);
	if (!may_retire(here))
		goto out;
	raw_write_seqcount_begin(&here->seq);
	slot = slot_claim(here, path->snap, key, skb);
	slot->sure = slot_lacks(slot, path->snap, fib);
	old = slot->cached.dst;
	slot->snap_id = path->snap->id;
	slot->fib = fib;
	slot->tick = (u32)jiffies;
	slot->lacking = true;
	slot->cached.dst = NULL;
	raw_write_seqcount_end(&here->seq);
	retire(here, old, NULL);
out:
	cache_unlock(path->ms);
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
	for_each_possible_cpu(cpu) {
		struct migsel_cache *c = per_cpu_ptr(cache, cpu);

		for (i = 0; i < CACHE_SLOTS; i++)
			dst_release(c->slots[i].cached.dst);
		for (i = 0; i < c->n_retired; i++)
			dst_release(c->retired[(c->first + i) % MOST_RETIRED].dst);
	}
	free_percpu(cache);
}
