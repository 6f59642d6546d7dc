// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where bodies end: each read whole and in pieces, in front of a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guard.h"
#include "http_body.h"
#include "mem.h"

static void read_head(struct http_scan *scan, enum http_kind kind, const char *text)
{
	size_t consumed;

	http_init(scan, kind);
	assert_int_equal(http_decode(scan, (const uint8_t *)text, strlen(text), &consumed),
			 HTTP_DONE);
}

/* Reads text in pieces of step bytes; what is data goes into ret_data. */
static enum http_result read_body(struct http_body body, const char *text, size_t step,
				  size_t *ret_consumed, char *ret_data)
{
	enum http_result result = HTTP_MORE;
	size_t len = strlen(text), at = 0, n_data = 0;

	while (at < len && result == HTTP_MORE) {
		size_t n = len - at < step ? len - at : step, consumed = 0;
		struct guard guard;
		struct http_data data;

		guard_init(&guard, text + at, n);
		result = http_body_decode(&body, (const uint8_t *)guard.bytes, n, &consumed, &data);
		assert_true(consumed <= n && data.len <= consumed);
		if (data.len)
			memcpy(ret_data + n_data, data.bytes, data.len);
		guard_done(&guard);
		n_data += data.len;
		at += consumed;
	}
	ret_data[n_data] = 0;
	*ret_consumed = at;
	return result;
}

struct vector {
	const char *head;
	const char *method; /* NULL for a request's body */
	enum http_framing framing;
	const char *text;
	enum http_result result;
	size_t behind;
	const char *data;
};

static void assert_vectors(const struct vector *vectors, size_t n)
{
	static struct http_scan scan;

	for (size_t i = 0; i < n; i++) {
		const struct vector *v = &vectors[i];
		struct http_body body;

		read_head(&scan, v->method ? HTTP_RESPONSE : HTTP_REQUEST, v->head);
		http_body_init(&body, &scan.head, v->method);
		if (body.framing != v->framing)
			fail_msg("%s: framing %d", v->head, body.framing);
		for (size_t step = 1; step <= strlen(v->text); step++) {
			char data[200];
			size_t consumed;
			enum http_result result = read_body(body, v->text, step, &consumed, data);

			if (result != v->result || strcmp(data, v->data) != 0)
				fail_msg("%s: %d with \"%s\"", v->text, result, data);
			if (result == HTTP_DONE)
				assert_int_equal(consumed, strlen(v->text) - v->behind);
		}
	}
}

#define PUT "PUT / HTTP/1.1\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

static void test_framing_of_requests(void **state)
{
	static const struct vector vectors[] = {
		{PUT "\r\n", NULL, HTTP_NO_BODY, "GET", HTTP_DONE, 3, ""},
		{PUT "Content-Length: 0\r\n\r\n", NULL, HTTP_BY_LENGTH, "GET", HTTP_DONE, 3, ""},
		{PUT "Content-Length: 3\r\n\r\n", NULL, HTTP_BY_LENGTH, "abcGET", HTTP_DONE, 3,
		 "abc"},
		{PUT "Content-Length: 9\r\n\r\n", NULL, HTTP_BY_LENGTH, "abc", HTTP_MORE, 0, "abc"},
		{PUT CHUNKED, NULL, HTTP_IN_CHUNKS, "3\r\nabc\r\n0\r\n\r\nGET", HTTP_DONE, 3,
		 "abc"},
		{PUT "Content-Length: 3\r\n" CHUNKED, NULL, HTTP_UNFRAMED, "abc", HTTP_REFUSED, 0,
		 ""},
		{PUT "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", NULL, HTTP_UNFRAMED, "abc",
		 HTTP_REFUSED, 0, ""},
		{PUT "Transfer-Encoding: gzip\r\n\r\n", NULL, HTTP_UNFRAMED, "abc", HTTP_REFUSED, 0,
		 ""},
		{PUT "Transfer-Encoding : chunked\r\n\r\n", NULL, HTTP_UNFRAMED, "0", HTTP_REFUSED,
		 0, ""},
		{"PUT / HTTP/1.0\r\nConnection: keep-alive\r\n" CHUNKED, NULL, HTTP_UNFRAMED, "0",
		 HTTP_REFUSED, 0, ""},
		{"PUT / HTTP/0.9\r\n" CHUNKED, NULL, HTTP_UNFRAMED, "0", HTTP_REFUSED, 0, ""},
		{"PUT / HTTP/1.0\r\nContent-Length: 1\r\n\r\n", NULL, HTTP_BY_LENGTH, "a",
		 HTTP_DONE, 0, "a"},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_framing_of_responses(void **state)
{
	static const struct vector vectors[] = {
		{OK "\r\n", "GET", HTTP_TO_END, "abc", HTTP_MORE, 0, "abc"},
		{OK "Content-Length: 2\r\n\r\n", "GET", HTTP_BY_LENGTH, "abc", HTTP_DONE, 1, "ab"},
		{OK "Content-Length: 2\r\n\r\n", "HEAD", HTTP_NO_BODY, "abc", HTTP_DONE, 3, ""},
		{OK "Content-Length: 2\r\n\r\n", "head", HTTP_NO_BODY, "abc", HTTP_DONE, 3, ""},
		{OK "Content-Length: 2\r\n\r\n", "CONNECT", HTTP_NO_BODY, "abc", HTTP_DONE, 3, ""},
		{OK "Transfer-Encoding: gzip\r\n\r\n", "GET", HTTP_TO_END, "abc", HTTP_MORE, 0,
		 "abc"},
		{OK CHUNKED, "GET", HTTP_IN_CHUNKS, "1\r\na\r\n0\r\n\r\n", HTTP_DONE, 0, "a"},
		{"HTTP/1.0 200 OK\r\n" CHUNKED, "GET", HTTP_IN_CHUNKS, "0\r\n\r\n", HTTP_DONE, 0,
		 ""},
		{"HTTP/1.1 100 Continue\r\n\r\n", "PUT", HTTP_NO_BODY, "HTTP", HTTP_DONE, 4, ""},
		{"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n", "GET", HTTP_NO_BODY, "H",
		 HTTP_DONE, 1, ""},
		{"HTTP/1.1 304 No\r\n\r\n", "GET", HTTP_NO_BODY, "H", HTTP_DONE, 1, ""},
		{"HTTP/1.1 404 No\r\n\r\n", "CONNECT", HTTP_TO_END, "H", HTTP_MORE, 0, "H"},
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_chunks(void **state)
{
	static const struct vector vectors[] = {
#define C(text, result, behind, data) \
	{PUT CHUNKED, NULL, HTTP_IN_CHUNKS, text, result, behind, data}
		C("A;x=y\r\n0123456789\r\n00\r\n\r\nG", HTTP_DONE, 1, "0123456789"),
		C("1\r\na\r\n1\r\nb\r\n0\r\nT: t\r\nU: u\r\n\r\nG", HTTP_DONE, 1, "ab"),
		C("0\r\n\r\n", HTTP_DONE, 0, ""),
		C("5\r\nabc", HTTP_MORE, 0, "abc"),
		/* readers differ on each of these, so none of them is followed */
		C("1\na\n0\n\n", HTTP_REFUSED, 0, ""),
		C("0\r\n\n", HTTP_REFUSED, 0, ""),
		C("1\r\nab\r\n", HTTP_REFUSED, 0, "a"),
		C("1\r\na\r\r\n", HTTP_REFUSED, 0, "a"),
		C("1\r\nab\n0\r\n\r\n", HTTP_REFUSED, 0, "a"),
		C("x\r\n", HTTP_REFUSED, 0, ""),
		C("\r\n", HTTP_REFUSED, 0, ""),
		C(";\r\n", HTTP_REFUSED, 0, ""),
		C("-1\r\n", HTTP_REFUSED, 0, ""),
		C("0x1\r\na\r\n", HTTP_REFUSED, 0, ""),
		C("1;\n\r\na", HTTP_REFUSED, 0, ""),
		C("ffffffffffffffffff\r\n", HTTP_REFUSED, 0, ""),
		C("1\rxa\r\n", HTTP_REFUSED, 0, ""),
		C("0\r\nGET / HTTP/1.1\r\n\r\n", HTTP_REFUSED, 0, ""),
		C("0\r\n: x\r\n\r\n", HTTP_REFUSED, 0, ""),
		C("0\r\nT\r\n\r\n", HTTP_REFUSED, 0, ""),
		C("0\r\nT : x\r\n\r\n", HTTP_REFUSED, 0, ""),
#undef C
	};

	(void)state;
	assert_vectors(vectors, ARRAY_SIZE(vectors));
}

static void test_bounds_of_lines(void **state)
{
	static struct http_scan scan;
	static uint8_t text[2 * HTTP_HEAD_MAX];
	struct http_body body;
	struct http_data data;
	size_t consumed;

	(void)state;
	read_head(&scan, HTTP_REQUEST, PUT CHUNKED);
	http_body_init(&body, &scan.head, NULL);
	memset(text, '0', sizeof(text));
	assert_int_equal(http_body_decode(&body, text, sizeof(text), &consumed, &data),
			 HTTP_REFUSED);
	assert_true(consumed < 1000);

	http_body_init(&body, &scan.head, NULL);
	memcpy(text, "0\r\n", 3);
	assert_int_equal(http_body_decode(&body, text, sizeof(text), &consumed, &data),
			 HTTP_REFUSED);
	assert_true(consumed < HTTP_HEAD_MAX + 10);
}

/* Bytes that were never seen: the end is known as long as the gap ends before it. */
static void test_skip(void **state)
{
	static struct http_scan scan;
	struct http_body body;
	struct http_data data;
	size_t consumed;

	(void)state;
	read_head(&scan, HTTP_REQUEST, PUT "Content-Length: 10\r\n\r\n");
	http_body_init(&body, &scan.head, NULL);
	assert_false(http_body_skip(&body, 11));
	assert_true(http_body_skip(&body, 10));
	assert_int_equal(http_body_decode(&body, NULL, 0, &consumed, &data), HTTP_DONE);

	read_head(&scan, HTTP_REQUEST, PUT CHUNKED);
	http_body_init(&body, &scan.head, NULL);
	assert_false(http_body_skip(&body, 1));
	http_body_decode(&body, (const uint8_t *)"9\r\na", 4, &consumed, &data);
	http_body_decode(&body, (const uint8_t *)"a", 1, &consumed, &data);
	assert_true(http_body_skip(&body, 7));
	assert_false(http_body_skip(&body, 1));

	read_head(&scan, HTTP_RESPONSE, OK "\r\n");
	http_body_init(&body, &scan.head, "GET");
	assert_true(http_body_skip(&body, 1ULL << 40));

	read_head(&scan, HTTP_REQUEST, PUT "\r\n");
	http_body_init(&body, &scan.head, NULL);
	assert_false(http_body_skip(&body, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_framing_of_requests),
		cmocka_unit_test(test_framing_of_responses),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_bounds_of_lines),
		cmocka_unit_test(test_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
