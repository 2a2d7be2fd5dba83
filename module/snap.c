// SPDX-License-Identifier: GPL-2.0-only
/* The immutable picture of a namespace's configuration. */

#include <linux/inetdevice.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <net/addrconf.h>

#include "migsel.h"
#include "snap.h"
#include "vmk.h"

/*
 * Where addresses go. Those that do not fit into @room are only counted. Of a family no
 * more than @left are taken or counted; @more says that there are more.
 */
struct addr_sink {
	struct migsel_addr *addrs;
	u32 room;
	u32 n;
	u32 left;
	bool more;
};

/* Returns false if the rest of the family need not be looked at. */
static bool addr_put(struct addr_sink *sink, enum migsel_family family,
		     const void *local, const void *prefix, u8 len)
{
	size_t bytes = family == MIGSEL_INET ? 4 : 16;

	if (!sink->left) {
		sink->more = true;
		return false;
	}
	sink->left--;

	if (sink->n < sink->room) {
		struct migsel_addr *addr = &sink->addrs[sink->n];

		memcpy(addr->local, local, bytes);
		memcpy(addr->prefix, prefix, bytes);
		addr->len = len;
		addr->family = family;
	}
	sink->n++;
	return true;
}

static void addrs_inet(const struct net_device *dev, struct addr_sink *sink)
{
	struct in_device *in_dev = __in_dev_get_rtnl(dev);
	struct in_ifaddr *ifa;

	if (!in_dev)
		return;
	in_dev_for_each_ifa_rtnl(ifa, in_dev)
		if (!addr_put(sink, MIGSEL_INET, &ifa->ifa_local,
			      &ifa->ifa_address, ifa->ifa_prefixlen))
			break;
}

#if IS_ENABLED(CONFIG_IPV6)
static void addrs_inet6(const struct net_device *dev, struct addr_sink *sink)
{
	struct inet6_dev *idev = __in6_dev_get(dev);
	struct inet6_ifaddr *ifa;

	if (!idev)
		return;
	read_lock_bh(&idev->lock);
	list_for_each_entry(ifa, &idev->addr_list, if_list)
		if (!addr_put(sink, MIGSEL_INET6, &ifa->addr,
			      ipv6_addr_any(&ifa->peer_addr) ? &ifa->addr :
							       &ifa->peer_addr,
			      ifa->prefix_len))
			break;
	read_unlock_bh(&idev->lock);
}
#else
static void addrs_inet6(const struct net_device *dev, struct addr_sink *sink)
{
}
#endif

static void addrs_of(const struct net_device *dev, struct addr_sink *sink)
{
	sink->more = false;
	sink->left = MIGSEL_MAX_ADDRESSES;
	addrs_inet(dev, sink);
	sink->left = MIGSEL_MAX_ADDRESSES;
	addrs_inet6(dev, sink);
}

/**
 * migsel_snap_fits - whether all addresses of a device would be seen
 * @dev: the device, with RTNL held
 *
 * Return: false if it has more than MIGSEL_MAX_ADDRESSES of a family.
 */
bool migsel_snap_fits(const struct net_device *dev)
{
	struct addr_sink sink = {};

	ASSERT_RTNL();

	addrs_of(dev, &sink);
	return !sink.more;
}

static u32 count_addrs(const struct migsel_net *ms)
{
	struct addr_sink sink = {};
	struct migsel_vmk *vmk;

	list_for_each_entry(vmk, &ms->vmks, list)
		addrs_of(vmk->dev, &sink);
	return sink.n;
}

/* Log that addresses are ignored, once until it is over. */
static void vmk_crowded(struct migsel_vmk *vmk, bool crowded)
{
	if (crowded && !vmk->crowded && net_ratelimit())
		netdev_warn(vmk->dev,
			    "migsel ignores all but %u addresses of a family\n",
			    MIGSEL_MAX_ADDRESSES);
	vmk->crowded = crowded;
}

static struct migsel_addrs *addrs_alloc(u32 n_addrs, gfp_t gfp)
{
	u32 n_heads = roundup_pow_of_two(2 * n_addrs + 1);
	struct migsel_addrs *addrs;
	size_t size;

	size = ALIGN(struct_size(addrs, addrs, n_addrs),
		     sizeof(*addrs->owners));
	addrs = kvzalloc(size + n_addrs * sizeof(*addrs->owners) +
			 n_heads * sizeof(*addrs->heads), gfp);
	if (!addrs)
		return NULL;

	addrs->owners = (void *)addrs + size;
	addrs->heads = (void *)&addrs->owners[n_addrs];
	addrs->head_mask = n_heads - 1;
	get_random_bytes(addrs->factors, sizeof(addrs->factors));
	return addrs;
}

/* Whether the vmk that was last added to a chain is in it with this very address. */
static bool chain_has(const struct migsel_addrs *addrs, u32 next, int ifindex,
		      const struct migsel_addr *addr)
{
	for (; next && addrs->owners[next - 1].ifindex == ifindex;
	     next = addrs->owners[next - 1].next) {
		const struct migsel_addr *own = &addrs->addrs[next - 1];

		if (own->family == addr->family &&
		    !memcmp(own->local, addr->local, sizeof(own->local)))
			return true;
	}
	return false;
}

/*
 * Vmks are added from the last to the first, so that of several with the same address
 * the first is found first. In IPv4 a vmk may have one address many times, with
 * different prefixes; it is added once, so that chains stay short.
 */
static void addrs_index(const struct migsel_snap *snap,
			struct migsel_addrs *addrs)
{
	u32 i, j, n, *head;

	for (i = snap->rule.n_vmks; i--;) {
		const struct migsel_rule_vmk *vmk = &snap->rule.vmks[i];

		for (j = 0; j < vmk->n_addrs; j++) {
			n = vmk->addrs - addrs->addrs + j;
			head = migsel_addrs_head(addrs, vmk->addrs[j].family,
						 vmk->addrs[j].local);
			if (chain_has(addrs, *head, snap->vmks[i].dev->ifindex,
				      &vmk->addrs[j]))
				continue;
			addrs->owners[n].ifindex = snap->vmks[i].dev->ifindex;
			addrs->owners[n].next = *head;
			*head = n + 1;
		}
	}
}

/*
 * Read the addresses of the devices. This races with IPv6, which adds addresses without
 * RTNL: where there are more than were counted, all is counted and read again.
 */
static bool addrs_read(struct migsel_snap *snap, const struct migsel_net *ms,
		       gfp_t gfp)
{
	struct migsel_rule_vmk *rule_vmk;
	struct migsel_addrs *addrs;
	struct addr_sink sink;
	struct migsel_vmk *vmk;

	do {
		memset(&sink, 0, sizeof(sink));
		sink.room = count_addrs(ms);
		addrs = addrs_alloc(sink.room, gfp);
		if (!addrs)
			return false;
		sink.addrs = addrs->addrs;

		addrs->changes = atomic_read(&ms->changes);
		/*
		 * This races with who changes an address: the list first, and
		 * then the count. They are read the other way round, so that the
		 * snapshot has a change or is stale. Pairs with migsel_vmk_changed().
		 */
		smp_rmb();

		rule_vmk = snap->rule.vmks;
		list_for_each_entry(vmk, &ms->vmks, list) {
			u32 first = sink.n;

			addrs_of(vmk->dev, &sink);
			if (sink.n > sink.room) {
				kvfree(addrs);
				break;
			}
			vmk_crowded(vmk, sink.more);
			rule_vmk->addrs = &addrs->addrs[first];
			rule_vmk->n_addrs = sink.n - first;
			rule_vmk++;
		}
	} while (sink.n > sink.room);

	for (rule_vmk = snap->rule.vmks;
	     rule_vmk < snap->rule.vmks + snap->rule.n_vmks; rule_vmk++) {
		sort((void *)rule_vmk->addrs, rule_vmk->n_addrs,
		     sizeof(*rule_vmk->addrs), migsel_rule_compare, NULL);
		migsel_rule_prepare_vmk(rule_vmk);
	}
	addrs_index(snap, addrs);
	snap->addrs = addrs;
	snap->owns_addrs = true;
	return true;
}

/* Take over the addresses of another snapshot, which knows every vmk. */
static void addrs_share(struct migsel_snap *snap, const struct migsel_snap *old)
{
	int position;
	u32 i;

	for (i = 0; i < snap->rule.n_vmks; i++) {
		int ifindex = snap->vmks[i].dev->ifindex;

		position = migsel_snap_position(old, migsel_snap_find(old, ifindex));
		snap->rule.vmks[i] = old->rule.vmks[position];
	}
	snap->addrs = old->addrs;
}

/* Of all namespaces; under RTNL. */
static u64 last_id;

static struct migsel_snap *snap_alloc(u32 n_vmks, gfp_t gfp)
{
	u32 n_slots = roundup_pow_of_two(2 * n_vmks);
	struct migsel_snap *snap;

	snap = kvzalloc(struct_size(snap, vmks, n_vmks) +
			n_vmks * sizeof(*snap->rule.vmks) +
			n_slots * sizeof(*snap->slots), gfp);
	if (!snap)
		return NULL;

	snap->rule.vmks = (void *)&snap->vmks[n_vmks];
	snap->rule.n_vmks = n_vmks;
	snap->slots = (void *)&snap->rule.vmks[n_vmks];
	snap->slot_mask = n_slots - 1;
	return snap;
}

/**
 * migsel_snap_index - let migsel_snap_find() find the vmks
 * @snap: a snapshot whose devices are filled in, and whose slots are empty
 */
void migsel_snap_index(struct migsel_snap *snap)
{
	u32 i, slot;

	for (i = 0; i < snap->rule.n_vmks; i++) {
		slot = snap->vmks[i].dev->ifindex & snap->slot_mask;
		while (snap->slots[slot])
			slot = (slot + 1) & snap->slot_mask;
		snap->slots[slot] = &snap->vmks[i];
	}
}

/*
 * What the hook need not decide for each packet. Whether a row that prefers a vmk gives way
 * depends on the destination.
 */
static void snap_settle(struct migsel_snap *snap, struct migsel_net *ms,
			enum migsel_class class, enum migsel_family family)
{
	const struct migsel_settled *settled = snap->rule.settled[class][family];
	struct migsel_path *path = &snap->paths[family][class];
	int vmk = settled->vmk;

	BUILD_BUG_ON(sizeof(struct migsel_vmk_stats) > U16_MAX);

	path->ms = ms;
	path->snap = snap;
	path->settled = settled;
	path->class = class;
	path->family = family;
	if (snap->policy.mode != MIGSEL_MODE_ENFORCE)
		return;
	path->by_flow = settled->row->action == MIGSEL_CHOOSE;
	path->reason = settled->row->reason;
	path->placed_at = migsel_vmk_count_offset(class, path->reason);
	path->bound_at = migsel_vmk_count_offset(class,
						 settled[MIGSEL_TO_VMK].row->reason);
	if (settled->row->action == MIGSEL_PREFER || vmk == MIGSEL_NO_VMK ||
	    !snap->rule.vmks[vmk].addressed[family])
		return;
	path->dev = snap->vmks[vmk].dev;
	path->count = migsel_vmk_count(snap->vmks[vmk].stats, class,
				       path->reason);
	path->bypasses = settled->row->bypasses;
}

/**
 * migsel_snap_build - take a picture of the configuration
 * @ms: migsel in a namespace that has a vmk, with RTNL held
 * @old: a snapshot that knows all of its vmks and whose addresses are taken over, or
 *	NULL to read them from the devices
 * @gfp: how to allocate; with __GFP_NOFAIL it succeeds
 *
 * Context: as @gfp has it.
 * Return: the snapshot, to be freed by migsel_snap_free(), or NULL without memory.
 */
struct migsel_snap *migsel_snap_build(struct migsel_net *ms,
				      const struct migsel_snap *old, gfp_t gfp)
{
	struct mem_cgroup *memcg = set_active_memcg(ms->memcg);
	struct migsel_snap *snap;
	enum migsel_family family;
	enum migsel_class class;
	struct migsel_vmk *vmk;
	u32 i = 0;

	ASSERT_RTNL();

	snap = snap_alloc(ms->n_vmks, gfp);
	if (!snap)
		goto out;
	list_for_each_entry(vmk, &ms->vmks, list) {
		snap->vmks[i].vmk = vmk;
		snap->vmks[i].dev = vmk->dev;
		snap->vmks[i].stats = vmk->counters->stats;
		snap->vmks[i].if_id = vmk->if_id;
		snap->has_xfrm |= vmk->if_id;
		i++;
	}
	migsel_snap_index(snap);

	if (old) {
		addrs_share(snap, old);
	} else if (!addrs_read(snap, ms, gfp)) {
		kvfree(snap);
		snap = NULL;
		goto out;
	}
	for (i = 0; i < snap->rule.n_vmks; i++) {
		const struct migsel_vmk_config *config = &snap->vmks[i].vmk->config;

		snap->rule.vmks[i].stack = config->stack;
		snap->rule.vmks[i].migration = config->migration;
		snap->rule.vmks[i].provisioning = config->provisioning;
		snap->rule.vmks[i].weight = config->weight;
	}
	snap->id = ++last_id;
	snap->tag = ms->tag;
	snap->policy = ms->policy;
	snap->rule.strict = ms->policy.fallback == MIGSEL_FALLBACK_STRICT;
	migsel_rule_prepare(&snap->rule);
	for (i = 0; i < snap->rule.n_vmks; i++)
		for (family = 0; family < MIGSEL_N_FAMILIES; family++)
			snap->vmks[i].carries[family] =
				snap->rule.vmks[i].carries &&
				snap->rule.vmks[i].addressed[family];
	for (class = MIGSEL_CLASS_HOT; class <= MIGSEL_CLASS_MAX; class++)
		for (family = 0; family < MIGSEL_N_FAMILIES; family++)
			snap_settle(snap, ms, class, family);
out:
	set_active_memcg(memcg);
	return snap;
}

/**
 * migsel_snap_free - free a snapshot that nobody reads
 * @snap: the snapshot, may be NULL
 */
void migsel_snap_free(struct migsel_snap *snap)
{
	if (!snap)
		return;
	if (snap->owns_addrs)
		kvfree(snap->addrs);
	kvfree(snap);
}
