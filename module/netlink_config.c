// SPDX-License-Identifier: GPL-2.0-only
/* The operations on the configuration, and what tells of its changes. */

#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "draft.h"
#include "migsel.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "vmk.h"

static struct migsel_net *info_net(struct genl_info *info)
{
	return migsel_net(genl_info_net(info));
}

/*
 * The attributes of a request, in a table with room for all attributes of a vmk: that of
 * the request ends with the last one that its operation takes.
 */
static void vmk_attrs(struct nlattr **attrs, const struct genl_info *info)
{
	struct nlattr *attr;
	int rem;

	memset(attrs, 0, (MIGSEL_A_VMK_MAX + 1) * sizeof(*attrs));
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		attrs[nla_type(attr)] = attr;
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

/* What is configured of a vmk, and for which device. */
static int put_vmk_config(struct sk_buff *msg, const struct migsel_vmk *vmk,
			  u32 position)
{
	if (nla_put_u32(msg, MIGSEL_A_VMK_IFINDEX, vmk->dev->ifindex) ||
	    nla_put_string(msg, MIGSEL_A_VMK_IFNAME, vmk->dev->name) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_POSITION, position) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_MIGRATION, vmk->config.migration) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_WEIGHT, vmk->config.weight) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_STACK, vmk->config.stack) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_PROVISIONING,
			vmk->config.provisioning))
		return -EMSGSIZE;
	return 0;
}

static int put_vmk(struct sk_buff *msg, const struct migsel_net *ms,
		   const struct migsel_vmk *vmk)
{
	u32 position = migsel_vmk_position(ms, vmk);

	if (put_vmk_config(msg, vmk, position) ||
	    nla_put_u32(msg, MIGSEL_A_VMK_USABLE, vmk_usable(ms, position)) ||
	    put_counters(msg, MIGSEL_A_VMK_HOT, vmk, MIGSEL_CLASS_HOT) ||
	    put_counters(msg, MIGSEL_A_VMK_COLD, vmk, MIGSEL_CLASS_COLD))
		return -EMSGSIZE;
	return 0;
}

/* Of a vmk that is none any more, only the device is told. */
static int put_gone(struct sk_buff *msg, const struct migsel_vmk *vmk)
{
	if (nla_put_u32(msg, MIGSEL_A_VMK_IFINDEX, vmk->dev->ifindex) ||
	    nla_put_string(msg, MIGSEL_A_VMK_IFNAME, vmk->dev->name))
		return -EMSGSIZE;
	return 0;
}

static int fill_vmk(struct sk_buff *msg, u32 portid, u32 seq, u8 cmd,
		    struct netlink_callback *cb, const struct migsel_net *ms,
		    const struct migsel_vmk *vmk)
{
	void *hdr;
	int err;

	hdr = genlmsg_put(msg, portid, seq, &migsel_nl_family,
			  cb ? NLM_F_MULTI : 0, cmd);
	if (!hdr)
		return -EMSGSIZE;
	if (cb)
		genl_dump_check_consistent(cb, hdr);
	if (cmd == MIGSEL_CMD_VMK_DEL_NTF)
		err = put_gone(msg, vmk);
	else
		err = put_vmk(msg, ms, vmk);
	if (err) {
		genlmsg_cancel(msg, hdr);
		return err;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/* Puts a part of the configuration, or all, into a message. */
typedef int put_fn(struct sk_buff *msg, const struct migsel_net *ms);

static int put_tag(struct sk_buff *msg, const struct migsel_net *ms)
{
	if (nla_put_u32(msg, MIGSEL_A_TAG_MASK, ms->tag.mask) ||
	    nla_put_u32(msg, MIGSEL_A_TAG_HOT, ms->tag.hot) ||
	    nla_put_u32(msg, MIGSEL_A_TAG_COLD, ms->tag.cold))
		return -EMSGSIZE;
	return 0;
}

static int put_policy(struct sk_buff *msg, const struct migsel_net *ms)
{
	if (nla_put_u32(msg, MIGSEL_A_POLICY_MODE, ms->policy.mode) ||
	    nla_put_u32(msg, MIGSEL_A_POLICY_UNREACHABLE,
			ms->policy.unreachable) ||
	    nla_put_u32(msg, MIGSEL_A_POLICY_FALLBACK, ms->policy.fallback))
		return -EMSGSIZE;
	return 0;
}

static int put_nest(struct sk_buff *msg, const struct migsel_net *ms, int type,
		    put_fn *put)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	if (!nest || put(msg, ms))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_config(struct sk_buff *msg, const struct migsel_net *ms)
{
	struct migsel_vmk *vmk;
	struct nlattr *nest;
	u32 position = 0;

	if (put_nest(msg, ms, MIGSEL_A_CONFIG_TAG, put_tag) ||
	    put_nest(msg, ms, MIGSEL_A_CONFIG_POLICY, put_policy))
		return -EMSGSIZE;
	list_for_each_entry(vmk, &ms->vmks, list) {
		nest = nla_nest_start(msg, MIGSEL_A_CONFIG_VMK);
		if (!nest || put_vmk_config(msg, vmk, position++))
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

/* A message with room for the whole configuration. */
static struct sk_buff *new_message(const struct migsel_net *ms)
{
	return genlmsg_new(NLMSG_GOODSIZE + ms->n_vmks * 80, GFP_KERNEL);
}

static int fill_config(struct sk_buff *msg, u32 portid, u32 seq, u8 cmd,
		       put_fn *put, const struct migsel_net *ms)
{
	void *hdr = genlmsg_put(msg, portid, seq, &migsel_nl_family, 0, cmd);

	if (!hdr || put(msg, ms))
		return -EMSGSIZE;
	genlmsg_end(msg, hdr);
	return 0;
}

/* Send a notification, or tell listeners that one was lost. */
static void notify_listeners(struct migsel_net *ms, struct sk_buff *msg,
			     int err)
{
	if (msg && !err) {
		genlmsg_multicast_netns(&migsel_nl_family, ms->net, msg, 0,
					MIGSEL_NLGRP_CONFIG, GFP_KERNEL);
		return;
	}
	nlmsg_free(msg);
	genl_set_err(&migsel_nl_family, ms->net, 0, MIGSEL_NLGRP_CONFIG,
		     -ENOBUFS);
}

static void notify_vmk(struct migsel_net *ms, const struct migsel_vmk *vmk,
		       u8 cmd)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	notify_listeners(ms, msg,
			 msg ? fill_vmk(msg, 0, 0, cmd, NULL, ms, vmk) : 0);
}

static void notify_config(struct migsel_net *ms, u8 cmd, put_fn *put)
{
	struct sk_buff *msg = new_message(ms);

	notify_listeners(ms, msg,
			 msg ? fill_config(msg, 0, 0, cmd, put, ms) : 0);
}

static void vmks_gone(struct migsel_net *ms, struct list_head *gone)
{
	struct migsel_vmk *vmk, *next;

	list_for_each_entry_safe(vmk, next, gone, list) {
		notify_vmk(ms, vmk, MIGSEL_CMD_VMK_DEL_NTF);
		migsel_vmk_free(ms, vmk);
	}
}

/**
 * migsel_netlink_vmk_left - tell listeners that a vmk is none any more
 * @ms: migsel in a namespace, with RTNL held
 * @vmk: the vmk that was one
 *
 * Context: process, sleeps.
 */
void migsel_netlink_vmk_left(struct migsel_net *ms,
			     const struct migsel_vmk *vmk)
{
	notify_vmk(ms, vmk, MIGSEL_CMD_VMK_DEL_NTF);
}

/* Take RTNL and begin with the present configuration. Without memory, neither. */
static struct migsel_draft *change_begin(struct genl_info *info)
{
	struct migsel_draft *draft;

	migsel_vmk_lock(info_net(info));
	draft = migsel_draft_alloc(info_net(info), info->extack);
	if (!draft)
		rtnl_unlock();
	return draft;
}

static void change_end(struct migsel_draft *draft)
{
	rtnl_unlock();
	kvfree(draft);
}

static int vmk_change(struct genl_info *info, enum migsel_vmk_change change)
{
	struct nlattr *attrs[MIGSEL_A_VMK_MAX + 1];
	struct migsel_net *ms = info_net(info);
	struct migsel_draft *draft;
	struct net_device *dev;
	LIST_HEAD(gone);
	int err;

	vmk_attrs(attrs, info);
	draft = change_begin(info);
	if (!draft)
		return -ENOMEM;
	err = migsel_draft_vmk(draft, change, attrs, NULL, info->extack);
	/* A flush of nothing succeeds, and there is nothing to commit. */
	if (!err && (change != MIGSEL_VMK_CHANGE_FLUSH ||
		     migsel_draft_differs(draft)))
		err = migsel_config_commit(draft, &gone, info->extack);
	if (err)
		goto out;

	vmks_gone(ms, &gone);
	if (change == MIGSEL_VMK_CHANGE_ADD ||
	    change == MIGSEL_VMK_CHANGE_SET) {
		dev = migsel_draft_dev(ms->net, attrs, NULL, info->extack);
		notify_vmk(ms, migsel_vmk_find(ms, dev),
			   change == MIGSEL_VMK_CHANGE_ADD ?
			   MIGSEL_CMD_VMK_ADD_NTF : MIGSEL_CMD_VMK_SET_NTF);
	}
out:
	change_end(draft);
	return err;
}

int migsel_nl_vmk_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return vmk_change(info, MIGSEL_VMK_CHANGE_ADD);
}

int migsel_nl_vmk_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return vmk_change(info, MIGSEL_VMK_CHANGE_SET);
}

int migsel_nl_vmk_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return vmk_change(info, MIGSEL_VMK_CHANGE_DEL);
}

int migsel_nl_vmk_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	return vmk_change(info, MIGSEL_VMK_CHANGE_FLUSH);
}

int migsel_nl_vmk_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct nlattr *attrs[MIGSEL_A_VMK_MAX + 1];
	struct net_device *dev;
	struct migsel_vmk *vmk;
	struct sk_buff *msg;
	int err;

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg) {
		NL_SET_ERR_MSG(info->extack, "out of memory");
		return -ENOMEM;
	}

	vmk_attrs(attrs, info);
	migsel_vmk_lock(ms);
	dev = migsel_draft_dev(ms->net, attrs, NULL, info->extack);
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		goto unlock;
	}
	vmk = migsel_vmk_find(ms, dev);
	if (!vmk) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[MIGSEL_A_VMK_IFINDEX],
				    "the device is not a vmk");
		err = -ENOENT;
		goto unlock;
	}
	err = fill_vmk(msg, info->snd_portid, info->snd_seq, MIGSEL_CMD_VMK_GET,
		       NULL, ms, vmk);
unlock:
	rtnl_unlock();
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

int migsel_nl_vmk_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct nlattr *attr = attrs ? attrs[MIGSEL_A_VMK_IFINDEX] : NULL;
	struct migsel_net *ms = migsel_net(sock_net(skb->sk));
	struct migsel_snap *snap;
	int err = 0;

	/* Where a command has one policy, that to get one vmk is the dump's, too. */
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

int migsel_nl_tag_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct migsel_draft *draft;
	LIST_HEAD(gone);
	int err;

	draft = change_begin(info);
	if (!draft)
		return -ENOMEM;
	err = migsel_draft_tag(draft, info->attrs, info->extack);
	if (!err)
		err = migsel_config_commit(draft, &gone, info->extack);
	if (!err)
		notify_config(ms, MIGSEL_CMD_TAG_NTF, put_tag);
	change_end(draft);
	return err;
}

int migsel_nl_policy_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct migsel_draft *draft;
	LIST_HEAD(gone);
	int err;

	draft = change_begin(info);
	if (!draft)
		return -ENOMEM;
	migsel_draft_policy(draft, info->attrs);
	err = migsel_config_commit(draft, &gone, info->extack);
	if (!err)
		notify_config(ms, MIGSEL_CMD_POLICY_NTF, put_policy);
	change_end(draft);
	return err;
}

static int draft_nested_vmk(struct migsel_draft *draft, struct nlattr *nest,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[MIGSEL_A_VMK_MAX + 1] = {};
	enum migsel_vmk_change change = MIGSEL_VMK_CHANGE_PUT;
	int err;

	err = nla_parse_nested(attrs,
			       ARRAY_SIZE(migsel_vmk_config_nl_policy) - 1,
			       nest, migsel_vmk_config_nl_policy, extack);
	if (err)
		return err;
	if (attrs[MIGSEL_A_VMK_CHANGE])
		change = nla_get_u32(attrs[MIGSEL_A_VMK_CHANGE]);
	return migsel_draft_vmk(draft, change, attrs, nest, extack);
}

static int draft_nested_tag(struct migsel_draft *draft, struct nlattr *nest,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[MIGSEL_A_TAG_MAX + 1] = {};
	int err;

	err = nla_parse_nested(attrs,
			       ARRAY_SIZE(migsel_tag_config_nl_policy) - 1,
			       nest, migsel_tag_config_nl_policy, extack);
	return err ?: migsel_draft_tag(draft, attrs, extack);
}

static int draft_nested_policy(struct migsel_draft *draft, struct nlattr *nest,
			       struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[MIGSEL_A_POLICY_MAX + 1] = {};
	int err;

	err = nla_parse_nested(attrs,
			       ARRAY_SIZE(migsel_policy_config_nl_policy) - 1,
			       nest, migsel_policy_config_nl_policy, extack);
	if (!err)
		migsel_draft_policy(draft, attrs);
	return err;
}

/* Do what is nested, in the order in which it stands. */
static int draft_nested(struct migsel_draft *draft, struct genl_info *info)
{
	struct netlink_ext_ack *extack = info->extack;
	struct nlattr *nest;
	int err = 0, rem;

	if (info->attrs[MIGSEL_A_CONFIG_REPLACE])
		migsel_draft_clear(draft);
	nlmsg_for_each_attr(nest, info->nlhdr, GENL_HDRLEN, rem) {
		switch (nla_type(nest)) {
		case MIGSEL_A_CONFIG_TAG:
			err = draft_nested_tag(draft, nest, extack);
			break;
		case MIGSEL_A_CONFIG_POLICY:
			err = draft_nested_policy(draft, nest, extack);
			break;
		case MIGSEL_A_CONFIG_VMK:
			err = draft_nested_vmk(draft, nest, extack);
			break;
		}
		if (err)
			return err;
	}
	return migsel_draft_arrange(draft, extack);
}

int migsel_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct migsel_net *ms = info_net(info);
	struct migsel_vmk *vmk, *next;
	struct migsel_draft *draft;
	LIST_HEAD(gone);
	int err;

	draft = change_begin(info);
	if (!draft)
		return -ENOMEM;
	err = draft_nested(draft, info);
	/* A message that changes nothing disturbs no flow, and nobody is told. */
	if (err || !migsel_draft_differs(draft))
		goto out;
	err = migsel_config_commit(draft, &gone, info->extack);
	if (err)
		goto out;
	list_for_each_entry_safe(vmk, next, &gone, list)
		migsel_vmk_free(ms, vmk);
	notify_config(ms, MIGSEL_CMD_CONFIG_NTF, put_config);
out:
	change_end(draft);
	return err;
}

static int config_reply(struct genl_info *info, put_fn *put)
{
	struct migsel_net *ms = info_net(info);
	struct sk_buff *msg;
	int err = -ENOMEM;

	rtnl_lock();
	msg = new_message(ms);
	if (msg)
		err = fill_config(msg, info->snd_portid, info->snd_seq,
				  info->genlhdr->cmd, put, ms);
	rtnl_unlock();
	if (!msg)
		NL_SET_ERR_MSG(info->extack, "out of memory");
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

int migsel_nl_tag_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return config_reply(info, put_tag);
}

int migsel_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return config_reply(info, put_policy);
}

int migsel_nl_config_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return config_reply(info, put_config);
}
