// SPDX-License-Identifier: GPL-2.0-only
/* The hooks, and what they need while they are registered. */

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/netlink.h>
#include <linux/sched/mm.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "alarm.h"
#include "cache.h"
#include "hook.h"
#include "learn.h"
#include "migsel.h"
#include "path.h"
#include "place.h"
#include "pmtu.h"
#include "refuse.h"
#include "steered.h"

static const struct nf_hook_ops hooks[MIGSEL_N_HOOKS] = {
	{
		.hook = migsel_path_inet,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP_PRI_FILTER + 1,
	}, {
		.hook = migsel_path_inet6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP6_PRI_FILTER + 1,
	}, {
		/* Behind the filters, because what they drop is not to be heeded. */
		.hook = migsel_pmtu_hook,
		.pf = NFPROTO_INET,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_LAST,
	},
};

/**
 * migsel_hook_start - register the hooks and what they need
 * @ms: migsel in a namespace, with RTNL held
 * @extack: says why it failed
 *
 * Context: process, sleeps.
 * Return: 0, or a negative error with nothing changed.
 */
int migsel_hook_start(struct migsel_net *ms, struct netlink_ext_ack *extack)
{
	struct mem_cgroup *memcg = set_active_memcg(ms->memcg);
	int err = -ENOMEM, i;

	ASSERT_RTNL();

	ms->flows = migsel_flows_alloc();
	ms->cache = migsel_cache_alloc();
	ms->refusals = migsel_refusals_alloc();
	ms->alarms = migsel_alarms_alloc(ms);
	ms->steered = migsel_steered_alloc();
	ms->learners = migsel_learners_alloc(ms);
	set_active_memcg(memcg);
	if (!ms->flows || !ms->cache || !ms->refusals || !ms->alarms ||
	    !ms->steered || !ms->learners) {
		NL_SET_ERR_MSG(extack, "out of memory");
		goto err_stop;
	}

	memcpy(ms->hooks, hooks, sizeof(hooks));
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		ms->hooks[i].priv = ms;
	err = nf_register_net_hooks(ms->net, ms->hooks, ARRAY_SIZE(ms->hooks));
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot register the hooks");
		/* Some of them may have been there for packets. */
		synchronize_net();
		goto err_stop;
	}
	ms->hooked = true;
	return 0;

err_stop:
	migsel_hook_stop(ms);
	return err;
}

/**
 * migsel_hook_unregister - unregister the hooks
 * @ms: migsel in a namespace, with RTNL held. Packets may be in them until
 *	a grace period has passed.
 */
void migsel_hook_unregister(struct migsel_net *ms)
{
	ASSERT_RTNL();

	nf_unregister_net_hooks(ms->net, ms->hooks, ARRAY_SIZE(ms->hooks));
	ms->hooked = false;
}

/**
 * migsel_hook_stop - free what the hooks needed
 * @ms: migsel in a namespace, with RTNL held and no packet in them
 *
 * Context: process, sleeps.
 */
void migsel_hook_stop(struct migsel_net *ms)
{
	ASSERT_RTNL();

	migsel_learners_free(ms->learners);
	kvfree(ms->steered);
	migsel_alarms_free(ms->alarms);
	migsel_refusals_free(ms->refusals);
	migsel_cache_free(ms->cache);
	kvfree(ms->flows);
	ms->learners = NULL;
	ms->steered = NULL;
	ms->alarms = NULL;
	ms->refusals = NULL;
	ms->cache = NULL;
	ms->flows = NULL;
}
