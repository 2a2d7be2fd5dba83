// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hook where migsel has its own that accepts every packet: what no module of this kind
 * can cost less than. It is there in the network namespace of whoever loads the module.
 */
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <net/net_namespace.h>

static struct net *place;

static unsigned int accept(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

static const struct nf_hook_ops ops = {
	.hook = accept,
	.pf = NFPROTO_INET,
	.hooknum = NF_INET_LOCAL_OUT,
	.priority = NF_IP_PRI_FILTER + 1,
};

static int __init empty_hook_init(void)
{
	int err;

	place = get_net(current->nsproxy->net_ns);
	err = nf_register_net_hook(place, &ops);
	if (err)
		put_net(place);
	return err;
}
module_init(empty_hook_init);

static void __exit empty_hook_exit(void)
{
	nf_unregister_net_hook(place, &ops);
	put_net(place);
}
module_exit(empty_hook_exit);

MODULE_DESCRIPTION("a hook for local packets that accepts them all");
MODULE_LICENSE("GPL");
