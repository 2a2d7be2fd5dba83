// SPDX-License-Identifier: GPL-2.0-only
/* A module with a fault on purpose: the harness must not miss it. */
#include <linux/module.h>

static int __init planted_init(void)
{
	WARN_ON(1);
	return 0;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Warns when loaded, to test the test-kernel harness");
MODULE_LICENSE("GPL");
