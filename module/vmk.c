// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration of a namespace: the ordered set of vmks, tag and policy.
 * Every change is made on the RTNL side first, then published as a whole.
 */

#include <linux/memcontrol.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "migsel.h"

/* Addresses come and go in bursts: how long to wait for the rest of one. */
#define BURST_MS	10

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
 * Readers may choose by them until synchronize_net() and leave what they chose
 * in a socket: only then are routes invalidated.
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
	while (snap) {
		struct migsel_snap *next = snap->retired;

		migsel_snap_free(snap);
		snap = next;
	}
	if (!hook)
		migsel_hook_stop(ms);
}

/*
 * Make the packet side follow the RTNL side, with the addresses as they were last
 * read or, with @read, as they are. Changes nothing where it fails.
 */
static int migsel_commit(struct migsel_net *ms, bool read,
			 struct netlink_ext_ack *extack)
{
	struct migsel_snap *snap = NULL;
	int err;

	ASSERT_RTNL();

	if (ms->n_vmks) {
		snap = migsel_snap_build(ms, read ? NULL :
					 rtnl_dereference(ms->snap),
					 GFP_KERNEL_ACCOUNT);
		if (!snap) {
			NL_SET_ERR_MSG(extack, "out of memory");
			return -ENOMEM;
		}
	}
	if (wants_hook(ms) && !ms->hooked) {
		err = migsel_hook_start(ms, extack);
		if (err) {
			migsel_snap_free(snap);
			return err;
		}
	}
	migsel_publish(ms, snap);
	migsel_vmk_settle(ms);
	return 0;
}

/* Read the addresses if any has changed. False without memory. */
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
	schedule_delayed_work(&ms->rebuild, msecs_to_jiffies(BURST_MS));
}

static void rebuild_work(struct work_struct *work)
{
	struct migsel_net *ms = container_of(to_delayed_work(work),
					     struct migsel_net, rebuild);

	rtnl_lock();
	if (!vmk_reread(ms))
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
	 * Between the change of the list of addresses and that of the FIB. Pairs
	 * with addrs_read() and migsel_stale().
	 */
	smp_mb__before_atomic();
	atomic_inc(&ms->changes);
	smp_mb__after_atomic(); /* as above */
	rebuild_later(ms);
}

/**
 * migsel_vmk_lock - take RTNL and see the addresses as they are
 * @ms: migsel in a namespace
 *
 * So do packets from now on. Without memory that is left to the work item.
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
	struct migsel_snap *snap = rtnl_dereference(ms->snap);
	int position;

	if (!snap)
		return NULL;
	position = migsel_snap_position(snap, dev->ifindex);
	return position == MIGSEL_NO_VMK ? NULL : snap->vmks[position].vmk;
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
	return migsel_snap_position(rtnl_dereference(ms->snap),
				    vmk->dev->ifindex);
}

static void vmk_insert(struct migsel_net *ms, struct migsel_vmk *vmk,
		       u32 position)
{
	struct list_head *prev = &ms->vmks;

	while (position--)
		prev = prev->next;
	list_add(&vmk->list, prev);
	WRITE_ONCE(ms->n_vmks, ms->n_vmks + 1);
	/* Before its addresses are read. Pairs with concerns() in notifier.c. */
	smp_mb();
}

static void vmk_remove(struct migsel_net *ms, struct migsel_vmk *vmk)
{
	list_del(&vmk->list);
	WRITE_ONCE(ms->n_vmks, ms->n_vmks - 1);
}

static void vmk_free_rcu(struct rcu_head *rcu)
{
	struct migsel_vmk *vmk = container_of(rcu, struct migsel_vmk, rcu);

	netdev_put(vmk->dev, &vmk->dev_tracker);
	free_percpu(vmk->stats);
	kfree(vmk);
}

/**
 * migsel_vmk_free - let go of a vmk that was removed, once no packet sees it
 * @vmk: what migsel_vmk_del() was called with
 *
 * Context: any. Whoever unregisters the device waits for RCU callbacks.
 */
void migsel_vmk_free(struct migsel_vmk *vmk)
{
	call_rcu(&vmk->rcu, vmk_free_rcu);
}

static struct migsel_vmk *vmk_alloc(struct net_device *dev)
{
	struct migsel_vmk *vmk;
	int cpu;

	vmk = kzalloc(sizeof(*vmk), GFP_KERNEL_ACCOUNT);
	if (!vmk)
		return NULL;
	vmk->stats = alloc_percpu_gfp(struct migsel_vmk_stats,
				      GFP_KERNEL_ACCOUNT);
	if (!vmk->stats) {
		kfree(vmk);
		return NULL;
	}
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(vmk->stats, cpu)->syncp);
	vmk->dev = dev;
	netdev_hold(dev, &vmk->dev_tracker, GFP_KERNEL);
	return vmk;
}

/* Who configures a namespace pays for its snapshots, the work item's too. */
static void pay_for(struct migsel_net *ms)
{
	mem_cgroup_put(ms->memcg);
	ms->memcg = get_mem_cgroup_from_mm(current->mm);
}

/**
 * migsel_vmk_add - register a device as a vmk
 * @ms: migsel in the device's namespace, with RTNL held
 * @dev: the device
 * @position: its place in the order, at most the number of vmks
 * @migration: it carries migration traffic
 * @weight: its share of the multi-NIC flows, 1 to 255
 * @extack: says why it was refused
 *
 * Context: process, sleeps.
 * Return: 0, or -EINVAL, -ERANGE (@position), -EEXIST, -ENOSPC, -ENOMEM with nothing changed.
 */
int migsel_vmk_add(struct migsel_net *ms, struct net_device *dev, u32 position,
		   bool migration, u8 weight, struct netlink_ext_ack *extack)
{
	struct migsel_vmk *vmk;
	u32 if_id;
	int err;

	err = migsel_device_check(dev, &if_id, extack);
	if (err)
		return err;
	if (migsel_vmk_find(ms, dev)) {
		NL_SET_ERR_MSG(extack, "the device is already a vmk");
		return -EEXIST;
	}
	if (ms->n_vmks >= MIGSEL_MAX_VMKS) {
		NL_SET_ERR_MSG(extack, "a namespace has at most 256 vmks");
		return -ENOSPC;
	}
	if (position > ms->n_vmks) {
		NL_SET_ERR_MSG(extack, "the position is beyond the end");
		return -ERANGE;
	}
	if (!migsel_snap_fits(dev)) {
		NL_SET_ERR_MSG(extack,
			       "the device has more than 1024 addresses of a family");
		return -ENOSPC;
	}

	vmk = vmk_alloc(dev);
	if (!vmk) {
		NL_SET_ERR_MSG(extack, "out of memory");
		return -ENOMEM;
	}
	vmk->if_id = if_id;
	vmk->migration = migration;
	vmk->weight = weight;

	pay_for(ms);
	vmk_insert(ms, vmk, position);
	err = migsel_commit(ms, true, extack);
	if (err) {
		vmk_remove(ms, vmk);
		migsel_vmk_free(vmk);
	}
	return err;
}

/**
 * migsel_vmk_set - change a vmk
 * @ms: migsel in a namespace, with RTNL held
 * @vmk: one of its vmks
 * @position: its place in the order, less than the number of vmks
 * @migration: it carries migration traffic
 * @weight: its share of the multi-NIC flows, 1 to 255
 * @extack: says why it was refused
 *
 * Context: process, sleeps.
 * Return: 0, or -ERANGE (@position), -ENOMEM with nothing changed.
 */
int migsel_vmk_set(struct migsel_net *ms, struct migsel_vmk *vmk, u32 position,
		   bool migration, u8 weight, struct netlink_ext_ack *extack)
{
	u32 old_position = migsel_vmk_position(ms, vmk);
	bool old_migration = vmk->migration;
	u8 old_weight = vmk->weight;
	int err;

	if (position >= ms->n_vmks) {
		NL_SET_ERR_MSG(extack, "the position is beyond the end");
		return -ERANGE;
	}

	vmk_remove(ms, vmk);
	vmk_insert(ms, vmk, position);
	vmk->migration = migration;
	vmk->weight = weight;
	/* Read, as owners of addresses are found in the order of vmks. */
	err = migsel_commit(ms, true, extack);
	if (err) {
		vmk_remove(ms, vmk);
		vmk_insert(ms, vmk, old_position);
		vmk->migration = old_migration;
		vmk->weight = old_weight;
	}
	return err;
}

/**
 * migsel_vmk_del - remove a vmk
 * @ms: migsel in a namespace, with RTNL held
 * @vmk: one of its vmks, to be freed by migsel_vmk_free() then
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
}

/**
 * migsel_vmk_flush - remove all vmks
 * @ms: migsel in a namespace, with RTNL held
 * @gone: where to put them, to be freed by migsel_vmk_free()
 *
 * Context: process, sleeps.
 */
void migsel_vmk_flush(struct migsel_net *ms, struct list_head *gone)
{
	list_splice_init(&ms->vmks, gone);
	WRITE_ONCE(ms->n_vmks, 0);
	migsel_publish(ms, NULL);
	migsel_vmk_settle(ms);
}

/**
 * migsel_vmk_recheck - remove what may not be a vmk any more
 * @ms: migsel in a namespace, with RTNL held
 * @gone: where to put it, to be freed by migsel_vmk_free()
 *
 * Context: process, sleeps.
 */
void migsel_vmk_recheck(struct migsel_net *ms, struct list_head *gone)
{
	struct migsel_vmk *vmk, *next;
	bool changed = false;
	u32 if_id;
	int err;

	list_for_each_entry_safe(vmk, next, &ms->vmks, list) {
		err = migsel_device_check(vmk->dev, &if_id, NULL);
		if (err == -EINVAL) {
			vmk_remove(ms, vmk);
			list_add_tail(&vmk->list, gone);
			changed = true;
		} else if (!err && if_id != vmk->if_id) {
			vmk->if_id = if_id;
			changed = true;
		}
	}
	if (changed) {
		migsel_publish_left(ms);
		migsel_vmk_settle(ms);
	}
}

/**
 * migsel_tag_set - change how marks are read
 * @ms: migsel in a namespace, with RTNL held
 * @tag: how to read them
 * @extack: says why it was refused
 *
 * Context: process, sleeps.
 * Return: 0, or -EINVAL, -ENOMEM with nothing changed.
 */
int migsel_tag_set(struct migsel_net *ms, const struct migsel_tag *tag,
		   struct netlink_ext_ack *extack)
{
	struct migsel_tag old = ms->tag;
	int err;

	if (!tag->mask) {
		NL_SET_ERR_MSG(extack, "the mask has no bit");
		return -EINVAL;
	}
	if (!tag->hot || !tag->cold) {
		NL_SET_ERR_MSG(extack,
			       "neither the hot nor the cold value may be zero");
		return -EINVAL;
	}
	if (tag->hot & ~tag->mask) {
		NL_SET_ERR_MSG(extack,
			       "the hot value has bits outside the mask");
		return -EINVAL;
	}
	if (tag->cold & ~tag->mask) {
		NL_SET_ERR_MSG(extack,
			       "the cold value has bits outside the mask");
		return -EINVAL;
	}
	if (tag->hot == tag->cold) {
		NL_SET_ERR_MSG(extack,
			       "the hot and the cold value must differ");
		return -EINVAL;
	}

	ms->tag = *tag;
	err = migsel_commit(ms, false, extack);
	if (err)
		ms->tag = old;
	return err;
}

/**
 * migsel_policy_set - change what is made of decisions
 * @ms: migsel in a namespace, with RTNL held
 * @policy: what to make of them
 * @extack: says why it was refused
 *
 * Context: process, sleeps.
 * Return: 0, or -ENOMEM with nothing changed.
 */
int migsel_policy_set(struct migsel_net *ms, const struct migsel_policy *policy,
		      struct netlink_ext_ack *extack)
{
	struct migsel_policy old = ms->policy;
	int err;

	ms->policy = *policy;
	err = migsel_commit(ms, false, extack);
	if (err)
		ms->policy = old;
	return err;
}

/**
 * migsel_vmk_init_net - start with no vmk and the defaults
 * @ms: migsel in a new namespace
 */
void migsel_vmk_init_net(struct migsel_net *ms)
{
	INIT_LIST_HEAD(&ms->vmks);
	INIT_DELAYED_WORK(&ms->rebuild, rebuild_work);
	ms->generation = 1;
	ms->tag.mask = 0x30000;
	ms->tag.hot = 0x10000;
	ms->tag.cold = 0x20000;
	ms->policy.mode = MIGSEL_MODE_ENFORCE;
	ms->policy.unreachable = MIGSEL_UNREACHABLE_REFUSE;
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

	/* It takes RTNL. */
	cancel_delayed_work_sync(&ms->rebuild);

	rtnl_lock();
	migsel_vmk_flush(ms, &gone);
	list_for_each_entry_safe(vmk, next, &gone, list)
		migsel_vmk_free(vmk);
	rtnl_unlock();
	mem_cgroup_put(ms->memcg);
}
