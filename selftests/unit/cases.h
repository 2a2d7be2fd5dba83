/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cases are written with, so that the same ones run in user space, by
 * cmocka, and in a kernel, by KUnit. The words are those of user space.
 */

#ifndef _MIGSEL_CASES_H
#define _MIGSEL_CASES_H

#ifdef __KERNEL__

#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/inet.h>
#include <linux/sort.h>
#include <linux/string.h>

#define case_state	struct kunit
#define case_list	struct kunit_case
#define CASE(function)	KUNIT_CASE(function)
#define CASES_END	{}

#define assert_true(value) \
	KUNIT_ASSERT_TRUE(kunit_get_current_test(), value)
#define assert_false(value) \
	KUNIT_ASSERT_FALSE(kunit_get_current_test(), value)
#define assert_int_equal(a, b) \
	KUNIT_ASSERT_EQ(kunit_get_current_test(), a, b)
#define assert_non_null(pointer) \
	KUNIT_ASSERT_NOT_NULL(kunit_get_current_test(), pointer)

#define calloc(n, size) \
	kunit_kcalloc(kunit_get_current_test(), n, size, GFP_KERNEL)
#define free(pointer) \
	kunit_kfree(kunit_get_current_test(), pointer)
#define qsort(base, n, size, compare) \
	sort(base, n, size, compare, NULL)

static inline int inet_pton(int family, const char *text, void *addr)
{
	return family == AF_INET ? in4_pton(text, -1, addr, -1, NULL) :
				   in6_pton(text, -1, addr, -1, NULL);
}

#else /* __KERNEL__ */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define case_state	void *
#define case_list	const struct CMUnitTest
#define CASE(function)	cmocka_unit_test(function)
#define CASES_END

#endif /* __KERNEL__ */

#endif /* _MIGSEL_CASES_H */
