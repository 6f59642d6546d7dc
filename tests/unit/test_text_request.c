/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A request as people read it: each column, and what may not get out of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "samples.h"
#include "text.h"

static const struct text_style plain = {0};
static const struct text_style color = {.color = true};

/* Where the columns begin. */
enum column {
	AT_PROCESS = 10,
	AT_WHO = 28,
	AT_VERSION = 49,
	AT_ASKED = 54,
	AT_GOT = 96,
};

static char *emit(const struct text_style *style, const struct record *record)
{
	struct buffer buffer = {0};

	text_emit(&buffer, style, record);
	buffer_add(&buffer, "", 1);
	assert_false(buffer.failed);
	return buffer.bytes;
}

static char *emit_asked(const struct exchange_request *asked)
{
	struct record record = sample_request(asked);

	return emit(&plain, &record);
}

/* From the column on, the first line is this, and then a blank or its end. */
static void assert_column(const struct record *record, enum column column, const char *expected)
{
	cleanup_free char *text = emit(&plain, record);
	size_t len = strlen(expected);

	if (strcspn(text, "\n") < column + len || memcmp(text + column, expected, len) != 0 ||
	    text[column - 1] != ' ' || !strchr(" \n", text[column + len]))
		fail_msg("no \"%s\" at %d in %s", expected, column, text);
}

static void assert_asked(const struct exchange_request *asked, enum column column,
			 const char *expected)
{
	struct record record = sample_request(asked);

	assert_column(&record, column, expected);
}

/* The second line is this. */
static void assert_notes(const struct record *record, const char *expected)
{
	cleanup_free char *text = emit(&plain, record);

	assert_string_equal(strchr(text, '\n') + 1, expected);
}

static void titles_stand_above_their_columns(void **state)
{
	struct exchange_request asked = sample_asked();
	struct process process = sample_process();
	struct record record = sample_request(&asked);
	struct buffer header = {0};
	cleanup_free char *text = NULL;

	(void)state;
	text_header(&header, &plain, RECORD_REQUEST);
	buffer_add(&header, "", 1);
	assert_string_equal(
		header.bytes,
		"TIME      PROCESS           WHO                  VER  ASKED                                     GOT\n");
	sample_set_process(&record.request.traffic.owner.by, &process);
	text = emit(&plain, &record);
	assert_string_equal(
		text,
		"12:41:09  curl[4121]        backup.service       V1!  CREDENTIAL web-role                       200 ASIAIOSFODNN7EXAMPLE 6h\n");
	buffer_done(&header);
}

/* The service, the container, the pod: what people call it; but no claim. */
static void who_is_named_as_people_do(void **state)
{
	struct exchange_request asked = sample_asked();
	struct record record = sample_request(&asked);
	struct record_owner *owner = &record.request.traffic.owner;
	struct process process = sample_process();

	(void)state;
	assert_column(&record, AT_PROCESS, "-");
	assert_column(&record, AT_WHO, "www-data(33)");
	sample_set_process(&owner->by, &process);
	strcpy(process.ident.unit, "user@33.service");
	assert_column(&record, AT_WHO, "www-data(33)");
	strcpy(process.ident.unit, "session-1.scope");
	assert_column(&record, AT_WHO, "www-data(33)");
	strcpy(process.ident.container, "4f2a91c0d3e1ffff");
	process.ident.runtime = CGROUP_DOCKER;
	assert_column(&record, AT_WHO, "docker 4f2a91c0d3e1");
	strcpy(process.ident.pod, "3b1c77d0-ffff");
	assert_column(&record, AT_WHO, "pod 3b1c77d0");
	process.ident.is_claimed = true;
	assert_column(&record, AT_WHO, "www-data(33)");
	*owner = (struct record_owner){.kind = SF_OWNER_FORWARDED};
	assert_column(&record, AT_WHO, "forwarded");
}

static void versions_stand_out_or_say_nothing(void **state)
{
	static const char *const words[] = {
		[METADATA_NONE] = "-",
		[METADATA_UNKNOWN] = "?",
		[METADATA_V1] = "V1!",
		[METADATA_V2] = "v2",
	};
	struct exchange_request asked = sample_asked();

	(void)state;
	for (unsigned int i = 0; i < METADATA_VERSIONS; i++) {
		asked.metadata.version = (enum metadata_version)i;
		assert_asked(&asked, AT_VERSION, words[i]);
	}
}

static void what_is_asked_has_one_word(void **state)
{
	static const struct {
		enum metadata_class class;
		const char *role;
		const char *expected;
	} vectors[] = {
		{METADATA_CLASS_UNKNOWN, "", "PUT /latest/x"},
		{METADATA_CLASS_METADATA, "", "metadata /latest/x"},
		{METADATA_CLASS_IDENTITY, "", "identity /latest/x"},
		{METADATA_CLASS_SENSITIVE, "", "sensitive /latest/x"},
		{METADATA_CLASS_USER_DATA, "", "user-data /latest/x"},
		{METADATA_CLASS_CREDENTIAL, "", "CREDENTIAL /latest/x"},
		{METADATA_CLASS_CREDENTIAL, "web", "CREDENTIAL web"},
		{METADATA_CLASS_TOKEN, "", "token  "},
	};
	struct exchange_request asked = sample_asked();

	(void)state;
	strcpy(asked.method, "PUT");
	strcpy(asked.path, "/latest/x");
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		asked.metadata.class = vectors[i].class;
		strcpy(asked.metadata.role, vectors[i].role);
		assert_asked(&asked, AT_ASKED, vectors[i].expected);
	}
	/* a head of which nothing could be read */
	asked = (struct exchange_request){.protocol = EXCHANGE_HTTP};
	assert_asked(&asked, AT_ASKED, "?  ");
}

static void other_protocols_are_named(void **state)
{
	struct exchange_request asked = sample_asked_little();

	(void)state;
	assert_asked(&asked, AT_ASKED, "other  ");
	assert_asked(&asked, AT_GOT, "-");
	asked.protocol = EXCHANGE_TLS;
	assert_asked(&asked, AT_ASKED, "tls  ");
	strcpy(asked.name, "metadata.google.internal");
	assert_asked(&asked, AT_ASKED, "tls metadata.google.internal");
	asked.protocol = EXCHANGE_DNS;
	assert_asked(&asked, AT_ASKED, "dns metadata.google.internal");
}

static void what_became_of_it_is_said(void **state)
{
	static const char *const words[] = {
		[EXCHANGE_WHOLE] = "whole",
		[EXCHANGE_PART] = "part",
		[EXCHANGE_WAITING] = "no answer",
		[EXCHANGE_CLOSED] = "closed",
		[EXCHANGE_RESET] = "reset",
		[EXCHANGE_REUSED] = "reused",
		[EXCHANGE_IDLE] = "idle",
		[EXCHANGE_EVICTED] = "evicted",
		[EXCHANGE_STOPPED] = "stopped",
		[EXCHANGE_UNREAD] = "answer not read",
		[EXCHANGE_FULL] = "answer not awaited",
		[EXCHANGE_NO_ANSWER] = "-",
	};
	struct exchange_request asked = sample_asked();

	(void)state;
	_Static_assert(ARRAY_SIZE(words) == EXCHANGE_ANSWERS, "all of them");
	asked.credential = (struct credential){0};
	asked.status = 404;
	assert_asked(&asked, AT_GOT, "404");
	asked.status = 0;
	for (unsigned int i = 0; i < EXCHANGE_ANSWERS; i++) {
		asked.answer = (enum exchange_answer)i;
		assert_asked(&asked, AT_GOT, words[i]);
	}
	asked.status = 200;
	asked.is_hop_limit = true;
	assert_asked(&asked, AT_GOT, "lost: hop limit 1");
}

/* At 12:41:09; how long somebody can use what he got. */
static void a_credential_has_a_lifetime(void **state)
{
	static const struct {
		const char *expiry;
		const char *lifetime;
		const char *expected;
	} vectors[] = {
		{"2026-11-22T12:41:09Z", "", "200 KEY"}, /* now */
		{"2026-11-22T12:00:00Z", "", "200 KEY"}, /* before */
		{"2026-11-22T13:00:00Z", "", "200 KEY 18m"},
		{"2026-11-22T13:41:09Z", "", "200 KEY 1h"},
		{"2026-11-24T12:41:08Z", "", "200 KEY 47h"},
		{"2026-11-24T12:41:09Z", "", "200 KEY 2d"},
		{"1795354869", "", "200 KEY 1h"}, /* Azure counts seconds since 1970 */
		{"", "3599", "200 KEY 59m"},
		{"", "86400", "200 KEY 24h"},
		{"1795354869", "60", "200 KEY 1h"}, /* the moment, not the claim of a length */
		{"", "", "200 KEY"},
		{"tomorrow", "", "200 KEY"},
		{"1795354869x", "", "200 KEY"},
		{"-1", "-5", "200 KEY"},
		{"99999999999999999999", "", "200 KEY 106751991146521d"},
	};
	struct exchange_request asked = sample_asked();

	(void)state;
	strcpy(asked.credential.key_id, "KEY");
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		char expected[64];
		cleanup_free char *text = NULL;

		strcpy(asked.credential.expiry, vectors[i].expiry);
		strcpy(asked.credential.lifetime, vectors[i].lifetime);
		text = emit_asked(&asked);
		snprintf(expected, sizeof(expected), "%s\n", vectors[i].expected);
		assert_string_equal(text + AT_GOT, expected);
	}
	/* GCP and Azure name no key */
	asked.credential = (struct credential){.lifetime = "3599"};
	assert_asked(&asked, AT_GOT, "200 59m");
}

static void what_is_odd_stands_below(void **state)
{
	struct exchange_request asked = sample_asked();
	struct record record = sample_request(&asked);
	struct record_owner *owner = &record.request.traffic.owner;

	(void)state;
	assert_notes(&record, "");
	asked.metadata.reason = METADATA_GAP;
	assert_notes(&record, "          ! not certain: gap\n");
	asked.anomalies = HTTP_BARE_LF | HTTP_ODD_STATUS;
	assert_notes(&record, "          ! not certain: gap, bare_lf, odd_status\n");
	asked.metadata.reason = METADATA_SURE;
	assert_notes(&record, "          ! bare_lf, odd_status\n");
	asked.fields |= 1U << HTTP_FORWARDED;
	assert_notes(&record,
		     "          ! bare_lf, odd_status, asked for somebody else (X-Forwarded)\n");
	asked.anomalies = 0;
	assert_notes(&record, "          ! asked for somebody else (X-Forwarded)\n");
	asked.fields = 0;
	sample_set_process(&owner->sender, NULL);
	assert_notes(&record, "          ! sent by ?[4121]\n");
}

/* All of them in one line, which no bound cuts. */
static void every_anomaly_has_its_word(void **state)
{
	struct exchange_request asked = sample_asked_all();
	cleanup_free char *text = emit_asked(&asked);

	(void)state;
	for (unsigned int i = 0; i < HTTP_ANOMALIES; i++)
		assert_non_null(strstr(text, http_anomaly_name(i)));
	assert_non_null(strstr(text, "not certain: differs, "));
}

static void long_paths_push_and_are_whole(void **state)
{
	struct exchange_request asked = sample_asked();
	cleanup_free char *text = NULL;

	(void)state;
	asked.metadata.class = METADATA_CLASS_METADATA;
	asked.metadata.role[0] = '\0';
	memset(asked.path, 'p', sizeof(asked.path) - 1);
	asked.path[0] = '/';
	text = emit_asked(&asked);
	assert_memory_equal(text + AT_ASKED, "metadata /ppp", 13);
	assert_string_equal(text + AT_ASKED + 9 + sizeof(asked.path) - 1,
			    " 200 ASIAIOSFODNN7EXAMPLE 6h\n");
}

static void color_takes_no_column(void **state)
{
	struct exchange_request asked = sample_asked();
	struct record record = sample_request(&asked);
	cleanup_free char *text = emit(&color, &record);
	cleanup_free char *lost = NULL;

	(void)state;
	assert_string_equal(
		text,
		"12:41:09  -                 www-data(33)         \033[1;31mV1!\033[0m  \033[1;31mCREDENTIAL\033[0m web-role                       200 ASIAIOSFODNN7EXAMPLE 6h\n");
	asked.metadata.version = METADATA_V2;
	asked.metadata.class = METADATA_CLASS_TOKEN;
	asked.metadata.role[0] = '\0';
	asked.is_hop_limit = true;
	asked.anomalies = HTTP_NUL;
	lost = emit(&color, &record);
	assert_string_equal(
		lost,
		"12:41:09  -                 www-data(33)         v2   token                                     \033[33mlost: hop limit 1\033[0m\n"
		"          \033[33m! nul\033[0m\n");
}

static void without_color_nothing_drives_a_terminal(void **state)
{
	struct exchange_request asked = sample_asked_all();
	struct record record = sample_request(&asked);
	struct buffer header = {0};
	cleanup_free char *text = NULL;

	(void)state;
	asked.metadata.version = METADATA_V1;
	record.request.traffic.owner = (struct record_owner){.kind = SF_OWNER_UNKNOWN};
	text = emit(&plain, &record);
	assert_null(strchr(text, '\033'));
	text_header(&header, &plain, RECORD_REQUEST);
	assert_null(memchr(header.bytes, '\033', header.len));
	buffer_clear(&header);
	text_header(&header, &color, RECORD_REQUEST);
	assert_memory_equal(header.bytes, "\033[1mTIME", 8);
	buffer_done(&header);
}

/* Names that a process or its peer chose: no second line, no column of their making. */
static void hostile_names_neither_forge_nor_drive(void **state)
{
	struct exchange_request asked = sample_asked_little();
	struct record record = sample_request(&asked);
	struct record_owner *owner = &record.request.traffic.owner;
	struct process process = sample_process();
	cleanup_free char *text = NULL;

	(void)state;
	sample_set_process(&owner->by, &process);
	owner->sender = owner->by;
	strcpy(process.identity.comm, "a b\n\033[2J");
	strcpy(process.ident.unit, SAMPLE_HOSTILE "x.service");
	asked.protocol = EXCHANGE_TLS;
	strcpy(asked.name, "a  v2  token   200");
	text = emit(&plain, &record);
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
	assert_ptr_equal(strchr(strchr(text, '\n') + 1, '\n'), text + strlen(text) - 1);
	assert_non_null(strstr(text, "a\\x20b\\x0a\\x1b[2J[4121] "));
	assert_non_null(strstr(text, " tls a\\x20\\x20v2\\x20\\x20token\\x20\\x20\\x20200 "));
	assert_non_null(strstr(text, "! not certain: not_http, sent by a\\x20b\\x0a"));
}

/* What was escaped already is not escaped again. */
static void an_escape_stands_as_it_is(void **state)
{
	struct exchange_request asked = sample_asked_little();

	(void)state;
	asked.protocol = EXCHANGE_DNS;
	strcpy(asked.name, "a\\032b\\\\");
	assert_asked(&asked, AT_ASKED, "dns a\\032b\\\\");
}

static void time_is_local(void **state)
{
	struct exchange_request asked = sample_asked();
	cleanup_free char *text = NULL;

	(void)state;
	setenv("TZ", "XXX-05:30", 1);
	tzset();
	text = emit_asked(&asked);
	setenv("TZ", "UTC", 1);
	tzset();
	assert_memory_equal(text, "18:11:09  ", 10);
	/* what is left of a credential does not depend on it */
	assert_string_equal(text + AT_GOT, "200 ASIAIOSFODNN7EXAMPLE 6h\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles_stand_above_their_columns),
		cmocka_unit_test(who_is_named_as_people_do),
		cmocka_unit_test(versions_stand_out_or_say_nothing),
		cmocka_unit_test(what_is_asked_has_one_word),
		cmocka_unit_test(other_protocols_are_named),
		cmocka_unit_test(what_became_of_it_is_said),
		cmocka_unit_test(a_credential_has_a_lifetime),
		cmocka_unit_test(what_is_odd_stands_below),
		cmocka_unit_test(every_anomaly_has_its_word),
		cmocka_unit_test(long_paths_push_and_are_whole),
		cmocka_unit_test(color_takes_no_column),
		cmocka_unit_test(without_color_nothing_drives_a_terminal),
		cmocka_unit_test(hostile_names_neither_forge_nor_drive),
		cmocka_unit_test(an_escape_stands_as_it_is),
		cmocka_unit_test(time_is_local),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("text_request", tests, NULL, NULL);
}
