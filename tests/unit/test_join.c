// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A verdict and its packet find each other, or it is said that they did not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "join.h"
#include "mem.h"

#define ETH0 2
#define ETH1 3
#define TESTUSER 1000

#define NOW_NS 1

static struct wallclock_span at(uint64_t ts_ns)
{
	return (struct wallclock_span){ts_ns, ts_ns};
}

static int setup(void **state)
{
	*state = join_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	join_free(*state);
	return 0;
}

/* Packet number seq of one connection. */
static struct sf_event event_of(uint32_t seq)
{
	return (struct sf_event){
		.type = SF_EVENT_VERDICT,
		.ifindex = ETH0,
		.ts_ns = NOW_NS,
		.endpoints.bits = 1,
		.cookie = 42,
		.verdict = SF_DELIVER,
		.uid = TESTUSER,
		.gid = TESTUSER,
		.direction = SF_TO,
		.owner_kind = SF_OWNER_USER,
		.source = SF_SOURCE_SOCKET,
		.join = SF_JOIN_FLOW,
		.packet =
			{
				.src = {[15] = 1},
				.dst = {[15] = 2},
				.sport = htons(40000),
				.dport = htons(80),
				.tcp_seq = htonl(seq),
				.ip_version = 4,
				.proto = IPPROTO_TCP,
				.flags = SF_PACKET_PORTS,
				.len = 60,
			},
	};
}

static struct join_place place_at(uint32_t ifindex, uint64_t ts_ns)
{
	return (struct join_place){.ifindex = ifindex, .seen = at(ts_ns)};
}

static void assert_found(struct join *join, const struct sf_event *expected)
{
	struct join_place place = place_at(expected->ifindex, expected->ts_ns);
	struct sf_event found;

	memset(&found, 0x5a, sizeof(found));
	assert_int_equal(join_packet(join, &place, &expected->packet, &found), JOIN_FOUND);
	assert_memory_equal(&found, expected, sizeof(found));
}

/* Neither finds anything nor touches the output. */
static void assert_not_found(struct join *join, uint32_t ifindex, const struct sf_packet *packet,
			     enum join_result expected)
{
	struct join_place place = place_at(ifindex, NOW_NS);
	struct sf_event found;
	struct sf_event before;

	memset(&found, 0x5a, sizeof(found));
	before = found;
	assert_int_equal(join_packet(join, &place, packet, &found), expected);
	assert_memory_equal(&found, &before, sizeof(found));
}

static void test_found_once(void **state)
{
	struct sf_event event = event_of(1);

	assert_not_found(*state, ETH0, &event.packet, JOIN_MISSING);
	join_event(*state, &event);
	assert_found(*state, &event);
	assert_not_found(*state, ETH0, &event.packet, JOIN_MISSING);
}

static void test_any_order(void **state)
{
	struct sf_event events[100];

	for (uint32_t i = 0; i < ARRAY_SIZE(events); i++) {
		events[i] = event_of(i);
		events[i].ts_ns = i;
		join_event(*state, &events[i]);
	}
	for (size_t i = ARRAY_SIZE(events); i-- > 0;)
		assert_found(*state, &events[i]);
}

/* Every field that a parser fills tells two packets apart. */
static void test_each_field_counts(void **state)
{
	struct sf_event event = event_of(1);
	struct sf_packet others[14];

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = event.packet;
	others[0].src[0] ^= 1;
	others[1].dst[15] ^= 1;
	others[2].sport ^= htons(1);
	others[3].dport ^= htons(1);
	others[4].tcp_seq ^= htonl(1);
	others[5].tcp_ack ^= htonl(1);
	others[6].ip_id ^= htons(1);
	others[7].ip_version = 6;
	others[8].proto = IPPROTO_UDP;
	others[9].tcp_flags ^= 1;
	others[10].icmp_type ^= 1;
	others[11].flags |= SF_PACKET_TRUNCATED;
	others[12].len++;
	others[13].src[15] ^= 0x80;
	join_event(*state, &event);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_not_found(*state, ETH0, &others[i], JOIN_MISSING);
	assert_found(*state, &event);
}

/* The same packet passes two interfaces: a bridge and its port. */
static void test_each_interface_alone(void **state)
{
	struct sf_event on_eth0 = event_of(1);
	struct sf_event on_eth1 = event_of(1);

	on_eth1.ifindex = ETH1;
	on_eth1.owner_kind = SF_OWNER_FORWARDED;
	join_event(*state, &on_eth0);
	join_event(*state, &on_eth1);
	assert_not_found(*state, ETH1 + 1, &on_eth0.packet, JOIN_MISSING);
	assert_found(*state, &on_eth1);
	assert_not_found(*state, ETH1, &on_eth1.packet, JOIN_MISSING);
	assert_found(*state, &on_eth0);
}

static void test_alike_come_out_in_order(void **state)
{
	struct sf_event event = event_of(1);

	for (event.ts_ns = 0; event.ts_ns < 5; event.ts_ns++)
		join_event(*state, &event);
	for (event.ts_ns = 0; event.ts_ns < 3; event.ts_ns++)
		assert_found(*state, &event);
	/* more of them while some still wait */
	for (event.ts_ns = 5; event.ts_ns < 8; event.ts_ns++)
		join_event(*state, &event);
	for (event.ts_ns = 3; event.ts_ns < 8; event.ts_ns++)
		assert_found(*state, &event);
	assert_not_found(*state, ETH0, &event.packet, JOIN_MISSING);
}

/* Its own packet was dropped: what comes long after, alike, has another owner. */
static void test_a_verdict_ages(void **state)
{
	struct sf_event old = event_of(1);
	struct sf_event recent = event_of(1);
	struct join_place place = place_at(ETH0, old.ts_ns + 2 * JOIN_APART_NS);
	struct sf_event found;

	join_event(*state, &old);
	recent.ts_ns = place.seen.from_ns;
	assert_int_equal(join_packet(*state, &place, &recent.packet, &found), JOIN_MISSING);
	/* nor does it make a recent one ambiguous */
	join_event(*state, &old);
	recent.uid = TESTUSER + 1;
	join_event(*state, &recent);
	assert_found(*state, &recent);
	assert_not_found(*state, ETH0, &old.packet, JOIN_MISSING);
}

static void test_a_verdict_is_not_taken_before_its_time(void **state)
{
	struct sf_event event = event_of(1);
	struct join_place place = place_at(ETH0, NOW_NS);
	struct sf_event found;

	event.ts_ns = NOW_NS + JOIN_APART_NS + 1;
	join_event(*state, &event);
	assert_int_equal(join_packet(*state, &place, &event.packet, &found), JOIN_MISSING);
	assert_found(*state, &event);
}

/* The two kinds of sockets see the same packet: each has its own verdict. */
static void test_kinds_of_sockets_are_apart(void **state)
{
	struct sf_event by_packet = event_of(1);
	struct sf_event by_inet = event_of(1);
	struct join_place place = {.is_inet = true, .ifindex = ETH0 + 1, .seen = at(NOW_NS)};
	struct sf_event found;

	by_packet.ts_ns = by_inet.ts_ns = NOW_NS;
	by_inet.tap = SF_TAP_INET;
	by_inet.uid++;
	join_event(*state, &by_packet);
	assert_int_equal(join_packet(*state, &place, &by_inet.packet, &found), JOIN_MISSING);
	join_event(*state, &by_inet);
	/* a raw IP socket may know the interface by another of its numbers */
	assert_int_equal(join_packet(*state, &place, &by_inet.packet, &found), JOIN_FOUND);
	assert_memory_equal(&found, &by_inet, sizeof(found));
	by_packet.tap = SF_TAP_EVERY;
	join_event(*state, &by_packet);
	assert_int_equal(join_packet(*state, &place, &by_inet.packet, &found), JOIN_MISSING);
}

/* The clock was set, and when it was seen is known as a span only. */
static void test_within_a_span(void **state)
{
	const uint64_t from_ns = 10 * JOIN_APART_NS, to_ns = 20 * JOIN_APART_NS;
	const struct join_place place = {.ifindex = ETH0, .seen = {from_ns, to_ns}};
	const uint64_t inside[] = {from_ns - JOIN_APART_NS, from_ns, 15 * JOIN_APART_NS,
				   to_ns + JOIN_APART_NS};
	const uint64_t outside[] = {from_ns - JOIN_APART_NS - 1, to_ns + JOIN_APART_NS + 1};
	struct sf_event event = event_of(1);
	struct sf_event found;

	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		event.ts_ns = outside[i];
		join_event(*state, &event);
		assert_int_equal(join_packet(*state, &place, &event.packet, &found), JOIN_MISSING);
	}
	/* the later one still waits for its own packet */
	assert_found(*state, &event);
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		event.ts_ns = inside[i];
		join_event(*state, &event);
		assert_int_equal(join_packet(*state, &place, &event.packet, &found), JOIN_FOUND);
		assert_int_equal(found.ts_ns, inside[i]);
	}
}

/* Which of two alike was whose cannot be told: nobody is accused, until they agree. */
static void assert_ambiguous(struct join *join, const struct sf_event *other)
{
	struct sf_event event = event_of(1);

	join_event(join, &event);
	join_event(join, other);
	assert_not_found(join, ETH0, &event.packet, JOIN_AMBIGUOUS);
	assert_found(join, other);
}

static void test_ambiguous(void **state)
{
	struct sf_event other;

	other = event_of(1);
	other.uid = 0;
	assert_ambiguous(*state, &other);
	other = event_of(1);
	other.gid = 0;
	assert_ambiguous(*state, &other);
	other = event_of(1);
	other.cookie = 43;
	assert_ambiguous(*state, &other);
	other = event_of(1);
	other.owner_kind = SF_OWNER_UNKNOWN;
	assert_ambiguous(*state, &other);
}

/* The one that differs stands last, behind many that agree. */
static void test_ambiguous_at_the_end(void **state)
{
	struct sf_event event = event_of(1);

	for (int i = 0; i < 9; i++)
		join_event(*state, &event);
	event.uid = 0;
	join_event(*state, &event);
	for (int i = 0; i < 9; i++)
		assert_not_found(*state, ETH0, &event.packet, JOIN_AMBIGUOUS);
	assert_found(*state, &event);
}

/* Or in the middle, and the last agrees again. */
static void test_ambiguous_in_the_middle(void **state)
{
	struct sf_event event = event_of(1);
	struct sf_event other = event_of(1);

	other.uid = 0;
	join_event(*state, &event);
	join_event(*state, &other);
	join_event(*state, &event);
	assert_not_found(*state, ETH0, &event.packet, JOIN_AMBIGUOUS);
	assert_not_found(*state, ETH0, &event.packet, JOIN_AMBIGUOUS);
	assert_found(*state, &event);
}

/* The same owner by another way, at another time, is no contradiction. */
static void test_not_ambiguous(void **state)
{
	struct sf_event first = event_of(1);
	struct sf_event second = event_of(1);

	second.ts_ns = 2;
	second.join = SF_JOIN_SOCKET;
	join_event(*state, &first);
	join_event(*state, &second);
	assert_found(*state, &first);
	assert_found(*state, &second);
}

static void test_oldest_is_forgotten(void **state)
{
	const uint32_t over = 10;

	for (uint32_t i = 0; i < JOIN_WAITING_MAX + over; i++) {
		struct sf_event event = event_of(i);

		join_event(*state, &event);
	}
	for (uint32_t i = 0; i < JOIN_WAITING_MAX + over; i++) {
		struct sf_event event = event_of(i);

		if (i < over)
			assert_not_found(*state, ETH0, &event.packet, JOIN_MISSING);
		else
			assert_found(*state, &event);
	}
}

/* Several rounds, some taken and some not: the slots are used over and over. */
static void test_rounds(void **state)
{
	for (uint32_t i = 0; i < 6 * JOIN_WAITING_MAX; i++) {
		struct sf_event event = event_of(i);

		join_event(*state, &event);
		if (i % 3)
			assert_found(*state, &event);
	}
	for (uint32_t i = 0; i < 6 * JOIN_WAITING_MAX; i++) {
		struct sf_event event = event_of(i);

		/* those that were taken at once needed one more slot */
		if (i % 3 || i <= 3 * JOIN_WAITING_MAX)
			assert_not_found(*state, ETH0, &event.packet, JOIN_MISSING);
		else
			assert_found(*state, &event);
	}
}

/* A chain of packets alike loses its head to the bound, and lives on. */
static void test_oldest_of_a_chain_is_forgotten(void **state)
{
	struct sf_event alike = event_of(UINT32_MAX);

	for (alike.ts_ns = 0; alike.ts_ns < 3; alike.ts_ns++)
		join_event(*state, &alike);
	for (uint32_t i = 0; i < JOIN_WAITING_MAX - 2; i++) {
		struct sf_event event = event_of(i);

		join_event(*state, &event);
	}
	join_event(*state, &alike);
	for (alike.ts_ns = 2; alike.ts_ns < 4; alike.ts_ns++)
		assert_found(*state, &alike);
	assert_not_found(*state, ETH0, &alike.packet, JOIN_MISSING);
	/* the last of a chain, and all of it */
	for (uint32_t i = 0; i < 2 * JOIN_WAITING_MAX; i++)
		join_event(*state, &alike);
	for (uint32_t i = 0; i < JOIN_WAITING_MAX; i++) {
		struct sf_event event = event_of(i);

		join_event(*state, &event);
	}
	assert_not_found(*state, ETH0, &alike.packet, JOIN_MISSING);
}

static void test_freeing(void **state)
{
	struct sf_event event = event_of(1);
	struct join *join = join_new();

	(void)state;
	join_free(NULL);
	join_free(join);
	join = join_new();
	assert_non_null(join);
	join_event(join, &event);
	join_event(join, &event);
	join_free(join);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_field_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_interface_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alike_come_out_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_verdict_ages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_verdict_is_not_taken_before_its_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_kinds_of_sockets_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_within_a_span, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ambiguous, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ambiguous_at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ambiguous_in_the_middle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_ambiguous, setup, teardown),
		cmocka_unit_test_setup_teardown(test_oldest_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_oldest_of_a_chain_is_forgotten, setup,
						teardown),
		cmocka_unit_test(test_freeing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
