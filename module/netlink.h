/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family, for those who send its messages. */

#ifndef _MIGSEL_NETLINK_H
#define _MIGSEL_NETLINK_H

#include <linux/migsel.h>

struct genl_family;
struct genl_info;
struct migsel_net;
struct sk_buff;

enum {
	MIGSEL_NLGRP_CONFIG,
	MIGSEL_NLGRP_ALARM,
};

extern struct genl_family migsel_genl_family;

/* The operations on the configuration that take no attribute. */
int migsel_nl_tag_get_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_config_get_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* _MIGSEL_NETLINK_H */
