/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * migsel in a network namespace. Calls go one way:
 *
 *   main -> netlink, notifier -> vmk -> hook -> path -> repeat -> egress -> decide ->
 *   snap -> rule
 *
 * Documentation/networking/migsel.rst draws all of it, upcalls.h has what is told
 * upwards.
 *
 * Locking
 *
 * RTNL guards the configuration: the list of vmks, tag, policy and the hooks'
 * registration, that is, every field of struct migsel_net above "packet side".
 *
 * The packet side reads the configuration through migsel_net::snap, under RCU.
 * A snapshot is immutable. After another has taken its place, migsel_vmk_settle() waits
 * for the readers of the old one and invalidates the routes that they chose. A request
 * does so before it returns; a notifier cannot wait and leaves it to the work item
 * migsel_net::rebuild.
 *
 * An address may change without RTNL. Its notifier only counts the change, in
 * migsel_net::changes, which is atomic. The work item reads the addresses.
 *
 * migsel_flows::lock guards the memory of flows. Readers retry; it is taken for writing
 * only for a flow that has to be placed. migsel_refusals::lock, migsel_alarms::lock and
 * migsel_learners::lock guard the rings between the hooks and their work items,
 * migsel_steered::lock what was steered lately, and migsel_cache::lock the routes in the
 * part of the verdict cache that belongs to one CPU; the rest of a verdict is read without
 * it, and taken only if nothing was written meanwhile. Under none of the six is another
 * lock taken. Counters are per CPU and need no lock: they are the kernel's own, as of SNMP.
 * Those of a vmk outlive it until no packet sees it, in migsel_net::leaving.
 */

#ifndef _MIGSEL_H
#define _MIGSEL_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "snap.h"
#include "stats.h"

/* LOCAL_OUT for each family, LOCAL_IN. */
#define MIGSEL_N_HOOKS	3

struct mem_cgroup;
struct migsel_alarms;
struct migsel_cache;
struct migsel_flows;
struct migsel_learners;
struct migsel_refusals;
struct migsel_steered;
struct migsel_upcalls;

/**
 * struct migsel_net - migsel in one network namespace
 * @net: the namespace
 * @upcalls: what is told upwards
 * @vmks: the vmks in their order, struct migsel_vmk
 * @n_vmks: length of @vmks
 * @tag: how marks are read
 * @policy: what is made of decisions
 * @generation: changes whenever the configuration does, never 0
 * @hooked: the hooks are registered
 * @hooks: the hooks
 * @leaving: the counters of vmks that are none any more, but which packets may see,
 *	struct migsel_vmk_counters
 * @left: for each reason, what left by vmks that are none any more
 * @zero: for each reason, what all counters stood at when they were last reset
 * @memcg: who is charged for snapshots, whoever builds them; held as long as there is a
 *	vmk, may be NULL
 * @committing: a snapshot is being built that knows vmks which @snap may not know;
 *	may be read without RTNL
 * @changes: goes up whenever an address of a vmk changes
 * @rebuild: reads addresses anew, and calls migsel_vmk_settle() for who could not wait
 * @pause: how long @rebuild leaves RTNL to others first, in jiffies
 * @recheck: removes what may not be a vmk any more
 * @retired: replaced snapshots, whose readers migsel_vmk_settle() has to wait for
 * @snap: the configuration, NULL if there is no vmk
 * @stats: what was decided on packets that had no tag, left by no vmk or not at all
 * @flows: the memory of flows, there while the hooks are registered
 * @cache: the verdict cache, likewise
 * @refusals: connections to fail, likewise
 * @alarms: alarms to send, likewise
 * @steered: flows that were steered lately, likewise
 * @learners: connections that are to learn a path MTU, likewise
 */
struct migsel_net {
	struct net *net;
	const struct migsel_upcalls *upcalls;
	struct list_head vmks;
	u32 n_vmks;
	struct migsel_tag tag;
	struct migsel_policy policy;
	u32 generation;
	bool hooked;
	struct nf_hook_ops hooks[MIGSEL_N_HOOKS];
	struct list_head leaving;
	struct migsel_sum left[MIGSEL_REASON_MAX + 1];
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
	struct migsel_cache __percpu *cache;
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
 * migsel_stale - whether addresses have changed since they were read
 * @ms: migsel in a namespace
 * @snap: its snapshot
 *
 * A caller that has missed a route in the FIB, because it went with an address, sees here
 * that an address has changed.
 *
 * Context: any.
 * Return: true if they have.
 */
static inline bool migsel_stale(const struct migsel_net *ms,
				const struct migsel_snap *snap)
{
	/* The count is read after the FIB was looked up. Pairs with migsel_vmk_changed(). */
	smp_rmb();
	return atomic_read(&ms->changes) != snap->addrs->changes;
}

#endif /* _MIGSEL_H */
