/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sums, and who asked for what, as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "reckoning.h"
#include "samples.h"

static struct record_status status;

static char *reckon(bool color)
{
	struct buffer buffer = {0};
	struct line line = {.buffer = &buffer, .color = color};

	reckoning_add(&line, &status);
	buffer_add(&buffer, "", 1);
	assert_false(buffer.failed);
	return buffer.bytes;
}

/* The index-th line, without its end. */
static void assert_line(size_t index, const char *expected)
{
	cleanup_free char *text = reckon(false);
	char *line = text;

	for (; index; index--) {
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	line[strcspn(line, "\n")] = '\0';
	assert_string_equal(line, expected);
}

static size_t count_lines(void)
{
	cleanup_free char *text = reckon(false);
	size_t n = 0;

	for (const char *c = text; *c; c++)
		n += *c == '\n';
	return n;
}

static int begin(void **state)
{
	(void)state;
	status = (struct record_status){.counts = sample_counts()};
	return 0;
}

static void a_tally_stands_above_the_sums(void **state)
{
	struct tally tally = sample_tally();
	size_t n = count_lines();

	(void)state;
	status.tally = &tally;
	assert_int_equal(count_lines(), n + 4);
	assert_line(0, "4 requests, 2 by v1");
	assert_line(1, "       2  curl              aws           v1       credential");
	assert_line(2, "       1  -                 -             -        unknown");
	assert_line(3, "       1  others");
	assert_line(4, "5 requests = 3 reported + 1 filtered + 1 left; 2 not certain, "
		       "1 without an answer; missing of them: 20 bytes");
}

static void a_tally_of_one_and_of_none(void **state)
{
	struct tally tally = {0};
	size_t n = count_lines();

	(void)state;
	status.tally = &tally;
	assert_int_equal(count_lines(), n);
	tally_add(&tally, "aws",
		  &(struct metadata){METADATA_AZURE_WIRE, METADATA_UNKNOWN,
				     METADATA_CLASS_USER_DATA, METADATA_GAP, ""});
	assert_int_equal(count_lines(), n + 2);
	assert_line(0, "1 request");
	assert_line(1, "       1  aws               azure-wire    unknown  user-data");
}

static void v1_alone_is_painted(void **state)
{
	struct tally tally = sample_tally();
	cleanup_free char *text = NULL;

	(void)state;
	status.tally = &tally;
	text = reckon(true);
	assert_memory_equal(text, "4 requests, \033[1;31m2 by v1\033[0m\n", 31);
	assert_null(strchr(text + 31, '\033'));
}

/* A process may call itself by any name, of any length a row holds. */
static void hostile_names_stay_in_their_column(void **state)
{
	struct tally tally = {0};
	cleanup_free char *text = NULL;

	(void)state;
	tally_add(&tally, "a  aws\n\033[2J", &(struct metadata){.version = METADATA_V2});
	status.tally = &tally;
	assert_line(1, "       1  a\\x20\\x20aws\\x0a\\x1b[2J -       v2       unknown");
	text = reckon(false);
	assert_null(strchr(text, '\033'));
}

static void a_wrong_sum_is_told(void **state)
{
	(void)state;
	status.counts.requests_filtered = 0;
	assert_line(0, "5 requests != 3 reported + 0 filtered + 1 left; 2 not certain, "
		       "1 without an answer; missing of them: 20 bytes");
	status.counts = sample_counts();
	status.counts.streams.gaps = 0;
	assert_line(0, "5 requests = 3 reported + 1 filtered + 1 left; 2 not certain, "
		       "1 without an answer");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	static const struct CMUnitTest tests[] = {
		TEST(a_tally_stands_above_the_sums), TEST(a_tally_of_one_and_of_none),
		TEST(v1_alone_is_painted),	     TEST(hostile_names_stay_in_their_column),
		TEST(a_wrong_sum_is_told),
	};

	return cmocka_run_group_tests_name("reckoning", tests, NULL, NULL);
}
