/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "guard.h"
#include "mem.h"

static enum prefix_error parse(const char *text, struct prefix *ret)
{
	struct guard guard;
	guard_init(&guard, text, strlen(text));
	enum prefix_error error = prefix_parse(guard.bytes, guard.len, ret);
	guard_done(&guard);
	return error;
}

static void test_good(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
		uint8_t ip_version;
	} cases[] = {
		{"169.254.169.254", "169.254.169.254/32", 4},
		{"169.254.169.254/32", "169.254.169.254/32", 4},
		{"10.0.0.0/8", "10.0.0.0/8", 4},
		{"0.0.0.0/0", "0.0.0.0/0", 4},
		{"128.0.0.0/1", "128.0.0.0/1", 4},
		{"::/0", "::/0", 6},
		{"::1/128", "::1/128", 6},
		{"::1", "::1/128", 6},
		{"FD00:EC2::254", "fd00:ec2::254/128", 6},
		{"2001:db8::/33", "2001:db8::/33", 6},
		{"::ffff:169.254.169.254", "169.254.169.254/32", 4},
		{"::ffff:a9fe:0/112", "169.254.0.0/16", 4},
		{"::ffff:0:0/96", "0.0.0.0/0", 4},
		{"::/64", "::/64", 6},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix prefix;
		char text[PREFIX_TEXT_MAX];
		assert_int_equal(parse(cases[i].text, &prefix), PREFIX_OK);
		assert_string_equal(prefix_to_str(&prefix, text), cases[i].expected);
		assert_int_equal(prefix.ip_version, cases[i].ip_version);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		enum prefix_error error;
	} cases[] = {
		{"", PREFIX_BAD_ADDRESS},
		{"/8", PREFIX_BAD_ADDRESS},
		{"1.2.3", PREFIX_BAD_ADDRESS},
		{"1.2.3.256", PREFIX_BAD_ADDRESS},
		{"1.2.3.04", PREFIX_BAD_ADDRESS},
		{"1.2.3.4 ", PREFIX_BAD_ADDRESS},
		{"fe80::1%eth0", PREFIX_BAD_ADDRESS},
		{"1:2:3:4:5:6:7:8:9", PREFIX_BAD_ADDRESS},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", PREFIX_BAD_ADDRESS},
		{"1.2.3.4/", PREFIX_BAD_LENGTH},
		{"1.2.3.4/33", PREFIX_BAD_LENGTH},
		{"1.2.3.4/-1", PREFIX_BAD_LENGTH},
		{"1.2.3.4/08", PREFIX_BAD_LENGTH},
		{"1.2.3.4/ 8", PREFIX_BAD_LENGTH},
		{"1.2.3.4/8/8", PREFIX_BAD_LENGTH},
		{"::/129", PREFIX_BAD_LENGTH},
		{"::/1280", PREFIX_BAD_LENGTH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix prefix;
		struct prefix before;
		memset(&prefix, 0x5a, sizeof(prefix));
		before = prefix;
		assert_int_equal(parse(cases[i].text, &prefix), cases[i].error);
		assert_memory_equal(&prefix, &before, sizeof(prefix));
	}
}

static void test_host_bits(void **state)
{
	static const char *const cases[][2] = {
		{"10.0.0.1/8", "10.0.0.0/8"},
		{"1.2.3.4/0", "0.0.0.0/0"},
		{"1.2.3.5/31", "1.2.3.4/31"},
		{"2001:db8::1/32", "2001:db8::/32"},
		{"::1/0", "::/0"},
		{"::3/127", "::2/127"},
		{"::ffff:1.2.3.4/120", "1.2.3.0/24"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix prefix;
		char text[PREFIX_TEXT_MAX];
		assert_int_equal(parse(cases[i][0], &prefix), PREFIX_HOST_BITS);
		assert_string_equal(prefix_to_str(&prefix, text), cases[i][1]);
	}
}

static bool covers(const char *outer, const char *inner)
{
	struct prefix a;
	struct prefix b;
	assert_int_equal(parse(outer, &a), PREFIX_OK);
	assert_int_equal(parse(inner, &b), PREFIX_OK);
	return prefix_covers(&a, &b);
}

static void test_covers(void **state)
{
	(void)state;
	assert_true(covers("0.0.0.0/0", "1.2.3.4"));
	assert_true(covers("10.0.0.0/8", "10.0.0.0/8"));
	assert_true(covers("10.128.0.0/9", "10.255.0.0/16"));
	assert_false(covers("10.128.0.0/9", "10.127.0.0/16"));
	assert_false(covers("10.0.0.0/16", "10.0.0.0/8"));
	assert_true(covers("::/0", "::1"));
	assert_true(covers("::1", "::1"));
	assert_false(covers("::1", "::2"));
	assert_false(covers("::/0", "1.2.3.4"));
	assert_false(covers("0.0.0.0/0", "::1"));
	assert_false(covers("::/64", "1.2.3.4"));
}

static void test_bytes(void **state)
{
	struct prefix prefix;
	(void)state;
	assert_int_equal(parse("1.2.3.4", &prefix), PREFIX_OK);
	assert_memory_equal(prefix_bytes(&prefix), "\1\2\3\4", 4);
	assert_true(addr_is_v4(&prefix.addr));
	assert_int_equal(parse("102::3", &prefix), PREFIX_OK);
	assert_memory_equal(prefix_bytes(&prefix), "\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\3", 16);
	assert_false(addr_is_v4(&prefix.addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	  cmocka_unit_test(test_bad),
		cmocka_unit_test(test_host_bits), cmocka_unit_test(test_covers),
		cmocka_unit_test(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
