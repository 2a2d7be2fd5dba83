/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration of a namespace. */

#ifndef _MIGSEL_VMK_H
#define _MIGSEL_VMK_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/types.h>

#include "snap.h"
#include "stats.h"

struct migsel_draft;
struct migsel_net;
struct netlink_ext_ack;

/**
 * struct migsel_vmk_config - what is configured of a vmk, beside its position
 * @stack: the TCP/IP stack that it belongs to, enum migsel_stack
 * @migration: carries migration traffic, as far as its stack does
 * @provisioning: has the provisioning service of the default stack
 * @weight: share of the multi-NIC flows, 1 to 255
 */
struct migsel_vmk_config {
	u8 stack;
	bool migration;
	bool provisioning;
	u8 weight;
};

/**
 * struct migsel_vmk - a device registered as a vmk
 * @rcu: frees it once no packet sees it
 * @list: place in migsel_net::vmks, the order of vmks
 * @dev: the device, held until it leaves the namespace
 * @dev_tracker: tracks that reference
 * @counters: what left by it
 * @if_id: what tells the packets of an xfrm interface, 0 for other devices
 * @config: what is configured of it
 * @crowded: some of its addresses are ignored
 */
struct migsel_vmk {
	struct rcu_head rcu;
	struct list_head list;
	struct net_device *dev;
	netdevice_tracker dev_tracker;
	struct migsel_vmk_counters *counters;
	u32 if_id;
	struct migsel_vmk_config config;
	bool crowded;
};

extern const struct migsel_tag migsel_default_tag;
extern const struct migsel_policy migsel_default_policy;

struct migsel_vmk *migsel_vmk_find(struct migsel_net *ms,
				   const struct net_device *dev);
int migsel_config_commit(struct migsel_draft *draft, struct list_head *gone,
			 struct netlink_ext_ack *extack);
void migsel_vmk_del(struct migsel_net *ms, struct migsel_vmk *vmk);
bool migsel_vmk_recheck(struct migsel_net *ms);
void migsel_vmk_free(struct migsel_net *ms, struct migsel_vmk *vmk);
void migsel_vmk_settle(struct migsel_net *ms);
void migsel_vmk_changed(struct migsel_net *ms);
void migsel_vmk_lock(struct migsel_net *ms);
u32 migsel_vmk_position(const struct migsel_net *ms,
			const struct migsel_vmk *vmk);
void migsel_vmk_init_net(struct migsel_net *ms);
void migsel_vmk_exit_net(struct migsel_net *ms);

#endif /* _MIGSEL_VMK_H */
