// SPDX-License-Identifier: GPL-2.0-only
/* The memory of flows: placement, eviction, readers beside a writer. */

#include <kunit/test.h>
#include <linux/kthread.h>

#include "place.c"

#define N_VMKS		3
#define N_FLOWS		(MIGSEL_FLOW_SETS * MIGSEL_FLOW_WAYS)
#define READY		(MIGSEL_USABLE | MIGSEL_ROUTED)

/*
 * vmks 0 to 2 are devices 100 to 102, up and with an address of each family. The
 * last two carry migration traffic. None of the devices is registered.
 */
struct fixture {
	struct migsel_flows *flows;
	struct migsel_snap *snap;
	struct net_device *devs[N_VMKS];
	struct migsel_rule_vmk rule_vmks[N_VMKS];
	const struct migsel_snap_vmk *slots[8];
	u8 state[MIGSEL_MAX_VMKS];
};

static const struct migsel_addr addrs[] = {
	{ .local = { 192, 0, 2, 1 }, .len = 24, .family = MIGSEL_INET },
	{ .local = { 0x20, 0x01, 0x0d, 0xb8 }, .len = 64,
	  .family = MIGSEL_INET6 },
};

/* Let the vmks be found where they are now. */
static void reindex(struct fixture *f)
{
	memset(f->slots, 0, sizeof(f->slots));
	migsel_snap_index(f->snap);
}

static int place_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->snap = kunit_kzalloc(test, struct_size(f->snap, vmks, N_VMKS),
				GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->snap);
	f->snap->rule.vmks = f->rule_vmks;
	f->snap->rule.n_vmks = N_VMKS;
	for (i = 0; i < N_VMKS; i++) {
		struct net_device *dev = kunit_kzalloc(test, sizeof(*dev),
						       GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, dev);
		dev->ifindex = 100 + i;
		dev->flags = IFF_UP;
		f->devs[i] = dev;
		f->snap->vmks[i].dev = dev;
		f->rule_vmks[i].addrs = addrs;
		f->rule_vmks[i].n_addrs = ARRAY_SIZE(addrs);
		f->rule_vmks[i].migration = i > 0;
		f->rule_vmks[i].weight = 1;
		f->state[i] = READY;
		migsel_rule_prepare_vmk(&f->rule_vmks[i]);
	}
	f->snap->slots = f->slots;
	f->snap->slot_mask = ARRAY_SIZE(f->slots) - 1;
	reindex(f);
	migsel_rule_prepare(&f->snap->rule);
	f->flows = migsel_flows_alloc();
	KUNIT_ASSERT_NOT_NULL(test, f->flows);
	test->priv = f;
	return 0;
}

static void place_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		kvfree(f->flows);
}

/* The vmk that a flow is placed on. */
static int place(struct kunit *test, enum migsel_family family, u64 id)
{
	struct migsel_choice choice = { .vmk = MIGSEL_NO_VMK };
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, migsel_place(f->flows, f->snap, family, id,
					   f->state, &choice),
			MIGSEL_REASON_MULTI_NIC);
	return choice.vmk;
}

static void expect_placed(struct kunit *test, enum migsel_family family,
			  u32 vmk1, u32 vmk2)
{
	struct fixture *f = test->priv;
	u32 *placed = kunit_kcalloc(test, MIGSEL_MAX_VMKS, sizeof(*placed),
				    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, placed);
	migsel_place_peek(f->flows, f->snap, family, placed);
	KUNIT_EXPECT_EQ(test, placed[0], 0);
	KUNIT_EXPECT_EQ(test, placed[1], vmk1);
	KUNIT_EXPECT_EQ(test, placed[2], vmk2);
	kunit_kfree(test, placed);
}

static void expect_home(struct kunit *test, u64 id, int ifindex)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, migsel_flow_ifindex(f->flows, id), ifindex);
}

/* Never more than one flow for each unit of weight ahead. */
static void test_fair_by_weight(struct kunit *test)
{
	struct fixture *f = test->priv;
	int count[N_VMKS] = {};
	u64 id;

	f->rule_vmks[2].weight = 3;
	for (id = 1; id <= 4000; id++) {
		count[place(test, MIGSEL_INET, id)]++;
		KUNIT_ASSERT_LE(test, abs(count[2] - 3 * count[1]), 3);
	}
	KUNIT_EXPECT_EQ(test, count[0], 0);
	KUNIT_EXPECT_EQ(test, count[1], 1000);
	KUNIT_EXPECT_EQ(test, count[2], 3000);
	expect_placed(test, MIGSEL_INET, 1000, 3000);
}

static void test_families_apart(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 1);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET6, 2), 1);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 3), 2);
	expect_placed(test, MIGSEL_INET, 1, 1);
	expect_placed(test, MIGSEL_INET6, 1, 0);
}

static void test_sticky(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 id;

	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 1);
	f->state[1] = MIGSEL_USABLE;
	for (id = 2; id < 10; id++)
		KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, id), 2);
	f->state[1] = READY;

	/* vmk1 has fewer by far: a new flow goes there, and no old one. */
	for (id = 2; id < 10; id++)
		KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, id), 2);
	expect_placed(test, MIGSEL_INET, 1, 8);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 10), 1);
	expect_home(test, 10, 101);
	expect_home(test, 2, 102);
	expect_home(test, 11, 0);
}

/* Only the flows of a member that goes down move, and they stay there. */
static void test_member_goes_down(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 id;

	for (id = 0; id < 8; id++)
		KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1 + id),
				id % 2 ? 2 : 1);

	f->devs[1]->flags = 0;
	f->state[1] = 0;
	migsel_place_sync(f->flows, f->snap);
	expect_placed(test, MIGSEL_INET, 0, 0);
	for (id = 0; id < 8; id++)
		KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1 + id), 2);
	expect_placed(test, MIGSEL_INET, 0, 4);

	f->devs[1]->flags = IFF_UP;
	f->state[1] = READY;
	for (id = 0; id < 8; id++)
		KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1 + id), 2);
	expect_placed(test, MIGSEL_INET, 0, 0);
}

/* Without a route, counting does not begin anew. */
static void test_member_loses_its_route(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET6, 1), 1);
	f->state[1] = MIGSEL_USABLE;
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET6, 1), 2);
	expect_home(test, 1, 102);
	expect_placed(test, MIGSEL_INET6, 1, 1);
}

static void test_member_leaves(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 1);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 2), 2);

	f->rule_vmks[1].carries = false;
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 2);
	f->rule_vmks[1].carries = true;

	/* The last vmk leaves the namespace. */
	f->snap->rule.n_vmks = 2;
	reindex(f);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 1);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 2), 1);
}

/* A flow lives on a device, not on a position. */
static void test_order(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 1);
	swap(f->snap->vmks[1].dev, f->snap->vmks[2].dev);
	reindex(f);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 2);
	expect_home(test, 1, 101);
	expect_placed(test, MIGSEL_INET, 0, 0);

	/* A tie goes to the lower position, whatever the device. */
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 2), 1);
	expect_home(test, 2, 102);
}

static void test_counting_begins_anew(struct kunit *test)
{
	struct fixture *f = test->priv;

	place(test, MIGSEL_INET, 1);
	place(test, MIGSEL_INET6, 2);
	f->rule_vmks[1].weight = 2;
	expect_placed(test, MIGSEL_INET, 0, 0);
	expect_placed(test, MIGSEL_INET6, 0, 0);

	/* The usable set is one of a family. */
	place(test, MIGSEL_INET, 3);
	place(test, MIGSEL_INET6, 4);
	f->rule_vmks[1].addressed[MIGSEL_INET6] = false;
	migsel_place_sync(f->flows, f->snap);
	expect_placed(test, MIGSEL_INET, 1, 0);
	expect_placed(test, MIGSEL_INET6, 0, 0);

	/* The first vmk is no member: what becomes of it does not matter. */
	f->devs[0]->flags = 0;
	f->rule_vmks[0].weight = 9;
	expect_placed(test, MIGSEL_INET, 1, 0);
}

/* Several vmks that leave together, one of them no member: none is left behind. */
static void test_several_leave(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->rule_vmks[1].carries = false;
	migsel_place_sync(f->flows, f->snap);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 2);
	expect_placed(test, MIGSEL_INET, 0, 1);
	f->snap->rule.n_vmks = 1;
	migsel_place_sync(f->flows, f->snap);
	f->snap->rule.n_vmks = N_VMKS;
	expect_placed(test, MIGSEL_INET, 0, 0);
}

/* Where a route is only assumed, a flow is not placed: it may have to go on. */
static void test_assumed_route(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 order[MIGSEL_MAX_VMKS];

	f->state[1] |= MIGSEL_ASSUMED;
	f->state[2] |= MIGSEL_ASSUMED;
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 1);
	expect_home(test, 1, 0);
	expect_placed(test, MIGSEL_INET, 0, 0);

	/* There is none: the next one is tried, and found to have one. */
	f->state[1] = MIGSEL_USABLE;
	KUNIT_EXPECT_EQ(test, migsel_place_order(f->flows, f->snap, MIGSEL_INET,
						 f->state, order), 1);
	KUNIT_EXPECT_EQ(test, order[0], 2);
	f->state[2] = READY;
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 2);
	expect_home(test, 1, 102);
	expect_placed(test, MIGSEL_INET, 0, 1);
	KUNIT_EXPECT_EQ(test, migsel_place_order(f->flows, f->snap, MIGSEL_INET,
						 f->state, order), 0);
}

/* What is usable is what was looked at, not what has become of it. */
static void test_usable_as_seen(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 1);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 2), 2);
	f->devs[1]->flags = 0;
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 3), 1);
	f->state[1] = 0;
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 4), 2);
	expect_placed(test, MIGSEL_INET, 0, 1);
}

static void test_nowhere_to_go(struct kunit *test)
{
	struct migsel_choice choice = { .vmk = MIGSEL_NO_VMK };
	struct fixture *f = test->priv;

	f->state[1] = 0;
	f->state[2] = 0;
	KUNIT_EXPECT_EQ(test, migsel_place(f->flows, f->snap, MIGSEL_INET, 1,
					   f->state, &choice),
			MIGSEL_REASON_LINK_DOWN);
	KUNIT_EXPECT_EQ(test, choice.vmk, MIGSEL_NO_VMK);
	f->state[2] = MIGSEL_USABLE;
	KUNIT_EXPECT_EQ(test, migsel_place(f->flows, f->snap, MIGSEL_INET, 1,
					   f->state, &choice),
			MIGSEL_REASON_NO_ROUTE);
	KUNIT_EXPECT_EQ(test, choice.vmk, MIGSEL_NO_VMK);
	expect_home(test, 1, 0);
	expect_placed(test, MIGSEL_INET, 0, 0);
}

/* A choice whose route was looked for holds, unless other flows were placed meanwhile. */
static void test_asked_again(struct kunit *test)
{
	struct migsel_choice choice = { .vmk = MIGSEL_NO_VMK };
	struct fixture *f = test->priv;

	f->state[1] |= MIGSEL_ASSUMED;
	migsel_place(f->flows, f->snap, MIGSEL_INET, 1, f->state, &choice);
	KUNIT_EXPECT_EQ(test, choice.vmk, 1);
	expect_home(test, 1, 0);
	f->state[1] &= ~MIGSEL_ASSUMED;
	migsel_place(f->flows, f->snap, MIGSEL_INET, 1, f->state, &choice);
	KUNIT_EXPECT_EQ(test, choice.vmk, 1);
	expect_placed(test, MIGSEL_INET, 1, 0);

	choice.vmk = MIGSEL_NO_VMK;
	f->state[2] |= MIGSEL_ASSUMED;
	migsel_place(f->flows, f->snap, MIGSEL_INET, 2, f->state, &choice);
	KUNIT_EXPECT_EQ(test, choice.vmk, 2);
	f->state[2] &= ~MIGSEL_ASSUMED;
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 3), 2);
	migsel_place(f->flows, f->snap, MIGSEL_INET, 2, f->state, &choice);
	KUNIT_EXPECT_EQ(test, choice.vmk, 1);
}

/* What belongs to no flow is neither remembered nor counted. */
static void test_no_flow(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 0), 1);
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 0), 1);
	expect_placed(test, MIGSEL_INET, 0, 0);
}

static size_t set_of(const struct fixture *f, u64 id)
{
	return (migsel_flow_set(f->flows, id) - f->flows->sets[0]) / MIGSEL_FLOW_WAYS;
}

/* The next flow after @id that comes to the same set as flow 1. */
static u64 neighbour(const struct fixture *f, u64 id)
{
	while (set_of(f, ++id) != set_of(f, 1))
		;
	return id;
}

static u32 remembered(const struct fixture *f, const u64 *ids, u32 n)
{
	u32 found = 0;

	while (n--)
		found += !!migsel_flow_find(f->flows, ids[n]);
	return found;
}

static void test_memory_full(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 *ids = kunit_kcalloc(test, 2 * N_FLOWS, sizeof(*ids), GFP_KERNEL);
	u8 *taken = kunit_kzalloc(test, MIGSEL_FLOW_SETS, GFP_KERNEL);
	u32 n = 0;
	u64 id;

	KUNIT_ASSERT_NOT_NULL(test, ids);
	KUNIT_ASSERT_NOT_NULL(test, taken);
	KUNIT_EXPECT_EQ(test, N_FLOWS, 32768);

	for (id = 1; n < N_FLOWS; id++) {
		if (taken[set_of(f, id)] == MIGSEL_FLOW_WAYS)
			continue;
		taken[set_of(f, id)]++;
		place(test, MIGSEL_INET, id);
		ids[n++] = id;
	}
	KUNIT_EXPECT_EQ(test, remembered(f, ids, N_FLOWS), N_FLOWS);

	/* A new one takes the place of one old one, and is placed fairly. */
	for (; n < 2 * N_FLOWS; id++) {
		place(test, MIGSEL_INET, id);
		ids[n++] = id;
		KUNIT_ASSERT_PTR_NE(test, migsel_flow_find(f->flows, id), NULL);
	}
	KUNIT_EXPECT_EQ(test, remembered(f, ids, 2 * N_FLOWS), N_FLOWS);
	expect_placed(test, MIGSEL_INET, N_FLOWS, N_FLOWS);
}

/* Who has sent since his set was last full is kept. */
static void test_second_chance(struct kunit *test)
{
	u64 ids[MIGSEL_FLOW_WAYS], id = 0, lost = 0, first_new, kept = 0;
	struct fixture *f = test->priv;
	int i;

	for (i = 0; i < MIGSEL_FLOW_WAYS; i++) {
		id = neighbour(f, id);
		ids[i] = id;
		place(test, MIGSEL_INET, id);
	}
	KUNIT_EXPECT_EQ(test, remembered(f, ids, MIGSEL_FLOW_WAYS), MIGSEL_FLOW_WAYS);

	/* All are in use: one of them has to go. */
	id = neighbour(f, id);
	first_new = id;
	place(test, MIGSEL_INET, id);
	KUNIT_EXPECT_EQ(test, remembered(f, ids, MIGSEL_FLOW_WAYS), MIGSEL_FLOW_WAYS - 1);
	for (i = 0; i < MIGSEL_FLOW_WAYS; i++) {
		if (!migsel_flow_find(f->flows, ids[i]))
			lost = ids[i];
		else
			kept = ids[i];
	}
	expect_home(test, lost, 0);

	/* One of the old ones sends. The other six go, and only they. */
	KUNIT_EXPECT_NE(test, migsel_flow_ifindex(f->flows, kept), 0);
	for (i = 0; i < MIGSEL_FLOW_WAYS - 2; i++) {
		id = neighbour(f, id);
		place(test, MIGSEL_INET, id);
	}
	KUNIT_EXPECT_EQ(test, remembered(f, ids, MIGSEL_FLOW_WAYS), 1);
	KUNIT_EXPECT_PTR_NE(test, migsel_flow_find(f->flows, kept), NULL);
	KUNIT_EXPECT_PTR_NE(test, migsel_flow_find(f->flows, first_new), NULL);
}

/* A forgotten flow is a new one. */
static void test_forgotten_is_new(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 id = 1;
	int i;

	place(test, MIGSEL_INET, 1);
	for (i = 0; i < 1000 && migsel_flow_find(f->flows, 1); i++) {
		id = neighbour(f, id);
		place(test, MIGSEL_INET, id);
	}
	expect_home(test, 1, 0);
	f->state[1] = 0;
	KUNIT_EXPECT_EQ(test, place(test, MIGSEL_INET, 1), 2);
	expect_home(test, 1, 102);
}

static void test_alarm_is_news_once(struct kunit *test)
{
	struct fixture *f = test->priv;

	place(test, MIGSEL_INET, 1);
	KUNIT_EXPECT_TRUE(test, migsel_flow_alarm(f->flows, 1,
						  MIGSEL_REASON_NO_ROUTE, 0));
	KUNIT_EXPECT_FALSE(test, migsel_flow_alarm(f->flows, 1,
						   MIGSEL_REASON_NO_ROUTE, 0));
	KUNIT_EXPECT_TRUE(test, migsel_flow_alarm(f->flows, 1,
						  MIGSEL_REASON_LINK_DOWN, 0));
	KUNIT_EXPECT_TRUE(test, migsel_flow_alarm(f->flows, 1,
						  MIGSEL_REASON_LINK_DOWN, 1));
	expect_home(test, 1, 101);

	/* An alarm makes it a remembered flow, that is placed nowhere. */
	KUNIT_EXPECT_TRUE(test, migsel_flow_alarm(f->flows, 2, 0, 0));
	KUNIT_EXPECT_FALSE(test, migsel_flow_alarm(f->flows, 2, 0, 0));
	expect_home(test, 2, 0);
	expect_placed(test, MIGSEL_INET, 1, 0);
}

static void expect_flow_id(struct kunit *test, enum migsel_family family)
{
	struct migsel_flow_key key = {
		.sport = htons(1), .dport = htons(2), .proto = IPPROTO_UDP,
		.family = family,
	};
	u64 id = migsel_flow_id(&key);

	KUNIT_EXPECT_TRUE(test, id & BIT_ULL(63));
	key.mark = 1;
	key.oif = 2;
	key.dsfield = 3;
	KUNIT_EXPECT_EQ(test, migsel_flow_id(&key), id);
	key.sport = htons(3);
	KUNIT_EXPECT_NE(test, migsel_flow_id(&key), id);
	swap(key.sport, key.dport);
	KUNIT_EXPECT_NE(test, migsel_flow_id(&key), id);
	key.sport = htons(1);
	key.dport = htons(2);
	key.proto = IPPROTO_SCTP;
	KUNIT_EXPECT_NE(test, migsel_flow_id(&key), id);
	key.proto = IPPROTO_UDP;
	key.saddr.s6_addr[15] = 1;
	KUNIT_EXPECT_NE(test, migsel_flow_id(&key), id);
	swap(key.saddr, key.daddr);
	KUNIT_EXPECT_NE(test, migsel_flow_id(&key), id);
	key.daddr.s6_addr[15] = 0;
	KUNIT_EXPECT_EQ(test, migsel_flow_id(&key), id);
}

static void test_flow_id(struct kunit *test)
{
	expect_flow_id(test, MIGSEL_INET);
	expect_flow_id(test, MIGSEL_INET6);
}

/* Flows that push each other out of a set; one of an odd number lives on vmk 1. */
struct race {
	struct migsel_flows *flows;
	u64 ids[2 * MIGSEL_FLOW_WAYS];
	unsigned long found;
	unsigned long wrong;
};

static int race_home(size_t i)
{
	return i % 2 ? 101 : 102;
}

static int race_read(void *data)
{
	struct race *race = data;
	size_t i = 0;

	while (!kthread_should_stop()) {
		int ifindex = migsel_flow_ifindex(race->flows, race->ids[i]);

		if (ifindex)
			WRITE_ONCE(race->found, race->found + 1);
		if (ifindex && ifindex != race_home(i))
			WRITE_ONCE(race->wrong, race->wrong + 1);
		i = (i + 1) % ARRAY_SIZE(race->ids);
		cond_resched();
	}
	return 0;
}

/* A reader never takes another flow's place for the one that it looks for. */
static void test_reader_beside_writer(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct fixture *f = test->priv;
	unsigned long end = jiffies + 30 * HZ;
	struct task_struct *reader;
	u64 id = 0, n;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->flows = f->flows;
	for (i = 0; i < ARRAY_SIZE(race->ids); i++) {
		id = neighbour(f, id);
		race->ids[i] = id;
	}
	reader = kthread_run(race_read, race, "migsel_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, reader);

	for (n = 0; (n < 20000 || !READ_ONCE(race->found)) &&
	     time_before(jiffies, end); n++) {
		i = n % ARRAY_SIZE(race->ids);
		f->state[1] = race_home(i) == 101 ? READY : 0;
		f->state[2] = race_home(i) == 102 ? READY : 0;
		place(test, MIGSEL_INET, race->ids[i]);
		cond_resched();
	}
	kthread_stop(reader);
	KUNIT_EXPECT_GT(test, race->found, 0);
	KUNIT_EXPECT_EQ(test, race->wrong, 0);
}

static struct kunit_case place_cases[] = {
	KUNIT_CASE(test_fair_by_weight),
	KUNIT_CASE(test_families_apart),
	KUNIT_CASE(test_sticky),
	KUNIT_CASE(test_member_goes_down),
	KUNIT_CASE(test_member_loses_its_route),
	KUNIT_CASE(test_member_leaves),
	KUNIT_CASE(test_order),
	KUNIT_CASE(test_counting_begins_anew),
	KUNIT_CASE(test_several_leave),
	KUNIT_CASE(test_assumed_route),
	KUNIT_CASE(test_usable_as_seen),
	KUNIT_CASE(test_nowhere_to_go),
	KUNIT_CASE(test_asked_again),
	KUNIT_CASE(test_no_flow),
	KUNIT_CASE(test_memory_full),
	KUNIT_CASE(test_second_chance),
	KUNIT_CASE(test_forgotten_is_new),
	KUNIT_CASE(test_alarm_is_news_once),
	KUNIT_CASE(test_flow_id),
	KUNIT_CASE(test_reader_beside_writer),
	{}
};

static struct kunit_suite place_suite = {
	.name = "migsel-place",
	.init = place_init,
	.exit = place_exit,
	.test_cases = place_cases,
};

kunit_test_suite(place_suite);
