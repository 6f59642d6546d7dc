// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames as words (see frame.h), cut at every byte, in front of a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "frame.h"
#include "guard.h"
#include "mem.h"

#define P SF_PACKET_PORTS
#define F SF_PACKET_FRAGMENT
#define L (SF_PACKET_FRAGMENT | SF_PACKET_LATER_FRAGMENT)
#define T SF_PACKET_TRUNCATED
#define M SF_PACKET_MALFORMED
#define X SF_PACKET_EXT_BOUND

#define V4 "4:10.0.0.1,169.254.169.254 "
#define V6 "6:fd00::1,fd00:ec2::254 "

/* Decodes a copy that ends at the guard page; an output that was refused stays untouched. */
static bool decode(struct decode_frame frame, struct sf_packet *ret)
{
	struct sf_packet before;
	struct guard guard;
	bool is_read;

	guard_init(&guard, frame.bytes, frame.captured);
	frame.bytes = (const uint8_t *)guard.bytes;
	memset(ret, 0x5a, sizeof(*ret));
	before = *ret;
	is_read = decode_frame(&frame, ret);
	guard_done(&guard);
	if (!is_read)
		assert_memory_equal(ret, &before, sizeof(before));
	return is_read;
}

static bool decode_words(const char *words, struct sf_packet *ret)
{
	struct frame frame;

	frame_write(&frame, words);
	return decode(frame_as_read(frame.bytes, frame.len), ret);
}

static void assert_addr(const uint8_t *addr, const char *text)
{
	uint8_t expected[16];

	assert_int_equal(inet_pton(AF_INET6, text, expected), 1);
	assert_memory_equal(addr, expected, sizeof(expected));
}

static void test_v4_tcp_every_field(void **state)
{
	struct sf_packet packet;

	(void)state;
	assert_true(decode_words(V4 "id=4660 tcp:40000,80,12 pay=7", &packet));
	assert_addr(packet.src, "::ffff:10.0.0.1");
	assert_addr(packet.dst, "::ffff:169.254.169.254");
	assert_int_equal(packet.sport, htons(40000));
	assert_int_equal(packet.dport, htons(80));
	assert_int_equal(packet.tcp_seq, htonl(0x1234));
	assert_int_equal(packet.tcp_ack, htonl(0x5678));
	assert_memory_equal(&packet.ip_id, "\x12\x34\0\0", 4);
	assert_int_equal(packet.hop_limit, 64);
	assert_int_equal(packet.traffic_class, 0);
	assert_int_equal(packet.ip_version, 4);
	assert_int_equal(packet.proto, IPPROTO_TCP);
	assert_int_equal(packet.tcp_flags, 0x12);
	assert_int_equal(packet.icmp_type, 0);
	assert_int_equal(packet.flags, P);
	assert_int_equal(packet.len, 14 + 20 + 20 + 7);
}

static void test_v6_udp_every_field(void **state)
{
	struct sf_packet packet;

	(void)state;
	assert_true(decode_words(V6 "udp:5353,53 pay=3", &packet));
	assert_int_equal(packet.hop_limit, 64);
	assert_addr(packet.src, "fd00::1");
	assert_addr(packet.dst, "fd00:ec2::254");
	assert_int_equal(packet.sport, htons(5353));
	assert_int_equal(packet.dport, htons(53));
	assert_int_equal(packet.tcp_seq, 0);
	assert_int_equal(packet.tcp_ack, 0);
	assert_int_equal(packet.ip_id, 0);
	assert_int_equal(packet.ip_version, 6);
	assert_int_equal(packet.proto, IPPROTO_UDP);
	assert_int_equal(packet.tcp_flags, 0);
	assert_int_equal(packet.flags, P);
	assert_int_equal(packet.len, 14 + 40 + 8 + 3);
}

struct vector {
	const char *words;
	uint16_t flags;
	uint8_t proto;
	uint16_t sport; /* host order */
	uint16_t dport;
};

static void assert_vectors(const struct vector *vectors, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct vector *vector = &vectors[i];
		struct sf_packet packet;

		if (!decode_words(vector->words, &packet))
			fail_msg("not read: %s", vector->words);
		if (packet.flags != vector->flags || packet.proto != vector->proto ||
		    packet.sport != htons(vector->sport) || packet.dport != htons(vector->dport))
			fail_msg("%s: flags 0x%x proto %u ports %u %u", vector->words, packet.flags,
				 packet.proto, ntohs(packet.sport), ntohs(packet.dport));
	}
}

static void test_transports(void **state)
{
	static const struct vector vectors[] = {
		{V4 "tcp:1,2", P, 6, 1, 2},
		{V4 "udp:1,2", P, 17, 1, 2},
		{V4 "udplite:1,2", P, 136, 1, 2},
		{V4 "sctp:1,2", P, 132, 1, 2},
		{V4 "dccp:1,2", P, 33, 1, 2},
		{V6 "tcp:65535,1", P, 6, 65535, 1},
		{V6 "udplite:1,2", P, 136, 1, 2},
		{V6 "sctp:1,2", P, 132, 1, 2},
		{V6 "dccp:1,2", P, 33, 1, 2},
		{V4 "gre", 0, 47, 0, 0},
		{V4 "esp", 0, 50, 0, 0},
		{V4 "none", 0, 59, 0, 0},
		{V6 "none", 0, 59, 0, 0},
		{V6 "gre", 0, 47, 0, 0},
		/* IPv4 knows no extension headers, and neither family the other's ICMP */
		{V4 "p=0 pay=8", 0, 0, 0, 0},
		{V4 "p=60 pay=8", 0, 60, 0, 0},
		{V4 "icmp6:128,7", 0, 58, 0, 0},
		{V6 "icmp:8,7", 0, 1, 0, 0},
		/* a TCP header that says it is shorter than it must be */
		{V4 "tcp:1,2 doff=4", P | M, 6, 1, 2},
		{V4 "tcp:1,2 doff=0", P | M, 6, 1, 2},
		{V6 "tcp:1,2 doff=4", P | M, 6, 1, 2},
		/* and one whose options are not all there: nothing of them is read */
		{V4 "tcp:1,2 doff=15", P, 6, 1, 2},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_icmp(void **state)
{
	static const struct {
		const char *words;
		uint8_t type;
		uint16_t id;
	} vectors[] = {
		{V4 "icmp:8,77", 8, 77},      {V4 "icmp:0,77", 0, 77},
		{V4 "icmp:13,77", 13, 0},     {V4 "icmp:128,77", 128, 0},
		{V6 "icmp6:128,77", 128, 77}, {V6 "icmp6:129,77", 129, 77},
		{V6 "icmp6:135,77", 135, 0},  {V6 "icmp6:137,77", 137, 0},
		{V6 "icmp6:0,77", 0, 0},      {V6 "hop icmp6:128,9", 128, 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct sf_packet packet;

		assert_true(decode_words(vectors[i].words, &packet));
		assert_int_equal(packet.flags, 0);
		assert_int_equal(packet.icmp_type, vectors[i].type);
		assert_int_equal(packet.sport, htons(vectors[i].id));
		assert_int_equal(packet.dport, htons(vectors[i].id));
	}
}

struct quote_vector {
	const char *words;
	uint16_t flags; /* of the packet */
	uint8_t quote_flags;
	uint8_t proto;
	uint16_t sport; /* host order */
	uint16_t dport;
};

#define Q SF_PACKET_QUOTE
#define V4_ERROR "4:10.0.0.254,10.0.0.1 icmp:11,5 q4:10.0.0.1,169.254.169.254 "
#define V6_ERROR "6:fd00::2,fd00::1 icmp6:3,5 q6:fd00::1,fd00:ec2::254 "

static void assert_quote(const struct quote_vector *vector)
{
	struct sf_packet packet;
	const struct sf_quote *quote = &packet.quote;
	static const struct sf_quote none;

	assert_true(decode_words(vector->words, &packet));
	if (packet.flags != vector->flags || quote->flags != vector->quote_flags ||
	    quote->proto != vector->proto || quote->sport != htons(vector->sport) ||
	    quote->dport != htons(vector->dport))
		fail_msg("%s: flags 0x%x quoted 0x%x proto %u ports %u %u", vector->words,
			 packet.flags, quote->flags, quote->proto, ntohs(quote->sport),
			 ntohs(quote->dport));
	assert_int_equal(packet.sport, 0);
	if (!(packet.flags & Q)) {
		assert_memory_equal(quote, &none, sizeof(none));
		return;
	}
	assert_addr(quote->src, packet.ip_version == 4 ? "::ffff:10.0.0.1" : "fd00::1");
	assert_addr(quote->dst,
		    packet.ip_version == 4 ? "::ffff:169.254.169.254" : "fd00:ec2::254");
}

/* RFC 792 promises eight bytes behind the quoted IP header; less is no reason to overlook it. */
static void test_icmp_errors(void **state)
{
	static const struct quote_vector vectors[] = {
		{V4_ERROR "tcp:1,2", Q, P, 6, 1, 2},
		{V4_ERROR "udp:1,2 p=6", Q, P, 6, 1, 2},
		{V4_ERROR "udp:1,2", Q, P, 17, 1, 2},
		{V4_ERROR "icmp:8,7", Q, 0, 1, 7, 7},
		{V4_ERROR "icmp:3,7", Q, 0, 1, 0, 0},
		{V4_ERROR "gre", Q, 0, 47, 0, 0},
		{V4_ERROR "qihl=6 pay=4 p=6 tcp:1,2", Q, P, 6, 1, 2},
		{V4_ERROR "qfrag=2000 tcp:1,2", Q, P, 6, 1, 2},
		{V4_ERROR "qfrag=2001 tcp:1,2", Q, SF_PACKET_LATER_FRAGMENT, 6, 0, 0},
		{V4_ERROR "p=6 pay=3", Q, T, 6, 0, 0},
		{V4_ERROR "p=1 pay=5", Q, T, 1, 0, 0},
		{V4_ERROR "p=6", Q, T, 6, 0, 0},
		{V4_ERROR "qihl=15 p=6 pay=8", Q, T, 6, 0, 0},
		{V4_ERROR "qihl=4 tcp:1,2", T, 0, 0, 0, 0},
		{V4_ERROR "qver=6 tcp:1,2", T, 0, 0, 0, 0},
		{V4_ERROR "tcp:1,2 chop=21", T, 0, 0, 0, 0},
		{"4:10.0.0.254,10.0.0.1 icmp:3,5", T, 0, 0, 0, 0},
		{V6_ERROR "tcp:1,2", Q, P, 6, 1, 2},
		{V6_ERROR "hop:1 dst tcp:1,2", Q, P, 6, 1, 2},
		{V6_ERROR "icmp6:129,7", Q, 0, 58, 7, 7},
		{V6_ERROR "fr:0001 tcp:1,2", Q, P, 6, 1, 2},
		{V6_ERROR "fr:0008 tcp:1,2", Q, SF_PACKET_LATER_FRAGMENT, 6, 0, 0},
		{V6_ERROR "dst dst dst dst dst dst dst dst dst", Q, X, 60, 0, 0},
		{V6_ERROR "dst:255 tcp:1,2 cut=200", T | Q, T, 6, 0, 0},
		{V6_ERROR "qver=4 tcp:1,2", T, 0, 0, 0, 0},
		{"6:fd00::2,fd00::1 icmp6:1,5", T, 0, 0, 0, 0},
		{"6:fd00::2,fd00::1 dst icmp6:1,5 q6:fd00::1,fd00:ec2::254 tcp:1,2", Q, P, 6, 1, 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		assert_quote(&vectors[i]);
}

static void test_v4_lengths(void **state)
{
	static const struct vector vectors[] = {
		/* a header shorter than a header: nothing behind it can be trusted */
		{V4 "ihl=0 tcp:1,2", M, 6, 0, 0},
		{V4 "ihl=4 tcp:1,2", M, 6, 0, 0},
		{V4 "ihl=5 tcp:1,2", P, 6, 1, 2},
		/* options are stepped over */
		{V4 "ihl=6 pay=4 p=6 tcp:1,2", P, 6, 1, 2},
		{V4 "ihl=15 pay=40 p=17 udp:1,2", P, 17, 1, 2},
		{V4 "ihl=15 p=17 udp:1,2", M, 17, 0, 0},
		/* a total length that ends inside the header */
		{V4 "tot=0 tcp:1,2", M, 6, 0, 0},
		{V4 "tot=19 tcp:1,2", M, 6, 0, 0},
		{V4 "ihl=6 tot=23 pay=4 p=6 tcp:1,2", M, 6, 0, 0},
		/* and one that ends at each step behind it */
		{V4 "tot=20 tcp:1,2", T, 6, 0, 0},
		{V4 "tot=23 tcp:1,2", T, 6, 0, 0},
		{V4 "tot=24 tcp:1,2", P | T, 6, 1, 2},
		{V4 "tot=33 tcp:1,2", P | T, 6, 1, 2},
		{V4 "tot=34 tcp:1,2", P, 6, 1, 2},
		{V4 "tot=23 udp:1,2", T, 17, 0, 0},
		{V4 "tot=24 udp:1,2", P, 17, 1, 2},
		{V4 "tot=25 icmp:8,7", T, 1, 0, 0},
		{V4 "tot=26 icmp:8,7", 0, 1, 7, 7},
		/* longer than the frame: marked, and read as far as it goes */
		{V4 "tot=41 tcp:1,2", P | T, 6, 1, 2},
		{V4 "tot=65535 tcp:1,2", P | T, 6, 1, 2},
		/* shorter than the frame: the rest is padding */
		{V4 "tot=40 tcp:1,2 pay=6", P, 6, 1, 2},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_v4_fragments(void **state)
{
	static const struct vector vectors[] = {
		{V4 "frag=4000 tcp:1,2", P, 6, 1, 2}, /* don't fragment */
		{V4 "frag=8000 tcp:1,2", P, 6, 1, 2}, /* the evil bit */
		{V4 "frag=2000 tcp:1,2", P | F, 6, 1, 2}, /* the first */
		{V4 "frag=2001 tcp:1,2", L, 6, 0, 0},
		{V4 "frag=0001 tcp:1,2", L, 6, 0, 0}, /* the last */
		{V4 "frag=1fff udp:1,2", L, 17, 0, 0},
		{V4 "frag=1000 udp:1,2", L, 17, 0, 0},
		{V4 "frag=2000 tcp:1,2 cut=42", P | F | T, 6, 1, 2}, /* a tiny first one */
		{V4 "frag=0001 icmp:8,7", L, 1, 0, 0},
		{V4 "frag=0001 tot=65535 udp:1,2", L | T, 17, 0, 0},
		{V4 "frag=0001 ihl=4 udp:1,2", L | M, 17, 0, 0},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_v6_lengths(void **state)
{
	static const struct vector vectors[] = {
		{V6 "plen=0 tcp:1,2", T, 6, 0, 0},
		{V6 "plen=3 tcp:1,2", T, 6, 0, 0},
		{V6 "plen=4 tcp:1,2", P | T, 6, 1, 2},
		{V6 "plen=13 tcp:1,2", P | T, 6, 1, 2},
		{V6 "plen=14 tcp:1,2", P, 6, 1, 2},
		{V6 "plen=20 tcp:1,2 pay=6", P, 6, 1, 2},
		{V6 "plen=21 tcp:1,2", P | T, 6, 1, 2},
		{V6 "plen=65535 tcp:1,2", P | T, 6, 1, 2},
		{V6 "plen=5 icmp6:128,7", T, 58, 0, 0},
		{V6 "plen=6 icmp6:128,7", 0, 58, 7, 7},
		{V6 "plen=0 none", 0, 59, 0, 0},
		/* an extension header that ends behind the claimed length */
		{V6 "plen=3 hop tcp:1,2", T, 0, 0, 0},
		{V6 "plen=4 hop tcp:1,2", T, 6, 0, 0},
		{V6 "plen=11 hop tcp:1,2", T, 6, 0, 0},
		{V6 "plen=12 hop tcp:1,2", P | T, 6, 1, 2},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_v6_extensions(void **state)
{
	static const struct vector vectors[] = {
		{V6 "hop tcp:1,2", P, 6, 1, 2},
		{V6 "hop:1 udp:1,2", P, 17, 1, 2},
		{V6 "route:2 udp:1,2", P, 17, 1, 2},
		{V6 "dst:3 udp:1,2", P, 17, 1, 2},
		{V6 "mob udp:1,2", P, 17, 1, 2},
		{V6 "hip udp:1,2", P, 17, 1, 2},
		{V6 "shim udp:1,2", P, 17, 1, 2},
		/* its length counts in fours, less two */
		{V6 "auth:1 udp:1,2", P, 17, 1, 2},
		{V6 "auth:4 udp:1,2", P, 17, 1, 2},
		{V6 "auth:0 udp:1,2", P, 17, 1, 2},
		{V6 "hop route dst auth:1 tcp:1,2", P, 6, 1, 2},
		/* encrypted: the chain ends here */
		{V6 "hop esp", 0, 50, 0, 0},
		{V6 "hop none", 0, 59, 0, 0},
		/* one that the frame does not hold */
		{V6 "hop:255 udp:1,2 chop=8", T, 17, 0, 0},
		{V6 "hop cut=57", T, 0, 0, 0},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_v6_fragments(void **state)
{
	static const struct vector vectors[] = {
		{V6 "fr:0000 udp:1,2", P, 17, 1, 2}, /* atomic: whole */
		{V6 "fr:0006 udp:1,2", P, 17, 1, 2}, /* reserved bits */
		{V6 "fr:0001 udp:1,2", P | F, 17, 1, 2}, /* the first */
		{V6 "fr:0009 udp:1,2", L, 17, 0, 0},
		{V6 "fr:0008 udp:1,2", L, 17, 0, 0}, /* the last */
		{V6 "fr:fff8 tcp:1,2", L, 6, 0, 0},
		{V6 "hop fr:0001 dst tcp:1,2", P | F, 6, 1, 2},
		/* what follows a later fragment's header is not a header */
		{V6 "fr:0008 hop:9 tcp:1,2", L, 0, 0, 0},
		{V6 "fr:0001 fr:0008 tcp:1,2", L, 6, 0, 0},
		{V6 "fr:0001 icmp6:128,7", F, 58, 7, 7},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_fragment_id(void **state)
{
	struct sf_packet packet;

	(void)state;
	assert_true(decode_words(V6 "hop fr:0001,300 udp:1,2", &packet));
	assert_memory_equal(&packet.ip_id, "\0\0\1\x2c", 4);
	/* cut in the middle of it: nothing of it is told */
	assert_true(decode_words(V6 "fr:0001,300 udp:1,2 cut=61", &packet));
	assert_int_equal(packet.ip_id, 0);
	assert_int_equal(packet.flags, F | T);
}

/* A raw IPv4 socket's packet: the frame without its link header. */
static void test_raw_v4(void **state)
{
	struct sf_packet from_frame, from_socket;
	struct decode_frame raw;
	struct frame frame;

	(void)state;
	frame_write(&frame, V4 "ihl=6 pay=4 p=6 tcp:1,2 pay=9");
	assert_true(decode(frame_as_read(frame.bytes, frame.len), &from_frame));
	raw = (struct decode_frame){
		.bytes = frame.bytes + ETH_HLEN,
		.captured = frame.len - ETH_HLEN,
		.len = (uint32_t)frame.len - ETH_HLEN,
	};
	assert_true(decode_raw_v4(&raw, &from_socket));
	from_frame.len -= ETH_HLEN;
	assert_memory_equal(&from_socket, &from_frame, sizeof(from_frame));
	raw.captured = raw.len = 19;
	assert_false(decode_raw_v4(&raw, &from_socket));
	raw.captured = raw.len = 0;
	assert_false(decode_raw_v4(&raw, &from_socket));
}

/* A raw IPv6 socket's packet begins with the transport header; the rest is told beside it. */
static void test_raw_v6(void **state)
{
	static const char *const words[] = {V6 "tcp:1,2 pay=9", V6 "udp:1,2", V6 "icmp6:128,7",
					    V6 "icmp6:1,0 q6:fd00::1,fd00::2 hop tcp:1,2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct sf_packet from_frame, from_socket;
		struct decode_v6_header header;
		struct decode_frame raw;
		struct frame frame;

		frame_write(&frame, words[i]);
		assert_true(decode(frame_as_read(frame.bytes, frame.len), &from_frame));
		header = (struct decode_v6_header){
			.proto = from_frame.proto,
			.hop_limit = 64,
		};
		memcpy(header.src, from_frame.src, sizeof(header.src));
		memcpy(header.dst, from_frame.dst, sizeof(header.dst));
		raw = (struct decode_frame){
			.bytes = frame.bytes + ETH_HLEN + 40,
			.captured = frame.len - ETH_HLEN - 40,
			.len = (uint32_t)frame.len - ETH_HLEN - 40,
		};
		decode_raw_v6(&raw, &header, &from_socket);
		from_frame.len = raw.len;
		assert_memory_equal(&from_socket, &from_frame, sizeof(from_frame));
		raw.captured = raw.len = 1;
		decode_raw_v6(&raw, &header, &from_socket);
		assert_int_equal(from_socket.flags, T);
	}
}

static void test_v6_bounds(void **state)
{
	static const struct vector vectors[] = {
		/* eight headers are followed, the ninth is not */
		{V6 "hop dst dst dst dst dst dst tcp:1,2", P, 6, 1, 2},
		{V6 "hop dst dst dst dst dst dst dst tcp:1,2", P, 6, 1, 2},
		{V6 "hop dst dst dst dst dst dst dst dst tcp:1,2", X, 60, 0, 0},
		{V6 "hop dst dst dst dst dst dst fr:0008 dst tcp:1,2", L, 60, 0, 0},
		{V6 "hop dst dst dst dst dst dst dst dst dst dst tcp:1,2", X, 60, 0, 0},
		/* 2048 bytes of them are, eight more are not */
		{V6 "dst:255 tcp:1,2", P, 6, 1, 2},
		{V6 "dst:254 dst:0 tcp:1,2", P, 6, 1, 2},
		{V6 "dst:255 dst:0 tcp:1,2", X, 6, 0, 0},
		{V6 "dst:127 dst:127 tcp:1,2", P, 6, 1, 2},
		{V6 "dst:127 dst:127 auth:0 tcp:1,2", X, 6, 0, 0},
		/* the bound falls on the eighth */
		{V6 "dst:248 dst dst dst dst dst dst dst tcp:1,2", P, 6, 1, 2},
		{V6 "dst:249 dst dst dst dst dst dst dst tcp:1,2", X, 6, 0, 0},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_vlan(void **state)
{
	static const struct vector vectors[] = {
		{"vlan " V4 "tcp:1,2", P, 6, 1, 2},
		{"qinq vlan " V4 "tcp:1,2", P, 6, 1, 2},
		{"qinq qinq vlan " V6 "udp:1,2", P, 17, 1, 2},
		{"vlan vlan vlan " V6 "udp:1,2", P, 17, 1, 2},
		{"vlan " V4 "tot=41 tcp:1,2", P | T, 6, 1, 2},
		{"vlan " V4 "tot=40 tcp:1,2", P, 6, 1, 2},
	};
	struct sf_packet packet;

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
	assert_false(decode_words("vlan vlan vlan vlan " V4 "tcp:1,2", &packet));
	assert_false(decode_words("vlan " V4 "eth=0806 tcp:1,2", &packet));
	assert_false(decode_words("vlan " V4 "eth=86dd tcp:1,2", &packet));
	assert_false(decode_words("vlan cut=16", &packet));
	assert_false(decode_words("vlan cut=17", &packet));
	assert_false(decode_words("vlan cut=18", &packet));
}

static void test_not_ip(void **state)
{
	static const char *const words[] = {
		"eth=0806 pay=28",
		"eth=88cc pay=60",
		"eth=0100 pay=60", /* an 802.3 length */
		"eth=0800",
		"eth=86dd",
		V4 "ver=6 tcp:1,2",
		V4 "ver=0 tcp:1,2",
		V4 "ver=5 tcp:1,2",
		V4 "ver=15 tcp:1,2",
		V6 "ver=4 tcp:1,2",
		V6 "ver=7 tcp:1,2",
		V4 "eth=0806 tcp:1,2",
		V4 "eth=86dd tcp:1,2",
	};
	struct sf_packet packet;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_false(decode_words(words[i], &packet));
}

/* The kernel's idea of protocol and network header against the bytes: who has the last word? */
static void test_what_the_kernel_says(void **state)
{
	static const struct {
		const char *words;
		uint16_t protocol;
		uint32_t net;
		bool is_read;
	} cases[] = {
		/* a tag that the card took off, or left */
		{V4 "tcp:1,2", ETH_P_IP, 14, true},
		{"vlan " V4 "tcp:1,2", ETH_P_8021Q, 14, true},
		{"vlan " V4 "tcp:1,2", ETH_P_8021Q, 18, true},
		{"vlan " V4 "tcp:1,2", ETH_P_IP, 18, true},
		/* a tag in front of it, which only the kernel's header offset tells */
		{"eth=1234 pay=4 " V4 "eth=1234 tcp:1,2", ETH_P_IP, 18, true},
		/* a false protocol: the link header has the last word */
		{V4 "tcp:1,2", ETH_P_ARP, 14, true},
		{V4 "tcp:1,2", ETH_P_IPV6, 14, true},
		{V4 "tcp:1,2", 0, 14, true},
		{V6 "tcp:1,2", ETH_P_IP, 14, true},
		{"vlan " V4 "tcp:1,2", ETH_P_IP, 14, true},
		/* a false header offset */
		{V4 "tcp:1,2", ETH_P_IP, 0, true},
		{V4 "tcp:1,2", ETH_P_IP, 4096, true},
		{V4 "tcp:1,2", ETH_P_IP, UINT32_MAX, true},
		{V4 "tcp:1,2", ETH_P_IP, UINT32_MAX - 19, true},
		/* both are false */
		{V4 "eth=0806 tcp:1,2", ETH_P_ARP, 14, false},
		{V4 "eth=0806 tcp:1,2", ETH_P_IP, 15, false},
		/* a false link header under a true protocol */
		{V4 "eth=0806 tcp:1,2", ETH_P_IP, 14, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sf_packet packet;
		struct frame frame;

		frame_write(&frame, cases[i].words);
		if (decode((struct decode_frame){.bytes = frame.bytes,
						 .captured = frame.len,
						 .len = (uint32_t)frame.len,
						 .net = cases[i].net,
						 .protocol = cases[i].protocol},
			   &packet) != cases[i].is_read)
			fail_msg("case %zu: %s", i, cases[i].words);
		if (cases[i].is_read) {
			assert_int_equal(packet.flags, P);
			assert_int_equal(packet.dport, htons(2));
		}
	}
}

/* A segmentation offload beyond 64 KiB says length 0; a smaller frame that does so lies. */
static void test_offload(void **state)
{
	static const struct {
		const char *words;
		uint32_t len;
		uint16_t flags;
	} cases[] = {
		{V4 "tot=0 tcp:1,2 pay=100", 65536, P},
		{V4 "tot=0 tcp:1,2 pay=100", 200000, P},
		{V4 "tot=0 tcp:1,2 pay=100", 65535, M},
		{V4 "tot=0 ihl=4 tcp:1,2", 65536, M},
		{V4 "tot=1 tcp:1,2 pay=100", 65536, M},
		{V6 "plen=0 tcp:1,2 pay=100", 65536, P},
		{V6 "plen=0 hop tcp:1,2 pay=100", 200000, P},
		{V6 "plen=0 tcp:1,2 pay=100", 65535, T},
		/* ends where nothing was captured */
		{V4 "tot=0 tcp:1,2 cut=37", 65536, T},
		{V4 "tot=0 tcp:1,2 cut=38", 65536, P | T},
		{V6 "plen=0 hop:9 cut=57", 65536, T},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct decode_frame read;
		struct sf_packet packet;
		struct frame frame;

		frame_write(&frame, cases[i].words);
		read = frame_as_read(frame.bytes, frame.len);
		read.len = cases[i].len;
		assert_true(decode(read, &packet));
		assert_int_equal(packet.len, cases[i].len);
		if (packet.flags != cases[i].flags)
			fail_msg("%s: flags 0x%x", cases[i].words, packet.flags);
	}
}

/* Captured in part: what was not captured is marked; what the frame holds is not truncated. */
/* frame: what follows is cut off the end of the frame's bytes at hand. */
struct carried {
	const char *words;
	int len; /* -1: no payload can be read */
	size_t missing; /* bytes of it that are not at hand */
};

static void assert_carries(const struct carried *row)
{
	struct decode_payload payload = {.len = 77};
	struct decode_frame read;
	struct frame frame;
	struct guard guard;
	bool is_read;

	frame_write(&frame, row->words);
	read = frame_as_read(frame.bytes, frame.len);
	guard_init(&guard, read.bytes, read.captured);
	read.bytes = (const uint8_t *)guard.bytes;
	is_read = decode_payload(&read, &payload);
	if (row->len < 0) {
		if (is_read || payload.len != 77)
			fail_msg("%s: a payload", row->words);
	} else if (!is_read || payload.len != (size_t)row->len ||
		   payload.captured != (size_t)row->len - row->missing) {
		fail_msg("%s: %d, %zu of %zu bytes", row->words, is_read, payload.captured,
			 payload.len);
	} else if (payload.captured) {
		assert_true(payload.bytes >= read.bytes);
		assert_true(payload.bytes + payload.captured <= read.bytes + read.captured);
	}
	guard_done(&guard);
}

static void test_payload(void **state)
{
	static const struct carried rows[] = {
		{V4 "tcp:1,80 pay=7", 7, 0},
		{V4 "tcp:1,80", 0, 0},
		{V6 "tcp:1,80 pay=7", 7, 0},
		{V6 "hop dst tcp:1,80 pay=7", 7, 0},
		{"vlan " V4 "tcp:1,80 pay=7", 7, 0},
		{V4 "udp:1,53 pay=9", 9, 0},
		{V6 "udp:1,53 pay=9", 9, 0},
		/* padding is nobody's */
		{V4 "tot=45 tcp:1,80 pay=26", 5, 0},
		{V4 "tot=40 tcp:1,80 pay=26", 0, 0},
		/* options */
		{V4 "tcp:1,80 doff=6 pay=7", 3, 0},
		{V4 "tcp:1,80 doff=15 pay=40", 0, 0},
		/* what is missing is missing */
		{V4 "tcp:1,80 pay=20 chop=5", 20, 5},
		{V4 "tcp:1,80 pay=20 chop=20", 20, 20},
		{V4 "tot=1040 tcp:1,80 pay=10", 1000, 990},
		/* the first fragment has what it has */
		{V4 "frag=2000 tcp:1,80 pay=16", 16, 0},
		{V4 "frag=2001 tcp:1,80 pay=16", -1, 0},
		{V6 "fr:1 udp:1,53 pay=16", 16, 0},
		{V6 "fr:8 udp:1,53 pay=16", -1, 0},
		/* lies */
		{V4 "tcp:1,80 doff=4 pay=7", -1, 0},
		{V4 "tcp:1,80 doff=15 pay=7", -1, 0},
		{V4 "tot=39 tcp:1,80 pay=7", -1, 0},
		{V4 "tot=27 udp:1,53 pay=7", -1, 0},
		{V4 "tcp:1,80 chop=1", -1, 0},
		{V4 "icmp:8,1 pay=7", -1, 0},
		{V4 "gre pay=30", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_carries(&rows[i]);
}

/* The length of a datagram, where it says less than the IP header, or more, or too little. */
static void test_udp_length(void **state)
{
	static const struct {
		uint16_t claimed;
		int len;
	} rows[] = {{8, 0}, {12, 4}, {17, 9}, {40, 9}, {0, 9}, {7, -1}};
	struct decode_payload payload;
	struct decode_frame read;
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		frame_write(&frame, V4 "udp:1,53 pay=9");
		read = frame_as_read(frame.bytes, frame.len);
		frame.bytes[14 + 20 + 4] = (uint8_t)(rows[i].claimed >> 8);
		frame.bytes[14 + 20 + 5] = (uint8_t)rows[i].claimed;
		assert_int_equal(decode_payload(&read, &payload), rows[i].len >= 0);
		if (rows[i].len >= 0)
			assert_int_equal(payload.len, rows[i].len);
	}
}

static void test_snaplen(void **state)
{
	struct decode_frame read;
	struct sf_packet packet;
	struct frame frame;

	(void)state;
	frame_write(&frame, V4 "tcp:1,2 pay=1000");
	read = frame_as_read(frame.bytes, 14 + 20 + 14);
	read.len = (uint32_t)frame.len;
	assert_true(decode(read, &packet));
	assert_int_equal(packet.flags, P);
	read.captured--;
	assert_true(decode(read, &packet));
	assert_int_equal(packet.flags, P | T);
	read.captured = 14 + 20;
	assert_true(decode(read, &packet));
	assert_int_equal(packet.flags, T);
	/* one byte less than the header claims */
	read.captured = frame.len - 1;
	read.len = (uint32_t)frame.len - 1;
	assert_true(decode(read, &packet));
	assert_int_equal(packet.flags, P | T);
}

/*
 * Whatever is cut away may only ever add the mark, never change what was read before.
 * whole is NULL when not even the whole frame can be read.
 */
static void assert_cut(const struct frame *frame, size_t len, const struct sf_packet *whole)
{
	struct sf_packet packet;

	if (!decode(frame_as_read(frame->bytes, len), &packet)) {
		assert_true(!whole || len < frame->ip + 40);
		return;
	}
	assert_non_null(whole);
	assert_memory_equal(packet.src, whole->src, 16);
	assert_memory_equal(packet.dst, whole->dst, 16);
	assert_int_equal(packet.len, len);
	assert_int_equal(packet.flags & ~(P | F | L | T | M | X | Q), 0);
	if (len < frame->len && !(whole->flags & M))
		assert_int_equal(packet.flags & T, T);
	if (packet.flags & P && whole->flags & P) {
		assert_int_equal(packet.sport, whole->sport);
		assert_int_equal(packet.dport, whole->dport);
	}
}

static void test_every_truncation(void **state)
{
	static const char *const words[] = {
		V4 "tcp:1,2 pay=4",
		V4 "ihl=15 pay=40 p=6 tcp:1,2",
		V4 "udp:1,2",
		V4 "icmp:8,7",
		V4 "frag=2000 tcp:1,2",
		V4 "frag=0001 tcp:1,2",
		V4 "ihl=4 tcp:1,2",
		V6 "tcp:1,2",
		V6 "icmp6:128,7",
		V6 "hop route:1 auth:1 fr:0001 dst tcp:1,2",
		V6 "fr:0008 tcp:1,2",
		V6 "hop dst dst dst dst dst dst dst dst tcp:1,2",
		V6 "dst:255 dst tcp:1,2",
		"vlan " V4 "tcp:1,2",
		"qinq vlan " V6 "hop udp:1,2",
		"qinq qinq vlan " V4 "sctp:1,2",
		"vlan vlan vlan vlan " V4 "tcp:1,2",
		"eth=0806 pay=28",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct sf_packet whole;
		struct frame frame;
		bool is_read;

		frame_write(&frame, words[i]);
		is_read = decode(frame_as_read(frame.bytes, frame.len), &whole);
		for (size_t len = 0; len <= frame.len; len++)
			assert_cut(&frame, len, is_read ? &whole : NULL);
	}
}

/* The addresses need every byte of the header, and no more. */
static void test_first_readable_length(void **state)
{
	static const struct {
		const char *words;
		size_t len;
	} cases[] = {
		{V4 "tcp:1,2", 14 + 20},
		{V6 "tcp:1,2", 14 + 40},
		{"vlan " V4 "tcp:1,2", 18 + 20},
		{"qinq qinq vlan " V6 "tcp:1,2", 26 + 40},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sf_packet packet;
		struct frame frame;

		frame_write(&frame, cases[i].words);
		for (size_t len = 0; len < frame.len; len++)
			assert_int_equal(decode(frame_as_read(frame.bytes, len), &packet),
					 len >= cases[i].len);
	}
}

/* Noise behind a plausible beginning: no over-read (the guard page says), no unknown flag. */
static void test_noise(void **state)
{
	uint64_t seed = 0x853c49e6748fea9bULL;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint8_t bytes[128];
		struct sf_packet packet;
		size_t len;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			bytes[i] = (uint8_t)(seed >> 33);
		}
		len = seed >> 57;
		bytes[12] = round & 1 ? 0x08 : 0x86;
		bytes[13] = round & 1 ? 0x00 : 0xdd;
		bytes[14] = (uint8_t)((round & 1 ? 0x40 : 0x60) | (bytes[14] & 0xf));
		if (!decode(frame_as_read(bytes, len), &packet))
			continue;
		assert_int_equal(packet.flags & ~(P | F | L | T | M | X | Q), 0);
		assert_int_equal(packet.ip_version, round & 1 ? 4 : 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v4_tcp_every_field),
		cmocka_unit_test(test_v6_udp_every_field),
		cmocka_unit_test(test_transports),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_icmp_errors),
		cmocka_unit_test(test_fragment_id),
		cmocka_unit_test(test_raw_v4),
		cmocka_unit_test(test_raw_v6),
		cmocka_unit_test(test_v4_lengths),
		cmocka_unit_test(test_v4_fragments),
		cmocka_unit_test(test_v6_lengths),
		cmocka_unit_test(test_v6_extensions),
		cmocka_unit_test(test_v6_fragments),
		cmocka_unit_test(test_v6_bounds),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_what_the_kernel_says),
		cmocka_unit_test(test_offload),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_udp_length),
		cmocka_unit_test(test_snaplen),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_first_readable_length),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
