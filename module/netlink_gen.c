// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/migsel.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/migsel.h>

/* Common nested types */
const struct nla_policy migsel_policy_config_nl_policy[MIGSEL_A_POLICY_FALLBACK + 1] = {
	[MIGSEL_A_POLICY_MODE] = NLA_POLICY_MAX(NLA_U32, 2),
	[MIGSEL_A_POLICY_UNREACHABLE] = NLA_POLICY_MAX(NLA_U32, 1),
	[MIGSEL_A_POLICY_FALLBACK] = NLA_POLICY_MAX(NLA_U32, 1),
};

const struct nla_policy migsel_tag_config_nl_policy[MIGSEL_A_TAG_COLD + 1] = {
	[MIGSEL_A_TAG_MASK] = { .type = NLA_U32, },
	[MIGSEL_A_TAG_HOT] = { .type = NLA_U32, },
	[MIGSEL_A_TAG_COLD] = { .type = NLA_U32, },
};

const struct nla_policy migsel_vmk_config_nl_policy[MIGSEL_A_VMK_PROVISIONING + 1] = {
	[MIGSEL_A_VMK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[MIGSEL_A_VMK_IFNAME] = { .type = NLA_NUL_STRING, .len = 127, },
	[MIGSEL_A_VMK_POSITION] = { .type = NLA_U32, },
	[MIGSEL_A_VMK_MIGRATION] = NLA_POLICY_MAX(NLA_U32, 1),
	[MIGSEL_A_VMK_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, 255),
	[MIGSEL_A_VMK_CHANGE] = NLA_POLICY_MAX(NLA_U32, 4),
	[MIGSEL_A_VMK_STACK] = NLA_POLICY_MAX(NLA_U32, 2),
	[MIGSEL_A_VMK_PROVISIONING] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* MIGSEL_CMD_VMK_ADD - do */
static const struct nla_policy migsel_vmk_add_nl_policy[MIGSEL_A_VMK_PROVISIONING + 1] = {
	[MIGSEL_A_VMK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[MIGSEL_A_VMK_POSITION] = { .type = NLA_U32, },
	[MIGSEL_A_VMK_MIGRATION] = NLA_POLICY_MAX(NLA_U32, 1),
	[MIGSEL_A_VMK_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, 255),
	[MIGSEL_A_VMK_STACK] = NLA_POLICY_MAX(NLA_U32, 2),
	[MIGSEL_A_VMK_PROVISIONING] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* MIGSEL_CMD_VMK_SET - do */
static const struct nla_policy migsel_vmk_set_nl_policy[MIGSEL_A_VMK_PROVISIONING + 1] = {
	[MIGSEL_A_VMK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[MIGSEL_A_VMK_POSITION] = { .type = NLA_U32, },
	[MIGSEL_A_VMK_MIGRATION] = NLA_POLICY_MAX(NLA_U32, 1),
	[MIGSEL_A_VMK_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, 255),
	[MIGSEL_A_VMK_STACK] = NLA_POLICY_MAX(NLA_U32, 2),
	[MIGSEL_A_VMK_PROVISIONING] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* MIGSEL_CMD_VMK_DEL - do */
static const struct nla_policy migsel_vmk_del_nl_policy[MIGSEL_A_VMK_IFINDEX + 1] = {
	[MIGSEL_A_VMK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* MIGSEL_CMD_VMK_FLUSH - do */
static const struct nla_policy migsel_vmk_flush_nl_policy[MIGSEL_A_VMK_IFINDEX + 1] = {
	[MIGSEL_A_VMK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* MIGSEL_CMD_VMK_GET - do */
static const struct nla_policy migsel_vmk_get_nl_policy[MIGSEL_A_VMK_IFINDEX + 1] = {
	[MIGSEL_A_VMK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* MIGSEL_CMD_TAG_SET - do */
static const struct nla_policy migsel_tag_set_nl_policy[MIGSEL_A_TAG_COLD + 1] = {
	[MIGSEL_A_TAG_MASK] = { .type = NLA_U32, },
	[MIGSEL_A_TAG_HOT] = { .type = NLA_U32, },
	[MIGSEL_A_TAG_COLD] = { .type = NLA_U32, },
};

/* MIGSEL_CMD_POLICY_SET - do */
static const struct nla_policy migsel_policy_set_nl_policy[MIGSEL_A_POLICY_FALLBACK + 1] = {
	[MIGSEL_A_POLICY_MODE] = NLA_POLICY_MAX(NLA_U32, 2),
	[MIGSEL_A_POLICY_UNREACHABLE] = NLA_POLICY_MAX(NLA_U32, 1),
	[MIGSEL_A_POLICY_FALLBACK] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* MIGSEL_CMD_ROUTE_GET - do */
static const struct nla_policy migsel_route_get_nl_policy[MIGSEL_A_ROUTE_DPORT + 1] = {
	[MIGSEL_A_ROUTE_DST4] = { .type = NLA_U32, },
	[MIGSEL_A_ROUTE_DST6] = NLA_POLICY_EXACT_LEN(16),
	[MIGSEL_A_ROUTE_SRC4] = { .type = NLA_U32, },
	[MIGSEL_A_ROUTE_SRC6] = NLA_POLICY_EXACT_LEN(16),
	[MIGSEL_A_ROUTE_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[MIGSEL_A_ROUTE_MARK] = { .type = NLA_U32, },
	[MIGSEL_A_ROUTE_CLASS] = NLA_POLICY_MAX(NLA_U32, 2),
	[MIGSEL_A_ROUTE_DETAILS] = { .type = NLA_FLAG, },
	[MIGSEL_A_ROUTE_IPPROTO] = NLA_POLICY_RANGE(NLA_U32, 1, 255),
	[MIGSEL_A_ROUTE_SPORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[MIGSEL_A_ROUTE_DPORT] = NLA_POLICY_MIN(NLA_U16, 1),
};

/* MIGSEL_CMD_CONFIG_SET - do */
static const struct nla_policy migsel_config_set_nl_policy[MIGSEL_A_CONFIG_VMK + 1] = {
	[MIGSEL_A_CONFIG_REPLACE] = { .type = NLA_FLAG, },
	[MIGSEL_A_CONFIG_TAG] = NLA_POLICY_NESTED(migsel_tag_config_nl_policy),
	[MIGSEL_A_CONFIG_POLICY] = NLA_POLICY_NESTED(migsel_policy_config_nl_policy),
	[MIGSEL_A_CONFIG_VMK] = NLA_POLICY_NESTED(migsel_vmk_config_nl_policy),
};

/* Ops table for migsel */
static const struct genl_split_ops migsel_nl_ops[] = {
	{
		.cmd		= MIGSEL_CMD_VMK_ADD,
		.doit		= migsel_nl_vmk_add_doit,
		.policy		= migsel_vmk_add_nl_policy,
		.maxattr	= MIGSEL_A_VMK_PROVISIONING,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= MIGSEL_CMD_VMK_SET,
		.doit		= migsel_nl_vmk_set_doit,
		.policy		= migsel_vmk_set_nl_policy,
		.maxattr	= MIGSEL_A_VMK_PROVISIONING,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= MIGSEL_CMD_VMK_DEL,
		.doit		= migsel_nl_vmk_del_doit,
		.policy		= migsel_vmk_del_nl_policy,
		.maxattr	= MIGSEL_A_VMK_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= MIGSEL_CMD_VMK_FLUSH,
		.doit		= migsel_nl_vmk_flush_doit,
		.policy		= migsel_vmk_flush_nl_policy,
		.maxattr	= MIGSEL_A_VMK_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= MIGSEL_CMD_VMK_GET,
		.doit		= migsel_nl_vmk_get_doit,
		.policy		= migsel_vmk_get_nl_policy,
		.maxattr	= MIGSEL_A_VMK_IFINDEX,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= MIGSEL_CMD_VMK_GET,
		.dumpit	= migsel_nl_vmk_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= MIGSEL_CMD_TAG_SET,
		.doit		= migsel_nl_tag_set_doit,
		.policy		= migsel_tag_set_nl_policy,
		.maxattr	= MIGSEL_A_TAG_COLD,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= MIGSEL_CMD_TAG_GET,
		.doit	= migsel_nl_tag_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= MIGSEL_CMD_POLICY_SET,
		.doit		= migsel_nl_policy_set_doit,
		.policy		= migsel_policy_set_nl_policy,
		.maxattr	= MIGSEL_A_POLICY_FALLBACK,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= MIGSEL_CMD_POLICY_GET,
		.doit	= migsel_nl_policy_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= MIGSEL_CMD_ROUTE_GET,
		.doit		= migsel_nl_route_get_doit,
		.policy		= migsel_route_get_nl_policy,
		.maxattr	= MIGSEL_A_ROUTE_DPORT,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= MIGSEL_CMD_STATS_GET,
		.dumpit	= migsel_nl_stats_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= MIGSEL_CMD_STATS_RESET,
		.doit	= migsel_nl_stats_reset_doit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= MIGSEL_CMD_CONFIG_SET,
		.doit		= migsel_nl_config_set_doit,
		.policy		= migsel_config_set_nl_policy,
		.maxattr	= MIGSEL_A_CONFIG_VMK,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= MIGSEL_CMD_CONFIG_GET,
		.doit	= migsel_nl_config_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group migsel_nl_mcgrps[] = {
	[MIGSEL_NLGRP_CONFIG] = { "config", },
	[MIGSEL_NLGRP_ALARM] = { "alarm", GENL_MCAST_CAP_NET_ADMIN, },
};

struct genl_family migsel_nl_family __ro_after_init = {
	.name		= MIGSEL_FAMILY_NAME,
	.version	= MIGSEL_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= migsel_nl_ops,
	.n_split_ops	= ARRAY_SIZE(migsel_nl_ops),
	.mcgrps		= migsel_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(migsel_nl_mcgrps),
};
