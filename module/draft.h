/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A draft of a namespace's configuration: what the attributes of a request make of the
 * present one. Whatever is wrong is found, and its attribute named, before anything is
 * changed.
 */

#ifndef _MIGSEL_DRAFT_H
#define _MIGSEL_DRAFT_H

#include <linux/migsel.h>
#include <linux/types.h>

#include "snap.h"
#include "vmk.h"

struct migsel_net;
struct net;
struct net_device;
struct netlink_ext_ack;
struct nlattr;

/**
 * struct migsel_draft_vmk - a vmk of a draft
 * @dev: the device
 * @vmk: the vmk that the device is at present, NULL if it is none
 * @if_id: what tells the packets of an xfrm interface, 0 for other devices
 * @config: what is to be configured
 * @put: the request has described the vmk
 * @position: the attribute that has to hold in the end, NULL if there is none
 * @provisioning: the attribute that the service was last given or taken by, likewise
 */
struct migsel_draft_vmk {
	struct net_device *dev;
	struct migsel_vmk *vmk;
	u32 if_id;
	struct migsel_vmk_config config;
	bool put;
	const struct nlattr *position;
	const struct nlattr *provisioning;
};

/**
 * struct migsel_draft - a configuration that is not in effect
 * @ms: migsel in the namespace, with RTNL held as long as there is the draft
 * @tag: how marks are to be read
 * @policy: what is to be made of decisions
 * @n_vmks: length of @vmks
 * @vmks: the vmks in their order
 */
struct migsel_draft {
	struct migsel_net *ms;
	struct migsel_tag tag;
	struct migsel_policy policy;
	u32 n_vmks;
	struct migsel_draft_vmk vmks[MIGSEL_MAX_VMKS];
};

struct net_device *migsel_draft_dev(struct net *net, struct nlattr **attrs,
				    struct nlattr *nest,
				    struct netlink_ext_ack *extack);
struct migsel_draft *migsel_draft_alloc(struct migsel_net *ms,
					struct netlink_ext_ack *extack);
void migsel_draft_clear(struct migsel_draft *draft);
int migsel_draft_vmk(struct migsel_draft *draft, enum migsel_vmk_change change,
		     struct nlattr **attrs, struct nlattr *nest,
		     struct netlink_ext_ack *extack);
int migsel_draft_tag(struct migsel_draft *draft, struct nlattr **attrs,
		     struct netlink_ext_ack *extack);
void migsel_draft_policy(struct migsel_draft *draft, struct nlattr **attrs);
int migsel_draft_arrange(struct migsel_draft *draft,
			 struct netlink_ext_ack *extack);
bool migsel_draft_differs(const struct migsel_draft *draft);

#endif /* _MIGSEL_DRAFT_H */
