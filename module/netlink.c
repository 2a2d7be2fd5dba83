// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family, and its operations on counters. */

#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "migsel.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "stats.h"

static int fill_stats(struct sk_buff *msg, struct netlink_callback *cb,
		      const struct migsel_net *ms, enum migsel_reason reason)
{
	struct migsel_sum sum;
	void *hdr;

	migsel_stats_sum(ms, reason, &sum);
	hdr = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &migsel_genl_family, NLM_F_MULTI,
			  MIGSEL_CMD_STATS_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(msg, MIGSEL_A_STATS_REASON, reason) ||
	    nla_put_u64_64bit(msg, MIGSEL_A_STATS_PACKETS, sum.packets,
			      MIGSEL_A_STATS_PAD) ||
	    nla_put_u64_64bit(msg, MIGSEL_A_STATS_BYTES, sum.bytes,
			      MIGSEL_A_STATS_PAD)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

static int stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct migsel_net *ms = migsel_net(sock_net(skb->sk));
	int err = 0;

	rtnl_lock();
	while (cb->args[0] <= MIGSEL_REASON_MAX) {
		err = fill_stats(skb, cb, ms, cb->args[0]);
		if (err)
			break;
		cb->args[0]++;
	}
	rtnl_unlock();
	return skb->len ?: err;
}

static int stats_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	rtnl_lock();
	migsel_stats_reset(migsel_net(genl_info_net(info)));
	rtnl_unlock();
	return 0;
}

/* Operations that take no attribute. */
static const struct genl_small_ops migsel_small_ops[] = {
	{
		.cmd	= MIGSEL_CMD_TAG_GET,
		.doit	= migsel_nl_tag_get_doit,
	},
	{
		.cmd	= MIGSEL_CMD_POLICY_GET,
		.doit	= migsel_nl_policy_get_doit,
	},
	{
		.cmd	= MIGSEL_CMD_CONFIG_GET,
		.doit	= migsel_nl_config_get_doit,
	},
	{
		.cmd	= MIGSEL_CMD_STATS_GET,
		.dumpit	= stats_get_dumpit,
	},
	{
		.cmd	= MIGSEL_CMD_STATS_RESET,
		.doit	= stats_reset_doit,
		.flags	= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group migsel_mcgrps[] = {
	[MIGSEL_NLGRP_CONFIG] = { .name = MIGSEL_MCGRP_CONFIG, },
	[MIGSEL_NLGRP_ALARM] = {
		.name	= MIGSEL_MCGRP_ALARM,
		.flags	= GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family migsel_genl_family __ro_after_init = {
	.name		= MIGSEL_FAMILY_NAME,
	.version	= MIGSEL_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= migsel_nl_ops,
	.n_ops		= ARRAY_SIZE(migsel_nl_ops),
	.small_ops	= migsel_small_ops,
	.n_small_ops	= ARRAY_SIZE(migsel_small_ops),
	.resv_start_op	= MIGSEL_CMD_VMK_ADD,
	.mcgrps		= migsel_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(migsel_mcgrps),
};

int __init migsel_netlink_init(void)
{
	return genl_register_family(&migsel_genl_family);
}

void migsel_netlink_exit(void)
{
	genl_unregister_family(&migsel_genl_family);
}
