// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Heads, each read whole, cut at every byte and byte by byte, in front of a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "http.h"
#include "mem.h"

#define BIT(field) (1U << (field))

/* Reads a copy that ends at the guard page, in pieces of at most step bytes. */
static enum http_result scan_in_steps(struct http_scan *scan, enum http_kind kind, const char *text,
				      size_t len, size_t step, size_t *ret_consumed)
{
	enum http_result result = HTTP_MORE;
	size_t at = 0;

	http_init(scan, kind);
	while (at < len && result == HTTP_MORE) {
		size_t n = len - at < step ? len - at : step;
		size_t consumed;
		struct guard guard;

		guard_init(&guard, text + at, n);
		result = http_decode(scan, (const uint8_t *)guard.bytes, n, &consumed);
		guard_done(&guard);
		assert_true(consumed <= n);
		if (result == HTTP_MORE)
			assert_int_equal(consumed, n);
		at += consumed;
	}
	*ret_consumed = at;
	return result;
}

/* The same whatever the pieces: whole, of one byte, of two, of seven. */
static enum http_result scan_text(struct http_scan *scan, enum http_kind kind, const char *text,
				  size_t len, size_t *ret_consumed)
{
	static struct http_scan other;
	enum http_result result = scan_in_steps(scan, kind, text, len, len, ret_consumed);

	for (size_t step = 1; step < len && step < 200; step += step < 8 ? 1 : 13) {
		size_t consumed;

		assert_int_equal(scan_in_steps(&other, kind, text, len, step, &consumed), result);
		assert_int_equal(consumed, *ret_consumed);
		assert_memory_equal(&other, scan, sizeof(other));
	}
	return result;
}

struct vector {
	const char *text;
	size_t len;
	enum http_result result;
	size_t behind; /* bytes that are not the head's */
	const char *method;
	const char *target;
	uint32_t anomalies;
	uint32_t fields;
	uint32_t words;
};
#define TEXT(text) (text), sizeof(text) - 1

static void assert_vectors(enum http_kind kind, const struct vector *vectors, size_t n)
{
	static struct http_scan scan;

	for (size_t i = 0; i < n; i++) {
		const struct vector *v = &vectors[i];
		const struct http_head *head = &scan.head;
		size_t consumed;
		enum http_result result = scan_text(&scan, kind, v->text, v->len, &consumed);

		if (result != v->result)
			fail_msg("%s: result %d", v->text, result);
		if (result == HTTP_REFUSED)
			continue;
		if (result == HTTP_DONE && consumed != v->len - v->behind)
			fail_msg("%s: consumed %zu", v->text, consumed);
		if (v->method && strcmp(head->method, v->method) != 0)
			fail_msg("%s: method %s", v->text, head->method);
		if (v->target && (head->target_len != strlen(v->target) ||
				  memcmp(head->target, v->target, head->target_len) != 0))
			fail_msg("%s: target %.*s", v->text, head->target_len, head->target);
		if (head->anomalies != v->anomalies || head->words != v->words)
			fail_msg("%s: anomalies 0x%x words 0x%x", v->text, head->anomalies,
				 head->words);
		if (v->fields && head->fields != v->fields)
			fail_msg("%s: fields 0x%x", v->text, head->fields);
	}
}

static void test_plain_requests(void **state)
{
	static const struct vector vectors[] = {
		{TEXT("GET /latest/meta-data/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n"),
		 HTTP_DONE, 0, "GET", "/latest/meta-data/", 0, BIT(HTTP_HOST), 0},
		{TEXT("HEAD / HTTP/1.0\r\n\r\nGET"), HTTP_DONE, 3, "HEAD", "/", 0, 0, 0},
		{TEXT("PUT /latest/api/token HTTP/1.1\r\n"
		      "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\r\n"),
		 HTTP_DONE, 0, "PUT", "/latest/api/token", 0, BIT(HTTP_AWS_TTL), 0},
		{TEXT("GET /a?b=c HTTP/1.1\r\nx-AWS-ec2-metadata-TOKEN:AQAE==\r\n\r\n"), HTTP_DONE,
		 0, "GET", "/a?b=c", 0, BIT(HTTP_AWS_TOKEN), 0},
		{TEXT("GET / HTTP/1.1\r\nX-aliyun-ecs-metadata-token: x\r\n"
		      "X-aliyun-ecs-metadata-token-ttl-seconds: 1\r\n\r\n"),
		 HTTP_DONE, 0, "GET", "/", 0, BIT(HTTP_ALIBABA_TOKEN) | BIT(HTTP_ALIBABA_TTL), 0},
		{TEXT("GET / HTTP/1.1\r\nMetadata: true\r\nMetadata-Flavor:Google \t\r\n\r\n"),
		 HTTP_DONE, 0, "GET", "/", 0, BIT(HTTP_METADATA) | BIT(HTTP_METADATA_FLAVOR),
		 HTTP_METADATA_TRUE | HTTP_FLAVOR_GOOGLE},
		{TEXT("GET / HTTP/1.1\r\nMetadata: True\r\nMetadata-Flavor: Googles\r\n\r\n"),
		 HTTP_DONE, 0, "GET", "/", 0, BIT(HTTP_METADATA) | BIT(HTTP_METADATA_FLAVOR),
		 HTTP_METADATA_TRUE},
		{TEXT("GET / HTTP/1.1\r\nAuthorization: Bearer Oracle\r\n\r\n"), HTTP_DONE, 0,
		 "GET", "/", 0, BIT(HTTP_AUTHORIZATION), HTTP_BEARER_ORACLE},
		{TEXT("GET / HTTP/1.1\r\nAuthorization: bearer oracle\r\n\r\n"), HTTP_DONE, 0,
		 "GET", "/", 0, BIT(HTTP_AUTHORIZATION), 0},
		{TEXT("GET / HTTP/1.1\r\nAuthorization: Bearer  Oracle\r\n\r\n"), HTTP_DONE, 0,
		 "GET", "/", 0, BIT(HTTP_AUTHORIZATION), 0},
		{TEXT("GET / HTTP/1.1\r\nAuthorization: Bearer Oracle2\r\n\r\n"), HTTP_DONE, 0,
		 "GET", "/", 0, BIT(HTTP_AUTHORIZATION), 0},
		{TEXT("GET / HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"), HTTP_DONE, 0, "GET",
		 "/", 0, BIT(HTTP_FORWARDED), 0},
		{TEXT("GET / HTTP/1.1\r\nForwarded: for=x\r\n\r\n"), HTTP_DONE, 0, "GET", "/", 0,
		 BIT(HTTP_FORWARDED), 0},
		{TEXT("POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello"),
		 HTTP_DONE, 5, "POST", "/", 0, BIT(HTTP_CONTENT_LENGTH) | BIT(HTTP_EXPECT),
		 HTTP_CONTINUE},
		{TEXT("GET / HTTP/1.1\r\nConnection: keep-alive , Upgrade,close\r\n\r\n"),
		 HTTP_DONE, 0, "GET", "/", 0, BIT(HTTP_CONNECTION),
		 HTTP_KEEP_ALIVE | HTTP_UPGRADE | HTTP_CLOSE},
		{TEXT("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), HTTP_DONE, 0,
		 "POST", "/", 0, BIT(HTTP_TRANSFER_ENCODING), HTTP_CHUNKED},
		{TEXT("GET / HTT"), HTTP_MORE, 0, "GET", NULL, 0, 0, 0},
	};

	(void)state;
	assert_vectors(HTTP_REQUEST, vectors, ARRAY_SIZE(vectors));
}

static void test_odd_requests(void **state)
{
	static const struct vector vectors[] = {
		{TEXT("GET / HTTP/1.1\nHost: x\n\n"), HTTP_DONE, 0, "GET", "/", HTTP_BARE_LF,
		 BIT(HTTP_HOST), 0},
		{TEXT("GET / HTTP/1.1\r\nHost: x\n\r\n"), HTTP_DONE, 0, "GET", "/",
		 HTTP_BARE_LF | HTTP_MIXED_ENDS, BIT(HTTP_HOST), 0},
		{TEXT("GET / HTTP/1.1\r\n\n\r\n"), HTTP_DONE, 2, "GET", "/",
		 HTTP_BARE_LF | HTTP_MIXED_ENDS, 0, 0},
		{TEXT("GET / HTTP/1.1\r\nA: b\rX-aws-ec2-metadata-token: t\r\n\r\n"), HTTP_DONE, 0,
		 "GET", "/", HTTP_BARE_CR, 0, 0},
		{TEXT("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"), HTTP_DONE, 0, "GET", "/",
		 HTTP_FOLDED, 0, 0},
		{TEXT("GET / HTTP/1.1\r\nX-aws-ec2-metadata-token : t\r\n\r\n"), HTTP_DONE, 0,
		 "GET", "/", HTTP_SPACE_COLON, BIT(HTTP_AWS_TOKEN), 0},
		{TEXT("GET / HTTP/1.1\r\nX-aws-ec2-metadata-token\t: t\r\n\r\n"), HTTP_DONE, 0,
		 "GET", "/", HTTP_SPACE_COLON, BIT(HTTP_AWS_TOKEN), 0},
		{TEXT("GET /caf\xc3\xa9 HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/caf\xc3\xa9",
		 HTTP_EIGHT_BIT, 0, 0},
		{TEXT("GET /\xff HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/\xff", HTTP_EIGHT_BIT,
		 0, 0},
		{TEXT("get / HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "get", "/", HTTP_LOWER_METHOD, 0, 0},
		{TEXT("BREW / HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "BREW", "/", HTTP_UNKNOWN_METHOD, 0,
		 0},
		{TEXT("GET http://h/a HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "http://h/a",
		 HTTP_ABSOLUTE_FORM, 0, 0},
		{TEXT("OPTIONS * HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "OPTIONS", "*",
		 HTTP_ASTERISK_FORM, 0, 0},
		{TEXT("CONNECT h:80 HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "CONNECT", "h:80",
		 HTTP_AUTHORITY_FORM, 0, 0},
		{TEXT("GET latest HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "latest",
		 HTTP_ODD_TARGET, 0, 0},
		{TEXT("GET /a\r\n\r\n"), HTTP_DONE, 0, "GET", "/a", HTTP_NO_VERSION, 0, 0},
		{TEXT("GET /a\r\nHost: x\r\n\r\n"), HTTP_DONE, 0, "GET", "/a", HTTP_NO_VERSION,
		 BIT(HTTP_HOST), 0},
		{TEXT("GET / http/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/", HTTP_ODD_VERSION, 0, 0},
		{TEXT("GET / HTTP/1.10\r\n\r\n"), HTTP_DONE, 0, "GET", "/", HTTP_ODD_VERSION, 0, 0},
		{TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), HTTP_DONE, 6, "PRI", "*",
		 HTTP_UNKNOWN_METHOD | HTTP_ASTERISK_FORM, 0, 0},
		{TEXT("GET  / HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/", HTTP_ODD_SPACING, 0, 0},
		{TEXT("GET\t/ HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/", HTTP_ODD_SPACING, 0, 0},
		{TEXT("GET / HTTP/1.1 \r\n\r\n"), HTTP_DONE, 0, "GET", "/", HTTP_ODD_SPACING, 0, 0},
		{TEXT("GET /a b HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/a b", HTTP_ODD_SPACING,
		 0, 0},
		{TEXT(" GET / HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/", HTTP_ODD_SPACING, 0, 0},
		{TEXT("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/", HTTP_EMPTY_LINES,
		 0, 0},
		{TEXT("GET /a\0b HTTP/1.1\r\nX\0Y: 1\r\n\r\n"), HTTP_DONE, 0, "GET", NULL,
		 HTTP_NUL | HTTP_ODD_NAME, 0, 0},
		{TEXT("GET / HTTP/1.1\r\nX-aws-ec2-metadata-token\0: t\r\n\r\n"), HTTP_DONE, 0,
		 "GET", "/", HTTP_NUL | HTTP_ODD_NAME, 0, 0},
		{TEXT("GET /\x1b[2J HTTP/1.1\r\n\r\n"), HTTP_DONE, 0, "GET", "/\x1b[2J",
		 HTTP_CONTROL, 0, 0},
		{TEXT("GET / HTTP/1.1\r\nno colon\r\n\r\n"), HTTP_DONE, 0, "GET", "/",
		 HTTP_NO_COLON | HTTP_ODD_NAME, 0, 0},
		{TEXT("GET / HTTP/1.1\r\n: x\r\n\r\n"), HTTP_DONE, 0, "GET", "/", HTTP_ODD_NAME, 0,
		 0},
		{TEXT("GET / HTTP/1.1\r\nX-aws-ec2-metadata-token: a\r\n"
		      "x-aws-ec2-metadata-token: b\r\n\r\n"),
		 HTTP_DONE, 0, "GET", "/", HTTP_TWO_TOKENS, BIT(HTTP_AWS_TOKEN), 0},
		{TEXT("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), HTTP_DONE, 0, "GET", "/",
		 HTTP_TWO_HOSTS, BIT(HTTP_HOST), 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
		 HTTP_DONE, 0, "PUT", "/", HTTP_ODD_LENGTH, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\n"),
		 HTTP_DONE, 0, "PUT", "/", 0, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length: 3, 4\r\n\r\n"), HTTP_DONE, 0, "PUT", "/",
		 HTTP_ODD_LENGTH, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length: +3\r\n\r\n"), HTTP_DONE, 0, "PUT", "/",
		 HTTP_ODD_LENGTH, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length: 3 3\r\n\r\n"), HTTP_DONE, 0, "PUT", "/",
		 HTTP_ODD_LENGTH, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length:\r\n\r\n"), HTTP_DONE, 0, "PUT", "/",
		 HTTP_ODD_LENGTH, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
		 HTTP_DONE, 0, "PUT", "/", HTTP_ODD_LENGTH, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length : 3\r\n\r\n"), HTTP_DONE, 0, "PUT", "/",
		 HTTP_ODD_LENGTH | HTTP_SPACE_COLON, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
		 HTTP_DONE, 0, "PUT", "/", HTTP_LENGTH_AND_CODING, 0, HTTP_CHUNKED},
		{TEXT("PUT / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n"), HTTP_DONE, 0, "PUT",
		 "/", HTTP_ODD_CODING, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"), HTTP_DONE, 0,
		 "PUT", "/", HTTP_ODD_CODING, 0, 0},
		{TEXT("PUT / HTTP/1.1\r\nTransfer-Encoding: ,chunked\r\n\r\n"), HTTP_DONE, 0, "PUT",
		 "/", HTTP_ODD_CODING, 0, HTTP_CHUNKED},
		{TEXT("PUT / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n"), HTTP_DONE, 0, "PUT",
		 "/", HTTP_ODD_CODING | HTTP_SPACE_COLON, 0, HTTP_CHUNKED},
		{TEXT("PUT / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"), HTTP_DONE, 0,
		 "PUT", "/", HTTP_ODD_CODING | HTTP_FOLDED, 0, HTTP_CHUNKED},
		{TEXT("GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), HTTP_DONE, 3, "GET", "/",
		 HTTP_HAS_BODY, 0, 0},
		/* other protocols */
		{TEXT("\x16\x03\x01\x02\x00\x01"), HTTP_REFUSED, 0, NULL, NULL, 0, 0, 0},
		{TEXT("PING\r\n"), HTTP_REFUSED, 0, NULL, NULL, 0, 0, 0},
		{TEXT("EHLO localhost\r\n"), HTTP_REFUSED, 0, NULL, NULL, 0, 0, 0},
		{TEXT("GET \r\n"), HTTP_REFUSED, 0, NULL, NULL, 0, 0, 0},
		{TEXT("\0GET / HTTP/1.1\r\n"), HTTP_REFUSED, 0, NULL, NULL, 0, 0, 0},
		{TEXT("ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n"), HTTP_REFUSED, 0, NULL, NULL, 0,
		 0, 0},
	};

	(void)state;
	assert_vectors(HTTP_REQUEST, vectors, ARRAY_SIZE(vectors));
}

static void test_responses(void **state)
{
	static const struct vector vectors[] = {
		{TEXT("HTTP/1.1 200 OK\r\nServer: EC2ws\r\nContent-Type: text/plain\r\n"
		      "Content-Length: 2\r\n\r\nok"),
		 HTTP_DONE, 2, NULL, NULL, 0,
		 BIT(HTTP_SERVER) | BIT(HTTP_CONTENT_TYPE) | BIT(HTTP_CONTENT_LENGTH), 0},
		{TEXT("HTTP/1.1 404\r\n\r\n"), HTTP_DONE, 0, NULL, NULL, 0, 0, 0},
		{TEXT("HTTP/1.1 2000 OK\r\n\r\n"), HTTP_DONE, 0, NULL, NULL, HTTP_ODD_STATUS, 0, 0},
		{TEXT("HTTP/1.1 2x0 OK\r\n\r\n"), HTTP_DONE, 0, NULL, NULL, HTTP_ODD_STATUS, 0, 0},
		{TEXT("HTTP/1.1  \r\n\r\n"), HTTP_DONE, 0, NULL, NULL, HTTP_ODD_STATUS, 0, 0},
		{TEXT("ICY 200 OK\r\n\r\n"), HTTP_REFUSED, 0, NULL, NULL, 0, 0, 0},
		{TEXT("<html>"), HTTP_REFUSED, 0, NULL, NULL, 0, 0, 0},
		{TEXT("HTTP/1.1\r\n"), HTTP_REFUSED, 0, NULL, NULL, 0, 0, 0},
	};
	static struct http_scan scan;
	size_t consumed;

	(void)state;
	assert_vectors(HTTP_RESPONSE, vectors, ARRAY_SIZE(vectors));
	scan_text(&scan, HTTP_RESPONSE, vectors[0].text, vectors[0].len, &consumed);
	assert_int_equal(scan.head.status, 200);
	assert_memory_equal(scan.head.server, "EC2ws", scan.head.server_len);
	assert_memory_equal(scan.head.type, "text/plain", scan.head.type_len);
	assert_int_equal(scan.head.length_bytes, 2);
}

static void test_texts_are_kept_and_trimmed(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost:\t 169.254.169.254:80 \r\n"
				   "User-Agent: aws-cli/2  x\r\n y\r\nUser-Agent: second\r\n\r\n";
	static struct http_scan scan;
	size_t consumed;

	(void)state;
	assert_int_equal(scan_text(&scan, HTTP_REQUEST, TEXT(text), &consumed), HTTP_DONE);
	assert_int_equal(scan.head.host_len, strlen("169.254.169.254:80"));
	assert_memory_equal(scan.head.host, "169.254.169.254:80", scan.head.host_len);
	assert_int_equal(scan.head.agent_len, strlen("aws-cli/2  x y"));
	assert_memory_equal(scan.head.agent, "aws-cli/2  x y", scan.head.agent_len);
	assert_int_equal(scan.head.major, 1);
	assert_int_equal(scan.head.minor, 1);
	assert_int_equal(scan.head.anomalies, HTTP_FOLDED);
}

/* A token that another reader may not find is not one to be sure of. */
static void test_doubtful_tokens(void **state)
{
	static const struct {
		const char *lines;
		bool is_doubtful;
	} vectors[] = {
		{"X-aws-ec2-metadata-token: t\r\n", false},
		{"X-aws-ec2-metadata-token : t\r\n", true},
		{"X-aws-ec2-metadata-token:\r\n", true},
		{"X-aws-ec2-metadata-token: \t \r\n", true},
		{"X-aws-ec2-metadata-token:\r\n t\r\n", true},
		{"X-aws-ec2-metadata-token: t\r\n u\r\n", true},
		{"X-aws-ec2-metadata-token : t\r\nX-aws-ec2-metadata-token: t\r\n", false},
		{"X-aws-ec2-metadata-token: t\r\nX-aws-ec2-metadata-token : t\r\n", false},
	};
	static struct http_scan scan;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		char text[200];
		size_t consumed;
		int len =
			snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n", vectors[i].lines);

		assert_int_equal(scan_text(&scan, HTTP_REQUEST, text, (size_t)len, &consumed),
				 HTTP_DONE);
		assert_true(scan.head.fields & BIT(HTTP_AWS_TOKEN));
		assert_int_equal(!!(scan.head.doubtful & BIT(HTTP_AWS_TOKEN)),
				 vectors[i].is_doubtful);
	}
}

/* Names that only begin or end like one that matters. */
static void test_names_are_whole(void **state)
{
	static const char *const lines[] = {
		"X-aws-ec2-metadata-toke: t",	 "X-aws-ec2-metadata-tokens: t",
		"XX-aws-ec2-metadata-token: t",	 "X-aws-ec2-metadata-token-ttl: t",
		"X aws-ec2-metadata-token: t",	 "Y: X-aws-ec2-metadata-token: t",
		"X-aws-ec2-metadata-token x: t", "X-aws-ec2-metadata-token\xc2\xa0: t",
		"X-aws-ec2-metadata -token: t",
	};
	static struct http_scan scan;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char text[200];
		size_t consumed;
		int len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n\r\n", lines[i]);

		assert_int_equal(scan_text(&scan, HTTP_REQUEST, text, (size_t)len, &consumed),
				 HTTP_DONE);
		assert_int_equal(scan.head.fields, 0);
	}
}

/* The end of a string in C is a byte like others here. */
static void test_nul_ends_no_word(void **state)
{
#define LINES                                                                                    \
	"GET / HTTP/1.1\r\nX-aws-ec2-metadata-token\0: t\r\nHost\0\0: h\r\nMetadata: true\0\r\n" \
	"Metadata-Flavor: Google\0\0x\r\nAuthorization: Bearer Oracle\0\r\n"                     \
	"Connection: close\0\r\nExpect: 100-continue\0\r\n\r\n"
	static struct http_scan scan;
	size_t consumed;

	(void)state;
	assert_int_equal(scan_text(&scan, HTTP_REQUEST, LINES, sizeof(LINES) - 1, &consumed),
			 HTTP_DONE);
	assert_int_equal(scan.head.words, 0);
	assert_int_equal(scan.head.fields & (BIT(HTTP_AWS_TOKEN) | BIT(HTTP_HOST)), 0);
	assert_true(scan.head.anomalies & HTTP_NUL);
}

/* A line of one word more than the method: the word is the target, even if it is a version. */
static void test_version_as_target(void **state)
{
	static const char text[] = "GET HTTP/1.1\r\n\r\n";
	static struct http_scan scan;
	size_t consumed;

	(void)state;
	assert_int_equal(scan_text(&scan, HTTP_REQUEST, text, sizeof(text) - 1, &consumed),
			 HTTP_DONE);
	assert_int_equal(scan.head.target_len, 8);
	assert_memory_equal(scan.head.target, "HTTP/1.1", 8);
	assert_true(scan.head.anomalies & HTTP_NO_VERSION);
	assert_int_equal(scan.head.major, 0);
}

static void test_bounds(void **state)
{
	static char text[2 * HTTP_HEAD_MAX];
	static struct http_scan scan;
	size_t consumed;
	int len;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	assert_int_equal(scan_in_steps(&scan, HTTP_REQUEST, text, sizeof(text), 1 << 20, &consumed),
			 HTTP_CUT);
	assert_int_equal(consumed, HTTP_HEAD_MAX);
	assert_true(scan.head.anomalies & HTTP_TOO_LONG);
	assert_int_equal(scan.head.target_len, HTTP_TARGET_MAX);

	len = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nHost: %0*d\r\n\r\n",
		       HTTP_TARGET_MAX - 1, 0, HTTP_TEXT_MAX, 0);
	assert_int_equal(scan_text(&scan, HTTP_REQUEST, text, (size_t)len, &consumed), HTTP_DONE);
	assert_int_equal(scan.head.anomalies, 0);
	assert_int_equal(scan.head.target_len, HTTP_TARGET_MAX);
	assert_int_equal(scan.head.host_len, HTTP_TEXT_MAX);

	len = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n\r\n", HTTP_TARGET_MAX, 0);
	assert_int_equal(scan_text(&scan, HTTP_REQUEST, text, (size_t)len, &consumed), HTTP_DONE);
	assert_int_equal(scan.head.anomalies, HTTP_TEXT_CUT);
	assert_int_equal(scan.head.target_bytes, HTTP_TARGET_MAX + 1);
	assert_int_equal(scan.head.major, 1);

	len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %0*d\r\n\r\n",
		       HTTP_TEXT_MAX + 1, 0);
	assert_int_equal(scan_text(&scan, HTTP_REQUEST, text, (size_t)len, &consumed), HTTP_DONE);
	assert_int_equal(scan.head.anomalies, HTTP_TEXT_CUT);
}

static void test_no_end(void **state)
{
	static const struct {
		const char *text;
		enum http_result result;
		const char *target;
	} vectors[] = {
		{"GET /a HTTP/1.1\r\nHost: x\r\n", HTTP_CUT, "/a"},
		{"GET /a HTTP/1.1\r\n", HTTP_CUT, "/a"},
		{"GET /a HTT", HTTP_CUT, "/a"},
		{"GET /a", HTTP_CUT, "/a"},
		{"GE", HTTP_CUT, ""},
		{"", HTTP_CUT, ""},
		/* the whole of an HTTP/0.9 request; with a line behind it, not */
		{"GET /a\r\n", HTTP_DONE, "/a"},
		{"GET /a\n", HTTP_DONE, "/a"},
		{"GET /a\r\nX-aws-ec2-metadata-token: t\r\n", HTTP_CUT, "/a"},
	};
	static struct http_scan scan;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t consumed;

		assert_int_equal(scan_text(&scan, HTTP_REQUEST, vectors[i].text,
					   strlen(vectors[i].text), &consumed),
				 HTTP_MORE);
		assert_int_equal(http_end(&scan), vectors[i].result);
		assert_int_equal(!!(scan.head.anomalies & HTTP_NO_END),
				 vectors[i].result == HTTP_CUT);
		assert_int_equal(scan.head.target_len, strlen(vectors[i].target));
		assert_memory_equal(scan.head.target, vectors[i].target, scan.head.target_len);
	}
}

static bool holds(const void *memory, size_t size, const char *text)
{
	return memmem(memory, size, text, strlen(text)) != NULL;
}

/* Half of a secret is one, too: no four bytes of it may be there, at no time. */
static void assert_no_part(const struct http_scan *scan, const char *secret)
{
	for (size_t i = 0; i + 4 <= strlen(secret); i++) {
		char part[5] = {0};

		memcpy(part, secret + i, 4);
		assert_false(holds(scan, sizeof(*scan), part));
	}
}

static void test_secrets_are_never_stored(void **state)
{
	static const char *const heads[] = {
		"X-aws-ec2-metadata-token: %s\r\n",
		"X-aws-ec2-metadata-token:\r\n %s\r\n",
		"X-aws-ec2-metadata-token : x%s,%s\r\n",
		"X-aliyun-ecs-metadata-token: %s\r\n",
		"Authorization: Bearer %s\r\n",
		"Authorization: Bearer Oracle%s\r\n",
		"authorization: %s\r\nHost: x\r\n",
		"Metadata-Token: %s\r\n",
		"Cookie: %s\r\n",
	};
	static const char secret[] = "kqzj7391wvxy5528";
	static struct http_scan scan;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		char text[300], lines[200];
		size_t len, consumed;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(lines, sizeof(lines), heads[i], secret, secret);
#pragma GCC diagnostic pop
		len = (size_t)snprintf(text, sizeof(text),
				       "GET / HTTP/1.1\r\nUser-Agent: u\r\n%s\r\n", lines);
		http_init(&scan, HTTP_REQUEST);
		for (size_t at = 0; at < len; at++) {
			http_decode(&scan, (const uint8_t *)text + at, 1, &consumed);
			assert_no_part(&scan, secret);
		}
	}
}

static void test_last_request(void **state)
{
	static const struct {
		const char *text;
		bool is_last;
	} vectors[] = {
		{"GET / HTTP/1.1\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nConnection: closed\r\n\r\n", false},
		{"GET / HTTP/1.0\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false},
		{"GET / HTTP/x\r\nConnection: Keep-Alive\r\n\r\n", true},
		{"GET /\r\n\r\n", true},
	};
	static struct http_scan scan;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t consumed;

		assert_int_equal(scan_text(&scan, HTTP_REQUEST, vectors[i].text,
					   strlen(vectors[i].text), &consumed),
				 HTTP_DONE);
		assert_int_equal(http_is_last(&scan.head), vectors[i].is_last);
	}
}

static void test_names_of_anomalies(void **state)
{
	(void)state;
	assert_string_equal(http_anomaly_name(0), "bare_lf");
	assert_string_equal(http_anomaly_name(__builtin_ctz(HTTP_NO_VERSION)), "no_version");
	assert_string_equal(http_anomaly_name(__builtin_ctz(HTTP_TWO_TOKENS)), "two_tokens");
	assert_string_equal(http_anomaly_name(HTTP_ANOMALIES - 1), "odd_status");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_requests),
		cmocka_unit_test(test_odd_requests),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_texts_are_kept_and_trimmed),
		cmocka_unit_test(test_doubtful_tokens),
		cmocka_unit_test(test_names_are_whole),
		cmocka_unit_test(test_nul_ends_no_word),
		cmocka_unit_test(test_version_as_target),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_secrets_are_never_stored),
		cmocka_unit_test(test_last_request),
		cmocka_unit_test(test_names_of_anomalies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
