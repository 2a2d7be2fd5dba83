// SPDX-License-Identifier: GPL-2.0-only
/* Module init and exit, and the lifetime of migsel in a namespace. */

#include <linux/module.h>
#include <net/genetlink.h>

#include "migsel.h"
#include "netlink.h"
#include "notifier.h"
#include "stats.h"
#include "upcalls.h"
#include "vmk.h"

static const struct migsel_upcalls migsel_upcalls = {
	.vmk_left = migsel_netlink_vmk_left,
	.alarm = migsel_netlink_alarm,
	.alarms_may_be_heard = migsel_netlink_may_hear,
	.alarms_are_heard = migsel_netlink_hears,
};

static int __net_init migsel_init_net(struct net *net)
{
	struct migsel_net *ms = migsel_net(net);

	ms->stats = migsel_stats_alloc();
	if (!ms->stats)
		return -ENOMEM;
	ms->net = net;
	ms->upcalls = &migsel_upcalls;
	migsel_vmk_init_net(ms);
	migsel_notifier_init_net(ms);
	return 0;
}

static void __net_exit migsel_exit_net(struct net *net)
{
	struct migsel_net *ms = migsel_net(net);

	migsel_notifier_exit_net(ms);
	migsel_vmk_exit_net(ms);
	free_percpu(ms->stats);
}

static struct pernet_operations migsel_net_ops = {
	.init = migsel_init_net,
	.exit = migsel_exit_net,
	.id = &migsel_net_id,
	.size = sizeof(struct migsel_net),
};

static int __init migsel_init(void)
{
	int err;

	err = register_pernet_subsys(&migsel_net_ops);
	if (err)
		return err;
	err = migsel_netlink_init();
	if (err)
		goto err_pernet;
	err = migsel_notifier_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	migsel_netlink_exit();
err_pernet:
	unregister_pernet_subsys(&migsel_net_ops);
	rcu_barrier();
	return err;
}

static void __exit migsel_exit(void)
{
	migsel_notifier_exit();
	migsel_netlink_exit();
	unregister_pernet_subsys(&migsel_net_ops);
	/* The RCU callbacks that free vmks are code of this module. */
	rcu_barrier();
}

module_init(migsel_init);
module_exit(migsel_exit);

MODULE_AUTHOR("The migsel authors");
MODULE_DESCRIPTION("Egress selection for virtual machine migration traffic");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(MIGSEL_FAMILY_NAME);
