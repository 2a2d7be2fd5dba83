// SPDX-License-Identifier: GPL-2.0-only
/* TCP/IP stacks, and the provisioning service; rule_cases.c includes this file. */

/* Three vmks in one subnet, migration off. */
static struct config *three(void)
{
	struct config *config = new_config();

	add_vmk(config, false, 1, "192.0.2.1/24", "2001:db8::1/64");
	add_vmk(config, false, 1, "192.0.2.2/24", "2001:db8::2/64");
	add_vmk(config, false, 1, "192.0.2.3/24", "2001:db8::3/64");
	return config;
}

static void assert_class(const struct config *config, enum migsel_class class,
			 enum migsel_reason reason, int candidate)
{
	enum migsel_family family;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
		struct migsel_query query = query_of(class, family);

		assert_reason(config, &query, reason, candidate);
	}
}

static void assert_both_hot(const struct config *config,
			    enum migsel_reason reason, int candidate)
{
	assert_class(config, MIGSEL_CLASS_HOT, reason, candidate);
}

static void assert_both_cold(const struct config *config,
			     enum migsel_reason reason, int candidate)
{
	assert_class(config, MIGSEL_CLASS_COLD, reason, candidate);
}

/* The same subnet on two stacks is no pitfall, whatever the flag says. */
static void test_vmotion_stack(case_state *state)
{
	struct config *config = three();
	struct migsel_query query = query_of(MIGSEL_CLASS_HOT, MIGSEL_INET);
	int migration, strict;

	config->vmks[1].stack = MIGSEL_STACK_VMOTION;
	for (migration = 0; migration <= 1; migration++)
		for (strict = 0; strict <= 1; strict++) {
			config->vmks[1].migration = migration;
			config->rule.strict = strict;
			prepare(config);
			assert_int_equal(config->rule.n_migration, 1);
			assert_both_hot(config, MIGSEL_REASON_VMOTION_STACK,
					1);
			assert_both_cold(config, MIGSEL_REASON_COLD_FIRST_VMK,
					 0);
			query.bound_vmk = 1;
			assert_reason(config, &query,
				      MIGSEL_REASON_VMOTION_STACK, 1);
		}
	assert_action(MIGSEL_REASON_VMOTION_STACK, MIGSEL_STEER);
	free(config);
}

/* Migration vmks of the default stack count again once the other stack has none. */
static void test_vmotion_stack_deactivates(case_state *state)
{
	struct config *config = three();

	config->vmks[0].migration = true;
	config->vmks[1].migration = true;
	config->vmks[2].stack = MIGSEL_STACK_VMOTION;
	prepare(config);
	assert_false(config->vmks[0].carries);
	assert_false(config->vmks[1].carries);
	assert_true(config->vmks[2].carries);
	assert_both_hot(config, MIGSEL_REASON_VMOTION_STACK, 2);

	config->vmks[2].stack = MIGSEL_STACK_PROVISIONING;
	prepare(config);
	assert_both_hot(config, MIGSEL_REASON_MULTI_NIC, MIGSEL_NO_VMK);
	config->vmks[0].migration = false;
	prepare(config);
	assert_both_hot(config, MIGSEL_REASON_SAME_SUBNET, 0);
	free(config);
}

static void test_vmotion_stack_of_two(case_state *state)
{
	struct config *config = three();
	struct migsel_query query = query_of(MIGSEL_CLASS_HOT, MIGSEL_INET6);

	config->vmks[1].stack = MIGSEL_STACK_VMOTION;
	config->vmks[2].stack = MIGSEL_STACK_VMOTION;
	prepare(config);
	assert_both_hot(config, MIGSEL_REASON_MULTI_NIC, MIGSEL_NO_VMK);
	query.bound_vmk = 2;
	assert_reason(config, &query, MIGSEL_REASON_MULTI_NIC_BOUND, 2);
	free(config);
}

/* The stack comes before the service of the default one, and carries nothing hot. */
static void test_provisioning_stack(case_state *state)
{
	struct config *config = three();

	config->vmks[1].stack = MIGSEL_STACK_PROVISIONING;
	config->vmks[1].migration = true;
	config->vmks[2].stack = MIGSEL_STACK_PROVISIONING;
	config->vmks[0].provisioning = true;
	prepare(config);
	assert_both_cold(config, MIGSEL_REASON_PROVISIONING_STACK, 1);
	assert_both_hot(config, MIGSEL_REASON_NO_MIGRATION_VMK, MIGSEL_NO_VMK);
	assert_action(MIGSEL_REASON_PROVISIONING_STACK, MIGSEL_STEER);
	free(config);
}

static void assert_passed_over(const struct config *config,
			       enum migsel_reason reason, int candidate)
{
	enum migsel_family family;

	for (family = 0; family < MIGSEL_N_FAMILIES; family++) {
		struct migsel_query query = query_of(MIGSEL_CLASS_COLD, family);

		query.passed_over = true;
		assert_reason(config, &query, reason, candidate);
	}
}

/* It is preferred, and where it will not do, the first vmk is taken. */
static void test_provisioning_vmk(case_state *state)
{
	struct config *config = new_config();

	add_vmk(config, true, 1, "192.0.2.1/24", "2001:db8::1/64");
	add_vmk(config, false, 1, "198.51.100.1/24", "2001:db8:1::1/64");
	config->vmks[1].provisioning = true;
	prepare(config);
	assert_both_cold(config, MIGSEL_REASON_PROVISIONING_VMK, 1);
	assert_passed_over(config, MIGSEL_REASON_COLD_FIRST_VMK, 0);
	assert_both_hot(config, MIGSEL_REASON_SINGLE_NIC, 0);
	assert_action(MIGSEL_REASON_PROVISIONING_VMK, MIGSEL_PREFER);

	/* The first vmk may have the service itself. */
	config->vmks[1].provisioning = false;
	config->vmks[0].provisioning = true;
	prepare(config);
	assert_both_cold(config, MIGSEL_REASON_PROVISIONING_VMK, 0);
	assert_passed_over(config, MIGSEL_REASON_COLD_FIRST_VMK, 0);

	/* On another stack there is no such service. */
	config->vmks[0].provisioning = false;
	config->vmks[1].provisioning = true;
	config->vmks[1].stack = MIGSEL_STACK_VMOTION;
	prepare(config);
	assert_both_cold(config, MIGSEL_REASON_COLD_FIRST_VMK, 0);
	free(config);
}

/* A family each, and the migration vmk has nothing to do with it. */
static void test_cold_same_subnet(case_state *state)
{
	struct migsel_query inet = query_of(MIGSEL_CLASS_COLD, MIGSEL_INET);
	struct migsel_query inet6 = query_of(MIGSEL_CLASS_COLD, MIGSEL_INET6);
	struct config *config = new_config();

	add_vmk(config, false, 1, "192.0.2.1/24", "2001:db8::1/64");
	add_vmk(config, true, 1, "198.51.100.1/24", "2001:db8:1::1/64");
	add_vmk(config, false, 1, "192.0.2.3/24", "2001:db8:2::1/64");
	config->vmks[2].provisioning = true;
	config->rule.strict = true;
	prepare(config);
	assert_reason(config, &inet, MIGSEL_REASON_COLD_SAME_SUBNET, 0);
	assert_reason(config, &inet6, MIGSEL_REASON_PROVISIONING_VMK, 2);
	assert_both_hot(config, MIGSEL_REASON_DEDICATED_SUBNET, 1);
	assert_action(MIGSEL_REASON_COLD_SAME_SUBNET, MIGSEL_STEER);
	free(config);
}

/* What comes before it on another stack is not the first vmk. */
static void test_first_of_default_stack(case_state *state)
{
	struct config *config = three();

	config->vmks[0].stack = MIGSEL_STACK_VMOTION;
	prepare(config);
	assert_int_equal(config->rule.first_vmk, 1);
	assert_both_hot(config, MIGSEL_REASON_VMOTION_STACK, 0);
	assert_both_cold(config, MIGSEL_REASON_COLD_FIRST_VMK, 1);

	config->vmks[0].stack = MIGSEL_STACK_PROVISIONING;
	config->vmks[1].migration = true;
	prepare(config);
	assert_both_hot(config, MIGSEL_REASON_SINGLE_NIC, 1);
	config->vmks[1].migration = false;
	config->vmks[2].migration = true;
	prepare(config);
	assert_both_hot(config, MIGSEL_REASON_SAME_SUBNET, 1);
	free(config);
}

/* Without a vmk on the default stack, cold traffic has a row, and no candidate. */
static void test_no_first_vmk(case_state *state)
{
	struct config *config = three();
	int i;

	for (i = 0; i < 3; i++)
		config->vmks[i].stack = MIGSEL_STACK_VMOTION;
	prepare(config);
	assert_int_equal(config->rule.first_vmk, MIGSEL_NO_VMK);
	assert_both_cold(config, MIGSEL_REASON_COLD_FIRST_VMK, MIGSEL_NO_VMK);

	for (i = 0; i < 3; i++)
		config->vmks[i].stack = MIGSEL_STACK_PROVISIONING;
	prepare(config);
	assert_both_cold(config, MIGSEL_REASON_PROVISIONING_STACK, 0);
	assert_both_hot(config, MIGSEL_REASON_NO_MIGRATION_VMK, MIGSEL_NO_VMK);
	free(config);
}
