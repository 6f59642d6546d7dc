/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>

#include "samples.h"

/* A name that is a key or a value of the JSON output for ever. */
static void assert_snake_case(const char *name)
{
	assert_non_null(name);
	assert_true(islower(name[0]));
	for (const char *c = name; *c; c++)
		assert_true(islower(*c) || isdigit(*c) || *c == '_');
}

static void each_counter_has_one_name(void **state)
{
	const struct record_counts counts = {.kernel[SF_SEEN] = 5, .reloads_failed = 7};
	const char *name, *other;
	uint64_t value;

	(void)state;
	for (size_t i = 0; (name = record_count(&counts, i, &value)); i++) {
		assert_snake_case(name);
		for (size_t j = 0; j < i; j++) {
			other = record_count(&counts, j, &value);
			assert_string_not_equal(name, other);
		}
		assert_non_null(record_count(&counts, i, &value));
		assert_int_equal(value, i == SF_SEEN			      ? 5
					: strcmp(name, "reloads_failed") == 0 ? 7
									      : 0);
	}
	assert_string_equal(record_count(&counts, SF_SEEN, &value), "seen");
	assert_string_equal(record_count(&counts, SF_NO_OWNER_UNATTRIBUTED_REPLY, &value),
			    "no_owner_unattributed_reply");
	assert_string_equal(record_count(&counts, SF_FLOWS_REFUSED, &value), "flows_refused");
	assert_string_equal(record_count(&counts, SF_FRAGMENTS_ALONE, &value), "fragments_alone");
}

static void enums_are_named(void **state)
{
	(void)state;
	for (enum record_type type = 0; type < RECORD_TYPES; type++)
		assert_snake_case(record_type_name(type));
	for (enum sf_owner_kind kind = 0; kind <= SF_OWNER_USER; kind++)
		assert_snake_case(record_owner_name(kind));
	assert_string_equal(record_type_name(RECORD_DECISION), "decision");
	assert_string_equal(record_owner_name(SF_OWNER_UNATTRIBUTED_REPLY), "unattributed_reply");
	assert_string_equal(record_source_name(SF_SOURCE_SOCKET), "socket");
	assert_string_equal(record_source_name(SF_SOURCE_NONE), "none");
	assert_string_equal(record_join_name(SF_JOIN_REPLY), "reply");
	assert_string_equal(record_direction_name(SF_TO), "to");
	assert_string_equal(record_direction_name(SF_FROM), "from");
}

static void values_of_a_newer_kernel_side_have_a_word(void **state)
{
	(void)state;
	assert_string_equal(record_owner_name(200), "unknown");
	assert_string_equal(record_source_name(200), "none");
	assert_string_equal(record_join_name(200), "none");
	assert_string_equal(record_direction_name(200), "none");
}

static void protocols_have_a_name_or_a_number(void **state)
{
	static const struct {
		uint8_t proto;
		const char *name;
	} cases[] = {
		{0, "0"},	{1, "icmp"},   {6, "tcp"},	 {17, "udp"},
		{58, "icmpv6"}, {132, "sctp"}, {136, "udplite"}, {255, "255"},
	};
	char text[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(record_proto_name(cases[i].proto, text), cases[i].name);
	for (unsigned int proto = 0; proto < 256; proto++)
		assert_true(strlen(record_proto_name((uint8_t)proto, text)) < sizeof(text));
}

static void tcp_flags_are_listed(void **state)
{
	char text[RECORD_FLAGS_MAX];

	(void)state;
	assert_string_equal(record_tcp_flags(0, text), "");
	assert_string_equal(record_tcp_flags(0x02, text), "SYN");
	assert_string_equal(record_tcp_flags(0x12, text), "SYN,ACK");
	assert_string_equal(record_tcp_flags(0xff, text), "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR");
}

static void marks_are_told_one_by_one(void **state)
{
	struct sf_packet packet = {.flags = SF_PACKET_PORTS};

	(void)state;
	assert_null(record_mark(&packet, 0));
	packet.flags = SF_PACKET_LATER_FRAGMENT | SF_PACKET_EXT_BOUND;
	assert_string_equal(record_mark(&packet, 0), "fragment");
	assert_string_equal(record_mark(&packet, 1), "extension_bound");
	assert_null(record_mark(&packet, 2));
	packet.flags = SF_PACKET_FRAGMENT | SF_PACKET_UNREAD;
	assert_string_equal(record_mark(&packet, 0), "fragment");
	assert_string_equal(record_mark(&packet, 1), "truncated");
	assert_string_equal(record_mark(&packet, 2), "malformed");
	assert_string_equal(record_mark(&packet, 3), "extension_bound");
	assert_null(record_mark(&packet, 4));
}

static void fields_that_were_not_read_are_not_claimed(void **state)
{
	struct sf_packet packet = sample_ipv4();

	(void)state;
	assert_true(record_has_ports(&packet) && record_has_tcp_flags(&packet));
	assert_false(record_has_icmp_type(&packet));
	packet.flags = SF_PACKET_TRUNCATED;
	assert_false(record_has_ports(&packet) || record_has_tcp_flags(&packet));
	packet.proto = 17;
	packet.flags = SF_PACKET_PORTS;
	assert_true(record_has_ports(&packet));
	assert_false(record_has_tcp_flags(&packet));
	packet.proto = 58;
	assert_false(record_has_ports(&packet));
	assert_true(record_has_icmp_type(&packet));
	packet.flags = SF_PACKET_LATER_FRAGMENT;
	assert_false(record_has_icmp_type(&packet));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counter_has_one_name),
		cmocka_unit_test(enums_are_named),
		cmocka_unit_test(values_of_a_newer_kernel_side_have_a_word),
		cmocka_unit_test(protocols_have_a_name_or_a_number),
		cmocka_unit_test(tcp_flags_are_listed),
		cmocka_unit_test(marks_are_told_one_by_one),
		cmocka_unit_test(fields_that_were_not_read_are_not_claimed),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
