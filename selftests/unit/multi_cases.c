// SPDX-License-Identifier: GPL-2.0-only
/* Which of several candidates a flow gets; rule_cases.c includes this file. */

/* Place @flows flows one after another and count them in @placed. */
static void place(const struct config *config, const u8 *state, u32 *placed,
		  u32 flows)
{
	struct migsel_candidates cands = {
		.state = state,
		.placed = placed,
		.current_vmk = MIGSEL_NO_VMK,
	};
	int vmk;

	while (flows--) {
		assert_int_equal(migsel_rule_multi(&config->rule, &cands,
						   &vmk),
				 MIGSEL_REASON_MULTI_NIC);
		placed[vmk]++;
	}
}

static void test_placement_is_fair(case_state *state)
{
	const u8 states[] = { 0, READY, READY, READY };
	struct config *config = new_config();
	u32 placed[4] = {}, flows;

	add_vmk(config, false, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	add_vmk(config, true, 2, NULL, NULL);
	prepare(config);

	for (flows = 1; flows <= 100; flows++) {
		place(config, states, placed, 1);
		assert_int_equal(placed[0], 0);
		assert_true(abs((int)placed[1] - (int)placed[2]) <= 1);
		/* One per unit of weight, counted in half flows. */
		assert_true(abs((int)placed[3] - 2 * (int)placed[1]) <= 2);
	}
	assert_int_equal(placed[1], 25);
	assert_int_equal(placed[2], 25);
	assert_int_equal(placed[3], 50);
	free(config);
}

static void test_placement_extremes(case_state *state)
{
	const u8 states[] = { READY, READY };
	struct config *config = new_config();
	u32 placed[] = { 0, 0 };

	add_vmk(config, true, 255, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	prepare(config);
	place(config, states, placed, 512);
	assert_int_equal(placed[0], 510);
	assert_int_equal(placed[1], 2);

	/* Products of counts and weights do not overflow. */
	placed[0] = 0xffffffff;
	placed[1] = 0xfffffff0;
	place(config, states, placed, 1);
	assert_int_equal(placed[1], 0xfffffff0);
	free(config);
}

static void test_placement_order(case_state *state)
{
	const u8 states[] = { 0, READY, READY };
	struct config *config = new_config();
	u32 placed[3] = {};

	add_vmk(config, false, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	prepare(config);
	place(config, states, placed, 1);
	assert_int_equal(placed[1], 1);
	place(config, states, placed, 1);
	assert_int_equal(placed[2], 1);
	free(config);
}

static void test_placement_states(case_state *state)
{
	static const struct {
		u8 state[3];
		int current_vmk;
		enum migsel_reason reason;
		int vmk;
	} cases[] = {
		/* The first vmk is ready and never a way out. */
		{ { READY, 0, 0 }, -1, MIGSEL_REASON_LINK_DOWN, -1 },
		{ { READY, MIGSEL_USABLE, 0 }, -1, MIGSEL_REASON_NO_ROUTE, -1 },
		{ { READY, MIGSEL_USABLE, MIGSEL_USABLE }, -1,
		  MIGSEL_REASON_NO_ROUTE, -1 },
		{ { READY, 0, READY }, -1, MIGSEL_REASON_MULTI_NIC, 2 },
		{ { READY, MIGSEL_USABLE, READY }, -1,
		  MIGSEL_REASON_MULTI_NIC, 2 },
		/* A flow stays, though another has fewer. */
		{ { READY, READY, READY }, 1, MIGSEL_REASON_MULTI_NIC, 1 },
		{ { READY, READY, READY }, -1, MIGSEL_REASON_MULTI_NIC, 2 },
		/* It leaves what is down, unrouted or no member any more. */
		{ { READY, 0, READY }, 1, MIGSEL_REASON_MULTI_NIC, 2 },
		{ { READY, MIGSEL_USABLE, READY }, 1,
		  MIGSEL_REASON_MULTI_NIC, 2 },
		{ { READY, READY, 0 }, 0, MIGSEL_REASON_MULTI_NIC, 1 },
	};
	const u32 placed[] = { 0, 5, 1 };
	struct config *config = new_config();
	size_t i;

	add_vmk(config, false, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	prepare(config);

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct migsel_candidates cands = {
			.state = cases[i].state,
			.placed = placed,
			.current_vmk = cases[i].current_vmk,
		};
		int vmk;

		assert_int_equal(migsel_rule_multi(&config->rule, &cands,
						   &vmk), cases[i].reason);
		assert_int_equal(vmk, cases[i].vmk);
	}
	free(config);
}

/*
 * A flow tries one candidate after the other, those with fewer flows for their weight
 * first: each choice of stage 2 comes before all that it makes without those tried.
 */
static void test_order_of_candidates(case_state *state)
{
	static const u32 loads[][6] = {
		{ 9, 0, 0, 0, 0, 0 }, { 0, 3, 1, 2, 1, 3 },
		{ 0, 6, 4, 9, 2, 5 }, { 0, 2, 2, 0, 1, 1 },
	};
	struct config *config = new_config();
	size_t i;

	add_vmk(config, false, 1, NULL, NULL);
	add_vmk(config, true, 2, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	add_vmk(config, true, 3, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	prepare(config);

	for (i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		u8 states[] = { READY, READY, READY, READY, 0, READY };
		struct migsel_candidates cands = {
			.state = states,
			.placed = loads[i],
			.current_vmk = MIGSEL_NO_VMK,
		};
		int vmk, last, tried = 0;

		migsel_rule_multi(&config->rule, &cands, &last);
		for (vmk = last; vmk != MIGSEL_NO_VMK; tried++) {
			int order = migsel_rule_order(&config->rule, loads[i],
						      last, vmk);

			assert_true(tried ? order < 0 : !order);
			states[vmk] = MIGSEL_USABLE;
			last = vmk;
			migsel_rule_multi(&config->rule, &cands, &vmk);
		}
		assert_int_equal(tried, 4);
		assert_int_equal(migsel_rule_multi(&config->rule, &cands,
						   &vmk),
				 MIGSEL_REASON_NO_ROUTE);
	}
	free(config);
}

/* A route that is assumed is as good as one: that it is assumed can be seen. */
static void test_assumed_routes(case_state *state)
{
	const u8 states[] = { 0, READY, READY | MIGSEL_ASSUMED };
	const u32 placed[] = { 0, 5, 1 };
	struct config *config = new_config();
	struct migsel_candidates cands = {
		.state = states,
		.placed = placed,
		.current_vmk = MIGSEL_NO_VMK,
	};
	int vmk;

	add_vmk(config, false, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	add_vmk(config, true, 1, NULL, NULL);
	prepare(config);
	assert_int_equal(migsel_rule_multi(&config->rule, &cands, &vmk),
			 MIGSEL_REASON_MULTI_NIC);
	assert_int_equal(vmk, 2);
	cands.current_vmk = 1;
	migsel_rule_multi(&config->rule, &cands, &vmk);
	assert_int_equal(vmk, 1);
	free(config);
}
