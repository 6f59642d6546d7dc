/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "json.h"
#include "samples.h"

#define HEAD(type, seq)                                                  \
	"{\"schema\":1,\"type\":\"" type "\",\"seq\":" seq               \
	",\"ts\":\"2026-11-22T12:41:09.123456789Z\",\"host\":\"web-1\"," \
	"\"boot_id\":\"5c1e4b0a-8f0d-4f3e-9a3c-0d6d3a5b7c11\","
#define IPV4                                                                            \
	"\"ip_version\":4,\"proto\":\"tcp\",\"src\":\"192.168.178.1\",\"sport\":40112," \
	"\"dst\":\"169.254.169.254\",\"dport\":80,\"hop_limit\":64,\"len\":74,\"tcp_flags\":\"SYN\","
#define USER                                                                        \
	"\"owner\":{\"kind\":\"user\",\"uid\":33,\"user\":\"www-data\",\"gid\":33," \
	"\"source\":\"socket\",\"join\":\"flow\"}}\n"
#define HOOKS                                                   \
	"\"hooks\":[{\"name\":\"tap eth0\",\"attached\":true}," \
	"{\"name\":\"cgroup_skb/egress\",\"attached\":true}]"
#define REQUEST_COUNTERS                                                                      \
	"\"requests\":5,\"requests_reported\":3,\"requests_filtered\":1,\"requests_left\":1," \
	"\"requests_uncertain\":2,\"requests_unanswered\":1,\"requests_hop_limit\":1,"        \
	"\"requests_full\":8,\"requests_too_many\":10,\"requests_no_memory\":13,"             \
	"\"answers_unread\":11,\"answers_unsolicited\":12,\"streams_joined\":14,"             \
	"\"streams_inward\":15,\"streams_idle\":16,\"streams_evicted\":17,"                   \
	"\"streams_differing\":18,\"streams_gaps\":19,\"streams_gap_bytes\":20,"              \
	"\"streams_refused_bytes\":21,\"streams_unchecked_bytes\":22,\"streams_views\":23,"   \
	"\"streams_views_refused\":24,\"streams_strays\":25,\"streams_no_memory\":26,"
#define COUNTERS                                                                                                                                            \
	"\"counters\":{\"seen\":120,\"matched\":31,\"rejected\":89,\"malformed\":1,"                                                                        \
	"\"no_owner_unknown\":2,\"no_owner_kernel\":1,\"no_owner_forwarded\":0,"                                                                            \
	"\"no_owner_unattributed_reply\":0,\"hidden_unknown\":0,\"hidden_kernel\":1,"                                                                       \
	"\"hidden_forwarded\":0,\"hidden_unattributed_reply\":0,\"events\":14,\"events_lost\":3,"                                                           \
	"\"events_held_back\":6,\"flows_refused\":0,\"fragments\":0,\"fragments_alone\":0,\"matched_inet\":0,\"processes_lost\":0,"                         \
	"\"packets_reported\":26,\"packets_filtered\":2,\"filtered_unknown\":1,"                                                                            \
	"\"packets_dropped\":2,\"packets_unseen\":0,\"packets_left\":1,\"owners_lost\":4,\"processes_unknown\":0,\"parents_unknown\":0,\"events_read\":14," \
	"\"decisions_reported\":9," REQUEST_COUNTERS                                                                                                        \
	"\"output_lost\":5,\"reloads\":6,\"reloads_failed\":7}"

static char *emit(const struct record *record)
{
	struct buffer buffer = {0};

	json_emit(&buffer, record);
	buffer_add(&buffer, "", 1);
	assert_false(buffer.failed);
	return buffer.bytes;
}

static void assert_emits(const struct record *record, const char *expected)
{
	cleanup_free char *line = emit(record);

	assert_string_equal(line, expected);
}

static void assert_has(const struct record *record, const char *part)
{
	cleanup_free char *line = emit(record);

	if (!strstr(line, part))
		fail_msg("no %s in %s", part, line);
}

static void assert_has_not(const struct record *record, const char *part)
{
	cleanup_free char *line = emit(record);

	if (strstr(line, part))
		fail_msg("%s in %s", part, line);
}

static void a_packet_is_one_line(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);

	(void)state;
	assert_emits(&record,
		     HEAD("packet", "7") "\"endpoint\":\"imdsv2\",\"iface\":\"eth0\","
					 "\"direction\":\"to\"," IPV4 "\"decision\":-1," USER);
}

static void a_decision_of_several_endpoints_lists_them(void **state)
{
	struct record record = sample_traffic(RECORD_DECISION);

	(void)state;
	record.traffic.endpoints[1] = "all";
	record.traffic.n_endpoints = 2;
	assert_emits(&record,
		     HEAD("decision", "7") "\"endpoint\":\"imdsv2\","
					   "\"endpoints\":[\"imdsv2\",\"all\"],\"iface\":\"eth0\","
					   "\"direction\":\"to\"," IPV4 "\"decision\":-1," USER);
}

static void a_rejection_has_no_endpoint_and_no_direction(void **state)
{
	struct record record = sample_rejected();

	(void)state;
	assert_emits(&record,
		     HEAD("decision", "7") "\"iface\":\"eth0\"," IPV4
					   "\"decision\":0,\"owner\":{\"kind\":\"unknown\"}}\n");
}

static void ipv6_and_marks(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);

	(void)state;
	record.traffic.packet = sample_ipv6();
	record.traffic.direction = SF_FROM;
	assert_has(
		&record,
		"\"direction\":\"from\",\"ip_version\":6,\"proto\":\"tcp\","
		"\"src\":\"fd00:ec2::254\",\"sport\":80,\"dst\":\"2001:db8::1\","
		"\"dport\":41234,\"hop_limit\":255,\"len\":94,\"tcp_flags\":\"SYN,ACK\",\"decision\":-1");
	record.traffic.packet.flags = SF_PACKET_LATER_FRAGMENT | SF_PACKET_TRUNCATED;
	assert_has(&record,
		   "\"src\":\"fd00:ec2::254\",\"dst\":\"2001:db8::1\",\"hop_limit\":255,\"len\":94,"
		   "\"marks\":[\"fragment\",\"truncated\"],\"decision\":-1");
}

static void icmp_has_a_type_and_no_ports(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);

	(void)state;
	record.traffic.packet.proto = 1;
	record.traffic.packet.icmp_type = 8;
	assert_has(&record, "\"proto\":\"icmp\",\"src\":\"192.168.178.1\","
			    "\"dst\":\"169.254.169.254\",\"icmp_type\":8,\"icmp_code\":0,"
			    "\"hop_limit\":64,\"len\":74,\"decision\"");
	record.traffic.packet.proto = 253;
	assert_has(&record, "\"proto\":\"253\"");
	assert_has_not(&record, "icmp_type");
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
	packet->icmp_type = 11;
	packet->icmp_code = 1;
	packet->flags = SF_PACKET_QUOTE;
	assert_has(&record, "\"icmp_type\":11,\"icmp_code\":1,\"hop_limit\":64,\"len\":74,"
			    "\"quoted\":{\"proto\":\"tcp\",\"src\":\"192.168.178.1\","
			    "\"sport\":40112,\"dst\":\"169.254.169.254\",\"dport\":80},"
			    "\"decision\"");
	packet->quote.flags = SF_PACKET_LATER_FRAGMENT;
	assert_has(&record, "\"quoted\":{\"proto\":\"tcp\",\"src\":\"192.168.178.1\","
			    "\"dst\":\"169.254.169.254\"},\"decision\"");
}

#define PROCESS                                                                             \
	"\"pid\":4121,\"started\":\"2026-11-22T12:41:09.123456789Z\",\"comm\":\"curl\","    \
	"\"exe\":\"/usr/bin/curl\",\"argv\":[\"curl\",\"-s\",\"http://169.254.169.254/\"]," \
	"\"parents\":[{\"pid\":977,\"comm\":\"sh\"},{\"pid\":1,\"comm\":\"systemd\"}],"     \
	"\"cgroup\":\"/system.slice/backup.service\",\"unit\":\"backup.service\","

static void a_process_is_told_in_full(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct record_owner *owner = &record.traffic.owner;
	struct process process = sample_process();

	(void)state;
	owner->source = SF_SOURCE_CONNECT;
	owner->netns = 4026531840U;
	owner->cookie = 77;
	sample_set_process(&owner->by, &process);
	assert_has(&record,
		   "\"owner\":{\"kind\":\"user\",\"uid\":33,\"user\":\"www-data\",\"gid\":33,"
		   "\"euid\":33,\"egid\":33," PROCESS
		   "\"netns\":4026531840,\"cookie\":77,\"source\":\"connect\","
		   "\"join\":\"flow\"}}\n");
	/* what is not known is absent */
	owner->by.process = NULL;
	assert_has(&record,
		   "\"gid\":33,\"pid\":4121,\"started\":\"2026-11-22T12:41:09.123456789Z\","
		   "\"netns\"");
	process = (struct process){.parents = {{.key = {.pid = 1}}}, .n_parents = 1};
	owner->by.process = &process;
	assert_has(&record, "09.123456789Z\",\"parents\":[{\"pid\":1,\"comm\":\"\"}],\"netns\"");
}

static void a_sender_who_is_another_is_told_too(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct record_owner *owner = &record.traffic.owner;
	struct process process = sample_process();

	(void)state;
	sample_set_process(&owner->sender, &process);
	owner->sender.user = "backup";
	owner->sender_source = SF_SOURCE_SENDMSG;
	process.identity.uid = 34;
	process.ident = (struct cgroup_ident){
		.container = "4f2a91c0d3e1",
		.pod = "3b1c",
		.runtime = CGROUP_CONTAINERD,
		.is_claimed = true,
	};
	process.is_exe_deleted = process.argv.is_cut = true;
	assert_has(&record, "\"join\":\"flow\",\"sender\":{\"source\":\"sendmsg\",\"uid\":34,"
			    "\"user\":\"backup\",\"gid\":33,\"euid\":33,\"egid\":33,\"pid\":4121,");
	assert_has(&record, "\"exe\":\"/usr/bin/curl\",\"exe_deleted\":true,\"argv\":[");
	assert_has(&record, "],\"argv_cut\":true,\"parents\"");
	assert_has(&record, "\"container\":{\"id\":\"4f2a91c0d3e1\",\"runtime\":\"containerd\","
			    "\"pod\":\"3b1c\",\"claimed\":true}}}}\n");
}

/* A process chooses its name, its arguments, its file and its cgroup. */
static void hostile_processes_stay_inside_their_strings(void **state)
{
	static char words[] = "a\n\"b\0\0\033[2J\xff\xe2\x80\xae\\";
	struct record record = sample_traffic(RECORD_PACKET);
	struct process process = {
		.identity.comm = "x\ny\"z",
		.exe = (char *)SAMPLE_HOSTILE,
		.argv = {.words = words, .len = sizeof(words)},
		.cgroup = (char *)"/a\nb",
	};
	char *line;

	(void)state;
	sample_set_process(&record.traffic.owner.by, &process);
	assert_has(&record, "\"comm\":\"x\\u000ay\\\"z\"");
	assert_has(&record, "\"argv\":[\"a\\u000a\\\"b\",\"\",\"\\u001b[2J\\\\xff\\u202e\\\\\"]");
	assert_has(&record, "\"cgroup\":\"/a\\u000ab\"");
	line = emit(&record);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	free(line);
}

static void owners_without_a_user_are_told_apart(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct record_owner *owner = &record.traffic.owner;

	(void)state;
	owner->user = NULL;
	assert_has(&record, "{\"kind\":\"user\",\"uid\":33,\"gid\":33,\"source\"");
	*owner = (struct record_owner){.kind = SF_OWNER_KERNEL};
	assert_has(&record, "\"owner\":{\"kind\":\"kernel\"}}\n");
	owner->kind = SF_OWNER_FORWARDED;
	assert_has(&record, "\"owner\":{\"kind\":\"forwarded\"}}\n");
	owner->kind = SF_OWNER_UNATTRIBUTED_REPLY;
	assert_has(&record, "\"owner\":{\"kind\":\"unattributed_reply\"}}\n");
	*owner = (struct record_owner){.kind = SF_OWNER_UNKNOWN, .lost = true};
	assert_has(&record, "\"owner\":{\"kind\":\"unknown\",\"lost\":true}}\n");
}

static void statuses(void **state)
{
	struct record start = sample_status(RECORD_START);
	struct record alive = sample_status(RECORD_ALIVE);
	struct record loss = sample_status(RECORD_LOSS);
	struct record counters = sample_status(RECORD_COUNTERS);
	struct record summary = sample_status(RECORD_SUMMARY);

	(void)state;
	assert_emits(&start,
		     HEAD("start",
			  "1") "\"version\":\"0.1.0\","
			       "\"kernel\":\"6.1.0-28-amd64\",\"config\":\"/etc/sock-filter.yml\","
			       "\"endpoints\":[\"imdsv2\",\"dns\"],\"owner_hook\":\"cgroup\"," HOOKS
			       "}\n");
	assert_emits(&alive, HEAD("alive", "1") "\"uptime_s\":62," HOOKS "," COUNTERS "}\n");
	assert_emits(&loss, HEAD("loss", "1") COUNTERS "}\n");
	assert_emits(&counters, HEAD("counters", "1") COUNTERS "}\n");
	assert_emits(&summary, HEAD("summary", "1") COUNTERS "}\n");
}

static void a_firmware_names_the_cloud(void **state)
{
	struct record record = sample_status(RECORD_START);

	(void)state;
	record.status.cloud = "aws";
	assert_has(&record, "\"endpoints\":[\"imdsv2\",\"dns\"],\"cloud\":\"aws\",\"owner_hook\"");
	record.type = RECORD_RELOAD;
	record.status.failed = true;
	assert_has(&record, ",\"ok\":false,\"version\":\"0.1.0\"");
	assert_has(&record, "\"cloud\":\"aws\",\"owner_hook\"");
}

static void a_tally_names_what_it_counts(void **state)
{
	struct record record = sample_status(RECORD_SUMMARY);
	struct tally tally = sample_tally();

	(void)state;
	record.status.tally = &tally;
	assert_emits(&record, HEAD("summary", "1") COUNTERS
		     ",\"requests\":[{\"n\":2,\"comm\":\"curl\",\"cloud\":\"aws\","
		     "\"version\":\"v1\",\"class\":\"credential\"},"
		     "{\"n\":1,\"class\":\"unknown\"}],\"requests_others\":1}\n");
	tally = (struct tally){0};
	assert_has(&record, "},\"requests\":[],\"requests_others\":0}\n");
	/* who asks chooses his name */
	tally_add(&tally, "x\"}\n{", &(struct metadata){.version = METADATA_V2});
	assert_has(&record, "\"comm\":\"x\\\"}\\u000a{\",\"version\":\"v2\"");
}

static void a_hook_that_is_gone_is_not_attached(void **state)
{
	static const struct record_hook gone = {"tap eth0", false};
	struct record record = sample_status(RECORD_ALIVE);

	(void)state;
	record.status.hooks = &gone;
	record.status.n_hooks = 1;
	assert_has(&record, "\"hooks\":[{\"name\":\"tap eth0\",\"attached\":false}],");
}

static void times_are_exact_from_the_first_to_the_last(void **state)
{
	struct record record = sample_status(RECORD_LOSS);

	(void)state;
	record.ts_ns = 0;
	assert_has(&record, "\"ts\":\"1970-01-01T00:00:00.000000000Z\"");
	record.ts_ns = 951782400000000001ULL;
	assert_has(&record, "\"ts\":\"2000-02-29T00:00:00.000000001Z\"");
	record.ts_ns = UINT64_MAX;
	assert_has(&record, "\"ts\":\"2554-07-21T23:34:33.709551615Z\"");
	record.seq = UINT64_MAX;
	assert_has(&record, "\"seq\":18446744073709551615,");
}

/* What a stranger calls himself, and what may be seen of it. */
static const struct {
	const char *name;
	const char *expected;
} hostile[] = {
	{"a\"b\\c/d", "a\\\"b\\\\c/d"},
	{"x\"}\n{\"type\":\"alive\"}", "x\\\"}\\u000a{\\\"type\\\":\\\"alive\\\"}"},
	{"\033[2J\r\t\b", "\\u001b[2J\\u000d\\u0009\\u0008"},
	{"\177\xc2\x80\xc2\x9b", "\\u007f\\u0080\\u009b"},
	{"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"},
	{"\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9", "\\u202a\\u202e\\u2066\\u2069"},
	{"\xf3\xa0\x81\x81", "\\udb40\\udc41"},
	{"gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x90\xa7",
	 "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x90\xa7"},
	{"\xff\xfe", "\\\\xff\\\\xfe"},
	{"\x80 lone", "\\\\x80 lone"},
	{"\xc0\x8a overlong", "\\\\xc0\\\\x8a overlong"},
	{"\xe0\x80\x8a overlong", "\\\\xe0\\\\x80\\\\x8a overlong"},
	{"\xed\xa0\x80 surrogate", "\\\\xed\\\\xa0\\\\x80 surrogate"},
	{"\xf4\x90\x80\x80 beyond", "\\\\xf4\\\\x90\\\\x80\\\\x80 beyond"},
	{"cut \xe6\x97", "cut \\\\xe6\\\\x97"},
	{"cut \xf0", "cut \\\\xf0"},
	{"\xc3\"", "\\\\xc3\\\""},
	{"", ""},
};

static void hostile_names_stay_inside_their_string(void **state)
{
	struct record record = sample_traffic(RECORD_PACKET);
	char expected[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		cleanup_free char *line = NULL;

		record.traffic.owner.user = hostile[i].name;
		snprintf(expected, sizeof(expected), "\"user\":\"%s\",\"gid\"",
			 hostile[i].expected);
		assert_has(&record, expected);
		line = emit(&record);
		assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	}
}

static void every_name_is_escaped(void **state)
{
	static const struct record_hook hook = {"\n", true};
	static const char *const endpoints[] = {"\n", "\n"};
	struct record traffic = sample_traffic(RECORD_PACKET);
	struct record start = sample_status(RECORD_START);

	(void)state;
	traffic.host = traffic.boot_id = traffic.traffic.endpoint = traffic.traffic.iface = "\n";
	traffic.traffic.endpoints[0] = traffic.traffic.endpoints[1] = "\n";
	traffic.traffic.n_endpoints = 2;
	assert_has(&traffic,
		   "\"host\":\"\\u000a\",\"boot_id\":\"\\u000a\",\"endpoint\":\"\\u000a\","
		   "\"endpoints\":[\"\\u000a\",\"\\u000a\"],\"iface\":\"\\u000a\"");
	start.status.version = start.status.kernel = start.status.config = "\n";
	start.status.owner_hook = "\n";
	start.status.endpoints = endpoints;
	start.status.hooks = &hook;
	start.status.n_hooks = 1;
	assert_has(&start, "\"version\":\"\\u000a\",\"kernel\":\"\\u000a\",\"config\":\"\\u000a\","
			   "\"endpoints\":[\"\\u000a\",\"\\u000a\"],\"owner_hook\":\"\\u000a\","
			   "\"hooks\":[{\"name\":\"\\u000a\",\"attached\":true}]");
}

/* The string's NUL is the last byte before a page that may not be touched. */
static void a_cut_sequence_is_not_read_past_its_end(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct record record = sample_traffic(RECORD_PACKET);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		size_t size = strlen(hostile[i].name) + 1;
		cleanup_free char *line = NULL;

		record.traffic.owner.user = memcpy(pages + page - size, hostile[i].name, size);
		line = emit(&record);
	}
	assert_int_equal(munmap(pages, 2 * page), 0);
}

static void a_buffer_grows_and_starts_again(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	for (size_t i = 0; i < 5000; i++)
		buffer_printf(&buffer, "%04zu,", i);
	assert_int_equal(buffer.len, 25000);
	assert_memory_equal(buffer.bytes + 24990, "4998,4999,", 10);
	buffer_clear(&buffer);
	assert_int_equal(buffer.len, 0);
	buffer_printf(&buffer, "%3000s|", "");
	buffer_add_u64(&buffer, 0);
	buffer_add_u64(&buffer, UINT64_MAX);
	assert_int_equal(buffer.len, 3022);
	assert_memory_equal(buffer.bytes + 3000, "|018446744073709551615", 22);
	buffer_done(&buffer);
	assert_null(buffer.bytes);
}

static void running_out_of_memory_is_remembered(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_add_str(&buffer, "kept");
	assert_false(buffer_reserve(&buffer, SIZE_MAX - 8));
	assert_true(buffer.failed);
	buffer_add_str(&buffer, "not added");
	assert_int_equal(buffer.len, 4);
	buffer_clear(&buffer);
	assert_false(buffer.failed);
	buffer_done(&buffer);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_is_one_line),
		cmocka_unit_test(a_decision_of_several_endpoints_lists_them),
		cmocka_unit_test(a_rejection_has_no_endpoint_and_no_direction),
		cmocka_unit_test(ipv6_and_marks),
		cmocka_unit_test(icmp_has_a_type_and_no_ports),
		cmocka_unit_test(an_icmp_error_says_what_it_is_about),
		cmocka_unit_test(a_process_is_told_in_full),
		cmocka_unit_test(a_sender_who_is_another_is_told_too),
		cmocka_unit_test(hostile_processes_stay_inside_their_strings),
		cmocka_unit_test(owners_without_a_user_are_told_apart),
		cmocka_unit_test(statuses),
		cmocka_unit_test(a_firmware_names_the_cloud),
		cmocka_unit_test(a_tally_names_what_it_counts),
		cmocka_unit_test(a_hook_that_is_gone_is_not_attached),
		cmocka_unit_test(times_are_exact_from_the_first_to_the_last),
		cmocka_unit_test(hostile_names_stay_inside_their_string),
		cmocka_unit_test(every_name_is_escaped),
		cmocka_unit_test(a_cut_sequence_is_not_read_past_its_end),
		cmocka_unit_test(a_buffer_grows_and_starts_again),
		cmocka_unit_test(running_out_of_memory_is_remembered),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
