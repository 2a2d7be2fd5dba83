// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family: configuration, counters, notifications. */

#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "migsel.h"
#include "netlink.h"
#include "netlink_gen.h"

static struct migsel_net *info_net(struct genl_info *info)
{
	return migsel_net(genl_info_net(info));
}

/* The vmk or device that a request names, with RTNL held. */
static struct net_device *info_dev(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[MIGSEL_A_VMK_IFINDEX];
	struct net_device *dev;

	if (GENL_REQ_ATTR_CHECK(info, MIGSEL_A_VMK_IFINDEX)) {
		NL_SET_ERR_MSG(info->extack, "no device is given");
		return ERR_PTR(-EINVAL);
	}
	dev = __dev_get_by_index(genl_info_net(info), nla_get_u32(attr));
	if (!dev) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "no such device in this network namespace");
		return ERR_PTR(-ENODEV);
	}
	return dev;
}

static struct migsel_vmk *info_vmk(struct genl_info *info)
{
	struct net_device *dev = info_dev(info);
	struct migsel_vmk *vmk;

	if (IS_ERR(dev))
		return ERR_CAST(dev);
	vmk = migsel_vmk_find(info_net(info), dev);
	if (!vmk) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[MIGSEL_A_VMK_IFINDEX],
				    "the device is not a vmk");
		return ERR_PTR(-ENOENT);
	}
	return vmk;
}

static u32 info_u32(struct genl_info *info, int attr, u32 otherwise)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : otherwise;
}

/* Name the attribute that an error of vmk.c is about. */
static int info_error(struct genl_info *info, int err)
{
	int attr = err == -ERANGE ? MIGSEL_A_VMK_POSITION :
				    MIGSEL_A_VMK_IFINDEX;

	if (err)
		NL_SET_BAD_ATTR(info->extack, info->attrs[attr]);
	return err;
}

static int put_counters(struct sk_buff *msg, int attr,
			const struct migsel_vmk *vmk, enum migsel_class class)
{
	struct migsel_sum sum;
	struct nlattr *nest;

	migsel_vmk_stats_sum(vmk, class, &sum);
	nest = nla_nest_start(msg, attr);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(msg, MIGSEL_A_COUNTERS_PACKETS, sum.packets,
			      MIGSEL_A_COUNTERS_PAD) ||
	    nla_put_u64_64bit(msg, MIGSEL_A_COUNTERS_BYTES, sum.bytes,
			      MIGSEL_A_COUNTERS_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static bool vmk_usable(const struct migsel_net *ms, u32 position)
{
	const struct migsel_snap *snap = rtnl_dereference(ms->snap);

	return migsel_usable(snap, position, MIGSEL_INET) ||
	       migsel_usable(snap, position, MIGSEL_INET6);
}

static int put_vmk(struct sk_buff *msg, const struct migsel_net *ms,
		   const struct migsel_vmk *vmk)
{
	u32 position = migsel_vmk_position(ms, vmk);

	if (nla_put_u32(msg, MIGSEL_A_VMK_POSITION, position) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_MIGRATION, vmk->migration) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_WEIGHT, vmk->weight) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_USABLE, vmk_usable(ms, position)) ||
	    put_counters(msg, MIGSEL_A_VMK_HOT, vmk, MIGSEL_CLASS_HOT) ||
	    put_counters(msg, MIGSEL_A_VMK_COLD, vmk, MIGSEL_CLASS_COLD))
		return -EMSGSIZE;
	return 0;
}

/* A removed vmk is only named. */
static int fill_vmk(struct sk_buff *msg, u32 portid, u32 seq, u8 cmd,
		    struct netlink_callback *cb, const struct migsel_net *ms,
		    const struct migsel_vmk *vmk)
{
	void *hdr;

	hdr = genlmsg_put(msg, portid, seq, &migsel_genl_family,
			  cb ? NLM_F_MULTI : 0, cmd);
	if (!hdr)
		return -EMSGSIZE;
	if (cb)
		genl_dump_check_consistent(cb, hdr);
	if (nla_put_u32(msg, MIGSEL_A_VMK_IFINDEX, vmk->dev->ifindex) ||
	    nla_put_string(msg, MIGSEL_A_VMK_IFNAME, vmk->dev->name) ||
	    (cmd != MIGSEL_CMD_VMK_DEL_NTF && put_vmk(msg, ms, vmk))) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

static int fill_tag(struct sk_buff *msg, u32 portid, u32 seq, u8 cmd,
		    const struct migsel_net *ms)
{
	void *hdr;

	hdr = genlmsg_put(msg, portid, seq, &migsel_genl_family, 0, cmd);
	if (!hdr ||
	    nla_put_u32(msg, MIGSEL_A_TAG_MASK, ms->tag.mask) ||
	    nla_put_u32(msg, MIGSEL_A_TAG_HOT, ms->tag.hot) ||
	    nla_put_u32(msg, MIGSEL_A_TAG_COLD, ms->tag.cold))
		return -EMSGSIZE;
	genlmsg_end(msg, hdr);
	return 0;
}

static int fill_policy(struct sk_buff *msg, u32 portid, u32 seq, u8 cmd,
		       const struct migsel_net *ms)
{
	void *hdr;

	hdr = genlmsg_put(msg, portid, seq, &migsel_genl_family, 0, cmd);
	if (!hdr ||
	    nla_put_u32(msg, MIGSEL_A_POLICY_MODE, ms->policy.mode) ||
	    nla_put_u32(msg, MIGSEL_A_POLICY_UNREACHABLE,
			ms->policy.unreachable))
		return -EMSGSIZE;
	genlmsg_end(msg, hdr);
	return 0;
}

/* Send a notification, or tell listeners that one was lost. */
static void notify(struct migsel_net *ms, struct sk_buff *msg, int err)
{
	if (msg && !err) {
		genlmsg_multicast_netns(&migsel_genl_family, ms->net, msg, 0,
					MIGSEL_NLGRP_CONFIG, GFP_KERNEL);
		return;
	}
	nlmsg_free(msg);
	genl_set_err(&migsel_genl_family, ms->net, 0, MIGSEL_NLGRP_CONFIG,
		     -ENOBUFS);
}

static void notify_vmk(struct migsel_net *ms, const struct migsel_vmk *vmk,
		       u8 cmd)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	notify(ms, msg, msg ? fill_vmk(msg, 0, 0, cmd, NULL, ms, vmk) : 0);
}

int migsel_nl_vmk_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct net_device *dev;
	int err;

	migsel_vmk_lock(ms);
	dev = info_dev(info);
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		goto unlock;
	}
	err = migsel_vmk_add(ms, dev,
			     info_u32(info, MIGSEL_A_VMK_POSITION, ms->n_vmks),
			     info_u32(info, MIGSEL_A_VMK_MIGRATION, 0),
			     info_u32(info, MIGSEL_A_VMK_WEIGHT, 1),
			     info->extack);
	info_error(info, err);
	if (!err)
		notify_vmk(ms, migsel_vmk_find(ms, dev),
			   MIGSEL_CMD_VMK_ADD_NTF);
unlock:
	rtnl_unlock();
	return err;
}

int migsel_nl_vmk_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct migsel_vmk *vmk;
	int err;

	migsel_vmk_lock(ms);
	vmk = info_vmk(info);
	if (IS_ERR(vmk)) {
		err = PTR_ERR(vmk);
		goto unlock;
	}
	err = migsel_vmk_set(ms, vmk,
			     info_u32(info, MIGSEL_A_VMK_POSITION,
				      migsel_vmk_position(ms, vmk)),
			     info_u32(info, MIGSEL_A_VMK_MIGRATION,
				      vmk->migration),
			     info_u32(info, MIGSEL_A_VMK_WEIGHT, vmk->weight),
			     info->extack);
	info_error(info, err);
	if (!err)
		notify_vmk(ms, vmk, MIGSEL_CMD_VMK_SET_NTF);
unlock:
	rtnl_unlock();
	return err;
}

/**
 * migsel_netlink_vmk_del - remove a vmk, as migsel_vmk_del(), and tell listeners
 * @ms: migsel in a namespace, with RTNL held
 * @vmk: one of its vmks
 *
 * Context: process, sleeps.
 */
void migsel_netlink_vmk_del(struct migsel_net *ms, struct migsel_vmk *vmk)
{
	migsel_vmk_del(ms, vmk);
	notify_vmk(ms, vmk, MIGSEL_CMD_VMK_DEL_NTF);
	migsel_vmk_free(vmk);
}

int migsel_nl_vmk_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct migsel_vmk *vmk;
	int err = 0;

	migsel_vmk_lock(ms);
	vmk = info_vmk(info);
	if (IS_ERR(vmk)) {
		err = PTR_ERR(vmk);
	} else {
		migsel_netlink_vmk_del(ms, vmk);
		migsel_vmk_settle(ms);
	}
	rtnl_unlock();
	return err;
}

static void vmks_gone(struct migsel_net *ms, struct list_head *gone)
{
	struct migsel_vmk *vmk, *next;

	list_for_each_entry_safe(vmk, next, gone, list) {
		notify_vmk(ms, vmk, MIGSEL_CMD_VMK_DEL_NTF);
		migsel_vmk_free(vmk);
	}
}

static void vmk_flush(struct migsel_net *ms)
{
	LIST_HEAD(gone);

	migsel_vmk_flush(ms, &gone);
	vmks_gone(ms, &gone);
}

/**
 * migsel_netlink_vmk_recheck - remove what may not be a vmk any more, and tell
 * @ms: migsel in a namespace, with RTNL held
 *
 * Context: process, sleeps.
 */
void migsel_netlink_vmk_recheck(struct migsel_net *ms)
{
	LIST_HEAD(gone);

	migsel_vmk_recheck(ms, &gone);
	vmks_gone(ms, &gone);
}

int migsel_nl_vmk_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct net_device *dev;
	struct migsel_vmk *vmk;
	int err = 0;

	migsel_vmk_lock(ms);
	if (!info->attrs[MIGSEL_A_VMK_IFINDEX]) {
		vmk_flush(ms);
		goto unlock;
	}
	dev = info_dev(info);
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		goto unlock;
	}
	vmk = migsel_vmk_find(ms, dev);
	if (vmk) {
		migsel_netlink_vmk_del(ms, vmk);
		migsel_vmk_settle(ms);
	}
unlock:
	rtnl_unlock();
	return err;
}

static struct sk_buff *new_reply(struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!msg)
		NL_SET_ERR_MSG(info->extack, "out of memory");
	return msg;
}

int migsel_nl_vmk_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_vmk *vmk;
	struct sk_buff *msg;
	int err;

	msg = new_reply(info);
	if (!msg)
		return -ENOMEM;

	migsel_vmk_lock(info_net(info));
	vmk = info_vmk(info);
	if (IS_ERR(vmk))
		err = PTR_ERR(vmk);
	else
		err = fill_vmk(msg, info->snd_portid, info->snd_seq,
			       MIGSEL_CMD_VMK_GET, NULL, info_net(info), vmk);
	rtnl_unlock();
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

int migsel_nl_vmk_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attr = genl_dump_attrs(cb)[MIGSEL_A_VMK_IFINDEX];
	struct migsel_net *ms = migsel_net(sock_net(skb->sk));
	struct migsel_snap *snap;
	int err = 0;

	if (attr) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attr,
				    "a dump shows every vmk");
		return -EINVAL;
	}

	migsel_vmk_lock(ms);
	cb->seq = ms->generation;
	snap = rtnl_dereference(ms->snap);
	while (snap && cb->args[0] < snap->rule.n_vmks) {
		err = fill_vmk(skb, NETLINK_CB(cb->skb).portid,
			       cb->nlh->nlmsg_seq, MIGSEL_CMD_VMK_GET, cb, ms,
			       snap->vmks[cb->args[0]].vmk);
		if (err)
			break;
		cb->args[0]++;
	}
	rtnl_unlock();
	return skb->len ?: err;
}

/* The attribute that makes a tag wrong, or else whichever was given. */
static struct nlattr *tag_culprit(struct genl_info *info,
				  const struct migsel_tag *tag)
{
	struct nlattr **attrs = info->attrs;
	int attr = MIGSEL_A_TAG_COLD;

	if (!tag->mask)
		attr = MIGSEL_A_TAG_MASK;
	else if (!tag->hot || tag->hot & ~tag->mask)
		attr = MIGSEL_A_TAG_HOT;
	return attrs[attr] ?: attrs[MIGSEL_A_TAG_HOT] ?:
	       attrs[MIGSEL_A_TAG_MASK];
}

int migsel_nl_tag_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct migsel_tag tag;
	struct sk_buff *msg;
	int err;

	migsel_vmk_lock(ms);
	tag.mask = info_u32(info, MIGSEL_A_TAG_MASK, ms->tag.mask);
	tag.hot = info_u32(info, MIGSEL_A_TAG_HOT, ms->tag.hot);
	tag.cold = info_u32(info, MIGSEL_A_TAG_COLD, ms->tag.cold);
	err = migsel_tag_set(ms, &tag, info->extack);
	if (err) {
		NL_SET_BAD_ATTR(info->extack, tag_culprit(info, &tag));
	} else {
		msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
		notify(ms, msg,
		       msg ? fill_tag(msg, 0, 0, MIGSEL_CMD_TAG_NTF, ms) : 0);
	}
	rtnl_unlock();
	return err;
}

int migsel_nl_policy_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct migsel_policy policy;
	struct sk_buff *msg;
	int err;

	migsel_vmk_lock(ms);
	policy.mode = info_u32(info, MIGSEL_A_POLICY_MODE, ms->policy.mode);
	policy.unreachable = info_u32(info, MIGSEL_A_POLICY_UNREACHABLE,
				      ms->policy.unreachable);
	err = migsel_policy_set(ms, &policy, info->extack);
	if (!err) {
		msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
		notify(ms, msg,
		       msg ? fill_policy(msg, 0, 0, MIGSEL_CMD_POLICY_NTF, ms) :
			     0);
	}
	rtnl_unlock();
	return err;
}

static int reply(struct genl_info *info,
		 int (*fill)(struct sk_buff *msg, u32 portid, u32 seq, u8 cmd,
			     const struct migsel_net *ms))
{
	struct sk_buff *msg;
	int err;

	msg = new_reply(info);
	if (!msg)
		return -ENOMEM;
	rtnl_lock();
	err = fill(msg, info->snd_portid, info->snd_seq, info->genlhdr->cmd,
		   info_net(info));
	rtnl_unlock();
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

static int tag_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return reply(info, fill_tag);
}

static int policy_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return reply(info, fill_policy);
}

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
	migsel_stats_reset(info_net(info));
	rtnl_unlock();
	return 0;
}

/* Operations that take no attribute. */
static const struct genl_small_ops migsel_small_ops[] = {
	{
		.cmd	= MIGSEL_CMD_TAG_GET,
		.doit	= tag_get_doit,
	},
	{
		.cmd	= MIGSEL_CMD_POLICY_GET,
		.doit	= policy_get_doit,
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
