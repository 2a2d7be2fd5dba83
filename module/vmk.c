// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration of a namespace: the ordered set of vmks, tag and policy.
 * Every change is made on the RTNL side first, then published as a whole.
 */

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "migsel.h"

/*
 * Readers may still choose by the old snapshot until synchronize_net() and
 * leave what they chose in a socket: only then are routes invalidated.
 */
static void migsel_publish(struct migsel_net *ms, struct migsel_snap *snap)
{
	snap = rcu_replace_pointer(ms->snap, snap, lockdep_rtnl_is_held());
	synchronize_net();
	rt_genid_bump_all(ms->net);
	kvfree(snap);

	if (!++ms->generation)
		ms->generation++;
}

/*
 * Make the packet side follow the RTNL side. Fails only without __GFP_NOFAIL,
 * or if the hook has to be registered, and then changes nothing.
 */
static int migsel_commit(struct migsel_net *ms, gfp_t gfp,
			 struct netlink_ext_ack *extack)
{
	bool hook = ms->n_vmks && ms->policy.mode != MIGSEL_MODE_OFF;
	struct migsel_snap *snap = NULL;
	int err;

	ASSERT_RTNL();

	if (ms->n_vmks) {
		snap = migsel_snap_build(ms, gfp);
		if (!snap) {
			NL_SET_ERR_MSG(extack, "out of memory");
			return -ENOMEM;
		}
	}
	if (hook && !ms->hooked) {
		err = migsel_hook_start(ms, extack);
		if (err) {
			kvfree(snap);
			return err;
		}
	}

	if (!hook && ms->hooked)
		migsel_hook_unregister(ms);
	migsel_publish(ms, snap);
	if (!hook)
		migsel_hook_stop(ms);
	else
		migsel_place_sync(ms->flows, snap);
	return 0;
}

static void rebuild_work(struct work_struct *work)
{
	struct migsel_net *ms = container_of(work, struct migsel_net, rebuild);

	rtnl_lock();
	migsel_vmk_refresh(ms);
	rtnl_unlock();
}

/**
 * migsel_vmk_refresh - read the addresses and links of the vmks anew
 * @ms: migsel in a namespace, with RTNL held
 *
 * Context: process, sleeps.
 */
void migsel_vmk_refresh(struct migsel_net *ms)
{
	migsel_commit(ms, GFP_KERNEL | __GFP_NOFAIL, NULL);
}

/**
 * migsel_vmk_refresh_atomic - let decisions see addresses anew at once
 * @ms: migsel in a namespace that has a vmk, with RTNL held
 *
 * Does not invalidate routes and may lack memory: migsel_vmk_refresh() has to
 * follow.
 *
 * Context: any.
 */
void migsel_vmk_refresh_atomic(struct migsel_net *ms)
{
	struct migsel_snap *snap = migsel_snap_build(ms, GFP_ATOMIC);

	if (!snap)
		return;
	snap = rcu_replace_pointer(ms->snap, snap, lockdep_rtnl_is_held());
	kvfree_rcu(snap, rcu);
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
	struct migsel_vmk *vmk;

	ASSERT_RTNL();

	list_for_each_entry(vmk, &ms->vmks, list)
		if (vmk->dev == dev)
			return vmk;
	return NULL;
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
	const struct list_head *node;
	u32 position = 0;

	ASSERT_RTNL();

	for (node = vmk->list.prev; node != &ms->vmks; node = node->prev)
		position++;
	return position;
}

static void vmk_insert(struct migsel_net *ms, struct migsel_vmk *vmk,
		       u32 position)
{
	struct list_head *prev = &ms->vmks;

	while (position--)
		prev = prev->next;
	list_add(&vmk->list, prev);
	WRITE_ONCE(ms->n_vmks, ms->n_vmks + 1);
}

static void vmk_remove(struct migsel_net *ms, struct migsel_vmk *vmk)
{
	list_del(&vmk->list);
	WRITE_ONCE(ms->n_vmks, ms->n_vmks - 1);
}

/**
 * migsel_vmk_free - let go of a vmk that was removed
 * @vmk: what migsel_vmk_del() was called with
 */
void migsel_vmk_free(struct migsel_vmk *vmk)
{
	netdev_put(vmk->dev, &vmk->dev_tracker);
	free_percpu(vmk->stats);
	kfree(vmk);
}

static struct migsel_vmk *vmk_alloc(struct net_device *dev)
{
	struct migsel_vmk *vmk;
	int cpu;

	vmk = kzalloc(sizeof(*vmk), GFP_KERNEL);
	if (!vmk)
		return NULL;
	vmk->stats = alloc_percpu(struct migsel_vmk_stats);
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
	int err;

	if (dev->flags & IFF_LOOPBACK) {
		NL_SET_ERR_MSG(extack, "a loopback device cannot be a vmk");
		return -EINVAL;
	}
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

	vmk = vmk_alloc(dev);
	if (!vmk) {
		NL_SET_ERR_MSG(extack, "out of memory");
		return -ENOMEM;
	}
	vmk->migration = migration;
	vmk->weight = weight;

	vmk_insert(ms, vmk, position);
	err = migsel_commit(ms, GFP_KERNEL, extack);
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
	err = migsel_commit(ms, GFP_KERNEL, extack);
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
 * Context: process, sleeps.
 */
void migsel_vmk_del(struct migsel_net *ms, struct migsel_vmk *vmk)
{
	vmk_remove(ms, vmk);
	migsel_vmk_refresh(ms);
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
	if (!ms->n_vmks)
		return;
	WRITE_ONCE(ms->n_vmks, 0);
	migsel_vmk_refresh(ms);
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
	err = migsel_commit(ms, GFP_KERNEL, extack);
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
	err = migsel_commit(ms, GFP_KERNEL, extack);
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
	INIT_WORK(&ms->rebuild, rebuild_work);
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

	cancel_work_sync(&ms->rebuild);

	rtnl_lock();
	migsel_vmk_flush(ms, &gone);
	list_for_each_entry_safe(vmk, next, &gone, list)
		migsel_vmk_free(vmk);
	rtnl_unlock();
}
