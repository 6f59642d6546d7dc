// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * No secret stays. Conversations that carry canaries are fed, and once their
 * requests were emitted the whole memory of this process is searched for any
 * eight bytes of a canary: heap, given back or not, stacks, static data. The
 * canaries stand in this program only XORed; the segments are written to pages
 * of their own, which are unmapped before the search.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "credential.h"
#include "exchange.h"
#include "mem.h"
#include "talk.h"
#include "wipe.h"

#define MASK 0x55
#define PART 8
#define PAGES 65536
#define REGION_MAX (64UL << 20) /* larger ones are a sanitizer's shadow */

/* Canaries of 32 letters, by a generator: the text is nowhere. */
static uint8_t masked(unsigned int canary, unsigned int i)
{
	uint32_t mixed = (canary + 1) * 2654435761U + i * 40503U;

	mixed ^= mixed >> 13;
	mixed *= 2246822519U;
	return (uint8_t)("ABCDEFGHJKLMNPQRSTUVWXYZabcdefgh"[mixed >> 27] ^ MASK);
}
#define CANARY_LEN 32
#define CANARIES 4

/* A copy of text on pages of its own, with a canary for each "@0" to "@3". */
static char *write_pages(const char *text, size_t *ret_len)
{
	volatile char *pages =
		mmap(NULL, PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t len = 0;

	assert_true((void *)pages != MAP_FAILED);
	for (; *text; text++) {
		if (*text != '@') {
			pages[len++] = *text;
			continue;
		}
		text++;
		for (unsigned int i = 0; i < CANARY_LEN; i++)
			pages[len++] = (char)(masked((unsigned int)(*text - '0'), i) ^ MASK);
	}
	*ret_len = len;
	return (char *)pages;
}

static bool is_part_of(const uint8_t *bytes, unsigned int canary, unsigned int at)
{
	for (unsigned int i = 0; i < PART; i++) {
		if ((bytes[i] ^ MASK) != masked(canary, at + i))
			return false;
	}
	return true;
}

/* pairs[p]: some part begins with this pair of bytes, as it would stand in memory. */
static bool pairs[1 << 16];

static void set_pairs(void)
{
	for (unsigned int canary = 0; canary < CANARIES; canary++) {
		for (unsigned int at = 0; at + PART <= CANARY_LEN; at++)
			pairs[(masked(canary, at) ^ MASK) | (masked(canary, at + 1) ^ MASK) << 8] =
				true;
	}
}

/* Most memory is empty: what holds a zero byte at its end holds no part that reaches it. */
static bool is_empty(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, PART);
	return !word;
}

__attribute__((no_sanitize("address", "undefined"))) static bool holds_part(const uint8_t *bytes,
									    size_t len)
{
	for (size_t i = 0; i + PART <= len; i++) {
		while (i + 2 * PART <= len && is_empty(bytes + i))
			i += PART;
		if (!pairs[bytes[i] | bytes[i + 1] << 8])
			continue;
		for (unsigned int canary = 0; canary < CANARIES; canary++) {
			for (unsigned int at = 0; at + PART <= CANARY_LEN; at++) {
				if (is_part_of(bytes + i, canary, at))
					return true;
			}
		}
	}
	return false;
}

static bool region_holds(int mem, unsigned long begin, unsigned long end)
{
	static uint8_t buffer[1 << 16];

	for (unsigned long at = begin; at < end; at += sizeof(buffer) - PART) {
		size_t want = end - at < sizeof(buffer) ? end - at : sizeof(buffer);
		ssize_t n = pread(mem, buffer, want, (off_t)at);
		bool found = n > 0 && holds_part(buffer, (size_t)n);

		/* or it would be found here the next time */
		explicit_bzero(buffer, sizeof(buffer));
		if (found)
			return true;
	}
	return false;
}

/* Searches all that this process can write to. */
static bool memory_holds_canary(void)
{
	int mem cleanup(close_fd) = open("/proc/self/mem", O_RDONLY);
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long begin, end;
	bool found = false;
	char line[512], mode[8];

	assert_true(mem >= 0);
	assert_non_null(maps);
	while (!found && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) != 3 || mode[1] != 'w' ||
		    end - begin > REGION_MAX)
			continue;
		found = region_holds(mem, begin, end);
	}
	fclose(maps);
	return found;
}

static size_t n_emitted;
static struct exchange *exchange;
static struct talk talk;

static void take_request(void *ctx, const struct exchange_request *request)
{
	(void)ctx;
	assert_false(holds_part((const uint8_t *)request, sizeof(*request)));
	n_emitted++;
}

static int begin(void **state)
{
	struct exchange_settings settings = {.cloud = METADATA_AWS, .emit = take_request};

	(void)state;
	exchange = exchange_new(&settings);
	n_emitted = 0;
	talk_init(&talk, 40000, 100, 900);
	return exchange ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	exchange_free(exchange);
	return 0;
}

/* Feeds text in segments of at most step bytes, the odd ones first if so wished. */
static void feed_text(enum stream_dir dir, const char *text, size_t step, bool is_acked,
		      bool is_shuffled)
{
	size_t len;
	char *pages = write_pages(text, &len);

	talk.n = 0;
	for (size_t at = 0; at < len; at += step)
		talk_add(&talk, dir, TALK_ACK, pages + at, len - at < step ? len - at : step);
	if (is_acked)
		talk_add(&talk, !dir, TALK_ACK, NULL, 0);
	for (size_t i = 0; i < talk.n; i++) {
		if (!is_shuffled || i % 2)
			exchange_segment(exchange, &talk.segments[i]);
	}
	for (size_t i = 0; is_shuffled && i < talk.n; i += 2)
		exchange_segment(exchange, &talk.segments[i]);
	munmap(pages, PAGES);
}

static void pass(uint64_t ns)
{
	for (uint64_t end_ns = talk.ts_ns + ns; talk.ts_ns < end_ns; talk.ts_ns += 100000000)
		exchange_tick(exchange, talk.ts_ns);
}

static void open_talk(void)
{
	talk_open(&talk);
	for (size_t i = 0; i < talk.n; i++)
		exchange_segment(exchange, &talk.segments[i]);
}

/* The search finds what is there: otherwise it would prove nothing. */
static void test_search_finds(void **state)
{
	size_t len;
	char *pages = write_pages("x@1y", &len), *copy;

	(void)state;
	assert_true(memory_holds_canary());
	copy = malloc(64);
	assert_non_null(copy);
	memcpy(copy, pages + 3, PART);
	munmap(pages, PAGES);
	assert_true(memory_holds_canary());
	explicit_bzero(copy, 64);
	free(copy);
	assert_false(memory_holds_canary());
}

/* Leaves a part of a canary deep in the stack, below what the search itself will use. */
__attribute__((noinline)) static void leave_on_stack(void)
{
	uint8_t below[16384];

	for (unsigned int i = 0; i < PART; i++)
		below[i] = masked(0, i) ^ MASK;
	/* the compiler must believe that it is looked at */
	__asm__ volatile("" : : "r"(below) : "memory");
}

static void test_stack_is_wiped(void **state)
{
	(void)state;
	leave_on_stack();
	assert_true(memory_holds_canary());
	wipe_stack();
	assert_false(memory_holds_canary());
}

struct conversation {
	const char *question;
	const char *answer;
};

#define ROLE "GET /latest/meta-data/iam/security-credentials/web HTTP/1.1\r\n"
#define OK "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
#define KEYS                                                                    \
	"{\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"@0\"," \
	"\"Token\":\"@1\",\"Expiration\":\"2030-05-17T15:09:54Z\",\"x\":[\"@2\",{\"@3\":\"@0\"}]}"

static const struct conversation conversations[] = {
	{"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n",
	 OK "Content-Length: 32\r\n\r\n@0"},
	{ROLE "X-aws-ec2-metadata-token: @1\r\n\r\n", OK "Content-Length: 227\r\n\r\n" KEYS},
	{ROLE "X-aws-ec2-metadata-token: @1\r\n\r\n",
	 OK "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"@0\r\n0\r\n\r\n"},
	{ROLE "X-aws-ec2-metadata-token : @1\r\n x@2\r\n\r\n", OK "Content-Length: 32\r\n\r\n@0"},
	{"GET /latest/user-data HTTP/1.1\r\nAuthorization: Bearer @2\r\n\r\n",
	 OK "Content-Length: 64\r\n\r\n@0@1"},
	{"GET /v2/credentials/@3 HTTP/1.1\r\n\r\n", OK "Content-Length: 32\r\n\r\n@0"},
	{"GET /x/../v2//credentials/@3/..?@3 HTTP/1.1\r\n\r\n", OK "Content-Length: 32\r\n\r\n@0"},
	{"POST /x HTTP/1.1\r\nContent-Length: 32\r\n\r\n@2", OK "Content-Length: 0\r\n\r\n"},
	{"GET /v2/credentials/@3\r\n", "@0"},
	{"what is @2?\r\n\r\n", "@1"},
};

static void converse(const struct conversation *conversation, size_t step, bool is_acked,
		     bool is_shuffled)
{
	begin(NULL);
	open_talk();
	feed_text(STREAM_TO, conversation->question, step, is_acked, is_shuffled);
	feed_text(STREAM_FROM, conversation->answer, step, true, is_shuffled);
	/* the connection stays open: what is kept for it is kept */
	pass(2 * EXCHANGE_ANSWER_NS);
	assert_int_equal(n_emitted, 1);
}

static void test_nothing_stays(void **state)
{
	static const size_t steps[] = {1000, 50, 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(conversations); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(steps); j++) {
			/* the last one is looked at while its connection is open */
			if (i || j)
				finish(NULL);
			converse(&conversations[i], steps[j], j % 2, j == 2);
		}
		if (memory_holds_canary())
			fail_msg("%s", conversations[i].question);
	}
	finish(NULL);
}

/* The endpoint never acknowledged, nor answered. */
static void test_nothing_stays_of_lost_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(conversations); i++) {
		begin(NULL);
		open_talk();
		feed_text(STREAM_TO, conversations[i].question, 40, false, false);
		/* and a part of the next one that never ends */
		feed_text(STREAM_TO, "GET /v2/credentials/@3", 40, false, false);
		pass(2 * EXCHANGE_ANSWER_NS);
		exchange_flush(exchange);
		assert_true(n_emitted >= 1);
		finish(NULL);
	}
	assert_false(memory_holds_canary());
}

/* Told without an answer, never acknowledged, and the connection is still open. */
static void test_nothing_stays_of_open_connections(void **state)
{
	static const char *const questions[] = {
		ROLE "X-aws-ec2-metadata-token: @1\r\n\r\n",
		"GET /v2/credentials/@3 HTTP/1.1\r\nConnection: close\r\n\r\nsomething",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		begin(NULL);
		open_talk();
		feed_text(STREAM_TO, questions[i], 1000, false, false);
		pass(2 * EXCHANGE_ANSWER_NS);
		assert_int_equal(n_emitted, 1 + i);
		/* of what is not understood nothing more is told */
		if (i == 1)
			feed_text(STREAM_TO, "@0@1@2@3", 1000, false, false);
		pass(EXCHANGE_SETTLE_NS);
		assert_int_equal(n_emitted, 1 + i);
		assert_false(memory_holds_canary());
		finish(NULL);
	}
}

/* Told while its answer is under way, which never ends and is not acknowledged. */
static void test_nothing_stays_of_slow_answers(void **state)
{
	(void)state;
	begin(NULL);
	open_talk();
	feed_text(STREAM_TO, ROLE "X-aws-ec2-metadata-token: @1\r\n\r\n", 1000, true, false);
	feed_text(STREAM_FROM, OK "Content-Length: 999\r\n\r\n" KEYS, 1000, false, false);
	pass(2 * EXCHANGE_ANSWER_NS);
	assert_int_equal(n_emitted, 1);
	assert_false(memory_holds_canary());
	finish(NULL);
}

/* Answers that break off: with the connection, with a gap, with the program. */
static void test_nothing_stays_of_broken_answers(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		begin(NULL);
		open_talk();
		feed_text(STREAM_TO, ROLE "X-aws-ec2-metadata-token: @1\r\n\r\n", 1000, true,
			  false);
		feed_text(STREAM_FROM, OK "Content-Length: 999\r\n\r\n" KEYS, 1000, true, false);
		if (how == 0)
			talk.seq[STREAM_FROM] += 100;
		if (how == 0)
			feed_text(STREAM_FROM, "@0", 1000, false, false);
		if (how == 1)
			exchange_flush(exchange);
		if (how < 2)
			pass(3 * EXCHANGE_ANSWER_NS);
		finish(NULL);
	}
	assert_false(memory_holds_canary());
}

static void test_parser_leaves_nothing(void **state)
{
	static const char *const bodies[] = {
		KEYS,
		"{\"Token\":\"@1\"",
		"{\"Token\":\"@1\",\"Token\":\"@2\"}",
		"{\"AccessKeyId\":\"@1@0\",\"@1\":\"@2\"}",
		"[\"@1\",\"@2\\u0041@3\"]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct credential credential;
		size_t len;
		char *pages = write_pages(bodies[i], &len);

		credential_parse(pages, len, &credential);
		munmap(pages, PAGES);
	}
	assert_false(memory_holds_canary());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search_finds),
		cmocka_unit_test(test_stack_is_wiped),
		cmocka_unit_test(test_nothing_stays),
		cmocka_unit_test(test_nothing_stays_of_lost_requests),
		cmocka_unit_test(test_nothing_stays_of_open_connections),
		cmocka_unit_test(test_nothing_stays_of_slow_answers),
		cmocka_unit_test(test_nothing_stays_of_broken_answers),
		cmocka_unit_test(test_parser_leaves_nothing),
	};

	set_pairs();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
