/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_NET_GENETLINK_H
#define _MIGSEL_COMPAT_NET_GENETLINK_H

#include <linux/version.h>
#include_next <net/genetlink.h>

/* Older kernels use the flag of an operation for the same thing. */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif

/*
 * The family is generated with struct genl_split_ops. Before 6.2 there are none, and later
 * kernels do not reject the attributes of an operation that takes none, if it is one of
 * them. Such kernels get struct genl_ops, which has the same fields and a single entry
 * for both ways of a command.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#define genl_register_split_family	genl_register_family
#define genl_unregister_split_family	genl_unregister_family
#else
#define genl_split_ops	genl_ops
#define split_ops	ops
#define n_split_ops	n_ops

/**
 * genl_register_split_family - register a family that is generated
 * @family: the family; of a command that has two entries, that to dump is the second
 *
 * Context: process, sleeps.
 * Return: 0 or a negative error.
 */
static inline int genl_register_split_family(struct genl_family *family)
{
	const struct genl_ops *split = family->ops;
	unsigned int i, n = 0;
	struct genl_ops *ops;
	int err;

	ops = kcalloc(family->n_ops, sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return -ENOMEM;
	for (i = 0; i < family->n_ops; i++) {
		if (n && ops[n - 1].cmd == split[i].cmd)
			ops[n - 1].dumpit = split[i].dumpit;
		else
			ops[n++] = split[i];
		ops[n - 1].flags &= ~(GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP);
	}
	family->ops = ops;
	family->n_ops = n;
	err = genl_register_family(family);
	if (err)
		kfree(ops);
	return err;
}

/**
 * genl_unregister_split_family - unregister a family that is generated
 * @family: the family
 *
 * Context: process, sleeps.
 */
static inline void genl_unregister_split_family(struct genl_family *family)
{
	genl_unregister_family(family);
	kfree(family->ops);
}
#endif

/**
 * genl_dump_attrs - the attributes that a dump was asked for with
 * @cb: the dump
 *
 * Return: the table of attributes, indexed by type, NULL if the dump takes none
 */
static inline struct nlattr **genl_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return genl_dumpit_info(cb)->info.attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
static inline int genl_listener_found(struct sock *sk, struct sk_buff *skb,
				      void *found)
{
	*(bool *)found = true;
	return 1;
}

static inline void genl_broadcast_to_none(struct sock *ssk, struct sk_buff *skb,
					  u32 group, bool *found)
{
	netlink_broadcast_filtered(ssk, skb, 0, group, GFP_KERNEL,
				   genl_listener_found, found);
}
#else
/* The message is orphaned before it is given to the first listener. */
static inline void genl_listener_found(struct sk_buff *skb)
{
	if (refcount_read(&skb->users) > 1)
		*(bool *)skb_shinfo(skb)->destructor_arg = true;
}

/* A message from the emergency reserves passes no listener's socket filter. */
static inline void genl_broadcast_to_none(struct sock *ssk, struct sk_buff *skb,
					  u32 group, bool *found)
{
	skb->pfmemalloc = true;
	skb->destructor = genl_listener_found;
	skb_shinfo(skb)->destructor_arg = found;
	netlink_broadcast(ssk, skb, 0, group, GFP_KERNEL);
}
#endif

/**
 * genl_has_listeners_here - whether anybody listens to a group in a namespace
 * @family: the family of the group
 * @net: the namespace
 * @group: the number of the group in the family
 *
 * genl_has_listeners() tells of listeners in any namespace. To find those in one, a message
 * is sent that reaches nobody but meets each who would receive it.
 *
 * Context: process, sleeps.
 * Return: true if somebody listens, or it is not known for lack of memory.
 */
static inline bool genl_has_listeners_here(const struct genl_family *family,
					   struct net *net, unsigned int group)
{
	struct sk_buff *skb = alloc_skb(0, GFP_KERNEL);
	bool found = false;

	if (!skb)
		return true;
	genl_broadcast_to_none(net->genl_sock, skb,
			       family->mcgrp_offset + group, &found);
	return found;
}

#endif /* _MIGSEL_COMPAT_NET_GENETLINK_H */
