/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diag.h"
#include "guard.h"
#include "mem.h"
#include "suggest.h"
#include "utf8.h"

static char *render(const char *text, size_t len, struct diag_place place, const char *hint)
{
	struct diag diag = {0};
	struct guard guard;
	guard_init(&guard, text, len);
	diag_add(&diag, DIAG_ERROR, place, hint, "bad %s", "thing");
	char *rendered = diag_render(&diag.messages[0], "f.yml", guard.bytes, guard.len);
	guard_done(&guard);
	diag_done(&diag);
	assert_non_null(rendered);
	return rendered;
}

static void check(const char *text, struct diag_place place, const char *expected)
{
	cleanup_free char *rendered = render(text, strlen(text), place, NULL);
	const char *source = strchr(rendered, '\n');
	assert_non_null(source);
	assert_string_equal(source + 1, expected);
}

static void test_header(void **state)
{
	struct diag diag = {0};
	cleanup_free char *rendered = render("a: b", 4, (struct diag_place){1, 4, 1}, "write c");
	(void)state;
	assert_string_equal(rendered, "f.yml:1:4: error: bad thing; write c\n"
				      "    1 | a: b\n"
				      "      |    ^\n");
	diag_add(&diag, DIAG_WARNING, (struct diag_place){0}, NULL, "odd");
	cleanup_free char *whole = diag_render(&diag.messages[0], "f\x1b.yml", "", 0);
	assert_string_equal(whole, "f\\x1B.yml: warning: odd\n");
	assert_int_equal(diag.n_errors, 0);
	assert_int_equal(diag.n_warnings, 1);
	diag_done(&diag);
}

static void test_places(void **state)
{
	(void)state;
	check("one\r\ntwo three\n", (struct diag_place){2, 5, 5},
	      "    2 | two three\n      |     ^~~~~\n");
	check("one\r\ntwo\n", (struct diag_place){1, 1, 3}, "    1 | one\n      | ^~~\n");
	check("one\n", (struct diag_place){2, 1, 1}, "    2 | \n      | ^\n");
	check("one\n", (struct diag_place){9, 1, 1}, "    9 | \n      | ^\n");
	check("", (struct diag_place){1, 1, 1}, "    1 | \n      | ^\n");
	check("abc", (struct diag_place){1, 4, 1}, "    1 | abc\n      |    ^\n");
	check("abc", (struct diag_place){1, 2, 900}, "    1 | abc\n      |  ^~\n");
}

static void test_columns(void **state)
{
	(void)state;
	check("\tab", (struct diag_place){1, 2, 2}, "    1 |         ab\n      |         ^~\n");
	check("x\ty\tz", (struct diag_place){1, 5, 1},
	      "    1 | x       y       z\n      |                 ^\n");
	check("\xc3\xa9\xc3\xa9 x", (struct diag_place){1, 4, 1},
	      "    1 | \xc3\xa9\xc3\xa9 x\n      |    ^\n");
	check("\xe5\x90\x8d x", (struct diag_place){1, 3, 1},
	      "    1 | \xe5\x90\x8d x\n      |    ^\n");
	check("\xe5\x90\x8d x", (struct diag_place){1, 1, 1},
	      "    1 | \xe5\x90\x8d x\n      | ^~\n");
	check("a\x1b[1m\xff x", (struct diag_place){1, 8, 1},
	      "    1 | a\\x1B[1m\\xFF x\n      |              ^\n");
	/* a character that turns the rest of the line around */
	check("a\xe2\x80\xae x", (struct diag_place){1, 4, 1},
	      "    1 | a\\xE2\\x80\\xAE x\n      |               ^\n");
}

static void test_long_lines(void **state)
{
	static const unsigned int columns[] = {1, 100, 140, 160, 5000, 99999, 100000};
	char *text = malloc(100001);
	(void)state;
	assert_non_null(text);
	memset(text, 'a', 100000);
	text[100000] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		text[columns[i] - 1] = 'X';
		cleanup_free char *rendered =
			render(text, 100000, (struct diag_place){1, columns[i], 1}, NULL);
		const char *source = strchr(rendered, '\n') + 1;
		const char *under = strchr(source, '\n') + 1;
		assert_true(under - source - 1 <= 160);
		assert_int_equal(source[strchr(under, '^') - under], 'X');
		text[columns[i] - 1] = 'a';
	}
	cleanup_free char *wide = render(text, 100000, (struct diag_place){1, 50000, 50000}, NULL);
	const char *under = strrchr(wide, '|');
	assert_true(strlen(under) < 160);
	free(text);
}

static void test_bound(void **state)
{
	struct diag diag = {0};
	(void)state;
	for (int i = 0; i < DIAG_KEPT_MAX + 7; i++)
		diag_add(&diag, DIAG_ERROR, (struct diag_place){1, 1, 1}, NULL, "%d", i);
	assert_int_equal(diag.n_messages, DIAG_KEPT_MAX);
	assert_int_equal(diag.n_errors, DIAG_KEPT_MAX + 7);
	assert_string_equal(diag.messages[99].text, "99");
	diag_done(&diag);
	assert_int_equal(diag.n_errors, 0);
	diag_done(&diag);
}

static void test_message_is_printable(void **state)
{
	struct diag diag = {0};
	(void)state;
	diag_add(&diag, DIAG_ERROR, (struct diag_place){0}, "h\n", "a\x1b]0;x\x07\xff\xc3\xa9");
	assert_string_equal(diag.messages[0].text, "a\\x1B]0;x\\x07\\xFF\xc3\xa9");
	assert_string_equal(diag.messages[0].hint, "h\\x0A");
	diag_done(&diag);
}

static void test_utf8(void **state)
{
	static const char *const bad[] = {"\x80",
					  "\xc0\x80",
					  "\xc1\xbf",
					  "\xe0\x80\x80",
					  "\xed\xa0\x80",
					  "\xf0\x80\x80\x80",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xff",
					  "\xc3",
					  "\xe2\x80",
					  "\xf0\x9f\x98"};
	uint32_t code = 0;
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct guard guard;
		guard_init(&guard, bad[i], strlen(bad[i]));
		assert_int_equal(utf8_decode(guard.bytes, guard.len, &code), 0);
		guard_done(&guard);
	}
	assert_int_equal(utf8_decode("\xf0\x9f\x98\x80", 4, &code), 4);
	assert_int_equal(code, 0x1f600);
	assert_int_equal(utf8_decode("", 0, &code), 0);
	assert_int_equal(utf8_decode("\0", 1, &code), 1);
}

static const char *nearest(const char *wanted, const char *const *words, size_t n)
{
	static struct suggest suggest;
	suggest_init(&suggest, wanted, strlen(wanted));
	for (size_t i = 0; i < n; i++)
		assert_true(suggest_offer(&suggest, words[i]));
	return suggest.best;
}

static void test_suggest(void **state)
{
	static const char *const words[] = {"range", "iface", "filter", "port", "direction"};
	const size_t n = ARRAY_SIZE(words);
	(void)state;
	assert_string_equal(nearest("rnage", words, n), "range");
	assert_string_equal(nearest("ranges", words, n), "range");
	assert_string_equal(nearest("Filter", words, n), "filter");
	assert_string_equal(nearest("filtre", words, n), "filter");
	assert_string_equal(nearest("diretcion", words, n), "direction");
	assert_string_equal(nearest("users", words, n), "");
	assert_string_equal(nearest("x", words, n), "");
	assert_string_equal(nearest("", words, n), "");
	assert_string_equal(nearest("a word that is longer than any that is known", words, n), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),	cmocka_unit_test(test_places),
		cmocka_unit_test(test_columns), cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_bound),	cmocka_unit_test(test_message_is_printable),
		cmocka_unit_test(test_utf8),	cmocka_unit_test(test_suggest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
