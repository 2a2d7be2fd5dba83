// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with a fault on purpose, chosen by its parameter: the harness must not
 * miss it. Each is committed when the module is loaded.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/net_namespace.h>
#include <net/route.h>

static char *fault = "warning";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "the fault to commit");

static int none(void)
{
	return 0;
}

static noinline int warning(void)
{
	WARN_ON(1);
	return 0;
}

/* The compiler must not see what is wrong with them. */
static noinline int overflow(void)
{
	size_t size = 40;
	char *object;

	OPTIMIZER_HIDE_VAR(size);
	object = kmalloc(size, GFP_KERNEL);
	if (!object)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(object);
	WRITE_ONCE(object[size], 1);
	kfree(object);
	return 0;
}

static noinline int use_after_free(void)
{
	char *object = kzalloc(40, GFP_KERNEL);
	char *dangling = object;

	if (!object)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(dangling);
	kfree(object);
	return READ_ONCE(dangling[8]) ? -EINVAL : 0;
}

static noinline int leak(void)
{
	int i;

	/* Several: a stale copy of a pointer may hide one of them. */
	for (i = 0; i < 16; i++) {
		char *object = kzalloc(200, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(object);
		if (!object)
			return -ENOMEM;
	}
	return 0;
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static noinline int lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static DEFINE_SPINLOCK(spin);

static noinline int atomic_sleep(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
	return 0;
}

static int __rcu *pointer;

static noinline int rcu_without_lock(void)
{
	return rcu_dereference(pointer) ? -EINVAL : 0;
}

/* Of the device planted0, which can then never go. */
static netdevice_tracker device_tracker;

static noinline int device_reference(void)
{
	struct net_device *dev;

	rtnl_lock();
	dev = __dev_get_by_name(current->nsproxy->net_ns, "planted0");
	if (dev)
		netdev_hold(dev, &device_tracker, GFP_KERNEL);
	rtnl_unlock();
	return dev ? 0 : -ENODEV;
}

/* To 192.0.2.2, which the device planted0 has. */
static noinline int route_reference(void)
{
	struct flowi4 flow = { .daddr = htonl(0xc0000202) };

	return PTR_ERR_OR_ZERO(ip_route_output_key(current->nsproxy->net_ns,
						   &flow));
}

/* Of the namespace the module is loaded from. */
static netns_tracker namespace_tracker;

static noinline int namespace_reference(void)
{
	get_net_track(current->nsproxy->net_ns, &namespace_tracker, GFP_KERNEL);
	return 0;
}

static const struct {
	const char *name;
	int (*commit)(void);
} faults[] = {
	{ "none", none },
	{ "warning", warning },
	{ "overflow", overflow },
	{ "use-after-free", use_after_free },
	{ "leak", leak },
	{ "lock-inversion", lock_inversion },
	{ "atomic-sleep", atomic_sleep },
	{ "rcu-without-lock", rcu_without_lock },
	{ "device-reference", device_reference },
	{ "route-reference", route_reference },
	{ "namespace-reference", namespace_reference },
};

static int __init planted_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!strcmp(fault, faults[i].name))
			return faults[i].commit();
	}
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Commits a fault when loaded, to test the test-kernel harness");
MODULE_LICENSE("GPL");
