/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdicts that are remembered for packets whose socket does not keep the rule's route. */

#ifndef _MIGSEL_CACHE_H
#define _MIGSEL_CACHE_H

#include <linux/migsel.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "rule.h"

struct dst_entry;
struct migsel_cache;
struct migsel_count;
struct migsel_path;
struct net_device;
struct sk_buff;
struct sock;

/**
 * struct migsel_cache_key - all but the addresses that the verdict on a packet depends on
 * @cookie: of the socket, perhaps 0 if that is one of SCTP
 * @ports: source and destination port, 0 if the protocol has none
 * @mark: the packet mark
 * @uid: owner of the socket, for rules that ask
 * @bound_if: the device that the socket is bound to, or 0
 * @flowinfo: as migsel_flowinfo() has it
 * @proto: the transport protocol
 * @family: the address family
 * @bound: the socket is bound to the source address
 * @to_peer: it goes where the socket is connected to: it may be of the socket's flow
 *
 * It has no holes, and is compared as a whole.
 */
struct migsel_cache_key {
	u64 cookie;
	__be32 ports;
	u32 mark;
	kuid_t uid;
	int bound_if;
	__be32 flowinfo;
	u8 proto;
	u8 family;
	bool bound;
	bool to_peer;
};

/**
 * struct migsel_cached - a verdict on a packet
 * @dst: the route that it is to take, NULL if it passes. Handed out it is valid, and may be
 *	looked at under rcu_read_lock(); then it is NULL also if the packet has that route
 * @dev: the vmk that the rule has for it, NULL if it has none
 * @count: where it is counted
 * @plain_ifindex: the device of the route that it came with
 * @verdict: MIGSEL_VERDICT_STEER or MIGSEL_VERDICT_PASS
 * @bypasses: the row that applied is worth an alarm
 * @audience: who has heard it
 */
struct migsel_cached {
	struct dst_entry *dst;
	const struct net_device *dev;
	struct migsel_count __percpu *count;
	int plain_ifindex;
	u8 verdict;
	bool bypasses;
	u16 audience;
};

bool migsel_cache_key(struct migsel_cache_key *key, const struct sk_buff *skb,
		      enum migsel_family family, struct sock *sk);
void migsel_cache_set(const struct migsel_path *path,
		      const struct migsel_cache_key *key,
		      const struct sk_buff *skb,
		      const struct migsel_cached *cached, int fib);
bool migsel_cache_lacks(const struct migsel_path *path,
			const struct migsel_cache_key *key,
			const struct sk_buff *skb, int fib);
void migsel_cache_lack(const struct migsel_path *path,
		       const struct migsel_cache_key *key,
		       const struct sk_buff *skb, int fib);
struct migsel_cache __percpu *migsel_cache_alloc(void);
void migsel_cache_free(struct migsel_cache __percpu *cache);

#endif /* _MIGSEL_CACHE_H */
