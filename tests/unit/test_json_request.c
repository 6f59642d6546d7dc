/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Request records to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "json_request.h"
#include "samples.h"

#define HEAD                                                            \
	"{\"schema\":1,\"type\":\"request\",\"seq\":7,"                 \
	"\"ts\":\"2026-11-22T12:41:09.123456789Z\",\"host\":\"web-1\"," \
	"\"boot_id\":\"5c1e4b0a-8f0d-4f3e-9a3c-0d6d3a5b7c11\","
#define USER                                                                         \
	",\"owner\":{\"kind\":\"user\",\"uid\":33,\"user\":\"www-data\",\"gid\":33," \
	"\"source\":\"socket\",\"join\":\"flow\"}}\n"

static char *take(struct buffer *buffer)
{
	buffer_add(buffer, "", 1);
	assert_false(buffer->failed);
	return buffer->bytes;
}

/* The members that are the request's own, from its protocol to its credential. */
static void assert_members(const struct exchange_request *asked, const char *expected)
{
	struct buffer buffer = {0};
	cleanup_free char *text = NULL;

	json_add_request(&buffer, asked);
	text = take(&buffer);
	assert_string_equal(text, expected);
}

static void a_request_is_one_line(void **state)
{
	struct exchange_request asked = sample_asked();
	struct record record = sample_request(&asked);
	struct buffer buffer = {0};
	cleanup_free char *text = NULL;

	(void)state;
	json_emit(&buffer, &record);
	text = take(&buffer);
	assert_string_equal(
		text, HEAD
		"\"endpoint\":\"imdsv2\",\"iface\":\"eth0\",\"ip_version\":4,\"proto\":\"tcp\","
		"\"src\":\"192.168.178.1\",\"sport\":40112,\"dst\":\"169.254.169.254\","
		"\"dport\":80,\"protocol\":\"http\",\"cloud\":\"aws\",\"version\":\"v1\","
		"\"class\":\"credential\",\"role\":\"web-role\",\"method\":\"GET\","
		"\"path\":\"/latest/meta-data/iam/security-credentials/web-role\","
		"\"raw_path\":\"/latest/meta-data/iam//security-credentials/web-role\","
		"\"http_host\":\"169.254.169.254\",\"user_agent\":\"curl/8.5.0\","
		"\"http_version\":\"1.1\",\"views\":1,"
		"\"answer\":{\"state\":\"whole\",\"status\":200,\"length\":1312,"
		"\"latency_ns\":1500000,\"server\":\"EC2ws\"},"
		"\"credential\":{\"key_id\":\"ASIAIOSFODNN7EXAMPLE\","
		"\"expires\":\"2026-11-22T18:50:00Z\"}" USER);
}

static void what_is_not_known_is_absent(void **state)
{
	struct exchange_request asked = sample_asked_little();
	struct record record = sample_request(&asked);
	struct buffer buffer = {0};
	cleanup_free char *text = NULL;

	(void)state;
	record.request.traffic.n_endpoints = 0;
	record.request.traffic.endpoint = NULL;
	record.request.traffic.owner = (struct record_owner){.lost = true};
	json_emit(&buffer, &record);
	text = take(&buffer);
	assert_string_equal(text,
			    HEAD "\"iface\":\"eth0\",\"ip_version\":4,\"proto\":\"udp\","
				 "\"src\":\"192.168.178.1\",\"sport\":40112,"
				 "\"dst\":\"169.254.169.254\",\"dport\":80,\"protocol\":\"other\","
				 "\"version\":\"unknown\",\"class\":\"unknown\","
				 "\"reason\":\"not_http\",\"views\":1,"
				 "\"answer\":{\"state\":\"none\"},"
				 "\"owner\":{\"kind\":\"unknown\",\"lost\":true}}\n");
}

/* A head of which nothing was read: its texts are there, and empty. */
static void an_empty_head(void **state)
{
	struct exchange_request asked = {.n_views = 3, .answer = EXCHANGE_WAITING};

	(void)state;
	assert_members(&asked, ",\"protocol\":\"http\",\"class\":\"unknown\",\"method\":\"\","
			       "\"path\":\"\",\"raw_path\":\"\",\"views\":3,"
			       "\"answer\":{\"state\":\"waiting\"}");
}

static void other_protocols_have_a_name(void **state)
{
	struct exchange_request asked = sample_asked_little();

	(void)state;
	asked.protocol = EXCHANGE_TLS;
	asked.has_ech = true;
	strcpy(asked.name, "public.example");
	assert_members(&asked,
		       ",\"protocol\":\"tls\",\"version\":\"unknown\",\"class\":\"unknown\","
		       "\"reason\":\"not_http\",\"name\":\"public.example\",\"ech\":true,"
		       "\"views\":1,\"answer\":{\"state\":\"none\"}");
	asked.protocol = EXCHANGE_DNS;
	asked.has_ech = false;
	asked.question_type = 28;
	asked.metadata = (struct metadata){.cloud = METADATA_GCP};
	assert_members(&asked, ",\"protocol\":\"dns\",\"cloud\":\"gcp\",\"class\":\"unknown\","
			       "\"name\":\"public.example\",\"question_type\":28,"
			       "\"views\":1,\"answer\":{\"state\":\"none\"}");
}

static void names_of_headers_without_their_values(void **state)
{
	static const struct {
		enum http_field field;
		const char *name;
	} vectors[] = {
		{HTTP_AWS_TOKEN, "x-aws-ec2-metadata-token"},
		{HTTP_AWS_TTL, "x-aws-ec2-metadata-token-ttl-seconds"},
		{HTTP_ALIBABA_TOKEN, "x-aliyun-ecs-metadata-token"},
		{HTTP_ALIBABA_TTL, "x-aliyun-ecs-metadata-token-ttl-seconds"},
		{HTTP_METADATA, "metadata"},
		{HTTP_METADATA_FLAVOR, "metadata-flavor"},
		{HTTP_AUTHORIZATION, "authorization"},
		{HTTP_FORWARDED, "x-forwarded"},
		{HTTP_CONNECTION, NULL},
		{HTTP_SERVER, NULL},
	};
	struct exchange_request asked = {.n_views = 1};
	char expected[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const char *name = vectors[i].name;

		asked.fields = 1U << vectors[i].field;
		snprintf(expected, sizeof(expected),
			 ",\"protocol\":\"http\",\"class\":\"unknown\",\"method\":\"\","
			 "\"path\":\"\",\"raw_path\":\"\"%s%s%s,\"views\":1,"
			 "\"answer\":{\"state\":\"whole\"}",
			 name ? ",\"headers\":[\"" : "", name ? name : "", name ? "\"]" : "");
		assert_members(&asked, expected);
	}
}

static void lists_have_commas(void **state)
{
	struct exchange_request asked = {.n_views = 1, .answer = EXCHANGE_FULL, .is_cut = true};

	(void)state;
	asked.anomalies = HTTP_BARE_LF | HTTP_NUL | HTTP_ODD_STATUS;
	asked.fields = 1U << HTTP_AWS_TOKEN | 1U << HTTP_METADATA;
	assert_members(&asked,
		       ",\"protocol\":\"http\",\"class\":\"unknown\",\"method\":\"\",\"path\":\"\","
		       "\"raw_path\":\"\",\"cut\":true,"
		       "\"headers\":[\"x-aws-ec2-metadata-token\",\"metadata\"],"
		       "\"anomalies\":[\"bare_lf\",\"nul\",\"odd_status\"],\"views\":1,"
		       "\"answer\":{\"state\":\"full\"}");
}

static void of_a_credential_what_is_there(void **state)
{
#define START                                                                          \
	",\"protocol\":\"http\",\"class\":\"unknown\",\"method\":\"\",\"path\":\"\","  \
	"\"raw_path\":\"\",\"views\":1,\"answer\":{\"state\":\"part\",\"status\":200," \
	"\"length\":0,\"latency_ns\":0}"
	struct exchange_request asked = {
		.n_views = 1, .answer = EXCHANGE_PART, .status = 200, .has_latency = true};

	(void)state;
	assert_members(&asked, START);
	strcpy(asked.credential.role, "arn");
	assert_members(&asked, START ",\"credential\":{\"role\":\"arn\"}");
	strcpy(asked.credential.lifetime, "3599");
	assert_members(&asked, START ",\"credential\":{\"lifetime\":\"3599\",\"role\":\"arn\"}");
	strcpy(asked.credential.key_id, "K");
	strcpy(asked.credential.expiry, "E");
	asked.is_hop_limit = true;
	assert_members(&asked, START ",\"hop_limit\":true,\"credential\":{\"key_id\":\"K\","
				     "\"expires\":\"E\",\"lifetime\":\"3599\",\"role\":\"arn\"}");
}

/* Texts are escaped already; whatever they are, they stay inside their strings. */
static void hostile_texts_stay_inside(void **state)
{
	struct exchange_request asked = sample_asked();
	struct record record = sample_request(&asked);
	char *texts[] = {asked.method, asked.path,   asked.raw,		  asked.host,
			 asked.agent,  asked.server, asked.metadata.role, asked.credential.key_id};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct buffer buffer = {0};
		cleanup_free char *text = NULL;

		strcpy(texts[i], "\"}\n{\"a\\");
		json_emit(&buffer, &record);
		text = take(&buffer);
		assert_non_null(strstr(text, ":\"\\\"}\\u000a{\\\"a\\\\\""));
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		strcpy(texts[i], "x");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_one_line),
		cmocka_unit_test(what_is_not_known_is_absent),
		cmocka_unit_test(an_empty_head),
		cmocka_unit_test(other_protocols_have_a_name),
		cmocka_unit_test(names_of_headers_without_their_values),
		cmocka_unit_test(lists_have_commas),
		cmocka_unit_test(of_a_credential_what_is_there),
		cmocka_unit_test(hostile_texts_stay_inside),
	};

	return cmocka_run_group_tests_name("json_request", tests, NULL, NULL);
}
