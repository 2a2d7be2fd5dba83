// SPDX-License-Identifier: GPL-2.0-only
/* The egress rule in user space, compiled unchanged from the module. */

#include "rule_cases.c"

int main(void)
{
	return cmocka_run_group_tests_name("rule", rule_cases, NULL, NULL);
}
