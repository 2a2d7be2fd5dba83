// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots of devices that are registered, with addresses given by rtnetlink. */

#include "snap.c"
#include "snap_fixture.h"

static void test_configuration(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;

	f->vmks[1].config.migration = true;
	f->vmks[1].config.weight = 7;
	f->ms.tag = (struct migsel_tag){ 0xff, 0x12, 0x34 };
	f->ms.policy.mode = MIGSEL_MODE_OBSERVE;
	f->ms.policy.unreachable = MIGSEL_UNREACHABLE_PASS;
	f->ms.policy.fallback = MIGSEL_FALLBACK_STRICT;
	snap = build(test);

	KUNIT_EXPECT_EQ(test, snap->rule.n_vmks, N_VMKS);
	KUNIT_EXPECT_TRUE(test, snap->rule.strict);
	KUNIT_EXPECT_EQ(test, snap->rule.n_migration, 1);
	KUNIT_EXPECT_EQ(test, snap->rule.migration_vmk, 1);
	KUNIT_EXPECT_TRUE(test, snap->rule.vmks[1].migration);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[1].weight, 7);
	KUNIT_EXPECT_FALSE(test, snap->rule.vmks[2].migration);
	KUNIT_EXPECT_MEMEQ(test, &snap->tag, &f->ms.tag, sizeof(snap->tag));
	KUNIT_EXPECT_EQ(test, snap->policy.mode, MIGSEL_MODE_OBSERVE);
	KUNIT_EXPECT_EQ(test, snap->policy.unreachable,
			MIGSEL_UNREACHABLE_PASS);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[0].n_addrs, 0);
}

/* The order is that of the list, not of indexes or names. */
static void test_order(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;

	list_move(&f->vmks[2].list, &f->ms.vmks);
	add(test, 0, "192.0.2.1", 24);
	add(test, 2, "192.0.2.3", 24);
	snap = build(test);
	KUNIT_EXPECT_PTR_EQ(test, snap->vmks[0].dev, f->devs[2]);
	KUNIT_EXPECT_PTR_EQ(test, snap->vmks[1].dev, f->devs[0]);
	KUNIT_EXPECT_PTR_EQ(test, snap->vmks[2].dev, f->devs[1]);
	KUNIT_EXPECT_PTR_EQ(test, migsel_snap_find(snap, f->devs[1]->ifindex),
			    &snap->vmks[2]);
	KUNIT_EXPECT_NULL(test, migsel_snap_find(snap, 1));
	expect_addr(test, snap, 0, "192.0.2.3", 24);
	expect_addr(test, snap, 1, "192.0.2.1", 24);
}

static void test_prefixes_of_both_families(struct kunit *test)
{
	struct migsel_snap *snap;

	add(test, 0, "192.0.2.1", 24);
	add(test, 0, "192.0.2.2", 24);
	add(test, 0, "198.51.100.1", 32);
	add(test, 0, "2001:db8::1", 64);
	add(test, 0, "2001:db8::2", 128);
	add(test, 2, "203.0.113.1", 25);
	add(test, 2, "2001:db8:2::1", 48);
	snap = build(test);

	KUNIT_EXPECT_EQ(test, snap->rule.vmks[0].n_addrs, 5);
	expect_addr(test, snap, 0, "192.0.2.1", 24);
	expect_addr(test, snap, 0, "192.0.2.2", 24);
	expect_addr(test, snap, 0, "198.51.100.1", 32);
	expect_addr(test, snap, 0, "2001:db8::1", 64);
	expect_addr(test, snap, 0, "2001:db8::2", 128);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[1].n_addrs, 0);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[2].n_addrs, 2);
	expect_addr(test, snap, 2, "203.0.113.1", 25);
	expect_addr(test, snap, 2, "2001:db8:2::1", 48);
	KUNIT_EXPECT_TRUE(test, snap->rule.vmks[0].addressed[MIGSEL_INET]);
	KUNIT_EXPECT_TRUE(test, snap->rule.vmks[0].addressed[MIGSEL_INET6]);
	KUNIT_EXPECT_FALSE(test, snap->rule.vmks[1].addressed[MIGSEL_INET]);
}

/* The prefix of a point-to-point address is that of its peer. */
static void test_peers(struct kunit *test)
{
	struct migsel_snap *snap;

	add_peer(test, 0, "192.0.2.1", "198.51.100.1", 24);
	add_peer(test, 0, "2001:db8::1", "2001:db8:1::1", 64);
	snap = build(test);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[0].n_addrs, 2);
	KUNIT_EXPECT_EQ(test, count(test, snap, 0, "192.0.2.1", "198.51.100.1",
				    24), 1);
	KUNIT_EXPECT_EQ(test, count(test, snap, 0, "2001:db8::1",
				    "2001:db8:1::1", 64), 1);
}

static void test_same_subnet(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;

	f->vmks[1].config.migration = true;
	add(test, 0, "192.0.2.1", 24);
	add(test, 1, "192.0.2.2", 24);
	add(test, 0, "2001:db8::1", 64);
	add(test, 1, "2001:db8:1::1", 64);
	snap = build(test);
	KUNIT_EXPECT_TRUE(test, snap->rule.same_subnet[MIGSEL_INET]);
	KUNIT_EXPECT_FALSE(test, snap->rule.same_subnet[MIGSEL_INET6]);
}

/* What changes later is seen by the next one only. */
static void test_immutable(struct kunit *test)
{
	struct migsel_snap *before, *after;
	struct fixture *f = test->priv;

	add(test, 0, "192.0.2.1", 24);
	before = build(test);
	add(test, 0, "2001:db8::1", 64);
	addr_change(test, RTM_DELADDR, 0, "192.0.2.1", "192.0.2.1", 24);
	f->vmks[0].config.migration = true;
	f->ms.tag.mask = 1;
	after = build(test);

	KUNIT_EXPECT_EQ(test, before->rule.vmks[0].n_addrs, 1);
	expect_addr(test, before, 0, "192.0.2.1", 24);
	KUNIT_EXPECT_FALSE(test, before->rule.vmks[0].migration);
	KUNIT_EXPECT_EQ(test, before->tag.mask, 0);
	KUNIT_EXPECT_EQ(test, after->rule.vmks[0].n_addrs, 1);
	expect_addr(test, after, 0, "2001:db8::1", 64);
	KUNIT_EXPECT_TRUE(test, after->rule.vmks[0].migration);
}

static void test_many_addresses(struct kunit *test)
{
	struct migsel_snap *snap;
	char text[INET6_ADDRSTRLEN];
	u32 i;

	for (i = 0; i < 150; i++) {
		snprintf(text, sizeof(text), "10.0.%u.1", i);
		add(test, i % 2, text, 24);
		snprintf(text, sizeof(text), "2001:db8:%x::1", i);
		add(test, 1 + i % 2, text, 64);
	}
	snap = build(test);
	for (i = 0; i < 150; i++) {
		snprintf(text, sizeof(text), "10.0.%u.1", i);
		expect_addr(test, snap, i % 2, text, 24);
		snprintf(text, sizeof(text), "2001:db8:%x::1", i);
		expect_addr(test, snap, 1 + i % 2, text, 64);
	}
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[0].n_addrs, 75);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[1].n_addrs, 150);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[2].n_addrs, 75);
}

static void dev_change(struct net_device *dev, bool up)
{
	rtnl_lock();
	if (up)
		dev_open(dev, NULL);
	else
		dev_close(dev);
	rtnl_unlock();
}

static int owner(struct kunit *test, const struct migsel_snap *snap,
		 const char *text)
{
	u8 addr[16];

	enum migsel_family family = parse(test, text, addr) == 4 ?
				    MIGSEL_INET : MIGSEL_INET6;

	return migsel_snap_position(snap, migsel_snap_owner(snap, family, addr));
}

static void test_owner(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;

	f->vmks[1].config.migration = true;
	f->vmks[2].config.migration = true;
	dev_change(f->devs[0], true);
	dev_change(f->devs[1], true);
	dev_change(f->devs[2], true);
	add(test, 0, "192.0.2.1", 24);
	add(test, 1, "192.0.2.2", 24);
	add_peer(test, 2, "192.0.2.3", "198.51.100.3", 24);
	add(test, 2, "2001:db8::3", 64);
	snap = build(test);

	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.2"), 1);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.3"), 2);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "2001:db8::3"), 2);
	/* No migration vmk's own. */
	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.1"), MIGSEL_NO_VMK);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.4"), MIGSEL_NO_VMK);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "198.51.100.3"),
			MIGSEL_NO_VMK);
	/* Not usable: the link is read live. */
	netif_carrier_off(f->devs[1]);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.2"), MIGSEL_NO_VMK);
	netif_carrier_on(f->devs[1]);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.2"), 1);
	dev_change(f->devs[1], false);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.2"), MIGSEL_NO_VMK);
}

/* One of several owners: the first in order that is usable, whoever was read first. */
static void test_several_owners(struct kunit *test)
{
	struct migsel_snap *snap, *without;
	struct fixture *f = test->priv;
	u32 i;

	for (i = 0; i < N_VMKS; i++) {
		f->vmks[i].config.migration = true;
		dev_change(f->devs[i], true);
		add(test, i, "192.0.2.1", 24);
		add(test, i, "2001:db8::1", 64);
	}
	list_move(&f->vmks[2].list, &f->ms.vmks);
	snap = build(test);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.1"), 0);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "2001:db8::1"), 0);
	netif_carrier_off(f->devs[2]);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "192.0.2.1"), 1);
	KUNIT_EXPECT_EQ(test, owner(test, snap, "2001:db8::1"), 1);

	/* A vmk that is gone owns nothing, though its addresses are shared. */
	list_del(&f->vmks[0].list);
	f->ms.n_vmks--;
	rtnl_lock();
	without = migsel_snap_build(&f->ms, snap, GFP_KERNEL);
	rtnl_unlock();
	KUNIT_ASSERT_NOT_NULL(test, without);
	KUNIT_EXPECT_EQ(test, owner(test, without, "192.0.2.1"), 1);
	KUNIT_EXPECT_PTR_EQ(test, without->vmks[1].dev, f->devs[1]);
	migsel_snap_free(without);
}

/* Of many addresses each is found, and of them no other. */
static void test_owner_of_many(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;
	char text[INET6_ADDRSTRLEN];
	u32 i;

	for (i = 0; i < N_VMKS; i++) {
		f->vmks[i].config.migration = true;
		dev_change(f->devs[i], true);
	}
	for (i = 0; i < 150; i++) {
		snprintf(text, sizeof(text), "10.0.%u.1", i);
		add(test, i % N_VMKS, text, 24);
		snprintf(text, sizeof(text), "2001:db8::%x", i);
		add(test, (i + 1) % N_VMKS, text, 64);
	}
	snap = build(test);
	for (i = 0; i < 150; i++) {
		snprintf(text, sizeof(text), "10.0.%u.1", i);
		KUNIT_ASSERT_EQ(test, owner(test, snap, text), i % N_VMKS);
		snprintf(text, sizeof(text), "10.0.%u.2", i);
		KUNIT_ASSERT_EQ(test, owner(test, snap, text), MIGSEL_NO_VMK);
		snprintf(text, sizeof(text), "2001:db8::%x", i);
		KUNIT_ASSERT_EQ(test, owner(test, snap, text),
				(i + 1) % N_VMKS);
	}
}

/* The link-local address that Linux gives a device is one, but of no use. */
static void test_link_local(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;

	dev_change(f->devs[0], true);
	snap = build(test);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[0].n_addrs, 1);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[0].addrs[0].local[0], 0xfe);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[0].addrs[0].len, 64);
	KUNIT_EXPECT_FALSE(test, migsel_usable(snap, 0, MIGSEL_INET6));
}

/* Without memory there is none; with __GFP_NOFAIL there is always. */
static void test_no_memory(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *none, *snap;
	u32 nth, try, failed = 0;
	bool all = false;

	add(test, 0, "192.0.2.1", 24);
	rtnl_lock();
	/*
	 * Whichever it is: the snapshot, or what its addresses are kept in. The slab asks for
	 * a page now and then, which is counted as well, so each number is tried three times.
	 */
	for (nth = 1; !all && nth < 1000; nth++) {
		bool hit = false;

		for (try = 0; !all && try < 3; try++) {
			current->fail_nth = nth;
			none = migsel_snap_build(&f->ms, NULL, GFP_NOWAIT);
			all = current->fail_nth;
			hit |= !none;
			migsel_snap_free(none);
		}
		failed += hit;
	}
	current->fail_nth = 1;
	snap = migsel_snap_build(&f->ms, NULL, GFP_KERNEL | __GFP_NOFAIL);
	current->fail_nth = 0;
	rtnl_unlock();
	KUNIT_EXPECT_TRUE(test, all);
	KUNIT_EXPECT_GE(test, failed, 2);
	KUNIT_EXPECT_NOT_NULL(test, snap);
	migsel_snap_free(snap);
}

/* Without a vmk, or in another order: its addresses are those that were read. */
static void test_shared_addresses(struct kunit *test)
{
	struct migsel_snap *before, *after;
	struct fixture *f = test->priv;

	add(test, 0, "192.0.2.1", 24);
	add(test, 1, "192.0.2.2", 24);
	add(test, 2, "2001:db8::3", 64);
	before = build(test);
	add(test, 2, "192.0.2.3", 24);

	list_del(&f->vmks[0].list);
	f->ms.n_vmks--;
	list_move(&f->vmks[2].list, &f->ms.vmks);
	f->vmks[1].config.migration = true;
	rtnl_lock();
	after = migsel_snap_build(&f->ms, before, GFP_KERNEL);
	rtnl_unlock();
	KUNIT_ASSERT_NOT_NULL(test, after);
	KUNIT_EXPECT_PTR_EQ(test, after->addrs, before->addrs);
	KUNIT_EXPECT_EQ(test, after->rule.n_vmks, 2);
	KUNIT_EXPECT_EQ(test, after->rule.vmks[0].n_addrs, 1);
	expect_addr(test, after, 0, "2001:db8::3", 64);
	expect_addr(test, after, 1, "192.0.2.2", 24);
	KUNIT_EXPECT_FALSE(test, after->rule.vmks[0].addressed[MIGSEL_INET]);
	KUNIT_EXPECT_TRUE(test, after->rule.vmks[0].addressed[MIGSEL_INET6]);
	KUNIT_EXPECT_EQ(test, after->rule.migration_vmk, 1);
	KUNIT_EXPECT_PTR_EQ(test, migsel_snap_find(after, f->devs[2]->ifindex),
			    &after->vmks[0]);
	KUNIT_EXPECT_NULL(test, migsel_snap_find(after, f->devs[0]->ifindex));
	KUNIT_EXPECT_FALSE(test, after->owns_addrs);
	migsel_snap_free(after);
}

/* Addresses are stale once their number of changes is another. */
static void test_stale(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;

	atomic_set(&f->ms.changes, 7);
	snap = build(test);
	KUNIT_EXPECT_FALSE(test, migsel_stale(&f->ms, snap));
	atomic_inc(&f->ms.changes);
	KUNIT_EXPECT_TRUE(test, migsel_stale(&f->ms, snap));
}

/* So many of a family count, and not one more. */
static void test_bound(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;
	char text[INET6_ADDRSTRLEN];
	u32 i;

	for (i = 0; i < MIGSEL_MAX_ADDRESSES; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.1", i / 256, i % 256);
		add(test, 1, text, 24);
	}
	add(test, 1, "2001:db8::1", 64);
	rtnl_lock();
	KUNIT_EXPECT_TRUE(test, migsel_snap_fits(f->devs[1]));
	rtnl_unlock();
	add(test, 1, "10.9.0.1", 24);
	add(test, 2, "192.0.2.1", 24);
	rtnl_lock();
	KUNIT_EXPECT_FALSE(test, migsel_snap_fits(f->devs[1]));
	rtnl_unlock();

	snap = build(test);
	KUNIT_EXPECT_TRUE(test, f->vmks[1].crowded);
	KUNIT_EXPECT_FALSE(test, f->vmks[2].crowded);
	KUNIT_EXPECT_EQ(test, snap->rule.vmks[1].n_addrs,
			MIGSEL_MAX_ADDRESSES + 1);
	KUNIT_EXPECT_EQ(test, count(test, snap, 1, "10.9.0.1", "10.9.0.1", 24),
			0);
	expect_addr(test, snap, 1, "2001:db8::1", 64);
	expect_addr(test, snap, 2, "192.0.2.1", 24);
}

/* Many devices with indexes that crowd the same slots are each found. */
static void test_find(struct kunit *test)
{
	struct net_device *devs;
	struct migsel_snap *snap;
	const struct migsel_snap_vmk **slots;
	u32 i;

	devs = kunit_kcalloc(test, MIGSEL_MAX_VMKS, sizeof(*devs), GFP_KERNEL);
	snap = kunit_kzalloc(test, struct_size(snap, vmks, MIGSEL_MAX_VMKS),
			     GFP_KERNEL);
	slots = kunit_kcalloc(test, 2 * MIGSEL_MAX_VMKS, sizeof(*slots),
			      GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, devs);
	KUNIT_ASSERT_NOT_NULL(test, snap);
	KUNIT_ASSERT_NOT_NULL(test, slots);
	snap->slots = slots;
	snap->slot_mask = 2 * MIGSEL_MAX_VMKS - 1;
	snap->rule.n_vmks = MIGSEL_MAX_VMKS;
	for (i = 0; i < MIGSEL_MAX_VMKS; i++) {
		devs[i].ifindex = i % 2 ? i : 1000 + (i << 20);
		snap->vmks[i].dev = &devs[i];
	}
	migsel_snap_index(snap);
	for (i = 0; i < MIGSEL_MAX_VMKS; i++)
		KUNIT_ASSERT_PTR_EQ(test, migsel_snap_find(snap, devs[i].ifindex),
				    &snap->vmks[i]);
	KUNIT_EXPECT_NULL(test, migsel_snap_find(snap, 2));
}

static struct kunit_case snap_cases[] = {
	KUNIT_CASE(test_configuration),
	KUNIT_CASE(test_order),
	KUNIT_CASE(test_prefixes_of_both_families),
	KUNIT_CASE(test_peers),
	KUNIT_CASE(test_same_subnet),
	KUNIT_CASE(test_immutable),
	KUNIT_CASE(test_many_addresses),
	KUNIT_CASE(test_owner),
	KUNIT_CASE(test_several_owners),
	KUNIT_CASE(test_owner_of_many),
	KUNIT_CASE(test_link_local),
	KUNIT_CASE(test_no_memory),
	KUNIT_CASE(test_shared_addresses),
	KUNIT_CASE(test_stale),
	KUNIT_CASE(test_bound),
	KUNIT_CASE(test_find),
	{}
};

static struct kunit_suite snap_suite = {
	.name = "migsel-snap",
	.init = snap_init,
	.test_cases = snap_cases,
};

kunit_test_suite(snap_suite);
