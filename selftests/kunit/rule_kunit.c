// SPDX-License-Identifier: GPL-2.0-only
/* The egress rule in a kernel: the cases of its unit tests. */

#include <linux/module.h>

#include "rule.c"
#include "rule_cases.c"

static struct kunit_suite rule_suite = {
	.name = "migsel-rule",
	.test_cases = rule_cases,
};

kunit_test_suite(rule_suite);

MODULE_DESCRIPTION("KUnit suites of migsel");
MODULE_LICENSE("GPL");
