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
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
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

#define genl_register_family	genl_register_split_family
#define genl_unregister_family	genl_unregister_split_family
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define genl_info_dump genl_dumpit_info
#endif

#endif /* _MIGSEL_COMPAT_NET_GENETLINK_H */
