// SPDX-License-Identifier: GPL-2.0-only
/*
 * The egress rule, row by row. rule_test.c runs these cases in user space,
 * ../kunit/rule_kunit.c in a kernel; each includes this file.
 */

#include "cases.h"
#include "rule.h"

#define MAX_ADDRS	4
#define READY		(MIGSEL_USABLE | MIGSEL_ROUTED)

/* A configuration that is written down by its addresses: "192.0.2.1/24". */
struct config {
	struct migsel_rule rule;
	struct migsel_rule_vmk vmks[MIGSEL_MAX_VMKS];
	struct migsel_addr addrs[MIGSEL_MAX_VMKS][MAX_ADDRS];
};

static void parse_addr(struct migsel_addr *addr, const char *text)
{
	char local[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN];
	int len, family, n;

	memset(addr, 0, sizeof(*addr));
	if (sscanf(text, "%45s peer %45[^/]/%d", local, peer, &len) != 3) {
		n = sscanf(text, "%45[^/]/%d", local, &len);
		assert_int_equal(n, 2);
		memcpy(peer, local, sizeof(peer));
	}
	family = strchr(local, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(family, local, addr->local), 1);
	assert_int_equal(inet_pton(family, peer, addr->prefix), 1);
	addr->family = family == AF_INET ? MIGSEL_INET : MIGSEL_INET6;
	addr->len = len;
}

static void add_addr(struct config *config, u32 vmk, const char *text)
{
	struct migsel_rule_vmk *v = &config->vmks[vmk];

	assert_true(v->n_addrs < MAX_ADDRS);
	parse_addr(&config->addrs[vmk][v->n_addrs++], text);
}

static void add_vmk(struct config *config, bool migration, u8 weight,
		    const char *inet, const char *inet6)
{
	u32 n = config->rule.n_vmks++;

	config->vmks[n].addrs = config->addrs[n];
	config->vmks[n].migration = migration;
	config->vmks[n].weight = weight;
	if (inet)
		add_addr(config, n, inet);
	if (inet6)
		add_addr(config, n, inet6);
}

static struct config *new_config(void)
{
	struct config *config = calloc(1, sizeof(*config));

	assert_non_null(config);
	config->rule.vmks = config->vmks;
	return config;
}

/* What the module does before it asks the rule. */
static void prepare(struct config *config)
{
	u32 i;

	for (i = 0; i < config->rule.n_vmks; i++) {
		qsort(config->addrs[i], config->vmks[i].n_addrs,
		      sizeof(config->addrs[i][0]), migsel_rule_compare);
		migsel_rule_prepare_vmk(&config->vmks[i]);
	}
	migsel_rule_prepare(&config->rule);
}

/* Two vmks, migration on the second. */
static struct config *pair(const char *first, const char *second)
{
	struct config *config = new_config();

	add_vmk(config, false, 1, first, NULL);
	add_vmk(config, true, 1, second, NULL);
	prepare(config);
	return config;
}

static struct migsel_query query_of(enum migsel_class class,
				    enum migsel_family family)
{
	struct migsel_query query = {
		.class = class,
		.family = family,
		.bound_vmk = MIGSEL_NO_VMK,
	};

	return query;
}

static void assert_reason(const struct config *config,
			  const struct migsel_query *query,
			  enum migsel_reason reason, int candidate)
{
	const struct migsel_row *row;
	int vmk;

	row = migsel_rule_row(&config->rule, query, &vmk);
	assert_int_equal(row->reason, reason);
	assert_int_equal(vmk, candidate);
}

static void assert_action(enum migsel_reason reason, enum migsel_action action)
{
	u32 i;

	for (i = 0; i < migsel_n_rows; i++)
		if (migsel_rows[i].reason == reason)
			break;
	assert_true(i < migsel_n_rows);
	assert_int_equal(migsel_rows[i].action, action);
}

static void assert_hot(const struct config *config, enum migsel_family family,
		       enum migsel_reason reason, int candidate)
{
	struct migsel_query query = query_of(MIGSEL_CLASS_HOT, family);

	assert_reason(config, &query, reason, candidate);
}

/* The prefixes of a pair are one subnet, or not, and no other row cares. */
static void assert_pair(const char *first, const char *second, bool same)
{
	enum migsel_family family = strchr(second, ':') ? MIGSEL_INET6 :
							  MIGSEL_INET;
	struct config *config = pair(first, second);

	assert_hot(config, family,
		   same ? MIGSEL_REASON_SAME_SUBNET :
			  MIGSEL_REASON_DEDICATED_SUBNET, same ? 0 : 1);
	assert_hot(config, !family, MIGSEL_REASON_DEDICATED_SUBNET, 1);
	free(config);
}

static void test_untagged(case_state *state)
{
	struct migsel_query query = query_of(MIGSEL_CLASS_NONE, MIGSEL_INET);
	struct config *config = new_config();

	/* Row 1 comes first, whatever else is true. */
	query.not_unicast = true;
	query.bound_device = true;
	prepare(config);
	assert_reason(config, &query, MIGSEL_REASON_UNTAGGED, MIGSEL_NO_VMK);
	assert_action(MIGSEL_REASON_UNTAGGED, MIGSEL_PASS);
	free(config);
}

static void test_no_vmk(case_state *state)
{
	struct migsel_query query = query_of(MIGSEL_CLASS_COLD, MIGSEL_INET6);
	struct config *config = new_config();

	query.not_unicast = true;
	query.bound_device = true;
	prepare(config);
	assert_reason(config, &query, MIGSEL_REASON_NO_VMK, MIGSEL_NO_VMK);
	assert_action(MIGSEL_REASON_NO_VMK, MIGSEL_PASS);
	free(config);
}

static void test_not_unicast_and_bound_device(case_state *state)
{
	struct config *config = pair("192.0.2.1/24", "192.0.2.2/24");
	struct migsel_query query;
	int class, family;

	for (class = MIGSEL_CLASS_HOT; class <= MIGSEL_CLASS_COLD; class++)
		for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
			query = query_of(class, family);
			query.bound_device = true;
			assert_reason(config, &query,
				      MIGSEL_REASON_BOUND_DEVICE,
				      MIGSEL_NO_VMK);
			query.not_unicast = true;
			assert_reason(config, &query,
				      MIGSEL_REASON_NOT_UNICAST,
				      MIGSEL_NO_VMK);
		}
	assert_action(MIGSEL_REASON_NOT_UNICAST, MIGSEL_PASS);
	assert_action(MIGSEL_REASON_BOUND_DEVICE, MIGSEL_PASS);
	free(config);
}

static void test_cold(case_state *state)
{
	struct migsel_query query;
	struct config *config;
	u32 n_migration;
	int family;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
		query = query_of(MIGSEL_CLASS_COLD, family);
		query.bound_vmk = 2;
		for (n_migration = 0; n_migration <= 3; n_migration++) {
			config = new_config();
			add_vmk(config, n_migration > 2, 1, NULL, NULL);
			add_vmk(config, n_migration > 0, 1, NULL, NULL);
			add_vmk(config, n_migration > 1, 1, NULL, NULL);
			prepare(config);
			assert_int_equal(config->rule.n_migration,
					 n_migration);
			assert_reason(config, &query,
				      MIGSEL_REASON_COLD_FIRST_VMK, 0);
			free(config);
		}
	}
	assert_action(MIGSEL_REASON_COLD_FIRST_VMK, MIGSEL_STEER);
}

static void test_no_migration_vmk(case_state *state)
{
	struct config *config = new_config();

	add_vmk(config, false, 1, "192.0.2.1/24", "2001:db8::1/64");
	add_vmk(config, false, 1, "192.0.2.2/24", "2001:db8::2/64");
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_NO_MIGRATION_VMK,
		   MIGSEL_NO_VMK);
	assert_hot(config, MIGSEL_INET6, MIGSEL_REASON_NO_MIGRATION_VMK,
		   MIGSEL_NO_VMK);
	assert_action(MIGSEL_REASON_NO_MIGRATION_VMK, MIGSEL_REFUSE);
	free(config);
}

static void test_single_nic(case_state *state)
{
	struct config *config = new_config();

	add_vmk(config, true, 1, "192.0.2.1/24", NULL);
	add_vmk(config, false, 1, "192.0.2.2/24", NULL);
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_SINGLE_NIC, 0);
	assert_hot(config, MIGSEL_INET6, MIGSEL_REASON_SINGLE_NIC, 0);
	free(config);
}

static void test_subnets_inet(case_state *state)
{
	assert_pair("192.0.2.1/24", "192.0.2.2/24", true);
	assert_pair("192.0.2.1/24", "198.51.100.2/24", false);
	/* Another length is another subnet, though they overlap. */
	assert_pair("192.0.2.1/24", "192.0.2.2/25", false);
	assert_pair("192.0.2.1/16", "192.0.2.2/24", false);
	/* Lengths that are no whole bytes, at their edge. */
	assert_pair("192.0.2.1/25", "192.0.2.127/25", true);
	assert_pair("192.0.2.1/25", "192.0.2.128/25", false);
	assert_pair("192.0.2.1/23", "192.0.3.1/23", true);
	assert_pair("192.0.2.1/23", "192.0.4.1/23", false);
	assert_pair("192.0.2.0/31", "192.0.2.1/31", true);
	assert_pair("192.0.2.1/31", "192.0.2.2/31", false);
	assert_pair("10.0.0.1/0", "192.0.2.2/0", true);
	/* A host prefix is no subnet. */
	assert_pair("192.0.2.1/32", "192.0.2.1/32", false);
	/* The prefix of a point-to-point address is the peer's. */
	assert_pair("192.0.2.1/24", "198.51.100.1 peer 192.0.2.7/24", true);
	assert_pair("192.0.2.1/24", "192.0.2.2 peer 198.51.100.7/24", false);
	assert_pair("192.0.2.1/24", "192.0.2.2 peer 192.0.2.7/32", false);
	/* Only IPv6 has link-local prefixes that do not count. */
	assert_pair("169.254.0.1/16", "169.254.0.2/16", true);
}

static void test_subnets_inet6(case_state *state)
{
	assert_pair("2001:db8::1/64", "2001:db8::2/64", true);
	assert_pair("2001:db8::1/64", "2001:db8:0:1::2/64", false);
	assert_pair("2001:db8::1/64", "2001:db8::2/65", false);
	assert_pair("2001:db8::1/65", "2001:db8::8000:0:0:2/65", false);
	assert_pair("2001:db8::1/65", "2001:db8::7fff:0:0:2/65", true);
	assert_pair("2001:db8::0/127", "2001:db8::1/127", true);
	assert_pair("2001:db8::1/128", "2001:db8::1/128", false);
	assert_pair("2001:db8::1/64", "2001:db8:1::1 peer 2001:db8::2/64",
		    true);
	assert_pair("fe80::1/64", "fe80::2/64", false);
	assert_pair("febf::1/64", "febf::2/64", false);
	assert_pair("fec0::1/64", "fec0::2/64", true);
}

static void test_secondary_addresses(case_state *state)
{
	struct config *config = pair("192.0.2.1/24", "198.51.100.2/24");

	add_addr(config, 0, "203.0.113.1/24");
	add_addr(config, 1, "2001:db8::2/64");
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_DEDICATED_SUBNET, 1);

	add_addr(config, 1, "203.0.113.2/24");
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_SAME_SUBNET, 0);
	assert_hot(config, MIGSEL_INET6, MIGSEL_REASON_DEDICATED_SUBNET, 1);

	add_addr(config, 0, "2001:db8::1/64");
	prepare(config);
	assert_hot(config, MIGSEL_INET6, MIGSEL_REASON_SAME_SUBNET, 0);
	free(config);
}

static void assert_order(const char *first, const char *second, int order)
{
	struct migsel_addr a, b;
	int found;

	parse_addr(&a, first);
	parse_addr(&b, second);
	found = migsel_rule_compare(&a, &b);
	assert_int_equal((found > 0) - (found < 0), order);
	found = migsel_rule_compare(&b, &a);
	assert_int_equal((found > 0) - (found < 0), -order);
}

/* Equal are those that have the same prefix, whatever the order of the rest. */
static void test_order_of_addresses(case_state *state)
{
	assert_order("192.0.2.1/24", "192.0.2.2/24", 0);
	assert_order("192.0.2.1/24", "192.0.3.1/24", -1);
	assert_order("192.0.3.1/23", "192.0.2.1/23", 0);
	assert_order("192.0.3.1/23", "192.0.2.1/24", -1);
	assert_order("128.0.0.1/1", "127.0.0.1/1", 1);
	assert_order("192.0.2.1/0", "10.0.0.1/0", 0);
	assert_order("255.255.255.255/32", "::/0", -1);
	assert_order("2001:db8::1/127", "2001:db8::/127", 0);
	assert_order("2001:db8::1/128", "2001:db8::/128", 1);
	assert_order("192.0.2.1 peer 10.0.0.1/24",
		     "198.51.100.1 peer 10.0.0.9/24", 0);
}

/* The one subnet that is shared is found, wherever it is among the others. */
static void test_one_of_many_subnets(case_state *state)
{
	static const char *const mine[] = {
		"10.1.0.1/24", "10.3.0.1/24", "fe80::1/64", "2001:db8:5::1/64",
	};
	static const char *const yours[] = {
		"10.1.0.2/32", "10.4.0.2/24", "fe80::2/64", "2001:db8:9::2/64",
	};
	u32 i, j;

	for (i = 0; i < MAX_ADDRS; i++) {
		for (j = 0; j < MAX_ADDRS; j++) {
			struct config *config = pair(mine[i], yours[j]);
			u32 k;

			for (k = 1; k < MAX_ADDRS; k++) {
				add_addr(config, 0,
					 mine[(i + k) % MAX_ADDRS]);
				add_addr(config, 1,
					 yours[(j + k) % MAX_ADDRS]);
			}
			prepare(config);
			assert_false(config->rule.same_subnet[MIGSEL_INET]);
			assert_false(config->rule.same_subnet[MIGSEL_INET6]);

			config->vmks[0].n_addrs--;
			add_addr(config, 0, i % 2 ? "2001:db8:9::7/64" :
						    "10.4.0.7/24");
			prepare(config);
			assert_int_equal(config->rule.same_subnet[MIGSEL_INET],
					 !(i % 2));
			assert_int_equal(config->rule.same_subnet[MIGSEL_INET6],
					 i % 2);
			free(config);
		}
	}
}

/* The first vmk counts, not whichever else shares the subnet. */
static void test_only_first_vmk_counts(case_state *state)
{
	struct config *config = new_config();

	add_vmk(config, false, 1, "192.0.2.1/24", NULL);
	add_vmk(config, false, 1, "198.51.100.1/24", NULL);
	add_vmk(config, true, 1, "198.51.100.2/24", NULL);
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_DEDICATED_SUBNET, 2);
	free(config);
}

static void test_multi_nic(case_state *state)
{
	struct config *config = new_config();
	struct migsel_query query;

	add_vmk(config, false, 1, "192.0.2.1/24", "2001:db8::1/64");
	add_vmk(config, true, 1, "192.0.2.2/24", "2001:db8::2/64");
	add_vmk(config, true, 1, "192.0.2.3/24", "2001:db8::3/64");
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_MULTI_NIC,
		   MIGSEL_NO_VMK);
	assert_hot(config, MIGSEL_INET6, MIGSEL_REASON_MULTI_NIC,
		   MIGSEL_NO_VMK);

	query = query_of(MIGSEL_CLASS_HOT, MIGSEL_INET6);
	query.bound_vmk = 2;
	assert_reason(config, &query, MIGSEL_REASON_MULTI_NIC_BOUND, 2);

	/* The first vmk may be one of them. */
	config->vmks[0].migration = true;
	config->vmks[2].migration = false;
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_MULTI_NIC,
		   MIGSEL_NO_VMK);
	free(config);
}

/* With one migration vmk, an address that the socket is bound to is no cure. */
static void test_bound_single(case_state *state)
{
	struct config *config = pair("192.0.2.1/24", "192.0.2.2/24");
	struct migsel_query query = query_of(MIGSEL_CLASS_HOT, MIGSEL_INET);

	query.bound_vmk = 1;
	assert_reason(config, &query, MIGSEL_REASON_SAME_SUBNET, 0);
	free(config);
}

/* Strict makes a difference where there would be a fallback, and nowhere else. */
static void test_strict(case_state *state)
{
	struct config *config = pair("192.0.2.1/24", "192.0.2.2/24");
	struct migsel_query query = query_of(MIGSEL_CLASS_HOT, MIGSEL_INET);
	struct migsel_query cold = query_of(MIGSEL_CLASS_COLD, MIGSEL_INET);

	config->rule.strict = true;
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_STRICT, 1);
	assert_hot(config, MIGSEL_INET6, MIGSEL_REASON_DEDICATED_SUBNET, 1);
	query.bound_vmk = 1;
	assert_reason(config, &query, MIGSEL_REASON_STRICT, 1);
	assert_reason(config, &cold, MIGSEL_REASON_COLD_FIRST_VMK, 0);
	assert_action(MIGSEL_REASON_STRICT, MIGSEL_STEER);

	config->vmks[0].migration = true;
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_MULTI_NIC,
		   MIGSEL_NO_VMK);
	config->vmks[1].migration = false;
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_SINGLE_NIC, 0);
	config->vmks[0].migration = false;
	prepare(config);
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_NO_MIGRATION_VMK,
		   MIGSEL_NO_VMK);
	free(config);
}

static void test_addressed(case_state *state)
{
	struct config *config = pair("169.254.1.1/16", "192.0.2.2/24");

	add_addr(config, 0, "fe80::1/64");
	add_addr(config, 1, "2001:db8::1/128");
	prepare(config);
	assert_false(config->vmks[0].addressed[MIGSEL_INET]);
	assert_false(config->vmks[0].addressed[MIGSEL_INET6]);
	assert_true(config->vmks[1].addressed[MIGSEL_INET]);
	assert_true(config->vmks[1].addressed[MIGSEL_INET6]);
	free(config);
}

static void test_single_candidate(case_state *state)
{
	enum migsel_reason reason;
	u32 i;

	for (i = 0; i < migsel_n_rows; i++) {
		if (migsel_rows[i].action != MIGSEL_STEER)
			continue;
		reason = migsel_rows[i].reason;
		assert_int_equal(migsel_rule_single(reason, READY), reason);
		assert_int_equal(migsel_rule_single(reason, MIGSEL_USABLE),
				 MIGSEL_REASON_NO_ROUTE);
		assert_int_equal(migsel_rule_single(reason, MIGSEL_ROUTED),
				 MIGSEL_REASON_LINK_DOWN);
		assert_int_equal(migsel_rule_single(reason, 0),
				 MIGSEL_REASON_LINK_DOWN);
	}
}

/* Who has candidates is steered, and nobody else; hot traffic alone bypasses. */
static void test_table(case_state *state)
{
	const struct migsel_row *row;
	u32 seen = 0;

	for (row = migsel_rows; row < migsel_rows + migsel_n_rows; row++) {
		assert_false(seen & (1U << row->reason));
		seen |= 1U << row->reason;
		switch (row->action) {
		case MIGSEL_PASS:
		case MIGSEL_REFUSE:
			assert_int_equal(row->candidates, MIGSEL_NOBODY);
			assert_false(row->bypasses);
			break;
		case MIGSEL_STEER:
			assert_true(row->candidates != MIGSEL_NOBODY &&
				    row->candidates != MIGSEL_MIGRATION_VMKS);
			break;
		case MIGSEL_PREFER:
			assert_int_equal(row->candidates,
					 MIGSEL_PROVISIONING_VMK);
			assert_false(row->bypasses);
			break;
		case MIGSEL_CHOOSE:
			assert_int_equal(row->candidates,
					 MIGSEL_MIGRATION_VMKS);
			assert_false(row->bypasses);
			break;
		}
	}
}

#include "multi_cases.c"
#include "stack_cases.c"

static case_list rule_cases[] = {
	CASE(test_untagged),
	CASE(test_no_vmk),
	CASE(test_not_unicast_and_bound_device),
	CASE(test_cold),
	CASE(test_no_migration_vmk),
	CASE(test_single_nic),
	CASE(test_subnets_inet),
	CASE(test_subnets_inet6),
	CASE(test_secondary_addresses),
	CASE(test_order_of_addresses),
	CASE(test_one_of_many_subnets),
	CASE(test_only_first_vmk_counts),
	CASE(test_multi_nic),
	CASE(test_bound_single),
	CASE(test_strict),
	CASE(test_addressed),
	CASE(test_single_candidate),
	CASE(test_placement_is_fair),
	CASE(test_placement_extremes),
	CASE(test_placement_order),
	CASE(test_placement_states),
	CASE(test_order_of_candidates),
	CASE(test_assumed_routes),
	CASE(test_vmotion_stack),
	CASE(test_vmotion_stack_deactivates),
	CASE(test_vmotion_stack_of_two),
	CASE(test_provisioning_stack),
	CASE(test_provisioning_vmk),
	CASE(test_cold_same_subnet),
	CASE(test_first_of_default_stack),
	CASE(test_no_first_vmk),
	CASE(test_table),
	CASES_END
};
