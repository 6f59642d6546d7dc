/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A request may be told by a policy that was replaced long before its answer came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_host.h"
#include "policies.h"

#define S 1000000000ULL

static struct policies policies;

/* The name of its endpoint is that of the policy. */
static struct config *make(const char *name)
{
	struct diag diag = {0};
	struct config *config = NULL;
	char text[128];

	snprintf(text, sizeof(text), "endpoints:\n  - %s: {range: ::1, iface: lo, filter: root}\n",
		 name);
	if (fake_parse(text, &diag, &config) != 0)
		fail_msg("%s", diag.messages[0].text);
	diag_done(&diag);
	return config;
}

static void put(uint32_t generation, const char *name, uint64_t now_ns)
{
	policies_put(&policies, generation, make(name), now_ns);
}

static const char *name_of(uint32_t number)
{
	const struct config *config = policies_config(&policies, number);

	return config ? config->endpoints[0].name : "forgotten";
}

static int finish(void **state)
{
	(void)state;
	policies_done(&policies);
	assert_int_equal(policies.n, 0);
	policies = (struct policies){0};
	return 0;
}

static void test_before_the_first(void **state)
{
	(void)state;
	/* a verdict of no generation, or whose policy is not known: number 0 is nobody's */
	assert_int_equal(policies_number(&policies, 0), 0);
	assert_null(policies_config(&policies, 0));
	put(0, "a", S);
	assert_int_equal(policies_number(&policies, 1), 0);
	assert_null(policies_config(&policies, 0));
	assert_null(policies_config(&policies, 2));
}

static void test_generations_take_turns(void **state)
{
	uint32_t a, b, c;

	(void)state;
	put(0, "a", S);
	a = policies_number(&policies, 0);
	assert_string_equal(name_of(a), "a");
	put(1, "b", 2 * S);
	b = policies_number(&policies, 1);
	assert_int_equal(policies_number(&policies, 0), a);
	put(0, "c", 3 * S);
	c = policies_number(&policies, 0);
	/* generations come again, numbers do not */
	assert_int_not_equal(a, b);
	assert_int_not_equal(b, c);
	assert_int_not_equal(a, c);
	assert_string_equal(name_of(a), "a");
	assert_string_equal(name_of(b), "b");
	assert_string_equal(name_of(c), "c");
	assert_int_equal(policies.last, c);
	/* a generation is a number that goes on: its slot counts */
	assert_int_equal(policies_number(&policies, SF_GENERATIONS), c);
}

static void test_replaced_ones_are_kept_for_a_time(void **state)
{
	uint32_t a, b;

	(void)state;
	put(0, "a", S);
	a = policies_number(&policies, 0);
	put(1, "b", 2 * S);
	b = policies_number(&policies, 1);
	put(0, "c", 100 * S);
	/* replaced at 100: to the very end of its time */
	put(1, "d", 100 * S + POLICIES_KEPT_NS);
	assert_string_equal(name_of(a), "a");
	assert_string_equal(name_of(b), "b");
	put(0, "e", 100 * S + POLICIES_KEPT_NS + 1);
	assert_string_equal(name_of(a), "forgotten");
	assert_string_equal(name_of(b), "b");
	assert_int_equal(policies.n, 4);
}

/* However old it is, what is in the kernel is not forgotten. */
static void test_those_in_the_kernel_stay(void **state)
{
	uint32_t a, b;

	(void)state;
	put(0, "a", S);
	a = policies_number(&policies, 0);
	put(1, "b", 1000 * S);
	b = policies_number(&policies, 1);
	assert_string_equal(name_of(a), "a");
	put(0, "c", 100000 * S);
	assert_string_equal(name_of(b), "b");
	put(1, "d", 200000 * S);
	assert_string_equal(name_of(a), "forgotten");
	assert_string_equal(name_of(b), "b");
	assert_int_equal(policies.n, 3);
}

static void test_bound(void **state)
{
	uint64_t now_ns = S;
	uint32_t first, second;

	(void)state;
	put(0, "a", now_ns);
	first = policies_number(&policies, 0);
	for (uint32_t i = 1; i < POLICIES_KEPT_MAX; i++) {
		assert_false(policies_are_full(&policies, now_ns));
		put(i % SF_GENERATIONS, "b", now_ns);
	}
	second = first + 1;
	assert_int_equal(policies.n, POLICIES_KEPT_MAX);
	assert_true(policies_are_full(&policies, now_ns));
	/* the first was replaced at now_ns */
	assert_true(policies_are_full(&policies, now_ns + POLICIES_KEPT_NS));
	assert_false(policies_are_full(&policies, now_ns + POLICIES_KEPT_NS + 1));
	assert_string_equal(name_of(first), "a");
	/* who puts one all the same loses the oldest, and no more */
	put(0, "c", now_ns);
	assert_int_equal(policies.n, POLICIES_KEPT_MAX);
	assert_string_equal(name_of(first), "forgotten");
	assert_string_equal(name_of(second), "b");
	assert_string_equal(name_of(policies.last), "c");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, finish)
	static const struct CMUnitTest tests[] = {
		TEST(test_before_the_first),
		TEST(test_generations_take_turns),
		TEST(test_replaced_ones_are_kept_for_a_time),
		TEST(test_those_in_the_kernel_stay),
		TEST(test_bound),
	};

	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
