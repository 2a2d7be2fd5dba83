// SPDX-License-Identifier: GPL-2.0-only
/* Follows devices and addresses of vmks. */

#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>

#include "migsel.h"
#include "notifier.h"
#include "place.h"
#include "snap.h"
#include "vmk.h"

static void recheck_work(struct work_struct *work)
{
	struct migsel_net *ms = container_of(to_delayed_work(work),
					     struct migsel_net, recheck);

	rtnl_lock();
	if (!migsel_vmk_recheck(ms))
		schedule_delayed_work(&ms->recheck, HZ);
	rtnl_unlock();
}

/**
 * migsel_notifier_init_net - prepare for what is followed in a namespace
 * @ms: migsel in a new namespace
 */
void migsel_notifier_init_net(struct migsel_net *ms)
{
	INIT_DELAYED_WORK(&ms->recheck, recheck_work);
}

/**
 * migsel_notifier_exit_net - wait for what is still to be done
 * @ms: migsel in a namespace, of which no notifier tells any more
 *
 * Context: process, sleeps. The work takes RTNL.
 */
void migsel_notifier_exit_net(struct migsel_net *ms)
{
	cancel_delayed_work_sync(&ms->recheck);
}

/* A move to another namespace is NETDEV_UNREGISTER in the old one. */
static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct migsel_net *ms = migsel_net(dev_net(dev));
	struct migsel_vmk *vmk = migsel_vmk_find(ms, dev);

	if (!vmk)
		return NOTIFY_DONE;

	switch (event) {
	case NETDEV_REGISTER:
		/*
		 * A new notifier is told of every device there is. One may be a
		 * vmk already, because requests are served before, and its
		 * addresses may have changed while nobody followed them.
		 */
		migsel_vmk_changed(ms);
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		if (ms->hooked)
			migsel_place_sync(ms->flows, rtnl_dereference(ms->snap));
		/* An ipvlan announces a new mode before it has it, so look later. */
		if (dev->rtnl_link_ops)
			schedule_delayed_work(&ms->recheck, 0);
		break;
	case NETDEV_UNREGISTER:
		migsel_vmk_del(ms, vmk);
		break;
	}
	return NOTIFY_DONE;
}

/*
 * Whether a device is a vmk, or may be about to become one: a change that is being
 * committed may have read its addresses for a snapshot that is not published yet.
 */
static bool concerns_vmk(const struct migsel_net *ms, const struct net_device *dev)
{
	const struct migsel_snap *snap;
	bool yes;

	/*
	 * This races with a commit, which sets @committing and then reads the
	 * addresses. Here they were changed before @committing is read: either the
	 * commit reads the new ones, or it is seen here. Pairs with migsel_commit().
	 */
	smp_mb();
	/* A commit that is over has published its snapshot, which is seen below. */
	if (smp_load_acquire(&ms->committing))
		return true;
	rcu_read_lock();
	snap = rcu_dereference(ms->snap);
	yes = snap && migsel_snap_find(snap, dev->ifindex);
	rcu_read_unlock();
	return yes;
}

/* Addresses change in bursts, so this is all that is done for one of them. */
static void addr_changed(const struct net_device *dev)
{
	struct migsel_net *ms = migsel_net(dev_net(dev));

	if (concerns_vmk(ms, dev))
		migsel_vmk_changed(ms);
}

static int inetaddr_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	addr_changed(ifa->ifa_dev->dev);
	return NOTIFY_DONE;
}

static struct notifier_block netdev_nb = {
	.notifier_call = netdev_event,
};

/*
 * The kernel's own notifier, at priority 0, removes the routes of an address. This one is
 * called first, so that a packet sent meanwhile, which may miss such a route, sees that
 * an address has changed and is not refused.
 */
static struct notifier_block inetaddr_nb = {
	.notifier_call = inetaddr_event,
	.priority = 1,
};

#if IS_ENABLED(CONFIG_IPV6)
/*
 * This chain is atomic. RTNL is held only when an address goes; the route of its prefix
 * goes after that. Only where IPv6 leaves a device altogether, as for disable_ipv6, the
 * routes go first: a packet that is sent before the addresses go, too, is refused.
 */
static int inet6addr_event(struct notifier_block *nb, unsigned long event,
			   void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	addr_changed(ifa->idev->dev);
	return NOTIFY_DONE;
}

static struct notifier_block inet6addr_nb = {
	.notifier_call = inet6addr_event,
};

static int inet6addr_init(void)
{
	return register_inet6addr_notifier(&inet6addr_nb);
}

static void inet6addr_exit(void)
{
	unregister_inet6addr_notifier(&inet6addr_nb);
}
#else
static int inet6addr_init(void)
{
	return 0;
}

static void inet6addr_exit(void)
{
}
#endif

/**
 * migsel_notifier_init - follow devices and addresses from now on
 *
 * Devices come last: registering for them tells of every device, so that what was missed
 * before is read then.
 *
 * Context: process, sleeps.
 * Return: 0 or a negative error.
 */
int __init migsel_notifier_init(void)
{
	int err;

	err = register_inetaddr_notifier(&inetaddr_nb);
	if (err)
		return err;
	err = inet6addr_init();
	if (err)
		goto err_inetaddr;
	err = register_netdevice_notifier(&netdev_nb);
	if (err)
		goto err_inet6addr;
	return 0;

err_inet6addr:
	inet6addr_exit();
err_inetaddr:
	unregister_inetaddr_notifier(&inetaddr_nb);
	return err;
}

/**
 * migsel_notifier_exit - follow nothing any more
 *
 * Leaving the chain of devices reports each of them as unregistered, so no vmk is left.
 *
 * Context: process, sleeps.
 */
void migsel_notifier_exit(void)
{
	unregister_netdevice_notifier(&netdev_nb);
	inet6addr_exit();
	unregister_inetaddr_notifier(&inetaddr_nb);
}
