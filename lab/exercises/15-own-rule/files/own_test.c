// SPDX-License-Identifier: GPL-2.0-only
/* What a rule of one's own is to say; the words are those of rule_cases.c. */

#include "rule_cases.c"

static void test_fallback(case_state *state)
{
	struct config *config = pair("192.0.2.10/24", "192.0.2.11/24");

	add_vmk(config, false, 1, "192.0.2.12/24", NULL);
	prepare(config);
	/* Three vmks, at 0, 1 and 2; that at 1 is the migration NIC. */
	assert_hot(config, MIGSEL_INET, MIGSEL_REASON_SAME_SUBNET, 0);
	free(config);
}

int main(void)
{
	const struct CMUnitTest cases[] = { CASE(test_fallback) };

	return cmocka_run_group_tests(cases, NULL, NULL);
}
