/* SPDX-License-Identifier: GPL-2.0-only */
/* The immutable picture of a configuration, which packets are decided by. */

#ifndef _MIGSEL_SNAP_H
#define _MIGSEL_SNAP_H

#include <linux/migsel.h>
#include <linux/netdevice.h>
#include <linux/types.h>
#include <linux/unaligned.h>

#include "rule.h"

struct migsel_count;
struct migsel_net;
struct migsel_vmk;
struct migsel_vmk_stats;

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
 * @carries: for each family, it carries migration traffic while its link is up
 */
struct migsel_snap_vmk {
	struct migsel_vmk *vmk;
	struct net_device *dev;
	struct migsel_vmk_stats __percpu *stats;
	u32 if_id;
	bool carries[MIGSEL_N_FAMILIES];
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
 * @factors: what their words are multiplied with to hash them, unknown to who chooses them
 * @heads: one more than the index of the first address with a hash
 * @head_mask: one less than the length of @heads, a power of two
 * @owners: whose the addresses are
 * @addrs: the addresses, those of a vmk side by side
 */
struct migsel_addrs {
	int changes;
	u64 factors[4];
	u32 *heads;
	u32 head_mask;
	struct migsel_owner *owners;
	struct migsel_addr addrs[];
};

/**
 * struct migsel_path - what the rule has settled for all plain packets of a kind
 * @ms: migsel in their namespace
 * @snap: the configuration
 * @settled: the rows, by what else is said of a packet
 * @dev: the vmk by which they go if that is one, or NULL
 * @count: where they are counted, if there is @dev
 * @class: their tag
 * @family: their family
 * @reason: why they go by @dev, or by flow
 * @bypasses: whether it is worth an alarm that they go by @dev
 * @by_flow: they go by one of several vmks, by their flow
 * @placed_at: where they are counted then, in the counters of that vmk
 * @bound_at: where they are counted there if their sender is bound to its address
 *
 * Plain is a packet to one host on the network, of a socket that is not bound to a
 * device.
 */
struct migsel_path {
	struct migsel_net *ms;
	const struct migsel_snap *snap;
	const struct migsel_settled *settled;
	const struct net_device *dev;
	struct migsel_count __percpu *count;
	u8 class;
	u8 family;
	u8 reason;
	bool bypasses;
	bool by_flow;
	u16 placed_at;
	u16 bound_at;
};

/**
 * struct migsel_snap - an immutable picture of the configuration
 * @retired: the next one in migsel_net::retired; for RTNL
 * @owns_addrs: @addrs are freed with it, no later snapshot has them; for RTNL
 * @tag: how marks are read
 * @policy: what is made of decisions
 * @has_xfrm: a vmk is an xfrm interface
 * @id: no other snapshot has or had it, never 0. A pointer may be that of an earlier one
 * @paths: for each family and class, what the rule has settled
 * @addrs: the addresses of its vmks, perhaps those of the previous snapshot
 * @rule: the vmks, as the rule sees them
 * @slots: the vmks, each by the low bits of its ifindex, or in the next free slot
 * @slot_mask: one less than the length of @slots, a power of two
 * @vmks: the vmks, in their order
 */
struct migsel_snap {
	struct migsel_snap *retired;
	bool owns_addrs;
	struct migsel_tag tag;
	struct migsel_policy policy;
	bool has_xfrm;
	u64 id;
	struct migsel_path paths[MIGSEL_N_FAMILIES][__MIGSEL_CLASS_MAX];
	struct migsel_addrs *addrs;
	struct migsel_rule rule;
	const struct migsel_snap_vmk **slots;
	u32 slot_mask;
	struct migsel_snap_vmk vmks[];
};

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
 * migsel_link_is_up - whether a device can send now
 * @dev: the device
 *
 * Context: any. Reads the link live.
 * Return: true if it can.
 */
static __always_inline bool migsel_link_is_up(const struct net_device *dev)
{
	/* The helper for the carrier becomes a call where it is used often. */
	return (READ_ONCE(dev->flags) & IFF_UP) &&
	       !test_bit(__LINK_STATE_NOCARRIER, &dev->state);
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
	return snap->rule.vmks[vmk].addressed[family] &&
	       migsel_link_is_up(snap->vmks[vmk].dev);
}

/**
 * migsel_snap_find - the vmk that a device is
 * @snap: the configuration
 * @ifindex: the device
 *
 * Return: the vmk, NULL if the device is none.
 */
static __always_inline const struct migsel_snap_vmk *
migsel_snap_find(const struct migsel_snap *snap, int ifindex)
{
	u32 slot = ifindex & snap->slot_mask;
	const struct migsel_snap_vmk *vmk;

	while ((vmk = snap->slots[slot]) && vmk->dev->ifindex != ifindex)
		slot = (slot + 1) & snap->slot_mask;
	return vmk;
}

/**
 * migsel_snap_position - the place of a vmk in the order
 * @snap: the configuration
 * @vmk: a vmk of it, or NULL
 *
 * Return: its position, MIGSEL_NO_VMK of none.
 */
static inline int migsel_snap_position(const struct migsel_snap *snap,
				       const struct migsel_snap_vmk *vmk)
{
	return vmk ? vmk - snap->vmks : MIGSEL_NO_VMK;
}

/**
 * migsel_addrs_head - the chain that an address is in, if it is in any
 * @addrs: the addresses
 * @family: the address's family
 * @addr: the address, 4 or 16 bytes in network order
 *
 * Return: the head of the chain.
 */
static __always_inline u32 *migsel_addrs_head(const struct migsel_addrs *addrs,
					      enum migsel_family family,
					      const void *addr)
{
	const u64 *factors = addrs->factors;
	const u32 *words = addr;
	u64 hash;

	/* Those of vmks are not aligned. */
	hash = get_unaligned(&words[0]) * factors[0];
	if (family == MIGSEL_INET6)
		hash += get_unaligned(&words[1]) * factors[1] +
			get_unaligned(&words[2]) * factors[2] +
			get_unaligned(&words[3]) * factors[3];
	return &addrs->heads[hash >> 32 & addrs->head_mask];
}

/**
 * migsel_snap_owner - the usable migration vmk that has an address
 * @snap: the configuration
 * @family: the address's family
 * @addr: the address, 4 or 16 bytes in network order
 *
 * Context: under rcu_read_lock() or RTNL.
 * Return: the vmk, or NULL.
 */
static __always_inline const struct migsel_snap_vmk *
migsel_snap_owner(const struct migsel_snap *snap, enum migsel_family family,
		  const void *addr)
{
	const struct migsel_addrs *addrs = snap->addrs;
	const struct migsel_snap_vmk *vmk;
	u32 i;

	for (i = *migsel_addrs_head(addrs, family, addr); i;
	     i = addrs->owners[i - 1].next) {
		const struct migsel_addr *own = &addrs->addrs[i - 1];

		if (own->family != family ||
		    (family == MIGSEL_INET ? memcmp(own->local, addr, 4) :
					     memcmp(own->local, addr, 16)))
			continue;
		vmk = migsel_snap_find(snap, addrs->owners[i - 1].ifindex);
		if (vmk && vmk->carries[family] &&
		    migsel_link_is_up(vmk->dev))
			return vmk;
	}
	return NULL;
}

bool migsel_snap_fits(const struct net_device *dev);
void migsel_snap_index(struct migsel_snap *snap);
struct migsel_snap *migsel_snap_build(struct migsel_net *ms,
				      const struct migsel_snap *old, gfp_t gfp);
void migsel_snap_free(struct migsel_snap *snap);

#endif /* _MIGSEL_SNAP_H */
