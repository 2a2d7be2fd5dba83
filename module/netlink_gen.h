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
extern const struct nla_policy migsel_vmk_config_nl_policy[MIGSEL_A_VMK_CHANGE + 1];

extern const struct nla_policy migsel_vmk_add_nl_policy[MIGSEL_A_VMK_WEIGHT + 1];

extern const struct nla_policy migsel_vmk_set_nl_policy[MIGSEL_A_VMK_WEIGHT + 1];

extern const struct nla_policy migsel_vmk_del_nl_policy[MIGSEL_A_VMK_IFINDEX + 1];

extern const struct nla_policy migsel_vmk_flush_nl_policy[MIGSEL_A_VMK_IFINDEX + 1];

extern const struct nla_policy migsel_vmk_get_nl_policy[MIGSEL_A_VMK_IFINDEX + 1];

extern const struct nla_policy migsel_tag_set_nl_policy[MIGSEL_A_TAG_COLD + 1];

extern const struct nla_policy migsel_policy_set_nl_policy[MIGSEL_A_POLICY_FALLBACK + 1];

extern const struct nla_policy migsel_route_get_nl_policy[MIGSEL_A_ROUTE_DPORT + 1];

extern const struct nla_policy migsel_config_set_nl_policy[MIGSEL_A_CONFIG_VMK + 1];

/* Ops table for migsel */
extern const struct genl_ops migsel_nl_ops[9];

int migsel_nl_vmk_add_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_set_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_del_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_flush_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_get_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_vmk_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int migsel_nl_tag_set_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_policy_set_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_route_get_doit(struct sk_buff *skb, struct genl_info *info);
int migsel_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* _LINUX_MIGSEL_GEN_H */
