// SPDX-License-Identifier: GPL-2.0-only
/* Requests for a configuration, checked before anything is changed. */

#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "device.h"
#include "draft.h"
#include "migsel.h"
#include "snap.h"
#include "vmk.h"

/**
 * migsel_draft_dev - the device that a request names
 * @net: the namespace, with RTNL held
 * @attrs: the attributes of a vmk, indexed by type
 * @nest: what they are nested in, NULL if in nothing
 * @extack: says why there is none
 *
 * Return: the device, or -EINVAL or -ENODEV.
 */
struct net_device *migsel_draft_dev(struct net *net, struct nlattr **attrs,
				    struct nlattr *nest,
				    struct netlink_ext_ack *extack)
{
	struct nlattr *ifindex = attrs[MIGSEL_A_VMK_IFINDEX];
	struct nlattr *ifname = attrs[MIGSEL_A_VMK_IFNAME];
	struct net_device *dev;

	ASSERT_RTNL();

	if (!ifindex && !ifname) {
		NL_SET_ERR_ATTR_MISS(extack, nest, MIGSEL_A_VMK_IFINDEX);
		NL_SET_ERR_MSG(extack, "no device is given");
		return ERR_PTR(-EINVAL);
	}
	if (ifindex && ifname) {
		NL_SET_ERR_MSG_ATTR(extack, ifname,
				    "a device is given by its index or by a name, not by both");
		return ERR_PTR(-EINVAL);
	}
	dev = ifindex ? __dev_get_by_index(net, nla_get_u32(ifindex)) :
			__dev_get_by_name(net, nla_data(ifname));
	if (!dev) {
		NL_SET_ERR_MSG_ATTR(extack, ifindex ?: ifname,
				    "no such device in this network namespace");
		return ERR_PTR(-ENODEV);
	}
	return dev;
}

/**
 * migsel_draft_alloc - a draft that is the present configuration
 * @ms: migsel in a namespace, with RTNL held
 * @extack: says that there is no memory
 *
 * Context: process, sleeps.
 * Return: the draft, to be freed by kvfree(), NULL without memory.
 */
struct migsel_draft *migsel_draft_alloc(struct migsel_net *ms,
					struct netlink_ext_ack *extack)
{
	struct migsel_draft *draft;
	struct migsel_vmk *vmk;

	ASSERT_RTNL();

	draft = kvzalloc_obj(*draft, GFP_KERNEL_ACCOUNT);
	if (!draft) {
		NL_SET_ERR_MSG(extack, "out of memory");
		return NULL;
	}
	draft->ms = ms;
	draft->tag = ms->tag;
	draft->policy = ms->policy;
	list_for_each_entry(vmk, &ms->vmks, list) {
		struct migsel_draft_vmk *entry = &draft->vmks[draft->n_vmks++];

		entry->dev = vmk->dev;
		entry->vmk = vmk;
		entry->if_id = vmk->if_id;
		entry->config = vmk->config;
	}
	return draft;
}

/**
 * migsel_draft_clear - make a draft that of a new namespace
 * @draft: the draft
 */
void migsel_draft_clear(struct migsel_draft *draft)
{
	draft->n_vmks = 0;
	draft->tag = migsel_default_tag;
	draft->policy = migsel_default_policy;
}

/* The place of a device among the vmks, their number if it is none of them. */
static u32 draft_find(const struct migsel_draft *draft,
		      const struct net_device *dev)
{
	u32 at;

	for (at = 0; at < draft->n_vmks; at++)
		if (draft->vmks[at].dev == dev)
			break;
	return at;
}

static void draft_remove(struct migsel_draft *draft, u32 at)
{
	struct migsel_draft_vmk *entry = &draft->vmks[at];

	draft->n_vmks--;
	memmove(entry, entry + 1, (draft->n_vmks - at) * sizeof(*entry));
}

static void draft_insert(struct migsel_draft *draft, u32 at,
			 const struct migsel_draft_vmk *vmk)
{
	struct migsel_draft_vmk *entry = &draft->vmks[at];

	memmove(entry + 1, entry, (draft->n_vmks - at) * sizeof(*entry));
	draft->n_vmks++;
	*entry = *vmk;
}

/* Only on the default stack is migration a matter of choice. */
static int vmk_set_migration(struct migsel_vmk_config *config,
			     const struct nlattr *migration,
			     struct netlink_ext_ack *extack)
{
	if (config->stack != MIGSEL_STACK_DEFAULT)
		config->migration = config->stack == MIGSEL_STACK_VMOTION;
	if (!migration || nla_get_u32(migration) == config->migration)
		return 0;
	if (config->stack == MIGSEL_STACK_VMOTION) {
		NL_SET_ERR_MSG_ATTR(extack, migration,
				    "a vmk of stack vmotion always carries migration traffic");
		return -EINVAL;
	}
	if (config->stack == MIGSEL_STACK_PROVISIONING) {
		NL_SET_ERR_MSG_ATTR(extack, migration,
				    "a vmk of stack provisioning carries no migration traffic");
		return -EINVAL;
	}
	config->migration = nla_get_u32(migration);
	return 0;
}

static int vmk_configure(struct migsel_vmk_config *config,
			 struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	struct nlattr *provisioning = attrs[MIGSEL_A_VMK_PROVISIONING];
	struct nlattr *stack = attrs[MIGSEL_A_VMK_STACK];

	if (stack)
		config->stack = nla_get_u32(stack);
	if (provisioning)
		config->provisioning = nla_get_u32(provisioning);
	if (attrs[MIGSEL_A_VMK_WEIGHT])
		config->weight = nla_get_u32(attrs[MIGSEL_A_VMK_WEIGHT]);
	if (config->provisioning && config->stack != MIGSEL_STACK_DEFAULT) {
		NL_SET_ERR_MSG_ATTR(extack, provisioning ?: stack,
				    "a vmk with provisioning on has to be of stack default");
		return -EINVAL;
	}
	return vmk_set_migration(config, attrs[MIGSEL_A_VMK_MIGRATION], extack);
}

/* The vmk at a place may have the provisioning service if no other one has. */
static int draft_check_provisioning(const struct migsel_draft *draft, u32 at,
				    struct netlink_ext_ack *extack)
{
	const struct migsel_draft_vmk *vmk = &draft->vmks[at];
	u32 i;

	if (!vmk->provisioning || !vmk->config.provisioning)
		return 0;
	for (i = 0; i < draft->n_vmks; i++) {
		if (i == at || !draft->vmks[i].config.provisioning)
			continue;
		NL_SET_ERR_MSG_ATTR(extack, vmk->provisioning,
				    "another vmk has provisioning on");
		return -EEXIST;
	}
	return 0;
}

/* A vmk with the defaults. Only a new one is refused for having too many addresses. */
static int vmk_new(struct migsel_draft *draft, struct net_device *dev,
		   struct migsel_draft_vmk *vmk, struct nlattr *name,
		   struct netlink_ext_ack *extack)
{
	int err;

	memset(vmk, 0, sizeof(*vmk));
	vmk->dev = dev;
	vmk->vmk = migsel_vmk_find(draft->ms, dev);
	vmk->config.weight = 1;
	err = migsel_device_check(dev, &vmk->if_id, extack);
	if (err) {
		NL_SET_BAD_ATTR(extack, name);
		return err;
	}
	if (draft->n_vmks == MIGSEL_MAX_VMKS) {
		NL_SET_ERR_MSG_ATTR(extack, name,
				    "a namespace has at most 256 vmks");
		return -ENOSPC;
	}
	if (!vmk->vmk && !migsel_snap_fits(dev)) {
		NL_SET_ERR_MSG_ATTR(extack, name,
				    "the device has more than 1024 addresses of a family");
		return -ENOSPC;
	}
	return 0;
}

/* Add a vmk, or change the one at a place. */
static int vmk_change(struct migsel_draft *draft, struct net_device *dev,
		      u32 at, bool put, struct nlattr **attrs,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *position = attrs[MIGSEL_A_VMK_POSITION];
	struct migsel_draft_vmk vmk;
	int err;

	if (at == draft->n_vmks) {
		err = vmk_new(draft, dev, &vmk,
			      attrs[MIGSEL_A_VMK_IFINDEX] ?:
				      attrs[MIGSEL_A_VMK_IFNAME], extack);
		if (err)
			return err;
	} else {
		vmk = draft->vmks[at];
		draft_remove(draft, at);
	}
	err = vmk_configure(&vmk.config, attrs, extack);
	if (err)
		return err;
	if (attrs[MIGSEL_A_VMK_PROVISIONING])
		vmk.provisioning = attrs[MIGSEL_A_VMK_PROVISIONING];
	if (put) {
		/* The position is that among the vmks there are in the end. */
		vmk.put = true;
		vmk.position = position;
	} else if (position) {
		vmk.position = NULL;
		at = nla_get_u32(position);
		if (at > draft->n_vmks) {
			NL_SET_ERR_MSG_ATTR(extack, position,
					    "the position is beyond the end");
			return -ERANGE;
		}
	}
	draft_insert(draft, at, &vmk);
	return put ? 0 : draft_check_provisioning(draft, at, extack);
}

/**
 * migsel_draft_vmk - change a vmk in a draft, or the set of them
 * @draft: the draft, not to be used any more if this fails
 * @change: what to do
 * @attrs: the attributes of the vmk, indexed by type
 * @nest: what they are nested in, NULL if in nothing
 * @extack: says why it was refused, and for which attribute
 *
 * Context: process, sleeps.
 * Return: 0, or a negative error.
 */
int migsel_draft_vmk(struct migsel_draft *draft, enum migsel_vmk_change change,
		     struct nlattr **attrs, struct nlattr *nest,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *name = attrs[MIGSEL_A_VMK_IFINDEX] ?:
			      attrs[MIGSEL_A_VMK_IFNAME];
	struct net_device *dev;
	bool exists;
	u32 at;

	if (change == MIGSEL_VMK_CHANGE_FLUSH && !name) {
		draft->n_vmks = 0;
		return 0;
	}
	dev = migsel_draft_dev(draft->ms->net, attrs, nest, extack);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	at = draft_find(draft, dev);
	exists = at < draft->n_vmks;

	switch (change) {
	case MIGSEL_VMK_CHANGE_PUT:
		if (exists && draft->vmks[at].put) {
			NL_SET_ERR_MSG_ATTR(extack, name,
					    "the device is described twice");
			return -EEXIST;
		}
		break;
	case MIGSEL_VMK_CHANGE_ADD:
		if (exists) {
			NL_SET_ERR_MSG_ATTR(extack, name,
					    "the device is already a vmk");
			return -EEXIST;
		}
		break;
	case MIGSEL_VMK_CHANGE_SET:
	case MIGSEL_VMK_CHANGE_DEL:
		if (!exists) {
			NL_SET_ERR_MSG_ATTR(extack, name,
					    "the device is not a vmk");
			return -ENOENT;
		}
		break;
	default:
		break;
	}
	if (change == MIGSEL_VMK_CHANGE_DEL ||
	    change == MIGSEL_VMK_CHANGE_FLUSH) {
		if (exists)
			draft_remove(draft, at);
		return 0;
	}
	return vmk_change(draft, dev, at, change == MIGSEL_VMK_CHANGE_PUT,
			  attrs, extack);
}

/*
 * The attribute to name where a value is wrong: the value's own or, if the value is an old
 * one that stays, one that was given and does not agree with it.
 */
static struct nlattr *tag_culprit(struct nlattr **attrs, int attr)
{
	return attrs[attr] ?: attrs[MIGSEL_A_TAG_COLD] ?:
	       attrs[MIGSEL_A_TAG_HOT] ?: attrs[MIGSEL_A_TAG_MASK];
}

/**
 * migsel_draft_tag - change how a draft reads marks
 * @draft: the draft, not to be used any more if this fails
 * @attrs: the attributes of a tag, indexed by type
 * @extack: says why it was refused, and for which attribute
 *
 * Return: 0 or -EINVAL.
 */
int migsel_draft_tag(struct migsel_draft *draft, struct nlattr **attrs,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *mask = tag_culprit(attrs, MIGSEL_A_TAG_MASK);
	struct nlattr *cold = tag_culprit(attrs, MIGSEL_A_TAG_COLD);
	struct nlattr *hot = tag_culprit(attrs, MIGSEL_A_TAG_HOT);
	struct migsel_tag *tag = &draft->tag;

	if (attrs[MIGSEL_A_TAG_MASK])
		tag->mask = nla_get_u32(attrs[MIGSEL_A_TAG_MASK]);
	if (attrs[MIGSEL_A_TAG_HOT])
		tag->hot = nla_get_u32(attrs[MIGSEL_A_TAG_HOT]);
	if (attrs[MIGSEL_A_TAG_COLD])
		tag->cold = nla_get_u32(attrs[MIGSEL_A_TAG_COLD]);

	if (!tag->mask)
		NL_SET_ERR_MSG_ATTR(extack, mask, "the mask has no bit");
	else if (!tag->hot)
		NL_SET_ERR_MSG_ATTR(extack, hot,
				    "the hot value may not be zero");
	else if (!tag->cold)
		NL_SET_ERR_MSG_ATTR(extack, cold,
				    "the cold value may not be zero");
	else if (tag->hot & ~tag->mask)
		NL_SET_ERR_MSG_ATTR(extack, hot,
				    "the hot value has bits outside the mask");
	else if (tag->cold & ~tag->mask)
		NL_SET_ERR_MSG_ATTR(extack, cold,
				    "the cold value has bits outside the mask");
	else if (tag->hot == tag->cold)
		NL_SET_ERR_MSG_ATTR(extack, cold,
				    "the hot and the cold value must differ");
	else
		return 0;
	return -EINVAL;
}

/**
 * migsel_draft_policy - change what a draft makes of decisions
 * @draft: the draft
 * @attrs: the attributes of a policy, indexed by type, whose values are known to be right
 */
void migsel_draft_policy(struct migsel_draft *draft, struct nlattr **attrs)
{
	if (attrs[MIGSEL_A_POLICY_MODE])
		draft->policy.mode = nla_get_u32(attrs[MIGSEL_A_POLICY_MODE]);
	if (attrs[MIGSEL_A_POLICY_UNREACHABLE])
		draft->policy.unreachable =
			nla_get_u32(attrs[MIGSEL_A_POLICY_UNREACHABLE]);
	if (attrs[MIGSEL_A_POLICY_FALLBACK])
		draft->policy.fallback =
			nla_get_u32(attrs[MIGSEL_A_POLICY_FALLBACK]);
}

/**
 * migsel_draft_arrange - bring the vmks of a draft where they were described to be
 * @draft: the draft, not to be used any more if this fails
 * @extack: says why it was refused, and for which attribute
 *
 * The others keep their order and take the places that are left. Whether they agree with
 * one another is checked, too.
 *
 * Context: process, sleeps.
 * Return: 0, or -ERANGE, -EEXIST, -ENOMEM.
 */
int migsel_draft_arrange(struct migsel_draft *draft,
			 struct netlink_ext_ack *extack)
{
	struct migsel_draft_vmk *vmks;
	u32 i, at, n = draft->n_vmks;
	int err = 0;

	for (i = 0; i < n; i++) {
		err = draft_check_provisioning(draft, i, extack);
		if (err)
			return err;
	}
	vmks = kvzalloc_objs(*vmks, n, GFP_KERNEL_ACCOUNT);
	if (!vmks) {
		NL_SET_ERR_MSG(extack, "out of memory");
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		const struct nlattr *position = draft->vmks[i].position;

		if (!position)
			continue;
		at = nla_get_u32(position);
		if (at >= n) {
			NL_SET_ERR_MSG_ATTR(extack, position,
					    "the position is beyond the end");
			err = -ERANGE;
			goto out;
		}
		if (vmks[at].dev) {
			NL_SET_ERR_MSG_ATTR(extack, position,
					    "the position is given to two vmks");
			err = -EEXIST;
			goto out;
		}
		vmks[at] = draft->vmks[i];
	}
	for (i = 0, at = 0; i < n; i++) {
		if (draft->vmks[i].position)
			continue;
		while (vmks[at].dev)
			at++;
		vmks[at] = draft->vmks[i];
	}
	memcpy(draft->vmks, vmks, n * sizeof(*vmks));
out:
	kvfree(vmks);
	return err;
}

/**
 * migsel_draft_differs - whether a draft is another configuration than the present one
 * @draft: the draft
 *
 * Return: true if it is.
 */
bool migsel_draft_differs(const struct migsel_draft *draft)
{
	const struct migsel_draft_vmk *entry = draft->vmks;
	const struct migsel_net *ms = draft->ms;
	const struct migsel_vmk *vmk;

	if (draft->n_vmks != ms->n_vmks ||
	    memcmp(&draft->tag, &ms->tag, sizeof(ms->tag)) ||
	    memcmp(&draft->policy, &ms->policy, sizeof(ms->policy)))
		return true;
	list_for_each_entry(vmk, &ms->vmks, list) {
		if (entry->vmk != vmk || entry->if_id != vmk->if_id ||
		    memcmp(&entry->config, &vmk->config, sizeof(vmk->config)))
			return true;
		entry++;
	}
	return false;
}
