/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family: for main.c, and for those who send its messages. */

#ifndef _MIGSEL_NETLINK_H
#define _MIGSEL_NETLINK_H

#include <linux/migsel.h>
#include <linux/types.h>

struct genl_family;
struct genl_info;
struct migsel_alarm;
struct migsel_net;
struct migsel_vmk;
struct net;
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

int migsel_netlink_init(void);
void migsel_netlink_exit(void);
void migsel_netlink_vmk_left(struct migsel_net *ms,
			     const struct migsel_vmk *vmk);
bool migsel_netlink_alarm(struct net *net, const struct migsel_alarm *alarm,
			  u32 lost);
bool migsel_netlink_may_hear(struct net *net);
bool migsel_netlink_hears(struct net *net);

#endif /* _MIGSEL_NETLINK_H */
