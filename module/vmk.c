// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration of a namespace: the ordered set of vmks, tag and policy.
 * Every change is made on the RTNL side first, then published as a whole.
 */

#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "device.h"
#include "draft.h"
#include "hook.h"
#include "migsel.h"
#include "place.h"
#include "upcalls.h"
#include "vmk.h"

unsigned int migsel_net_id __read_mostly;

const struct migsel_tag migsel_default_tag = {
	.mask = 0x30000,
	.hot = 0x10000,
	.cold = 0x20000,
};

const struct migsel_policy migsel_default_policy = {
	.mode = MIGSEL_MODE_ENFORCE,
	.unreachable = MIGSEL_UNREACHABLE_REFUSE,
	.fallback = MIGSEL_FALLBACK_FIRST_VMK,
};

/* Addresses come and go in bursts. This is how long the rest of one is waited for. */
#define BURST_MS	10

/*
 * All addresses are read, with RTNL held, though only one may have changed. Before that
 * is done again, others have RTNL for so many times as long as it took.
 */
#define PAUSE_FACTOR	10
#define MAX_PAUSE	HZ

/* Let the packet side see a snapshot, or none. */
static void migsel_publish(struct migsel_net *ms, struct migsel_snap *snap)
{
	struct migsel_snap *old;

	old = rcu_replace_pointer(ms->snap, snap, lockdep_rtnl_is_held());
	if (old) {
		if (snap && snap->addrs == old->addrs)
			swap(snap->owns_addrs, old->owns_addrs);
		old->retired = ms->retired;
		ms->retired = old;
	}
	if (ms->hooked && snap)
		migsel_place_sync(ms->flows, snap);
	if (!++ms->generation)
		ms->generation++;
}

/* After a change that cannot fail: let the packet side see the vmks there are. */
static void migsel_publish_left(struct migsel_net *ms)
{
	struct migsel_snap *snap = NULL;

	if (ms->n_vmks)
		snap = migsel_snap_build(ms, rtnl_dereference(ms->snap),
					 GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	migsel_publish(ms, snap);
}

static bool wants_hook(const struct migsel_net *ms)
{
	return ms->n_vmks && ms->policy.mode != MIGSEL_MODE_OFF;
}

/**
 * migsel_vmk_settle - let go of snapshots that were replaced, if any
 * @ms: migsel in a namespace, with RTNL held
 *
 * A packet may still choose a route by an old snapshot and leave it in its socket.
 * Routes are invalidated after synchronize_net(), when no packet can do so any more.
 *
 * Context: process, sleeps.
 */
void migsel_vmk_settle(struct migsel_net *ms)
{
	struct migsel_snap *snap = ms->retired;
	bool hook = wants_hook(ms);

	ASSERT_RTNL();

	if (!snap)
		return;
	ms->retired = NULL;

	if (!hook && ms->hooked)
		migsel_hook_unregister(ms);
	synchronize_net();
	rt_genid_bump_all(ms->net);
	migsel_vmk_counters_settle(ms);
	while (snap) {
		struct migsel_snap *next = snap->retired;

		migsel_snap_free(snap);
		snap = next;
	}
	if (!hook)
		migsel_hook_stop(ms);
	if (!ms->n_vmks) {
		mem_cgroup_put(ms->memcg);
		ms->memcg = NULL;
	}
}

/*
 * Make the packet side follow the RTNL side, with the addresses as they were last
 * read or, with @read, as they are. Changes nothing where it fails.
 */
static int migsel_commit(struct migsel_net *ms, bool read,
			 struct netlink_ext_ack *extack)
{
	struct migsel_snap *snap = NULL;
	int err = 0;

	ASSERT_RTNL();

	WRITE_ONCE(ms->committing, true);
	/*
	 * This races with a notifier, which changes an address and then reads
	 * @committing: it sees that, or the address is read below as it is now.
	 * Pairs with concerns_vmk() in notifier.c.
	 */
	smp_mb();
	if (ms->n_vmks) {
		snap = migsel_snap_build(ms, read ? NULL :
					 rtnl_dereference(ms->snap),
					 GFP_KERNEL_ACCOUNT);
		if (!snap) {
			NL_SET_ERR_MSG(extack, "out of memory");
			err = -ENOMEM;
			goto out;
		}
	}
	if (wants_hook(ms) && !ms->hooked) {
		err = migsel_hook_start(ms, extack);
		if (err) {
			migsel_snap_free(snap);
			goto out;
		}
	}
	migsel_publish(ms, snap);
out:
	/* Who sees that it is over sees the snapshot. Pairs with concerns_vmk(). */
	smp_store_release(&ms->committing, false);
	if (!err)
		migsel_vmk_settle(ms);
	return err;
}

/* Read the addresses if any has changed. Returns false without memory. */
static bool vmk_reread(struct migsel_net *ms)
{
	struct migsel_snap *snap = rtnl_dereference(ms->snap);

	if (!snap || !migsel_stale(ms, snap))
		return true;
	snap = migsel_snap_build(ms, NULL, GFP_KERNEL_ACCOUNT);
	if (!snap)
		return false;
	migsel_publish(ms, snap);
	return true;
}

static void rebuild_later(struct migsel_net *ms)
{
	schedule_delayed_work(&ms->rebuild,
			      msecs_to_jiffies(BURST_MS) + READ_ONCE(ms->pause));
}

static void rebuild_work(struct work_struct *work)
{
	struct migsel_net *ms = container_of(to_delayed_work(work),
					     struct migsel_net, rebuild);
	u64 start;

	rtnl_lock();
	start = ktime_get_ns();
	if (vmk_reread(ms))
		WRITE_ONCE(ms->pause,
			   min_t(u64, MAX_PAUSE,
				 nsecs_to_jiffies(PAUSE_FACTOR *
						  (ktime_get_ns() - start))));
	else
		schedule_delayed_work(&ms->rebuild, HZ);
	migsel_vmk_settle(ms);
	rtnl_unlock();
}

/**
 * migsel_vmk_changed - let the addresses of the vmks be read anew soon
 * @ms: migsel in a namespace, in which an address has changed
 *
 * Until then a packet that has no egress is dropped without a word to its sender.
 *
 * Context: any.
 */
void migsel_vmk_changed(struct migsel_net *ms)
{
	/*
	 * This races with addrs_read(), which reads the count and then the list of
	 * addresses. The list was changed before the count is: either the snapshot
	 * has the change, or its count is an old one. Pairs with addrs_read().
	 */
	smp_mb__before_atomic();
	atomic_inc(&ms->changes);
	/*
	 * This races with a packet, which looks up the FIB and then reads the
	 * count. The FIB is changed after the count: a packet that misses a route
	 * that goes now sees that addresses have changed. Pairs with migsel_stale().
	 */
	smp_mb__after_atomic();
	rebuild_later(ms);
}

/**
 * migsel_vmk_lock - take RTNL and see the addresses as they are
 * @ms: migsel in a namespace
 *
 * From now on packets are decided by these addresses, too. Without memory they are
 * read by the work item, later.
 *
 * Context: process, sleeps.
 */
void migsel_vmk_lock(struct migsel_net *ms)
{
	rtnl_lock();
	vmk_reread(ms);
	migsel_vmk_settle(ms);
}

/**
 * migsel_vmk_find - the vmk that a device is
 * @ms: migsel in a namespace, with RTNL held
 * @dev: the device
 *
 * Return: the vmk, NULL if the device is none.
 */
struct migsel_vmk *migsel_vmk_find(struct migsel_net *ms,
				   const struct net_device *dev)
{
	const struct migsel_snap *snap = rtnl_dereference(ms->snap);
	const struct migsel_snap_vmk *vmk;

	vmk = snap ? migsel_snap_find(snap, dev->ifindex) : NULL;
	return vmk ? vmk->vmk : NULL;
}

/**
 * migsel_vmk_position - the place of a vmk in the order
 * @ms: migsel in a namespace, with RTNL held
 * @vmk: one of its vmks
 *
 * Return: 0 for the first vmk.
 */
u32 migsel_vmk_position(const struct migsel_net *ms,
			const struct migsel_vmk *vmk)
{
	const struct migsel_snap *snap = rtnl_dereference(ms->snap);

	return migsel_snap_position(snap,
				    migsel_snap_find(snap, vmk->dev->ifindex));
}

static void vmk_remove(struct migsel_net *ms, struct migsel_vmk *vmk)
{
	list_del(&vmk->list);
	ms->n_vmks--;
}

static void vmk_free_rcu(struct rcu_head *rcu)
{
	struct migsel_vmk *vmk = container_of(rcu, struct migsel_vmk, rcu);

	netdev_put(vmk->dev, &vmk->dev_tracker);
	kfree(vmk);
}

/**
 * migsel_vmk_free - let go of a vmk that was removed, once no packet sees it
 * @ms: migsel in a namespace, with RTNL held
 * @vmk: the vmk, in no list any more
 *
 * Context: process. The device stays as long as the callback has its reference.
 */
void migsel_vmk_free(struct migsel_net *ms, struct migsel_vmk *vmk)
{
	migsel_vmk_counters_leave(ms, vmk->counters);
	call_rcu(&vmk->rcu, vmk_free_rcu);
}

static struct migsel_vmk *vmk_alloc(struct net_device *dev)
{
	struct migsel_vmk *vmk;

	vmk = kzalloc_obj(*vmk, GFP_KERNEL_ACCOUNT);
	if (!vmk)
		return NULL;
	vmk->counters = migsel_vmk_counters_alloc();
	if (!vmk->counters) {
		kfree(vmk);
		return NULL;
	}
	vmk->dev = dev;
	netdev_hold(dev, &vmk->dev_tracker, GFP_KERNEL);
	return vmk;
}

/*
 * Whether the addresses of a draft's vmks have to be read anew: those of a new vmk were
 * not read yet, and of vmks that share an address the first has to be found first.
 */
static bool has_to_read(const struct migsel_draft *draft)
{
	struct migsel_snap *snap = rtnl_dereference(draft->ms->snap);
	const struct migsel_snap_vmk *vmk, *last = NULL;
	u32 i;

	for (i = 0; i < draft->n_vmks; i++) {
		if (!draft->vmks[i].vmk)
			return true;
		vmk = migsel_snap_find(snap, draft->vmks[i].dev->ifindex);
		if (last && vmk < last)
			return true;
		last = vmk;
	}
	return false;
}

/* Exchange what a draft has of a configuration, but for which vmks there are. */
static void config_swap(struct migsel_draft *draft)
{
	struct migsel_net *ms = draft->ms;
	u32 i;

	swap(ms->tag, draft->tag);
	swap(ms->policy, draft->policy);
	for (i = 0; i < draft->n_vmks; i++) {
		swap(draft->vmks[i].vmk->if_id, draft->vmks[i].if_id);
		swap(draft->vmks[i].vmk->config, draft->vmks[i].config);
	}
}

/* Make the RTNL side what the packet side is. Vmks that only it has go into a list. */
static void config_take_back(struct migsel_draft *draft, struct list_head *rest)
{
	struct migsel_net *ms = draft->ms;
	struct migsel_snap *snap = rtnl_dereference(ms->snap);
	u32 i;

	config_swap(draft);
	list_splice_init(&ms->vmks, rest);
	ms->n_vmks = snap ? snap->rule.n_vmks : 0;
	for (i = 0; i < ms->n_vmks; i++)
		list_move_tail(&snap->vmks[i].vmk->list, &ms->vmks);
}

/**
 * migsel_config_commit - put a draft into effect
 * @draft: the draft, of no use afterwards
 * @gone: an empty list, for the vmks that are none any more, to be freed by
 *	migsel_vmk_free()
 * @extack: says why it failed
 *
 * Who adds a vmk is charged for all snapshots from then on, those of the work item as
 * well.
 *
 * Context: process, sleeps.
 * Return: 0, or a negative error with nothing changed.
 */
int migsel_config_commit(struct migsel_draft *draft, struct list_head *gone,
			 struct netlink_ext_ack *extack)
{
	struct migsel_net *ms = draft->ms;
	bool read = has_to_read(draft);
	struct migsel_vmk *vmk, *next;
	struct mem_cgroup *payer = NULL;
	bool adds;
	int err = -ENOMEM;
	u32 i;

	ASSERT_RTNL();

	for (i = 0; i < draft->n_vmks; i++) {
		if (draft->vmks[i].vmk)
			continue;
		vmk = vmk_alloc(draft->vmks[i].dev);
		if (!vmk) {
			NL_SET_ERR_MSG(extack, "out of memory");
			goto err_free;
		}
		draft->vmks[i].vmk = vmk;
		list_add_tail(&vmk->list, gone);
	}
	adds = !list_empty(gone);
	if (adds) {
		payer = get_mem_cgroup_from_mm(current->mm);
		swap(ms->memcg, payer);
	}
	config_swap(draft);
	list_splice_init(&ms->vmks, gone);
	ms->n_vmks = draft->n_vmks;
	for (i = 0; i < draft->n_vmks; i++)
		list_move_tail(&draft->vmks[i].vmk->list, &ms->vmks);
	err = migsel_commit(ms, read, extack);
	if (err) {
		if (adds)
			swap(ms->memcg, payer);
		config_take_back(draft, gone);
	}
	mem_cgroup_put(payer);
	if (!err)
		return 0;
err_free:
	list_for_each_entry_safe(vmk, next, gone, list) {
		list_del(&vmk->list);
		migsel_vmk_free(ms, vmk);
	}
	return err;
}

/* Nobody has asked for the vmk to go, so listeners are told. */
static void vmk_left(struct migsel_net *ms, struct migsel_vmk *vmk)
{
	ms->upcalls->vmk_left(ms, vmk);
	migsel_vmk_free(ms, vmk);
}

/**
 * migsel_vmk_del - remove a vmk whose device leaves, and tell
 * @ms: migsel in a namespace, with RTNL held
 * @vmk: one of its vmks
 *
 * Packets see it at once. Routes are invalidated later, unless
 * migsel_vmk_settle() follows: many devices may leave together.
 *
 * Context: process, sleeps.
 */
void migsel_vmk_del(struct migsel_net *ms, struct migsel_vmk *vmk)
{
	vmk_remove(ms, vmk);
	migsel_publish_left(ms);
	rebuild_later(ms);
	vmk_left(ms, vmk);
}

/**
 * migsel_vmk_recheck - remove what may not be a vmk any more, and tell
 * @ms: migsel in a namespace, with RTNL held
 *
 * Context: process, sleeps.
 * Return: false if memory was short to find out about some. They stay.
 */
bool migsel_vmk_recheck(struct migsel_net *ms)
{
	struct migsel_vmk *vmk, *next;
	bool changed = false, told = true;
	LIST_HEAD(gone);
	u32 if_id;
	int err;

	list_for_each_entry_safe(vmk, next, &ms->vmks, list) {
		err = migsel_device_check(vmk->dev, &if_id, NULL);
		if (err == -EINVAL) {
			vmk_remove(ms, vmk);
			list_add_tail(&vmk->list, &gone);
			changed = true;
		} else if (!err && if_id != vmk->if_id) {
			vmk->if_id = if_id;
			changed = true;
		} else if (err) {
			told = false;
		}
	}
	if (changed) {
		migsel_publish_left(ms);
		migsel_vmk_settle(ms);
	}
	list_for_each_entry_safe(vmk, next, &gone, list)
		vmk_left(ms, vmk);
	return told;
}

/**
 * migsel_vmk_init_net - start with no vmk and the defaults
 * @ms: migsel in a new namespace
 */
void migsel_vmk_init_net(struct migsel_net *ms)
{
	INIT_LIST_HEAD(&ms->vmks);
	INIT_LIST_HEAD(&ms->leaving);
	INIT_DELAYED_WORK(&ms->rebuild, rebuild_work);
	ms->generation = 1;
	ms->tag = migsel_default_tag;
	ms->policy = migsel_default_policy;
}

/**
 * migsel_vmk_exit_net - let go of everything
 * @ms: migsel in a namespace, of which no notifier tells any more
 *
 * Context: process, sleeps. Takes RTNL.
 */
void migsel_vmk_exit_net(struct migsel_net *ms)
{
	struct migsel_vmk *vmk, *next;
	LIST_HEAD(gone);

	/* The work takes RTNL, so it cannot be waited for with RTNL held. */
	cancel_delayed_work_sync(&ms->rebuild);

	rtnl_lock();
	list_splice_init(&ms->vmks, &gone);
	ms->n_vmks = 0;
	migsel_publish(ms, NULL);
	migsel_vmk_settle(ms);
	list_for_each_entry_safe(vmk, next, &gone, list)
		migsel_vmk_free(ms, vmk);
	rtnl_unlock();
}
