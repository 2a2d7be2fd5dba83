// SPDX-License-Identifier: GPL-2.0-only
/* The messages of alarms. */

#include <linux/netlink.h>
#include <net/genetlink.h>

#include "alarm.h"
#include "netlink.h"
#include "netlink_gen.h"

static int put_dst(struct sk_buff *msg, const struct migsel_alarm *alarm)
{
	if (alarm->family == MIGSEL_INET)
		return nla_put_be32(msg, MIGSEL_A_ALARM_DST4,
				    alarm->dst.s6_addr32[3]);
	return nla_put_in6_addr(msg, MIGSEL_A_ALARM_DST6, &alarm->dst);
}

static int put_alarm(struct sk_buff *msg, const struct migsel_alarm *alarm)
{
	if (nla_put_u32(msg, MIGSEL_A_ALARM_REASON, alarm->reason) ||
	    put_dst(msg, alarm))
		return -EMSGSIZE;
	if (alarm->vmk_ifindex &&
	    (nla_put_u32(msg, MIGSEL_A_ALARM_IFINDEX, alarm->vmk_ifindex) ||
	     nla_put_string(msg, MIGSEL_A_ALARM_IFNAME, alarm->vmk_ifname)))
		return -EMSGSIZE;
	if (alarm->out_ifindex &&
	    (nla_put_u32(msg, MIGSEL_A_ALARM_DEV_IFINDEX,
			 alarm->out_ifindex) ||
	     nla_put_string(msg, MIGSEL_A_ALARM_DEV_IFNAME,
			    alarm->out_ifname)))
		return -EMSGSIZE;
	return 0;
}

/**
 * migsel_netlink_alarm - send an alarm, and how many were lost
 * @net: the namespace
 * @alarm: the alarm, may be NULL
 * @lost: the number of lost ones
 *
 * Context: process, sleeps.
 * Return: false without memory.
 */
bool migsel_netlink_alarm(struct net *net, const struct migsel_alarm *alarm,
			  u32 lost)
{
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return false;
	hdr = genlmsg_put(msg, 0, 0, &migsel_nl_family, 0,
			  MIGSEL_CMD_ALARM_NTF);
	if (!hdr ||
	    (alarm && put_alarm(msg, alarm)) ||
	    (lost && nla_put_u32(msg, MIGSEL_A_ALARM_LOST, lost))) {
		nlmsg_free(msg);
		return false;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast_netns(&migsel_nl_family, net, msg, 0,
				MIGSEL_NLGRP_ALARM, GFP_KERNEL);
	return true;
}

/**
 * migsel_netlink_may_hear - whether anybody listens for alarms in any namespace
 * @net: a namespace
 *
 * Context: any.
 * Return: true if somebody does.
 */
bool migsel_netlink_may_hear(struct net *net)
{
	return genl_has_listeners(&migsel_nl_family, net, MIGSEL_NLGRP_ALARM);
}

static int listener_found(struct sock *sk, struct sk_buff *msg, void *found)
{
	*(bool *)found = true;
	return 1;
}

/**
 * migsel_netlink_hears - whether anybody listens for alarms in a namespace
 * @net: the namespace
 *
 * genl_has_listeners() tells of any namespace. To find those in one, a message is sent that
 * reaches nobody but meets each who would receive it.
 *
 * Context: process, sleeps.
 * Return: true if somebody does, or it is not known for lack of memory.
 */
bool migsel_netlink_hears(struct net *net)
{
	struct sk_buff *msg = alloc_skb(0, GFP_KERNEL);
	bool found = false;

	if (!msg)
		return true;
	netlink_broadcast_filtered(net->genl_sock, msg, 0,
				   migsel_nl_family.mcgrp_offset +
				   MIGSEL_NLGRP_ALARM, GFP_KERNEL,
				   listener_found, &found);
	return found;
}
