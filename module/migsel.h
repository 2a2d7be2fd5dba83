/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of migsel share. Calls go one way:
 *
 *   netlink, notifier -> vmk -> rule <- egress -> route, place, refuse, alarm
 *
 * Locking
 *
 * RTNL guards the configuration: the list of vmks, tag, policy and the hook's
 * registration, that is, every field of struct migsel_net above "packet side".
 *
 * The packet side reads the configuration through migsel_net::snap, under RCU.
 * A snapshot is immutable. After it was swapped, migsel_vmk_settle() waits for
 * readers of the old one and invalidates the routes they chose: before a request
 * returns, or in the work item migsel_net::rebuild where nobody can wait.
 *
 * Who changes an address holds RTNL or nothing, and only marks the namespace:
 * migsel_net::changes is not guarded. The work item reads the addresses.
 *
 * migsel_flows::lock guards the memory of flows; readers retry. It is taken
 * for writing only for a flow that has to be placed. migsel_refusals::lock and
 * migsel_alarms::lock and migsel_learners::lock guard the rings between the hooks
 * and their work items, migsel_steered::lock what was steered lately, and
 * migsel_routes::lock what one CPU has of the route cache. The six are leaves.
 * Counters are per CPU, too, and need no lock: whoever counts cannot be
 * preempted, and 32 bit also keeps interrupts off.
 */

#ifndef _MIGSEL_H
#define _MIGSEL_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/tcp_states.h>

#include "rule.h"

struct dst_entry;
struct mem_cgroup;
struct netlink_ext_ack;
struct sk_buff;
struct sock;

struct migsel_alarms;
struct migsel_draft;
struct migsel_flow_key;
struct migsel_flows;
struct migsel_learners;
struct migsel_refusals;
struct migsel_routes;
struct migsel_steered;

/**
 * struct migsel_counter - packets and bytes (IP layer)
 * @packets: packets
 * @bytes: bytes
 */
struct migsel_counter {
	u64_stats_t packets;
	u64_stats_t bytes;
};

/**
 * struct migsel_vmk_stats - what left by a vmk, on one CPU
 * @class: for each class
 * @syncp: lets 32-bit readers see whole values
 */
struct migsel_vmk_stats {
	struct migsel_counter class[MIGSEL_CLASS_MAX + 1];
	struct u64_stats_sync syncp;
};

/**
 * struct migsel_stats - what was decided in a namespace, on one CPU
 * @reason: for each reason
 * @syncp: lets 32-bit readers see whole values
 */
struct migsel_stats {
	struct migsel_counter reason[MIGSEL_REASON_MAX + 1];
	struct u64_stats_sync syncp;
};

/**
 * struct migsel_sum - a counter summed over all CPUs
 * @packets: packets
 * @bytes: bytes
 */
struct migsel_sum {
	u64 packets;
	u64 bytes;
};

/**
 * struct migsel_vmk_config - what is configured of a vmk, beside its position
 * @migration: carries migration traffic
 * @weight: share of the multi-NIC flows, 1 to 255
 */
struct migsel_vmk_config {
	bool migration;
	u8 weight;
};

/**
 * struct migsel_vmk - a device registered as a vmk
 * @rcu: frees it once no packet sees it
 * @list: place in migsel_net::vmks, the order of vmks
 * @dev: the device, held until it leaves the namespace
 * @dev_tracker: tracks that reference
 * @stats: what left by it
 * @zero: what @stats stood at when they were last reset
 * @if_id: what tells the packets of an xfrm interface, 0 for other devices
 * @config: what is configured of it
 * @crowded: some of its addresses are ignored
 */
struct migsel_vmk {
	struct rcu_head rcu;
	struct list_head list;
	struct net_device *dev;
	netdevice_tracker dev_tracker;
	struct migsel_vmk_stats __percpu *stats;
	struct migsel_sum zero[MIGSEL_CLASS_MAX + 1];
	u32 if_id;
	struct migsel_vmk_config config;
	bool crowded;
};

/**
 * struct migsel_tag - how a packet mark is read
 * @mask: the bits that hold the tag
 * @hot: their value for hot traffic
 * @cold: their value for cold traffic
 */
struct migsel_tag {
	u32 mask;
	u32 hot;
	u32 cold;
};

/**
 * struct migsel_policy - what is made of a decision
 * @mode: whether it is carried out
 * @unreachable: what becomes of a refused packet
 * @fallback: what becomes of hot traffic whose vmk shares a subnet with the first
 */
struct migsel_policy {
	enum migsel_mode mode;
	enum migsel_unreachable unreachable;
	enum migsel_fallback fallback;
};

/**
 * struct migsel_snap_vmk - a vmk, as the packet side sees it
 * @vmk: the vmk, valid as long as the snapshot; its fields are for RTNL
 * @dev: the device, likewise
 * @stats: what left by it, likewise
 * @if_id: what tells the packets of an xfrm interface, 0 for other devices
 */
struct migsel_snap_vmk {
	struct migsel_vmk *vmk;
	struct net_device *dev;
	struct migsel_vmk_stats __percpu *stats;
	u32 if_id;
};

/**
 * struct migsel_owner - whose an address is, in a chain of those with one hash
 * @next: one more than the index of the next one, 0 if there is none
 * @ifindex: the device
 */
struct migsel_owner {
	u32 next;
	int ifindex;
};

/**
 * struct migsel_addrs - the addresses of vmks, as they were read from devices
 * @changes: what migsel_net::changes was then
 * @seed: what they are hashed with
 * @heads: one more than the index of the first address with a hash
 * @head_mask: one less than the length of @heads, a power of two
 * @owners: whose the addresses are
 * @addrs: the addresses, those of a vmk side by side
 */
struct migsel_addrs {
	int changes;
	u32 seed;
	u32 *heads;
	u32 head_mask;
	struct migsel_owner *owners;
	struct migsel_addr addrs[];
};

/**
 * struct migsel_snap - an immutable picture of the configuration
 * @retired: the next one in migsel_net::retired; for RTNL
 * @owns_addrs: @addrs are freed with it, no later snapshot has them; for RTNL
 * @tag: how marks are read
 * @policy: what is made of decisions
 * @has_xfrm: a vmk is an xfrm interface
 * @addrs: the addresses of its vmks, perhaps those of the previous snapshot
 * @rule: the vmks, as the rule sees them
 * @positions: one more than the position of a vmk, by a hash of its ifindex
 * @position_bits: binary logarithm of the length of @positions
 * @vmks: the vmks, in their order
 */
struct migsel_snap {
	struct migsel_snap *retired;
	bool owns_addrs;
	struct migsel_tag tag;
	struct migsel_policy policy;
	bool has_xfrm;
	struct migsel_addrs *addrs;
	struct migsel_rule rule;
	u16 *positions;
	u8 position_bits;
	struct migsel_snap_vmk vmks[];
};

/**
 * struct migsel_net - migsel in one network namespace
 * @net: the namespace
 * @vmks: the vmks in their order, struct migsel_vmk
 * @n_vmks: length of @vmks
 * @tag: how marks are read
 * @policy: what is made of decisions
 * @generation: changes whenever the configuration does, never 0
 * @hooked: the hooks are registered
 * @hooks: the hooks
 * @zero: what @stats stood at when they were last reset
 * @memcg: who pays for snapshots, whoever builds them: held as long as there is a
 *	vmk, may be NULL
 * @committing: a snapshot is being built that knows vmks which @snap may not know;
 *	may be read without RTNL
 * @changes: goes up whenever an address of a vmk changes
 * @rebuild: reads addresses anew, and settles what was only swapped
 * @pause: how long that waits for the sake of others, in jiffies
 * @recheck: removes what may not be a vmk any more
 * @retired: snapshots that migsel_vmk_settle() has to wait for the readers of
 * @snap: the configuration, NULL if there is no vmk
 * @stats: what was decided
 * @flows: the memory of flows, there while the hook is registered
 * @routes: the route cache, likewise
 * @refusals: connections to fail, likewise
 * @alarms: alarms to send, likewise
 * @steered: flows that were steered lately, likewise
 * @learners: connections that are to learn a path MTU, likewise
 */
struct migsel_net {
	struct net *net;
	struct list_head vmks;
	u32 n_vmks;
	struct migsel_tag tag;
	struct migsel_policy policy;
	u32 generation;
	bool hooked;
	struct nf_hook_ops hooks[2];
	struct migsel_sum zero[MIGSEL_REASON_MAX + 1];
	struct mem_cgroup *memcg;
	bool committing;
	atomic_t changes;
	struct delayed_work rebuild;
	unsigned long pause;
	struct delayed_work recheck;
	struct migsel_snap *retired;

	/* packet side */
	struct migsel_snap __rcu *snap;
	struct migsel_stats __percpu *stats;
	struct migsel_flows *flows;
	struct migsel_routes __percpu *routes;
	struct migsel_refusals *refusals;
	struct migsel_alarms *alarms;
	struct migsel_steered *steered;
	struct migsel_learners *learners;
};

extern unsigned int migsel_net_id;

static inline struct migsel_net *migsel_net(const struct net *net)
{
	return net_generic(net, migsel_net_id);
}

/**
 * migsel_class - what a mark says of a packet
 * @tag: how marks are read
 * @mark: the mark
 *
 * Return: the class.
 */
static inline enum migsel_class migsel_class(const struct migsel_tag *tag,
					     u32 mark)
{
	mark &= tag->mask;
	if (mark == tag->hot)
		return MIGSEL_CLASS_HOT;
	if (mark == tag->cold)
		return MIGSEL_CLASS_COLD;
	return MIGSEL_CLASS_NONE;
}

/**
 * migsel_usable - whether a vmk can carry packets of a family now
 * @snap: the configuration
 * @vmk: position of the vmk
 * @family: the family
 *
 * Context: under rcu_read_lock() or RTNL. Reads the link live.
 * Return: true if it can.
 */
static inline bool migsel_usable(const struct migsel_snap *snap, int vmk,
				 enum migsel_family family)
{
	const struct net_device *dev = snap->vmks[vmk].dev;

	return snap->rule.vmks[vmk].addressed[family] &&
	       (READ_ONCE(dev->flags) & IFF_UP) && netif_carrier_ok(dev);
}

/**
 * migsel_snap_position - the vmk that a device is
 * @snap: the configuration
 * @ifindex: the device
 *
 * Return: the position of the vmk, MIGSEL_NO_VMK if the device is none.
 */
static inline int migsel_snap_position(const struct migsel_snap *snap,
				       int ifindex)
{
	u32 mask = BIT(snap->position_bits) - 1;
	u32 slot = hash_32(ifindex, snap->position_bits);
	u16 position;

	while ((position = snap->positions[slot])) {
		if (snap->vmks[position - 1].dev->ifindex == ifindex)
			return position - 1;
		slot = (slot + 1) & mask;
	}
	return MIGSEL_NO_VMK;
}

/**
 * migsel_stale - whether addresses have changed since they were read
 * @ms: migsel in a namespace
 * @snap: its snapshot
 *
 * Context: any. If the caller has missed a route in the FIB that went with an address,
 * it sees here that an address has changed.
 * Return: true if they have.
 */
static inline bool migsel_stale(const struct migsel_net *ms,
				const struct migsel_snap *snap)
{
	/* The FIB was looked up before. Pairs with migsel_vmk_changed(). */
	smp_rmb();
	return atomic_read(&ms->changes) != snap->addrs->changes;
}

/**
 * sk_is_tcp_flow - whether a socket is one end of a TCP connection
 * @sk: a full socket
 *
 * Return: true if it is, or is about to be.
 */
static inline bool sk_is_tcp_flow(const struct sock *sk)
{
	return sk_is_tcp(sk) &&
	       !((1 << inet_sk_state_load(sk)) & (TCPF_CLOSE | TCPF_LISTEN));
}

/* vmk.c */
extern const struct migsel_tag migsel_default_tag;
extern const struct migsel_policy migsel_default_policy;

struct migsel_vmk *migsel_vmk_find(struct migsel_net *ms,
				   const struct net_device *dev);
int migsel_config_commit(struct migsel_draft *draft, struct list_head *gone,
			 struct netlink_ext_ack *extack);
void migsel_vmk_del(struct migsel_net *ms, struct migsel_vmk *vmk);
bool migsel_vmk_recheck(struct migsel_net *ms, struct list_head *gone);
void migsel_vmk_free(struct migsel_vmk *vmk);
void migsel_vmk_settle(struct migsel_net *ms);
void migsel_vmk_changed(struct migsel_net *ms);
void migsel_vmk_lock(struct migsel_net *ms);
u32 migsel_vmk_position(const struct migsel_net *ms,
			const struct migsel_vmk *vmk);
void migsel_vmk_init_net(struct migsel_net *ms);
void migsel_vmk_exit_net(struct migsel_net *ms);

/* device.c */
int migsel_device_check(const struct net_device *dev, u32 *if_id,
			struct netlink_ext_ack *extack);
bool migsel_device_has_sent(struct net *net, const struct migsel_snap *snap,
			    const struct sk_buff *skb,
			    enum migsel_family family);
bool migsel_device_was_in(const struct sk_buff *skb);

/* snap.c */
bool migsel_snap_fits(const struct net_device *dev);
void migsel_snap_index(struct migsel_snap *snap);
struct migsel_snap *migsel_snap_build(const struct migsel_net *ms,
				      const struct migsel_snap *old, gfp_t gfp);
void migsel_snap_free(struct migsel_snap *snap);
int migsel_snap_owner(const struct migsel_snap *snap,
		      enum migsel_family family, const void *addr);

/* notifier.c */
void migsel_notifier_init_net(struct migsel_net *ms);
void migsel_notifier_exit_net(struct migsel_net *ms);
int migsel_notifier_init(void);
void migsel_notifier_exit(void);

/* hook.c */
int migsel_hook_start(struct migsel_net *ms, struct netlink_ext_ack *extack);
void migsel_hook_unregister(struct migsel_net *ms);
void migsel_hook_stop(struct migsel_net *ms);

/* egress.c */
unsigned int migsel_egress_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state);

/* learn.c */
bool migsel_sk_has_tuple(const struct sock *sk,
			 const struct migsel_flow_key *key);
bool migsel_sk_tags(const struct migsel_snap *snap, const struct sock *sk,
		    u32 mark);
void migsel_keep(struct sock *sk, struct dst_entry *old,
		 struct dst_entry *route, const struct migsel_flow_key *key);
void migsel_tcp_learn(struct migsel_learners *learners,
		      const struct migsel_flow_key *key, struct sock *sk);
struct migsel_learners *migsel_learners_alloc(struct migsel_net *ms);
void migsel_learners_free(struct migsel_learners *learners);

/* size.c */
bool migsel_tcp_fits(const struct sk_buff *skb);
void migsel_tcp_limit(struct sock *sk, u32 mtu);
int migsel_resize(struct sk_buff *skb, enum migsel_family family,
		  struct sock *sk, bool tcp, bool locked, bool owned);

/* steered.c */
void migsel_steered_note(struct migsel_steered *memory,
			 const struct migsel_flow_key *key);
bool migsel_steered_find(struct migsel_steered *memory,
			 struct migsel_flow_key *key);
struct migsel_steered *migsel_steered_alloc(void);

/* pmtu.c */
unsigned int migsel_pmtu_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state);

/* route.c */
/**
 * struct migsel_flow_key - what a route is looked up by
 * @daddr: destination, IPv4 as a mapped address
 * @saddr: source, likewise
 * @flowinfo: IPv6 traffic class and flow label, without ECN
 * @mark: the packet mark
 * @uid: owner of the socket, for rules that ask
 * @oif: the device to look through
 * @sport: source port, 0 if the protocol has none
 * @dport: destination port, likewise
 * @family: the address family
 * @proto: the transport protocol
 * @dsfield: the IPv4 DS field, without ECN
 * @transformed: IPsec has transformed it, and is not to again
 */
struct migsel_flow_key {
	struct in6_addr daddr;
	struct in6_addr saddr;
	__be32 flowinfo;
	u32 mark;
	kuid_t uid;
	int oif;
	__be16 sport;
	__be16 dport;
	u8 family;
	u8 proto;
	u8 dsfield;
	u8 transformed;
};

/**
 * struct migsel_route_entry - where the FIB has a route
 * @table: the number of its table
 * @prefix_len: how long its prefix is
 */
struct migsel_route_entry {
	u32 table;
	u8 prefix_len;
};

bool migsel_proto_has_ports(u8 proto);
void migsel_flow_key(struct migsel_flow_key *key, const struct sk_buff *skb,
		     enum migsel_family family, const struct net *net,
		     const struct sock *sk);
bool migsel_route_is_unicast(const struct dst_entry *dst,
			     enum migsel_family family, const void *daddr);
struct dst_entry *migsel_route_lookup(struct net *net,
				      const struct migsel_flow_key *key,
				      const struct sock *sk);
bool migsel_route_entry(struct net *net, const struct migsel_flow_key *key,
			const struct dst_entry *dst,
			struct migsel_route_entry *entry);
struct dst_entry *migsel_route_get(struct migsel_net *ms,
				   const struct migsel_flow_key *key,
				   const struct sock *sk, bool *cached,
				   bool *note);
struct migsel_routes __percpu *migsel_routes_alloc(void);
void migsel_routes_free(struct migsel_routes __percpu *routes);

/* place.c */
u64 migsel_flow_id(const struct migsel_flow_key *key);
int migsel_flow_ifindex(struct migsel_flows *flows, u64 id);
bool migsel_flow_alarm(struct migsel_flows *flows, u64 id,
		       enum migsel_reason reason, u16 audience);
enum migsel_reason migsel_place(struct migsel_flows *flows,
				const struct migsel_snap *snap,
				enum migsel_family family, u64 id,
				const u8 *state, int *vmk);
u32 migsel_place_order(struct migsel_flows *flows,
		       const struct migsel_snap *snap,
		       enum migsel_family family, const u8 *state, u8 *order);
void migsel_place_peek(struct migsel_flows *flows,
		       const struct migsel_snap *snap,
		       enum migsel_family family, u32 *placed);
void migsel_place_sync(struct migsel_flows *flows,
		       const struct migsel_snap *snap);
struct migsel_flows *migsel_flows_alloc(void);

/* refuse.c */
void migsel_refuse(struct migsel_refusals *refusals, struct sock *sk,
		   enum migsel_family family);
void migsel_report(struct sock *sk, const struct sk_buff *skb, int err,
		   u32 info);
struct migsel_refusals *migsel_refusals_alloc(void);
void migsel_refusals_free(struct migsel_refusals *refusals);

/* alarm.c */
bool migsel_alarm_wanted(struct migsel_alarms *alarms);
u16 migsel_alarm_audience(const struct migsel_alarms *alarms);
void migsel_alarm(struct migsel_alarms *alarms, enum migsel_reason reason,
		  enum migsel_family family, const struct in6_addr *dst,
		  const struct net_device *vmk, const struct net_device *out);
struct migsel_alarms *migsel_alarms_alloc(struct net *net);
void migsel_alarms_free(struct migsel_alarms *alarms);

/* stats.c */
void migsel_count(struct migsel_net *ms, enum migsel_reason reason,
		  const struct sk_buff *skb);
void migsel_count_vmk(struct migsel_net *ms, enum migsel_reason reason,
		      const struct migsel_snap_vmk *vmk,
		      enum migsel_class class, const struct sk_buff *skb);
void migsel_stats_sum(const struct migsel_net *ms, enum migsel_reason reason,
		      struct migsel_sum *sum);
void migsel_vmk_stats_sum(const struct migsel_vmk *vmk,
			  enum migsel_class class, struct migsel_sum *sum);
void migsel_stats_reset(struct migsel_net *ms);

/* netlink.c */
void migsel_netlink_vmk_del(struct migsel_net *ms, struct migsel_vmk *vmk);
bool migsel_netlink_vmk_recheck(struct migsel_net *ms);
int migsel_netlink_init(void);
void migsel_netlink_exit(void);

#endif /* _MIGSEL_H */
