// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family and its operations on counters. */

#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "migsel.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "stats.h"

static int fill_stats(struct sk_buff *msg, struct netlink_callback *cb,
		      enum migsel_reason reason, const struct migsel_sum *sum)
{
	void *hdr;

	hdr = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &migsel_nl_family, NLM_F_MULTI,
			  MIGSEL_CMD_STATS_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(msg, MIGSEL_A_STATS_REASON, reason) ||
	    nla_put_u64_64bit(msg, MIGSEL_A_STATS_PACKETS, sum->packets,
			      MIGSEL_A_STATS_PAD) ||
	    nla_put_u64_64bit(msg, MIGSEL_A_STATS_BYTES, sum->bytes,
			      MIGSEL_A_STATS_PAD)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

int migsel_nl_stats_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb)
{
	struct migsel_sum sums[MIGSEL_REASON_MAX + 1];
	int err = 0;

	if (cb->args[0] > MIGSEL_REASON_MAX)
		return 0;
	rtnl_lock();
	migsel_stats_sum(migsel_net(sock_net(skb->sk)), sums);
	rtnl_unlock();
	while (cb->args[0] <= MIGSEL_REASON_MAX) {
		err = fill_stats(skb, cb, cb->args[0], &sums[cb->args[0]]);
		if (err)
			break;
		cb->args[0]++;
	}
	return skb->len ?: err;
}

int migsel_nl_stats_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	rtnl_lock();
	migsel_stats_reset(migsel_net(genl_info_net(info)));
	rtnl_unlock();
	return 0;
}

/**
 * migsel_netlink_init - take requests from now on
 *
 * Context: process, sleeps.
 * Return: 0 or a negative error.
 */
int __init migsel_netlink_init(void)
{
	return genl_register_family(&migsel_nl_family);
}

/**
 * migsel_netlink_exit - take no request any more
 *
 * Context: process, sleeps.
 */
void migsel_netlink_exit(void)
{
	genl_unregister_family(&migsel_nl_family);
}
