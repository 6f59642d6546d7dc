/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames, read as packets and handed to the exchange: the way that the program takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "exchange_packet.h"
#include "mem.h"

#define SAID_MAX 8
#define GET "GET /latest/user-data HTTP/1.1\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"

static struct exchange_request said[SAID_MAX];
static size_t n_said;
static struct exchange *exchange;
static struct exchange_packet packet;
static struct sf_packet read_packet;
static uint64_t now_ns;

static void take(void *ctx, const struct exchange_request *request)
{
	(void)ctx;
	assert_true(n_said < SAID_MAX);
	said[n_said++] = *request;
}

static int begin(void **state)
{
	struct exchange_settings settings = {.emit = take};

	(void)state;
	exchange = exchange_new(&settings);
	assert_non_null(exchange);
	n_said = 0;
	now_ns = 5000000000ULL;
	return 0;
}

static int finish(void **state)
{
	(void)state;
	exchange_free(exchange);
	exchange = NULL;
	return 0;
}

static void set_address(uint8_t *bytes, const char *text)
{
	assert_int_equal(inet_pton(AF_INET6, text, bytes), 1);
}

/* From the client to the endpoint, or back, with this payload. */
static void prepare(enum sf_direction direction, uint8_t proto, const char *text)
{
	bool is_to = direction == SF_TO;

	read_packet = (struct sf_packet){
		.sport = htons(is_to ? 40112 : 80),
		.dport = htons(is_to ? 80 : 40112),
		.ip_version = 4,
		.proto = proto,
		.hop_limit = 64,
		.flags = SF_PACKET_PORTS,
	};
	set_address(is_to ? read_packet.src : read_packet.dst, "::ffff:10.0.0.1");
	set_address(is_to ? read_packet.dst : read_packet.src, "::ffff:169.254.169.254");
	now_ns += 10000;
	packet = (struct exchange_packet){
		.packet = &read_packet,
		.payload = {(const uint8_t *)text, strlen(text), strlen(text)},
		.direction = direction,
		.ifindex = 3,
		.cloud = METADATA_AWS,
		.ts_ns = now_ns,
		.asker = {.kind = SF_OWNER_USER, .uid = 33, .cookie = 77, .policy = 5},
	};
}

static void send_segment(enum sf_direction direction, uint8_t flags, uint32_t seq, uint32_t ack,
			 const char *text)
{
	prepare(direction, IPPROTO_TCP, text);
	read_packet.tcp_flags = flags;
	read_packet.tcp_seq = htonl(seq);
	read_packet.tcp_ack = htonl(ack);
	assert_true(exchange_wants(&read_packet));
	exchange_take(exchange, &packet);
}

static void open_connection(void)
{
	send_segment(SF_TO, 0x02, 0xfffffff0, 0, "");
	send_segment(SF_FROM, 0x12, 1000, 0xfffffff1, "");
}

static void test_what_is_wanted(void **state)
{
	(void)state;
	prepare(SF_TO, IPPROTO_TCP, "");
	assert_true(exchange_wants(&read_packet));
	read_packet.proto = IPPROTO_UDP;
	assert_true(exchange_wants(&read_packet));
	read_packet.flags |= SF_PACKET_FRAGMENT; /* the first has its header */
	assert_true(exchange_wants(&read_packet));
	read_packet.flags |= SF_PACKET_MALFORMED;
	assert_false(exchange_wants(&read_packet));
	read_packet.flags = SF_PACKET_LATER_FRAGMENT;
	assert_false(exchange_wants(&read_packet));
	read_packet.flags = SF_PACKET_PORTS;
	read_packet.proto = IPPROTO_ICMP;
	assert_false(exchange_wants(&read_packet));
	read_packet.proto = IPPROTO_SCTP;
	assert_false(exchange_wants(&read_packet));
}

/* Numbers are in wire order in packets, and cross 2^32 here. */
static void test_segments(void **state)
{
	(void)state;
	open_connection();
	send_segment(SF_TO, 0x18, 0xfffffff1, 1001, GET);
	send_segment(SF_FROM, 0x18, 1001, (uint32_t)(0xfffffff1 + strlen(GET)), OK);
	exchange_flush(exchange);
	assert_int_equal(n_said, 1);
	assert_int_equal(said[0].proto, IPPROTO_TCP);
	assert_int_equal(said[0].metadata.cloud, METADATA_AWS);
	assert_int_equal(said[0].metadata.version, METADATA_V1);
	assert_int_equal(said[0].metadata.class, METADATA_CLASS_USER_DATA);
	assert_int_equal(said[0].answer, EXCHANGE_WHOLE);
	assert_int_equal(said[0].status, 200);
	assert_int_equal(said[0].latency_ns, 10000);
	assert_int_equal(said[0].asker.cookie, 77);
	assert_int_equal(said[0].asker.policy, 5);
	assert_int_equal(said[0].view.ifindex, 3);
	assert_memory_equal(said[0].view.key.peer, read_packet.dst, 16);
	assert_memory_equal(said[0].view.key.endpoint, read_packet.src, 16);
	assert_int_equal(said[0].view.key.peer_port_be, htons(40112));
	assert_int_equal(said[0].view.key.endpoint_port_be, htons(80));
}

/* Of a frame that was cut, what it had; the rest is a gap, and no version is claimed. */
static void test_cut_frames(void **state)
{
	(void)state;
	open_connection();
	prepare(SF_TO, IPPROTO_TCP, GET);
	read_packet.tcp_flags = 0x18;
	read_packet.tcp_seq = htonl(0xfffffff1);
	read_packet.tcp_ack = htonl(1001);
	packet.payload.captured = 20;
	exchange_take(exchange, &packet);
	exchange_flush(exchange);
	assert_int_equal(n_said, 1);
	assert_int_equal(said[0].metadata.version, METADATA_UNKNOWN);
	assert_int_equal(said[0].metadata.reason, METADATA_GAP);
}

/* Its answer dies here only if this host forwards it. */
static void test_forwarded(void **state)
{
	static const char put[] = "PUT /latest/api/token HTTP/1.1\r\n"
				  "X-aws-ec2-metadata-token-ttl-seconds: 1\r\n\r\n";

	(void)state;
	for (int is_forwarded = 0; is_forwarded < 2; is_forwarded++) {
		begin(state);
		open_connection();
		send_segment(SF_TO, 0x18, 0xfffffff1, 1001, put);
		prepare(SF_FROM, IPPROTO_TCP, OK);
		read_packet.tcp_flags = 0x18;
		read_packet.tcp_seq = htonl(1001);
		read_packet.tcp_ack = htonl((uint32_t)(0xfffffff1 + strlen(put)));
		read_packet.hop_limit = 1;
		packet.asker.kind = is_forwarded ? SF_OWNER_FORWARDED : SF_OWNER_KERNEL;
		exchange_take(exchange, &packet);
		exchange_flush(exchange);
		assert_int_equal(n_said, 1);
		assert_int_equal(said[0].metadata.class, METADATA_CLASS_TOKEN);
		assert_int_equal(said[0].is_hop_limit, is_forwarded);
		finish(state);
	}
}

static void test_datagrams(void **state)
{
	(void)state;
	prepare(SF_TO, IPPROTO_UDP, "hello");
	read_packet.ip_id = htons(1);
	exchange_take(exchange, &packet);
	/* the same further on: another source, a hop less */
	packet.ifindex = 4;
	set_address(read_packet.src, "::ffff:192.0.2.7");
	read_packet.hop_limit--;
	exchange_take(exchange, &packet);
	/* and another one, by its id */
	packet.ifindex = 5;
	read_packet.ip_id = htons(2);
	exchange_take(exchange, &packet);
	/* what the endpoint says is no request */
	prepare(SF_FROM, IPPROTO_UDP, "hello");
	exchange_take(exchange, &packet);
	exchange_flush(exchange);
	assert_int_equal(n_said, 2);
	assert_int_equal(said[0].n_views, 2);
	assert_int_equal(said[0].proto, IPPROTO_UDP);
	assert_int_equal(said[0].protocol, EXCHANGE_OTHER);
	assert_int_equal(said[0].metadata.cloud, METADATA_AWS);
	assert_int_equal(said[0].view.ifindex, 3);
	assert_int_equal(said[0].view.key.peer[15], 1);
	assert_int_equal(said[0].asker.uid, 33);
	assert_int_equal(said[1].view.ifindex, 5);
	assert_int_equal(exchange_counts(exchange)->views, 1);
}

/* IPv6 has no such number; what the field holds says nothing. */
static void test_datagrams_of_ipv6(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		prepare(SF_TO, IPPROTO_UDP, "hello");
		read_packet.ip_version = 6;
		read_packet.ip_id = htonl(0x01020304) << i;
		set_address(read_packet.src, "fd00:ec2::1");
		set_address(read_packet.dst, "fd00:ec2::254");
		packet.ifindex += (uint32_t)i;
		exchange_take(exchange, &packet);
	}
	exchange_flush(exchange);
	assert_int_equal(n_said, 1);
	assert_int_equal(said[0].n_views, 1); /* of one address and port */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	static const struct CMUnitTest tests[] = {
		TEST(test_what_is_wanted), TEST(test_segments),
		TEST(test_cut_frames),	   cmocka_unit_test(test_forwarded),
		TEST(test_datagrams),	   TEST(test_datagrams_of_ipv6),
	};

	return cmocka_run_group_tests_name("exchange_packet", tests, NULL, NULL);
}
