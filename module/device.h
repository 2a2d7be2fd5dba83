/* SPDX-License-Identifier: GPL-2.0-only */
/* What migsel has to know of kinds of devices. */

#ifndef _MIGSEL_DEVICE_H
#define _MIGSEL_DEVICE_H

#include <linux/types.h>

#include "rule.h"

struct migsel_snap;
struct net;
struct net_device;
struct netlink_ext_ack;
struct sk_buff;

int migsel_device_check(const struct net_device *dev, u32 *if_id,
			struct netlink_ext_ack *extack);
bool migsel_device_has_sent(struct net *net, const struct migsel_snap *snap,
			    const struct sk_buff *skb,
			    enum migsel_family family);
bool migsel_device_was_in(const struct sk_buff *skb);

#endif /* _MIGSEL_DEVICE_H */
