// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The small parsers: credentials, ClientHello, DNS questions; and the filter of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential.h"
#include "dns.h"
#include "guard.h"
#include "mem.h"
#include "request_filter.h"
#include "tls.h"

static bool parse(const char *text, struct credential *ret)
{
	struct guard guard;
	bool is_read;

	guard_init(&guard, text, strlen(text));
	is_read = credential_parse(guard.bytes, guard.len, ret);
	guard_done(&guard);
	return is_read;
}

static void test_credentials_of_each_cloud(void **state)
{
	static const struct {
		const char *body;
		const char *key_id;
		const char *expiry;
		const char *lifetime;
		const char *role;
	} vectors[] = {
		/* AWS */
		{"{\n  \"Code\" : \"Success\",\n  \"Type\" : \"AWS-HMAC\",\n"
		 "  \"AccessKeyId\" : \"ASIAIOSFODNN7EXAMPLE\",\n"
		 "  \"SecretAccessKey\" : \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\",\n"
		 "  \"Token\" : \"IQoJb3JpZ2luX2VjE\",\n"
		 "  \"Expiration\" : \"2017-05-17T15:09:54Z\"\n}",
		 "ASIAIOSFODNN7EXAMPLE", "2017-05-17T15:09:54Z", "", ""},
		/* ECS */
		{"{\"RoleArn\":\"arn:aws:iam::111122223333:role/t\",\"AccessKeyId\":\"ASIA1\","
		 "\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2030-01-01T00:00:00Z\"}",
		 "ASIA1", "2030-01-01T00:00:00Z", "", "arn:aws:iam::111122223333:role/t"},
		/* Alibaba */
		{"{\"AccessKeyId\":\"STS.abc\",\"AccessKeySecret\":\"s\",\"SecurityToken\":\"t\","
		 "\"Expiration\":\"2017-11-01T05:20:01Z\",\"Code\":\"Success\"}",
		 "STS.abc", "2017-11-01T05:20:01Z", "", ""},
		/* GCP */
		{"{\"access_token\":\"ya29.x\",\"expires_in\":3599,\"token_type\":\"Bearer\"}", "",
		 "", "3599", ""},
		/* Azure */
		{"{\"access_token\":\"eyJ0\",\"client_id\":\"0c4e-11\",\"expires_in\":\"86400\","
		 "\"expires_on\":\"1700000000\",\"resource\":\"https://management.azure.com/\"}",
		 "0c4e-11", "1700000000", "86400", "https://management.azure.com/"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct credential credential;

		assert_true(parse(vectors[i].body, &credential));
		assert_string_equal(credential.key_id, vectors[i].key_id);
		assert_string_equal(credential.expiry, vectors[i].expiry);
		assert_string_equal(credential.lifetime, vectors[i].lifetime);
		assert_string_equal(credential.role, vectors[i].role);
	}
}

static void test_credentials_that_are_none(void **state)
{
	static const char *const bodies[] = {
		"",
		"x",
		"[]",
		"{}",
		"{",
		"\"AccessKeyId\"",
		"{\"a\":{\"AccessKeyId\":\"ASIA\"}}",
		"{\"AccessKeyId\":\"ASIA\"",
		"{\"AccessKeyId\":\"ASIA\"} x",
		"{\"AccessKeyId\":\"A\",\"AccessKeyId\":\"B\"}",
		"{\"AccessKeyId\":[\"ASIA\"]}",
		"{\"AccessKeyId\":\"\"}",
		/* not what it is called: these may be secrets in the wrong place */
		"{\"AccessKeyId\":\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"}",
		"{\"AccessKeyId\":\"0123456789012345678901234567890123456789\"}",
		"{\"AccessKeyId\":\"a\\u0000b\"}",
		"{\"AccessKeyId\":\"a\\u001b[2J\"}",
		"{\"Expiration\":\"IQoJb3JpZ2lu\"}",
		"{\"expires_in\":-1}",
		"{\"expires_in\":1.5}",
		"{\"expires_on\":\"ya29\"}",
	};
	static char deep[CREDENTIAL_BODY_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		static const struct credential empty;
		struct credential credential;

		memset(&credential, 0x5a, sizeof(credential));
		if (parse(bodies[i], &credential))
			fail_msg("%s", bodies[i]);
		assert_memory_equal(&credential, &empty, sizeof(empty));
	}
	memset(deep, '[', CREDENTIAL_BODY_MAX);
	assert_false(parse(deep, &(struct credential){0}));
	memset(deep, ' ', CREDENTIAL_BODY_MAX + 1);
	memcpy(deep, "{\"AccessKeyId\":\"A\"}", 19);
	assert_false(parse(deep, &(struct credential){0}));
	deep[CREDENTIAL_BODY_MAX] = 0;
	assert_true(parse(deep, &(struct credential){0}));
}

/* A ClientHello with these extensions in one record. Returns its length. */
static size_t make_hello(uint8_t *ret, const void *extensions, size_t len)
{
	static const uint8_t middle[] = {0, 0, 2, 0x13, 0x01, 1, 0};
	size_t body = 34 + sizeof(middle) + 2 + len, at = 0;

	memcpy(ret, "\x16\x03\x01", 3);
	at = 3;
	ret[at++] = (uint8_t)((body + 4) >> 8);
	ret[at++] = (uint8_t)(body + 4);
	ret[at++] = 1;
	ret[at++] = 0;
	ret[at++] = (uint8_t)(body >> 8);
	ret[at++] = (uint8_t)body;
	memset(ret + at, 3, 34);
	at += 34;
	memcpy(ret + at, middle, sizeof(middle));
	at += sizeof(middle);
	ret[at++] = (uint8_t)(len >> 8);
	ret[at++] = (uint8_t)len;
	if (len)
		memcpy(ret + at, extensions, len);
	return at + len;
}

#define SNI "\0\0\0\x10\0\x0e\0\0\x0bmetadata.go"
#define ECH "\xfe\x0d\0\1\0"

static enum tls_result read_tls(const uint8_t *bytes, size_t len, size_t step,
				struct tls_hello *ret)
{
	static struct tls_scan scan;
	enum tls_result result = TLS_MORE;

	tls_init(&scan);
	for (size_t at = 0; at < len && result == TLS_MORE; at += step) {
		size_t n = len - at < step ? len - at : step;
		struct guard guard;

		guard_init(&guard, bytes + at, n);
		result = tls_decode(&scan, (const uint8_t *)guard.bytes, n, ret);
		guard_done(&guard);
	}
	return result;
}

static void test_tls_names(void **state)
{
	static const char extensions[] = "\0\x2b\0\1\0" SNI ECH;
	uint8_t bytes[400];
	size_t len = make_hello(bytes, extensions, sizeof(extensions) - 1);
	struct tls_hello hello;

	(void)state;
	for (size_t step = 1; step <= len; step++) {
		memset(&hello, 0, sizeof(hello));
		assert_int_equal(read_tls(bytes, len, step, &hello), TLS_DONE);
		assert_string_equal(hello.server_name, "metadata.go");
		assert_true(hello.has_ech);
	}
	len = make_hello(bytes, NULL, 0);
	assert_int_equal(read_tls(bytes, len, len, &hello), TLS_DONE);
	assert_string_equal(hello.server_name, "");
	assert_false(hello.has_ech);
	assert_true(tls_is_hello(bytes, len));
	assert_true(tls_is_hello(bytes, 1));
	assert_false(tls_is_hello((const uint8_t *)"\x16\x04", 2));
	assert_false(tls_is_hello((const uint8_t *)"\x16\x03\x01\0\x05\x02", 6));
	assert_false(tls_is_hello((const uint8_t *)"GET", 3));
}

/* The message in records of one byte each. */
static void test_tls_in_small_records(void **state)
{
	uint8_t bytes[400], cut[6 * 400];
	size_t len = make_hello(bytes, SNI, sizeof(SNI) - 1), n = 0;
	struct tls_hello hello;

	(void)state;
	for (size_t i = 5; i < len; i++) {
		memcpy(cut + n, "\x16\x03\x01\0\1", 5);
		cut[n + 5] = bytes[i];
		n += 6;
	}
	assert_int_equal(read_tls(cut, n, 7, &hello), TLS_DONE);
	assert_string_equal(hello.server_name, "metadata.go");
}

static void test_tls_lies(void **state)
{
	static const char extensions[] = SNI ECH;
	uint8_t bytes[400], copy[400];
	size_t len = make_hello(bytes, extensions, sizeof(extensions) - 1);
	struct tls_hello hello, untouched;

	(void)state;
	memset(&untouched, 0x5a, sizeof(untouched));
	/* every byte may be wrong; nothing is read beyond the end, and what is refused stays */
	for (size_t i = 0; i < len; i++) {
		for (int value = 0; value < 256; value++) {
			enum tls_result result;

			memcpy(copy, bytes, len);
			copy[i] = (uint8_t)value;
			hello = untouched;
			result = read_tls(copy, len, 50, &hello);
			if (result != TLS_DONE)
				assert_memory_equal(&hello, &untouched, sizeof(hello));
		}
		hello = untouched;
		assert_int_equal(read_tls(bytes, i, 50, &hello), TLS_MORE);
	}
}

static void test_tls_is_bounded(void **state)
{
	static uint8_t bytes[2 * TLS_HELLO_MAX];
	struct tls_hello hello;

	(void)state;
	for (size_t at = 0; at + 4005 < sizeof(bytes); at += 4005)
		memcpy(bytes + at, "\x16\x03\x01\x0f\xa0\x01\x7f\xff\xff", 9);
	assert_int_equal(read_tls(bytes, sizeof(bytes), 1000, &hello), TLS_REFUSED);
}

static bool read_dns(const char *bytes, size_t len, struct dns_question *ret)
{
	struct guard guard;
	bool is_read;

	guard_init(&guard, bytes, len);
	is_read = dns_decode((const uint8_t *)guard.bytes, len, ret);
	guard_done(&guard);
	return is_read;
}

#define QUERY "\x12\x34\x01\0\0\1\0\0\0\0\0\0"
#define IS_DNS(text, ret) read_dns(text, sizeof(text) - 1, ret)

static void test_dns_questions(void **state)
{
	struct dns_question question;

	(void)state;
	assert_true(IS_DNS(QUERY "\x08metadata\x06google\x08internal\0\0\x1c\0\1", &question));
	assert_string_equal(question.name, "metadata.google.internal");
	assert_int_equal(question.type, 28);
	assert_true(IS_DNS(QUERY "\0\0\1\0\1", &question));
	assert_string_equal(question.name, ".");
	assert_true(IS_DNS(QUERY "\x06"
				 "a.b\\\xff\0\0\0\1\0\1",
			   &question));
	assert_string_equal(question.name, "a\\046b\\092\\255\\000");
	/* the first of several */
	assert_true(IS_DNS("\x12\x34\1\0\0\2\0\0\0\0\0\0\1a\0\0\1\0\1\1b\0\0\1\0\1", &question));
	assert_string_equal(question.name, "a");
}

static void test_dns_lies(void **state)
{
	static const char whole[] = QUERY "\x08metadata\x06google\0\0\1\0\1";
	static char longest[12 + 400];
	struct dns_question question, untouched;

	(void)state;
	memset(&untouched, 0x5a, sizeof(untouched));
	question = untouched;
	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		assert_false(read_dns(whole, i, &question));
	assert_false(IS_DNS("\x12\x34\x81\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", &question));
	assert_false(IS_DNS("\x12\x34\x01\0\0\0\0\0\0\0\0\0\1a\0\0\1\0\1", &question));
	assert_false(IS_DNS(QUERY "\xc0\x0c\0\1\0\1", &question));
	assert_false(IS_DNS(QUERY "\x40"
				  "aaaa\0\0\1\0\1",
			    &question));
	memcpy(longest, QUERY, 12);
	memset(longest + 12, 1, 400);
	assert_false(read_dns(longest, sizeof(longest), &question));
	assert_memory_equal(&question, &untouched, sizeof(question));
	/* of the longest name each byte takes four letters */
	for (size_t i = 0; i < 254; i += 2)
		memcpy(longest + 12 + i, "\1\xff", 2);
	longest[12 + 254] = 0;
	assert_true(read_dns(longest, 12 + 255 + 4, &question));
	assert_int_equal(strlen(question.name), 127 * 5 - 1);
}

static enum request_filter_error add(enum request_filter_error (*fn)(struct request_filter *,
								     const char *, size_t),
				     struct request_filter *filter, const char *text)
{
	return fn(filter, text, strlen(text));
}

static bool passes(const struct request_filter *filter, const char *method, const char *path)
{
	return request_filter_matches(filter, method, path, METADATA_V1, METADATA_CLASS_CREDENTIAL);
}

static void test_filter(void **state)
{
	static struct request_filter filter;

	(void)state;
	assert_true(passes(&filter, "GET", "/"));
	assert_int_equal(add(request_filter_add_version, &filter, "v2"), REQUEST_FILTER_OK);
	assert_false(passes(&filter, "GET", "/"));
	assert_int_equal(add(request_filter_add_version, &filter, "v1"), REQUEST_FILTER_OK);
	assert_true(passes(&filter, "GET", "/"));
	assert_int_equal(add(request_filter_add_class, &filter, "user-data"), REQUEST_FILTER_OK);
	assert_false(passes(&filter, "GET", "/"));
	assert_int_equal(add(request_filter_add_class, &filter, "credential"), REQUEST_FILTER_OK);
	assert_true(passes(&filter, "GET", "/"));
	assert_int_equal(add(request_filter_add_method, &filter, "PUT"), REQUEST_FILTER_OK);
	assert_false(passes(&filter, "GET", "/"));
	assert_true(passes(&filter, "put", "/"));
	assert_int_equal(add(request_filter_add_path, &filter, "/latest/*"), REQUEST_FILTER_OK);
	assert_false(passes(&filter, "PUT", "/"));
	assert_true(passes(&filter, "PUT", "/latest/meta-data/iam"));
	assert_int_equal(add(request_filter_add_path, &filter, "/"), REQUEST_FILTER_OK);
	assert_true(passes(&filter, "PUT", "/"));
}

static void test_filter_words(void **state)
{
	static struct request_filter filter;
	enum request_filter_error last = REQUEST_FILTER_OK;

	(void)state;
	assert_int_equal(add(request_filter_add_version, &filter, "none"), REQUEST_FILTER_OK);
	assert_int_equal(filter.versions, 1 << METADATA_NONE);
	assert_int_equal(add(request_filter_add_version, &filter, "unknown"), REQUEST_FILTER_OK);
	assert_int_equal(add(request_filter_add_version, &filter, ""), REQUEST_FILTER_UNKNOWN);
	assert_int_equal(add(request_filter_add_version, &filter, "V1"), REQUEST_FILTER_UNKNOWN);
	assert_int_equal(add(request_filter_add_class, &filter, "secret"), REQUEST_FILTER_UNKNOWN);
	assert_int_equal(add(request_filter_add_method, &filter, "G T"), REQUEST_FILTER_UNKNOWN);
	assert_int_equal(add(request_filter_add_method, &filter, ""), REQUEST_FILTER_UNKNOWN);
	assert_int_equal(add(request_filter_add_path, &filter, "/[a]"), REQUEST_FILTER_UNKNOWN);
	assert_int_equal(add(request_filter_add_path, &filter, ""), REQUEST_FILTER_UNKNOWN);
	assert_int_equal(filter.n_methods + filter.n_paths, 0);
	for (int i = 0; i <= REQUEST_FILTER_PATHS_MAX; i++)
		last = add(request_filter_add_path, &filter, "/a");
	assert_int_equal(last, REQUEST_FILTER_FULL);
	for (int i = 0; i <= REQUEST_FILTER_METHODS_MAX; i++)
		last = add(request_filter_add_method, &filter, "A");
	assert_int_equal(last, REQUEST_FILTER_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credentials_of_each_cloud),
		cmocka_unit_test(test_credentials_that_are_none),
		cmocka_unit_test(test_tls_names),
		cmocka_unit_test(test_tls_in_small_records),
		cmocka_unit_test(test_tls_lies),
		cmocka_unit_test(test_tls_is_bounded),
		cmocka_unit_test(test_dns_questions),
		cmocka_unit_test(test_dns_lies),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
