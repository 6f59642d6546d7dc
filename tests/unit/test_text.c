/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "samples.h"
#include "text.h"

static const struct text_style plain = {0};
static const struct text_style color = {.color = true};
static const struct text_style quiet = {.quiet = true};

static char *emit(const struct text_style *style, const struct record *record)
{
	struct buffer buffer = {0};

	text_emit(&buffer, style, record);
	buffer_add(&buffer, "", 1);
	assert_false(buffer.failed);
	return buffer.bytes;
}

static void assert_emits(const struct text_style *style, const struct record *record,
			 const char *expected)
{
	cleanup_free char *line = emit(style, record);

	assert_string_equal(line, expected);
}

static void titles_stand_above_their_columns(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct buffer header = {0};

	(void)state;
	text_header(&header, &plain, RECORD_PACKET);
	buffer_add(&header, "", 1);
	assert_string_equal(
		header.bytes,
		"TIME             PROCESS           WHO                 WHAT     ENDPOINT             IFACE   PROTO         BYTES  SOURCE > DESTINATION\n");
	assert_emits(
		&plain, &record,
		"12:41:09.123456  -                 www-data(33)        packet   to   imdsv2          eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80\n");
	buffer_done(&header);
}

static void decisions_pass_or_drop(void **state)
{
	struct record pass = sample_traffic(RECORD_DECISION);
	struct record drop = sample_rejected();

	(void)state;
	assert_emits(
		&plain, &pass,
		"12:41:09.123456  -                 www-data(33)        pass -1  to   imdsv2          eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80\n");
	assert_emits(
		&plain, &drop,
		"12:41:09.123456  -                 unknown             skip  0       -               eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80\n");
}

static void ipv6_lines_up_and_puts_brackets(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);

	(void)state;
	record.traffic.packet = sample_ipv6();
	record.traffic.direction = SF_FROM;
	record.traffic.owner.user = NULL;
	record.traffic.n_endpoints = 3;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  -                 uid 33              packet   from imdsv2+2        eth0    tcp SYN,ACK      94  [fd00:ec2::254]:80 > [2001:db8::1]:41234\n");
	record.traffic.packet.flags = SF_PACKET_FRAGMENT | SF_PACKET_TRUNCATED;
	record.traffic.owner.kind = SF_OWNER_UNATTRIBUTED_REPLY;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  -                 unattributed reply  packet   from imdsv2+2        eth0    tcp              94  fd00:ec2::254 > 2001:db8::1  (fragment, truncated)\n");
}

static void a_long_value_pushes_only_its_neighbours(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);

	(void)state;
	record.traffic.owner.user = "systemd-timesync";
	record.traffic.owner.uid = 4294967294;
	record.traffic.packet.proto = 1;
	record.traffic.packet.icmp_type = 8;
	record.traffic.packet.len = 65535;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  -                 systemd-timesync(4294967294) packet to imdsv2     eth0    icmp 8        65535  192.168.178.1 > 169.254.169.254\n");
}

static void an_icmp_error_says_what_it_is_about(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct sf_packet *packet = &record.traffic.packet;

	(void)state;
	packet->quote = (struct sf_quote){
		.sport = htons(40112),
		.dport = htons(80),
		.proto = 6,
		.flags = SF_PACKET_PORTS,
	};
	memcpy(packet->quote.src, packet->src, 16);
	memcpy(packet->quote.dst, packet->dst, 16);
	packet->proto = 1;
	packet->icmp_type = 3;
	packet->icmp_code = 10;
	packet->flags = SF_PACKET_QUOTE;
	record.traffic.direction = SF_FROM;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  -                 www-data(33)        packet   from imdsv2          eth0    icmp 3/10        74  192.168.178.1 > 169.254.169.254  (about tcp 192.168.178.1:40112 > 169.254.169.254:80)\n");
	packet->quote.flags = 0;
	packet->quote.proto = 47;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  -                 www-data(33)        packet   from imdsv2          eth0    icmp 3/10        74  192.168.178.1 > 169.254.169.254  (about gre 192.168.178.1 > 169.254.169.254)\n");
}

static void processes_and_containers_stand_beside_their_user(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct record_owner *owner = &record.traffic.owner;
	struct process process = sample_process();

	(void)state;
	sample_set_process(&owner->by, &process);
	assert_emits(
		&plain, &record,
		"12:41:09.123456  curl[4121]        www-data(33)        packet   to   imdsv2          eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80\n");
	owner->user = NULL;
	strcpy(process.ident.container, "4f2a91c0d3e1ffffffff");
	process.ident.runtime = CGROUP_DOCKER;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  curl[4121]        uid 33 docker 4f2a91c0d3e1 packet to imdsv2       eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80\n");
	/* a name with blanks in it is one column still */
	process.ident.container[0] = '\0';
	strcpy(process.identity.comm, "a b\n[1]");
	owner->sender = owner->by;
	owner->sender.process = NULL;
	owner->sender.key.pid = 8;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  a\\x20b\\x0a[1][4121] uid 33            packet   to   imdsv2          eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80  (sent by ?[8])\n");
}

static void color_marks_what_is_odd(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct record loss = sample_status(RECORD_LOSS);
	struct buffer header = {0};

	(void)state;
	assert_emits(
		&color, &record,
		"12:41:09.123456  -                 www-data(33)        packet   to   imdsv2          eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80\n");
	record.traffic.packet.flags = SF_PACKET_MALFORMED;
	record.traffic.owner = (struct record_owner){.kind = SF_OWNER_UNKNOWN, .lost = true};
	assert_emits(
		&color, &record,
		"12:41:09.123456  -                 \033[33munknown\033[0m             packet   to   imdsv2          eth0    tcp              74  192.168.178.1 > 169.254.169.254\033[33m  (malformed, owner lost)\033[0m\n");
	assert_emits(
		&color, &loss,
		"12:41:09.123456  \033[1;31mLOST 2 packets, 3 events, 4 owners, 13 requests, 26 segments, 17 connections, 5 output records\033[0m\n");
	text_header(&header, &color, RECORD_PACKET);
	assert_memory_equal(header.bytes, "\033[1mTIME", 8);
	assert_memory_equal(header.bytes + header.len - 5, "\033[0m\n", 5);
	buffer_done(&header);
}

static void start_says_what_is_watched(void **state)
{
	static const struct record_hook hooks[] = {
		{"tap eth0", true},
		{"tap lo", false},
		{"cgroup_skb/egress", false},
	};
	static const struct record_hook everywhere = {"tap *", true};
	struct record record = sample_status(RECORD_START);

	(void)state;
	assert_emits(
		&plain, &record,
		"watching imdsv2 dns on eth0, cloud not known to DMI, owner by cgroup (config /etc/sock-filter.yml)\n");
	record.status.hooks = hooks;
	record.status.n_hooks = ARRAY_SIZE(hooks);
	assert_emits(
		&plain, &record,
		"watching imdsv2 dns on eth0 lo, cloud not known to DMI, owner by cgroup (config /etc/sock-filter.yml)\n"
		"NOT attached: tap lo, cgroup_skb/egress\n");
	record.status.hooks = &everywhere;
	record.status.n_hooks = 1;
	assert_emits(
		&plain, &record,
		"watching imdsv2 dns on every interface, cloud not known to DMI, owner by cgroup (config /etc/sock-filter.yml)\n");
}

static void start_says_whose_cloud_it_is(void **state)
{
	struct record record = sample_status(RECORD_START);

	(void)state;
	record.status.cloud = "gcp";
	assert_emits(
		&plain, &record,
		"watching imdsv2 dns on eth0, cloud gcp (DMI), owner by cgroup (config /etc/sock-filter.yml)\n");
	record.status.configured_cloud = "aws";
	assert_emits(
		&plain, &record,
		"watching imdsv2 dns on eth0, cloud aws (config), owner by cgroup (config /etc/sock-filter.yml)\n");
}

static void long_lists_are_cut(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	struct record record = sample_status(RECORD_START);

	(void)state;
	record.status.endpoints = names;
	record.status.n_endpoints = ARRAY_SIZE(names);
	assert_emits(
		&plain, &record,
		"watching a b c d e f g h and 2 more on eth0, cloud not known to DMI, owner by cgroup (config /etc/sock-filter.yml)\n");
}

static void alive_proves_that_all_is_attached(void **state)
{
	static const struct record_hook hooks[] = {{"tap eth0", false}, {"tap lo", true}};
	struct record record = sample_status(RECORD_ALIVE);

	(void)state;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  alive 1m02s, all 2 hooks attached; 120 packets seen = 31 matched + 89 rejected; 1 without owner hidden; 1 of an unknown process filtered; lost 2 packets, 3 events, 4 owners, 13 requests, 26 segments, 17 connections, 5 output records\n");
	record.status.hooks = hooks;
	record.status.uptime_ns = 93784000000000ULL;
	record.status.counts = (struct record_counts){0};
	assert_emits(
		&color, &record,
		"12:41:09.123456  alive 1d02h, \033[1;31mNOT attached: tap eth0\033[0m (1 of 2 hooks attached); 0 packets seen = 0 matched + 0 rejected; lost nothing\n");
}

#define SUMMARY                                                                                 \
	"5 requests = 3 reported + 1 filtered + 1 left; 2 not certain, 1 without an answer; "   \
	"missing of them: 20 bytes\n"                                                           \
	"120 packets seen = 31 matched + 89 rejected\n"                                         \
	"31 packets matched = 26 reported + 2 filtered + 2 dropped + 1 left\n"                  \
	"3 packets without owner = 2 unknown + 1 kernel + 0 forwarded + 0 unattributed reply; " \
	"1 of them hidden where users are named\n"                                              \
	"17 events = 14 read + 3 lost; 9 decisions reported, 6 held back\n"                     \
	"output lost: 5 records; owner lost: 4 packets; malformed: 1 packet; no room: 0 flows; reloads: 6, failed: 7\n"

static void a_summary_adds_up(void **state)
{
	struct record record = sample_status(RECORD_SUMMARY);

	(void)state;
	assert_emits(&plain, &record, SUMMARY);
	record.type = RECORD_COUNTERS;
	assert_emits(&plain, &record, "12:41:09.123456  counters after 1m02s\n" SUMMARY);
}

static void a_sum_that_does_not_add_up_says_so(void **state)
{
	struct record record = sample_status(RECORD_SUMMARY);
	cleanup_free char *text = NULL;

	(void)state;
	record.status.counts.packets_left = 0;
	record.status.counts.requests_left = 0;
	text = emit(&plain, &record);
	assert_non_null(strstr(
		text, "31 packets matched != 26 reported + 2 filtered + 2 dropped + 0 left\n"));
	assert_memory_equal(text, "5 requests != 3 reported + 1 filtered + 0 left; ", 48);
}

static void quiet_never_hides_a_loss(void **state)
{
	struct exchange_request asked = sample_asked();

	(void)state;
	for (enum record_type type = 0; type < RECORD_TYPES; type++) {
		bool traffic = type == RECORD_DECISION || type == RECORD_PACKET;
		bool is_request = type == RECORD_REQUEST;
		struct record record = traffic	    ? sample_traffic(type)
				       : is_request ? sample_request(&asked)
						    : sample_status(type);
		cleanup_free char *text = emit(&quiet, &record);

		assert_int_equal(*text != '\0', traffic || is_request || type == RECORD_LOSS);
	}
}

static void assert_tame(const char *text, size_t lines)
{
	for (const char *c = text; *c; c++) {
		assert_true(*c == '\n' || ((uint8_t)*c >= ' ' && (uint8_t)*c < 0x7f));
		lines -= *c == '\n';
	}
	assert_int_equal(lines, 0);
}

static void hostile_names_neither_forge_nor_drive(void **state)
{
	static const struct record_hook hook = {"tap " SAMPLE_HOSTILE, false};
	static const char *const endpoints[] = {SAMPLE_HOSTILE};
	struct record record = sample_traffic(RECORD_PACKET);
	struct record start = sample_status(RECORD_START);
	cleanup_free char *start_text = NULL;
	cleanup_free char *text = NULL;

	(void)state;
	record.traffic.endpoint = record.traffic.iface = SAMPLE_HOSTILE;
	record.traffic.owner.user = SAMPLE_HOSTILE;
	text = emit(&plain, &record);
	assert_tame(text, 1);
	assert_non_null(strstr(text, "e\\x0a\\x1b[2J\"\\\\xe2\\x80\\xae\\xff(33) packet to "));
	start.status.config = start.status.owner_hook = SAMPLE_HOSTILE;
	start.status.endpoints = endpoints;
	start.status.n_endpoints = 1;
	start.status.hooks = &hook;
	start.status.n_hooks = 1;
	start_text = emit(&plain, &start);
	assert_tame(start_text, 2);
}

static void a_name_cannot_forge_a_column(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);

	(void)state;
	record.traffic.owner.user = "root(0) drop";
	record.traffic.owner.uid = 1000;
	assert_emits(
		&plain, &record,
		"12:41:09.123456  -                 root(0)\\x20drop(1000) packet to   imdsv2          eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80\n");
}

static void wide_characters_keep_the_columns(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);

	(void)state;
	record.traffic.owner.user = "j\xc3\xbcrgen\xe6\x97\xa5";
	assert_emits(
		&plain, &record,
		"12:41:09.123456  -                 j\xc3\xbcrgen\xe6\x97\xa5(33)        packet   to   imdsv2          eth0    tcp SYN          74  192.168.178.1:40112 > 169.254.169.254:80\n");
}

static void time_is_local(void **state)
{
	struct record record = sample_status(RECORD_LOSS);

	(void)state;
	setenv("TZ", "XXX-05:30", 1);
	tzset();
	assert_emits(
		&plain, &record,
		"18:11:09.123456  LOST 2 packets, 3 events, 4 owners, 13 requests, 26 segments, 17 connections, 5 output records\n");
	setenv("TZ", "UTC", 1);
	tzset();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles_stand_above_their_columns),
		cmocka_unit_test(decisions_pass_or_drop),
		cmocka_unit_test(ipv6_lines_up_and_puts_brackets),
		cmocka_unit_test(a_long_value_pushes_only_its_neighbours),
		cmocka_unit_test(an_icmp_error_says_what_it_is_about),
		cmocka_unit_test(processes_and_containers_stand_beside_their_user),
		cmocka_unit_test(color_marks_what_is_odd),
		cmocka_unit_test(start_says_what_is_watched),
		cmocka_unit_test(start_says_whose_cloud_it_is),
		cmocka_unit_test(long_lists_are_cut),
		cmocka_unit_test(alive_proves_that_all_is_attached),
		cmocka_unit_test(a_summary_adds_up),
		cmocka_unit_test(a_sum_that_does_not_add_up_says_so),
		cmocka_unit_test(quiet_never_hides_a_loss),
		cmocka_unit_test(hostile_names_neither_forge_nor_drive),
		cmocka_unit_test(a_name_cannot_forge_a_column),
		cmocka_unit_test(wide_characters_keep_the_columns),
		cmocka_unit_test(time_is_local),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
