// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Only news is told: a flow's first packet that is shown, and each change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "flow.h"
#include "mem.h"

static int setup(void **state)
{
	*state = flow_table_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	flow_table_free(*state);
	return 0;
}

/* A request of client number n. */
static struct sf_event request(uint32_t n)
{
	struct sf_event event = {
		.type = SF_EVENT_VERDICT,
		.ifindex = 2,
		.endpoints.bits = 1,
		.cookie = 42,
		.verdict = SF_DELIVER,
		.uid = 1000,
		.gid = 1000,
		.direction = SF_TO,
		.owner_kind = SF_OWNER_USER,
		.packet =
			{
				.dst = {[15] = 254},
				.sport = htons(40000),
				.dport = htons(80),
				.ip_version = 6,
				.proto = IPPROTO_TCP,
				.flags = SF_PACKET_PORTS,
			},
	};

	memcpy(event.packet.src, &n, sizeof(n));
	return event;
}

static struct sf_event reply(uint32_t n)
{
	struct sf_event event = request(n);

	memcpy(event.packet.dst, event.packet.src, 16);
	memset(event.packet.src, 0, 16);
	event.packet.src[15] = 254;
	event.packet.sport = htons(80);
	event.packet.dport = htons(40000);
	event.direction = SF_FROM;
	return event;
}

static void test_first_only(void **state)
{
	struct sf_event event = request(1);

	assert_true(flow_is_news(*state, &event));
	assert_false(flow_is_news(*state, &event));
	assert_false(flow_is_news(*state, &event));
}

static void test_both_directions_are_one(void **state)
{
	struct sf_event there = request(1);
	struct sf_event back = reply(1);

	assert_true(flow_is_news(*state, &there));
	assert_false(flow_is_news(*state, &back));
	assert_false(flow_is_news(*state, &there));
	/* and when the reply is the first that is seen */
	there = request(2);
	back = reply(2);
	assert_true(flow_is_news(*state, &back));
	assert_false(flow_is_news(*state, &there));
}

/* The endpoint's address as a client of its own kind: not the same flow turned round. */
static void test_direction_is_part_of_it(void **state)
{
	struct sf_event there = request(1);
	struct sf_event inbound = reply(1);

	inbound.direction = SF_TO;
	assert_true(flow_is_news(*state, &there));
	assert_true(flow_is_news(*state, &inbound));
}

static void test_each_key_field_counts(void **state)
{
	struct sf_event events[9];

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		events[i] = request(1);
	events[8].tap = SF_TAP_INET;
	events[1].packet.src[15] ^= 1;
	events[2].packet.dst[0] ^= 1;
	events[3].packet.sport ^= htons(1);
	events[4].packet.dport ^= htons(1);
	events[5].packet.proto = IPPROTO_UDP;
	events[6].ifindex++;
	events[7].packet.src[0] ^= 0x80;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		assert_true(flow_is_news(*state, &events[i]));
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		assert_false(flow_is_news(*state, &events[i]));
}

/* What differs from packet to packet of one flow is no news. */
static void test_what_is_no_news(void **state)
{
	struct sf_event event = request(1);

	assert_true(flow_is_news(*state, &event));
	event.ts_ns++;
	event.packet.tcp_seq++;
	event.packet.tcp_ack++;
	event.packet.tcp_flags++;
	event.packet.ip_id++;
	event.packet.len++;
	event.join = SF_JOIN_SOCKET;
	event.source = SF_SOURCE_NONE;
	event.packet.flags |= SF_PACKET_TRUNCATED;
	assert_false(flow_is_news(*state, &event));
}

/* The change is told once, and so is the change back. */
static void assert_change(struct flow_table *table, const struct sf_event *changed)
{
	struct sf_event event = request(1);

	flow_is_news(table, &event);
	assert_true(flow_is_news(table, changed));
	assert_false(flow_is_news(table, changed));
	assert_true(flow_is_news(table, &event));
	assert_false(flow_is_news(table, &event));
}

static void test_changes(void **state)
{
	struct sf_event event;

	event = request(1);
	event.verdict = SF_REJECT;
	assert_change(*state, &event);
	event = request(1);
	event.endpoints.bits = 3;
	assert_change(*state, &event);
	event = request(1);
	event.endpoints.bits = 1ULL << 63 | 1;
	assert_change(*state, &event);
	event = request(1);
	event.owner_kind = SF_OWNER_UNKNOWN;
	assert_change(*state, &event);
	event = request(1);
	event.uid = 0;
	assert_change(*state, &event);
	event = request(1);
	event.gid = 0;
	assert_change(*state, &event);
}

static void test_rejected_first(void **state)
{
	struct sf_event event = request(1);

	event.verdict = SF_REJECT;
	assert_false(flow_is_news(*state, &event));
	assert_false(flow_is_news(*state, &event));
	event.verdict = SF_DELIVER;
	assert_true(flow_is_news(*state, &event));
	assert_false(flow_is_news(*state, &event));
}

static void fill(struct flow_table *table, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		struct sf_event event = request(i);

		assert_true(flow_is_news(table, &event));
	}
}

static bool is_news(struct flow_table *table, uint32_t n)
{
	struct sf_event event = request(n);

	return flow_is_news(table, &event);
}

static void test_bound(void **state)
{
	fill(*state, 0, FLOW_KEPT_MAX);
	/* full, and nothing is forgotten yet: all are known, in the order they came */
	for (uint32_t i = 0; i < FLOW_KEPT_MAX; i++)
		assert_false(is_news(*state, i));
	/* number 0 is now the quietest; a word from it makes it number 1 */
	assert_false(is_news(*state, 0));
	assert_true(is_news(*state, FLOW_KEPT_MAX));
	assert_false(is_news(*state, 0));
	assert_false(is_news(*state, FLOW_KEPT_MAX));
	assert_true(is_news(*state, 1));
	/* which in its turn cost number 2 its place, and no other */
	assert_false(is_news(*state, 3));
	assert_true(is_news(*state, 2));
}

/* A place that is taken over keeps nothing of who was there. */
static void test_bound_leaves_nothing(void **state)
{
	struct sf_event event;

	fill(*state, 0, FLOW_KEPT_MAX);
	event = request(FLOW_KEPT_MAX);
	event.verdict = SF_REJECT;
	assert_false(flow_is_news(*state, &event));
	fill(*state, FLOW_KEPT_MAX + 1, 2 * FLOW_KEPT_MAX);
	event = request(FLOW_KEPT_MAX);
	assert_true(flow_is_news(*state, &event));
}

static void test_freeing(void **state)
{
	(void)state;
	flow_table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_both_directions_are_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_direction_is_part_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_key_field_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_news, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rejected_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_leaves_nothing, setup, teardown),
		cmocka_unit_test(test_freeing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
