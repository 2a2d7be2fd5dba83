// SPDX-License-Identifier: GPL-2.0-only
/* The hook, and what it needs while it is registered. */

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "migsel.h"

/**
 * migsel_hook_start - register the hook and what it needs
 * @ms: migsel in a namespace, with RTNL held
 * @extack: says why it failed
 *
 * Context: process, sleeps.
 * Return: 0, or a negative error with nothing changed.
 */
int migsel_hook_start(struct migsel_net *ms, struct netlink_ext_ack *extack)
{
	int err = -ENOMEM;

	ASSERT_RTNL();

	ms->flows = migsel_flows_alloc();
	ms->routes = migsel_routes_alloc();
	ms->refusals = migsel_refusals_alloc();
	ms->alarms = migsel_alarms_alloc(ms->net);
	if (!ms->flows || !ms->routes || !ms->refusals || !ms->alarms) {
		NL_SET_ERR_MSG(extack, "out of memory");
		goto err_stop;
	}

	ms->hook.hook = migsel_egress_hook;
	ms->hook.priv = ms;
	ms->hook.pf = NFPROTO_INET;
	ms->hook.hooknum = NF_INET_LOCAL_OUT;
	ms->hook.priority = NF_IP_PRI_FILTER + 1;
	err = nf_register_net_hook(ms->net, &ms->hook);
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot register the hook");
		goto err_stop;
	}
	ms->hooked = true;
	return 0;

err_stop:
	migsel_hook_stop(ms);
	return err;
}

/**
 * migsel_hook_unregister - unregister the hook
 * @ms: migsel in a namespace, with RTNL held. Packets may be in the hook until
 *	a grace period has passed.
 */
void migsel_hook_unregister(struct migsel_net *ms)
{
	ASSERT_RTNL();

	nf_unregister_net_hook(ms->net, &ms->hook);
	ms->hooked = false;
}

/**
 * migsel_hook_stop - free what the hook needed
 * @ms: migsel in a namespace, with RTNL held and no packet in the hook
 *
 * Context: process, sleeps.
 */
void migsel_hook_stop(struct migsel_net *ms)
{
	ASSERT_RTNL();

	migsel_alarms_free(ms->alarms);
	migsel_refusals_free(ms->refusals);
	migsel_routes_free(ms->routes);
	kvfree(ms->flows);
	ms->alarms = NULL;
	ms->refusals = NULL;
	ms->routes = NULL;
	ms->flows = NULL;
}
