// SPDX-License-Identifier: GPL-2.0-only
/* The immutable picture of a namespace's configuration. */

#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/addrconf.h>

#include "migsel.h"

/* Where addresses go. Only counts those that do not fit into @room. */
struct addr_sink {
	struct migsel_addr *addrs;
	u32 room;
	u32 n;
};

static void addr_put(struct addr_sink *sink, enum migsel_family family,
		     const void *local, const void *prefix, u8 len)
{
	size_t bytes = family == MIGSEL_INET ? 4 : 16;

	if (sink->n < sink->room) {
		struct migsel_addr *addr = &sink->addrs[sink->n];

		memcpy(addr->local, local, bytes);
		memcpy(addr->prefix, prefix, bytes);
		addr->len = len;
		addr->family = family;
	}
	sink->n++;
}

static void addrs_inet(const struct net_device *dev, struct addr_sink *sink)
{
	struct in_device *in_dev = __in_dev_get_rtnl(dev);
	struct in_ifaddr *ifa;

	if (!in_dev)
		return;
	in_dev_for_each_ifa_rtnl(ifa, in_dev)
		addr_put(sink, MIGSEL_INET, &ifa->ifa_local, &ifa->ifa_address,
			 ifa->ifa_prefixlen);
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
		addr_put(sink, MIGSEL_INET6, &ifa->addr,
			 ipv6_addr_any(&ifa->peer_addr) ? &ifa->addr :
							  &ifa->peer_addr,
			 ifa->prefix_len);
	read_unlock_bh(&idev->lock);
}
#else
static void addrs_inet6(const struct net_device *dev, struct addr_sink *sink)
{
}
#endif

static u32 count_addrs(const struct migsel_net *ms)
{
	struct addr_sink sink = {};
	struct migsel_vmk *vmk;

	list_for_each_entry(vmk, &ms->vmks, list) {
		addrs_inet(vmk->dev, &sink);
		addrs_inet6(vmk->dev, &sink);
	}
	return sink.n;
}

/* Lay out a snapshot with room for @n_addrs addresses behind its vmks. */
static struct migsel_snap *snap_alloc(u32 n_vmks, u32 n_addrs, gfp_t gfp,
				      struct addr_sink *sink)
{
	struct migsel_snap *snap;
	size_t size;

	size = struct_size(snap, vmks, n_vmks) +
	       n_vmks * sizeof(*snap->rule.vmks) +
	       n_addrs * sizeof(*sink->addrs);
	snap = kvzalloc(size, gfp);
	if (!snap)
		return NULL;

	snap->rule.vmks = (void *)&snap->vmks[n_vmks];
	snap->rule.n_vmks = n_vmks;
	sink->addrs = (void *)&snap->rule.vmks[n_vmks];
	sink->room = n_addrs;
	sink->n = 0;
	return snap;
}

/**
 * migsel_snap_build - take a picture of the configuration
 * @ms: migsel in a namespace, with RTNL held
 * @gfp: how to allocate; with __GFP_NOFAIL it succeeds
 *
 * Context: as @gfp has it.
 * Return: the snapshot, to be freed by kvfree(), or NULL without memory.
 */
struct migsel_snap *migsel_snap_build(const struct migsel_net *ms, gfp_t gfp)
{
	struct addr_sink sink = {};
	struct migsel_snap *snap;
	struct migsel_vmk *vmk;
	u32 i;

	ASSERT_RTNL();

	/* RTNL does not keep router advertisements from adding addresses. */
	do {
		snap = snap_alloc(ms->n_vmks, count_addrs(ms), gfp, &sink);
		if (!snap)
			return NULL;

		i = 0;
		list_for_each_entry(vmk, &ms->vmks, list) {
			struct migsel_rule_vmk *rule_vmk = &snap->rule.vmks[i];
			u32 first = sink.n;

			addrs_inet(vmk->dev, &sink);
			addrs_inet6(vmk->dev, &sink);
			if (sink.n > sink.room) {
				kvfree(snap);
				break;
			}

			rule_vmk->addrs = &sink.addrs[first];
			rule_vmk->n_addrs = sink.n - first;
			rule_vmk->migration = vmk->migration;
			rule_vmk->weight = vmk->weight;
			snap->vmks[i].dev = vmk->dev;
			snap->vmks[i].stats = vmk->stats;
			i++;
		}
	} while (sink.n > sink.room);

	snap->tag = ms->tag;
	snap->policy = ms->policy;
	migsel_rule_prepare(&snap->rule);
	return snap;
}

/**
 * migsel_snap_owner - the usable migration vmk that has an address
 * @snap: the configuration
 * @family: the address's family
 * @addr: the address, 4 or 16 bytes in network order
 *
 * Return: the position of the vmk, or MIGSEL_NO_VMK.
 */
int migsel_snap_owner(const struct migsel_snap *snap,
		      enum migsel_family family, const void *addr)
{
	size_t bytes = family == MIGSEL_INET ? 4 : 16;
	u32 i, j;

	for (i = 0; i < snap->rule.n_vmks; i++) {
		const struct migsel_rule_vmk *vmk = &snap->rule.vmks[i];

		if (!vmk->migration || !migsel_usable(snap, i, family))
			continue;
		for (j = 0; j < vmk->n_addrs; j++)
			if (vmk->addrs[j].family == family &&
			    !memcmp(vmk->addrs[j].local, addr, bytes))
				return i;
	}
	return MIGSEL_NO_VMK;
}
