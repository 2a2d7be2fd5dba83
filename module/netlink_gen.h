/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/migsel.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_MIGSEL_GEN_H
#define _LINUX_MIGSEL_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/migsel.h>

/* Common nested types */
extern const struct nla_policy migsel_policy_config_nl_policy[MIGSEL_A_POLICY_FALLBACK + 1];
extern const struct nla_policy migsel_tag_config_nl_policy[MIGSEL_A_TAG_COLD + 1];
extern const struct nla_policy migsel_vmk_config_nl_policy[MIGSEL_A_VMK_PROVISIONING + 1];

int migsel_nl_vmk_add_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_set_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_del_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_flush_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_get_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int migsel_nl_tag_set_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_tag_get_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_policy_set_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_route_get_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_stats_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int migsel_nl_stats_reset_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_config_get_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	MIGSEL_NLGRP_CONFIG,
	MIGSEL_NLGRP_ALARM,
};

extern struct genl_family migsel_nl_family;

#endif /* _LINUX_MIGSEL_GEN_H */
