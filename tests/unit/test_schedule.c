/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "config.h"
#include "guard.h"
#include "mem.h"
#include "schedule.h"

#define WEEK_MIN (7 * 24 * 60)

/* A weekday, and a minute of it, as localtime_r() tells them. */
static struct tm at(int wday, int hour, int min)
{
	return (struct tm){.tm_wday = wday, .tm_hour = hour, .tm_min = min, .tm_sec = 59};
}

/* The part of text that is wrong goes to wrong, of 64 bytes. */
static enum schedule_error parse_bytes(const char *text, size_t len, struct schedule_window *ret,
				       char *wrong)
{
	struct schedule_word word = {NULL, 0};
	struct guard guard;
	guard_init(&guard, text, len);
	enum schedule_error error = schedule_parse(guard.bytes, guard.len, ret, &word);
	if (error)
		snprintf(wrong, 64, "%.*s", (int)word.len, word.text);
	guard_done(&guard);
	return error;
}

static struct schedule_window parse(const char *text)
{
	struct schedule_window window;
	char wrong[64] = "";
	enum schedule_error error = parse_bytes(text, strlen(text), &window, wrong);
	assert_string_equal(wrong, "");
	assert_int_equal(error, SCHEDULE_OK);
	return window;
}

static void test_good(void **state)
{
	static const struct {
		const char *text;
		uint8_t days;
		const char *expected;
	} cases[] = {
		{"08:00-18:00", 0x7f, "08:00-18:00"},
		{"Mon 08:00-18:00", 0x02, "Mon 08:00-18:00"},
		{"Sun 08:00-18:00", 0x01, "Sun 08:00-18:00"},
		{"Sat 22:00-02:00", 0x40, "Sat 22:00-02:00"},
		{"Mon-Fri 08:00-18:00", 0x3e, "Mon-Fri 08:00-18:00"},
		{"mon,WED,fRi 08:00-18:00", 0x2a, "Mon,Wed,Fri 08:00-18:00"},
		{"Sat-Mon 00:00-24:00", 0x43, "Mon,Sat,Sun 00:00-24:00"},
		{"Fri-Mon 00:00-24:00", 0x63, "Mon,Fri-Sun 00:00-24:00"},
		{"Tue-Thu,Sat,Sun 23:59-00:01", 0x5d, "Tue-Thu,Sat,Sun 23:59-00:01"},
		{"Sun-Sat 00:01-00:00", 0x7f, "00:01-24:00"},
		{"Tue-Mon 18:00-00:00", 0x7f, "18:00-24:00"},
		{"Thu-Thu 23:59-24:00", 0x10, "Thu 23:59-24:00"},
		{"Fri,Fri 00:00-00:01", 0x20, "Fri 00:00-00:01"},
		{"\tMon - Tue ,  Fri\t08:00 -  18:00 ", 0x26, "Mon,Tue,Fri 08:00-18:00"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct schedule_window window = parse(cases[i].text);
		char text[SCHEDULE_TEXT_MAX];
		assert_int_equal(window.days, cases[i].days);
		assert_string_equal(schedule_to_str(&window, text), cases[i].expected);
	}
}

static void test_minutes(void **state)
{
	struct schedule_window window = parse("Mon 09:07-17:59");
	(void)state;
	assert_int_equal(window.from_min, 9 * 60 + 7);
	assert_int_equal(window.to_min, 17 * 60 + 59);
	window = parse("00:00-24:00");
	assert_int_equal(window.from_min, 0);
	assert_int_equal(window.to_min, 1440);
	window = parse("23:59-00:00");
	assert_int_equal(window.from_min, 1439);
	assert_int_equal(window.to_min, 1440);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		enum schedule_error error;
		const char *wrong;
	} cases[] = {
		{"", SCHEDULE_BAD_FORM, ""},
		{" ", SCHEDULE_BAD_FORM, " "},
		{"-", SCHEDULE_BAD_FORM, "-"},
		{"Mon- 08:00-18:00", SCHEDULE_BAD_DAY, "08:00"},
		{"Mon-", SCHEDULE_BAD_FORM, "Mon-"},
		{"Mon,", SCHEDULE_BAD_FORM, "Mon,"},
		{",Mon 08:00-18:00", SCHEDULE_BAD_FORM, ",Mon 08:00-18:00"},
		{"Mon,,Tue 08:00-18:00", SCHEDULE_BAD_FORM, "Mon,,Tue 08:00-18:00"},
		{"Mon-Tue-Wed 08:00-18:00", SCHEDULE_BAD_FORM, "Mon-Tue-Wed 08:00-18:00"},
		{"08:00--18:00", SCHEDULE_BAD_FORM, "08:00--18:00"},
		{"08:00-18:00 Mon", SCHEDULE_BAD_FORM, "08:00-18:00 Mon"},
		{"08:00-18:00,20:00-22:00", SCHEDULE_BAD_FORM, "08:00-18:00,20:00-22:00"},
		{"08:00-18:00-20:00", SCHEDULE_BAD_FORM, "08:00-18:00-20:00"},
		{"Mno 08:00-18:00", SCHEDULE_BAD_DAY, "Mno"},
		{"Mon-Fry 08:00-18:00", SCHEDULE_BAD_DAY, "Fry"},
		{"Mon,Tues 08:00-18:00", SCHEDULE_BAD_DAY, "Tues"},
		{"Mo 08:00-18:00", SCHEDULE_BAD_DAY, "Mo"},
		{"Mon08:00-18:00", SCHEDULE_BAD_DAY, "Mon08:00"},
		{"* 08:00-18:00", SCHEDULE_BAD_DAY, "*"},
		{"Mon Tue 08:00-18:00", SCHEDULE_BAD_TIME, "Tue"},
		{"8:00-18:00", SCHEDULE_BAD_TIME, "8:00"},
		{"08:00-8:00", SCHEDULE_BAD_TIME, "8:00"},
		{"08:00:00-18:00", SCHEDULE_BAD_TIME, "08:00:00"},
		{"08.00-18:00", SCHEDULE_BAD_TIME, "08.00"},
		{"0a:00-18:00", SCHEDULE_BAD_TIME, "0a:00"},
		{"08:0a-18:00", SCHEDULE_BAD_TIME, "08:0a"},
		{"08:/0-18:00", SCHEDULE_BAD_TIME, "08:/0"},
		{"08:60-18:00", SCHEDULE_BAD_TIME, "08:60"},
		{"25:00-26:00", SCHEDULE_BAD_TIME, "25:00"},
		{"24:00-02:00", SCHEDULE_BAD_TIME, "24:00"},
		{"08:00-24:01", SCHEDULE_BAD_TIME, "24:01"},
		{"08:00-99:59", SCHEDULE_BAD_TIME, "99:59"},
		{"08:00\xe2\x80\x93"
		 "18:00",
		 SCHEDULE_BAD_TIME,
		 "08:00\xe2\x80\x93"
		 "18:00"},
		{"Mon", SCHEDULE_NO_TIME, "Mon"},
		{"Mon-Fri ", SCHEDULE_NO_TIME, "Mon-Fri "},
		{"08:00", SCHEDULE_NO_END, "08:00"},
		{"Mon 08:00- ", SCHEDULE_NO_END, "Mon 08:00- "},
		{"08:00 18:00", SCHEDULE_NO_END, "08:00 18:00"},
		{"08:00-08:00", SCHEDULE_EMPTY, "08:00-08:00"},
		{"Sat 00:00-00:00", SCHEDULE_EMPTY, "Sat 00:00-00:00"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct schedule_window window;
		struct schedule_window before;
		char wrong[64];
		memset(&window, 0x5a, sizeof(window));
		before = window;
		assert_int_equal(parse_bytes(cases[i].text, strlen(cases[i].text), &window, wrong),
				 cases[i].error);
		assert_string_equal(wrong, cases[i].wrong);
		assert_memory_equal(&window, &before, sizeof(window));
	}
}

static void test_nul(void **state)
{
	struct schedule_window window;
	char wrong[64];
	(void)state;
	assert_int_equal(parse_bytes("08:00-18:00\0", 12, &window, wrong), SCHEDULE_BAD_FORM);
	assert_int_equal(parse_bytes("Mon\0 08:00-18:00", 16, &window, wrong), SCHEDULE_BAD_FORM);
	assert_int_equal(parse_bytes("08:00\0-18:00", 12, &window, wrong), SCHEDULE_NO_END);
	assert_int_equal(parse_bytes("\0", 1, &window, wrong), SCHEDULE_BAD_FORM);
}

/* Whatever is cut off, nothing is read behind it and nothing is accepted. */
static void test_cut(void **state)
{
	static const char text[] = "Mon-Wed,Fri 22:00-02:00";
	struct schedule_window window;
	char wrong[64];
	(void)state;
	for (size_t len = 0; len < strlen(text); len++)
		assert_int_not_equal(parse_bytes(text, len, &window, wrong), SCHEDULE_OK);
	assert_int_equal(parse_bytes(text, strlen(text), &window, wrong), SCHEDULE_OK);
}

static void test_text_and_back(void **state)
{
	(void)state;
	for (unsigned int days = 1; days <= SCHEDULE_EVERY_DAY; days++) {
		struct schedule_window window = {days, 22 * 60 + 9, 3 * 60 + 5};
		struct guard guard;
		/* the text may fill its room, and no more */
		guard_init(&guard, (char[SCHEDULE_TEXT_MAX]){0}, SCHEDULE_TEXT_MAX);
		struct schedule_window back = parse(schedule_to_str(&window, guard.bytes));
		guard_done(&guard);
		assert_int_equal(back.days, days);
		assert_int_equal(back.from_min, window.from_min);
		assert_int_equal(back.to_min, window.to_min);
	}
}

static bool is_active(const char *text, int wday, int hour, int min)
{
	struct schedule_window window = parse(text);
	struct tm local = at(wday, hour, min);
	return schedule_is_active(&window, 1, &local);
}

static void test_boundaries(void **state)
{
	(void)state;
	assert_false(is_active("Mon-Fri 08:00-18:00", 1, 7, 59));
	assert_true(is_active("Mon-Fri 08:00-18:00", 1, 8, 0));
	assert_true(is_active("Mon-Fri 08:00-18:00", 5, 17, 59));
	assert_false(is_active("Mon-Fri 08:00-18:00", 5, 18, 0));
	assert_false(is_active("Mon-Fri 08:00-18:00", 6, 12, 0));
	assert_false(is_active("Mon-Fri 08:00-18:00", 0, 12, 0));

	assert_false(is_active("Sat 22:00-02:00", 6, 1, 59));
	assert_false(is_active("Sat 22:00-02:00", 6, 21, 59));
	assert_true(is_active("Sat 22:00-02:00", 6, 22, 0));
	assert_true(is_active("Sat 22:00-02:00", 6, 23, 59));
	assert_true(is_active("Sat 22:00-02:00", 0, 0, 0));
	assert_true(is_active("Sat 22:00-02:00", 0, 1, 59));
	assert_false(is_active("Sat 22:00-02:00", 0, 2, 0));
	assert_false(is_active("Sat 22:00-02:00", 0, 22, 0));

	assert_true(is_active("Sun 22:00-02:00", 0, 22, 0));
	assert_true(is_active("Sun 22:00-02:00", 1, 1, 0));
	assert_false(is_active("Sun 22:00-02:00", 0, 1, 0));
	assert_false(is_active("Sun 22:00-02:00", 1, 2, 0));

	assert_true(is_active("Fri 22:00-24:00", 5, 23, 59));
	assert_false(is_active("Fri 22:00-24:00", 6, 0, 0));
	assert_true(is_active("Fri 22:00-00:00", 5, 23, 59));
	assert_false(is_active("Fri 22:00-00:00", 6, 0, 0));
	assert_false(is_active("Fri 22:00-00:00", 5, 0, 0));
	assert_true(is_active("Fri 00:00-24:00", 5, 0, 0));
	assert_false(is_active("Fri 00:00-24:00", 4, 23, 59));
}

/* The same told otherwise: every minute of every window is marked in a table of the week. */
static void mark(const struct schedule_window *window, bool *week)
{
	unsigned int len = (window->to_min + 1440U - window->from_min - 1) % 1440 + 1;

	memset(week, 0, WEEK_MIN);
	for (unsigned int day = 0; day < 7; day++) {
		for (unsigned int i = 0; window->days >> day & 1 && i < len; i++)
			week[(day * 1440 + window->from_min + i) % WEEK_MIN] = true;
	}
}

static void test_every_minute(void **state)
{
	static const uint16_t ends[] = {0, 1, 59, 60, 720, 1438, 1439, 1440};
	static bool week[WEEK_MIN];
	size_t n_wrong = 0;

	(void)state;
	for (unsigned int i = 0; i < SCHEDULE_EVERY_DAY * ARRAY_SIZE(ends) * ARRAY_SIZE(ends);
	     i++) {
		struct schedule_window window = {i % SCHEDULE_EVERY_DAY + 1,
						 ends[i / SCHEDULE_EVERY_DAY % ARRAY_SIZE(ends)],
						 ends[i / SCHEDULE_EVERY_DAY / ARRAY_SIZE(ends)]};
		if (window.from_min == 1440 || window.to_min == 0 ||
		    window.from_min == window.to_min)
			continue;
		mark(&window, week);
		for (unsigned int minute = 0; minute < WEEK_MIN; minute++) {
			struct tm local = at(minute / 1440, minute / 60 % 24, minute % 60);
			n_wrong += schedule_is_active(&window, 1, &local) != week[minute];
		}
	}
	assert_int_equal(n_wrong, 0);
}

static void test_many(void **state)
{
	struct schedule_window windows[] = {parse("Mon 08:00-09:00"), parse("Sun 22:00-02:00")};
	struct tm early = at(1, 1, 0);
	struct tm morning = at(1, 8, 30);
	struct tm noon = at(1, 12, 0);
	(void)state;
	assert_true(schedule_is_active(windows, 2, &early));
	assert_true(schedule_is_active(windows, 2, &morning));
	assert_false(schedule_is_active(windows, 2, &noon));
	assert_false(schedule_is_active(windows, 1, &early));
	assert_true(schedule_is_active(NULL, 0, &noon));
}

static void test_mask(void **state)
{
	struct schedule_window day[] = {parse("08:00-18:00")};
	struct schedule_window night[] = {parse("Sat 22:00-02:00"), parse("Mon 22:00-02:00")};
	struct config config = {.n_endpoints = SF_ENDPOINTS_MAX};
	struct tm noon = at(6, 12, 0);
	struct tm late = at(6, 23, 0);
	(void)state;
	assert_int_equal(schedule_mask(&config, &noon).bits, ~0ULL);
	assert_false(schedule_is_needed(&config));
	config.endpoints[1] = (struct config_endpoint){.when = day, .n_when = 1};
	config.endpoints[63] = (struct config_endpoint){.when = night, .n_when = 2};
	assert_int_equal(schedule_mask(&config, &noon).bits, ~(1ULL << 63));
	assert_int_equal(schedule_mask(&config, &late).bits, ~2ULL);
	assert_true(schedule_is_needed(&config));
	config.n_endpoints = 2;
	assert_int_equal(schedule_mask(&config, &noon).bits, 3);
	assert_int_equal(schedule_mask(&config, &late).bits, 1);
	config.n_endpoints = 1;
	assert_false(schedule_is_needed(&config));
	config.n_endpoints = 0;
	assert_int_equal(schedule_mask(&config, &noon).bits, 0);
}

/*
 * Looks at each minute of the 72 hours that begin at this UTC midnight, and
 * expects the local times at which the window opens and closes.
 */
static void expect_changes(const char *tz, const char *text, int year, int month, int day,
			   const char *expected)
{
	struct schedule_window window = parse(text);
	struct tm utc = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	time_t start = timegm(&utc);
	char changes[256] = "";
	bool was = false;

	setenv("TZ", tz, 1);
	tzset();
	for (time_t now = start; now < start + 72 * 3600; now += 60) {
		struct tm local;
		size_t len = strlen(changes);
		bool is = schedule_is_active(&window, 1, localtime_r(&now, &local));
		if (is != was && len < sizeof(changes) - 20) {
			changes[len] = is ? '+' : '-';
			strftime(changes + len + 1, sizeof(changes) - len - 1, "%d %H:%M %Z ",
				 &local);
		}
		was = is;
	}
	unsetenv("TZ");
	tzset();
	assert_string_equal(changes, expected);
}

/* Rules are spelled out, for the host may have no tz database. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define SANTIAGO "<-04>4<-03>,M9.1.6/24,M4.1.6/24" /* changes at midnight */

static void test_clocks_go_forward(void **state)
{
	(void)state;
	/* 2026-03-29, a Sunday: after 01:59 comes 03:00 */
	expect_changes(BERLIN, "Sun 02:30-03:30", 2026, 3, 28, "+29 03:00 CEST -29 03:30 CEST ");
	expect_changes(BERLIN, "Sun 01:30-02:30", 2026, 3, 28, "+29 01:30 CET -29 03:00 CEST ");
	expect_changes(BERLIN, "Sun 02:00-03:00", 2026, 3, 28, "");
	expect_changes(BERLIN, "Sat 22:00-02:30", 2026, 3, 28, "+28 22:00 CET -29 03:00 CEST ");
	expect_changes(BERLIN, "Sat 22:00-04:00", 2026, 3, 28, "+28 22:00 CET -29 04:00 CEST ");
	expect_changes(BERLIN, "Sun 08:00-18:00", 2026, 3, 28, "+29 08:00 CEST -29 18:00 CEST ");
	expect_changes(BERLIN, "02:30-03:30", 2026, 3, 28,
		       "+28 02:30 CET -28 03:30 CET +29 03:00 CEST -29 03:30 CEST "
		       "+30 02:30 CEST -30 03:30 CEST ");
	/* 2026-09-05, a Saturday: after 23:59 comes 01:00 of Sunday */
	expect_changes(SANTIAGO, "Sat 23:00-01:30", 2026, 9, 5, "+05 23:00 -04 -06 01:30 -03 ");
	expect_changes(SANTIAGO, "Sat 23:00-24:00", 2026, 9, 5, "+05 23:00 -04 -06 01:00 -03 ");
	expect_changes(SANTIAGO, "Sun 00:00-02:00", 2026, 9, 5, "+06 01:00 -03 -06 02:00 -03 ");
}

static void test_clocks_go_back(void **state)
{
	(void)state;
	/* 2026-10-25, a Sunday: after 02:59 comes 02:00 again */
	expect_changes(BERLIN, "Sun 02:00-02:30", 2026, 10, 24,
		       "+25 02:00 CEST -25 02:30 CEST +25 02:00 CET -25 02:30 CET ");
	expect_changes(BERLIN, "Sun 02:30-03:30", 2026, 10, 24,
		       "+25 02:30 CEST -25 02:00 CET +25 02:30 CET -25 03:30 CET ");
	expect_changes(BERLIN, "Sun 01:30-03:30", 2026, 10, 24, "+25 01:30 CEST -25 03:30 CET ");
	expect_changes(BERLIN, "Sat 22:00-02:30", 2026, 10, 24,
		       "+24 22:00 CEST -25 02:30 CEST +25 02:00 CET -25 02:30 CET ");
	/* 2026-04-04, a Saturday: after 23:59 comes 23:00 again */
	expect_changes(SANTIAGO, "Sat 23:30-00:30", 2026, 4, 4,
		       "+04 23:30 -03 -04 23:00 -04 +04 23:30 -04 -05 00:30 -04 ");
	expect_changes(SANTIAGO, "Sun 00:00-01:00", 2026, 4, 4, "+05 00:00 -04 -05 01:00 -04 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_minutes),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_text_and_back),
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_every_minute),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_clocks_go_forward),
		cmocka_unit_test(test_clocks_go_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
