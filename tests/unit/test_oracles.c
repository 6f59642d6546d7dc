// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Our scanner beside two parsers that others wrote, libhtp (Suricata's) and
 * http-parser (Node's of old): each request is read by all three, and what they
 * say of it is compared. Where they differ, the table has the reason; what is
 * not in the table must agree. docs/http-differences.md is this table for people.
 *
 * What is said of a request: method, target, version, whether the token's
 * header is there, and how many requests there are in all; or "refused".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "http_body.h"
#include "mem.h"
#include "oracle.h"
#include "talk.h"

/* Reads over the body at bytes. Returns its length, SIZE_MAX when its end is not known. */
static size_t body_len(const struct http_head *head, const uint8_t *bytes, size_t len)
{
	struct http_body body;
	enum http_result result = HTTP_MORE;
	size_t at = 0;

	http_body_init(&body, head, NULL);
	while (result == HTTP_MORE) {
		struct http_data data;
		size_t consumed;

		result = http_body_decode(&body, bytes + at, len - at, &consumed, &data);
		at += consumed;
		if (result == HTTP_MORE && at == len)
			return SIZE_MAX;
	}
	return result == HTTP_DONE ? at : SIZE_MAX;
}

/* Anomalies are those of all requests; REFUSED if not all was read. */
#define REFUSED (1U << 31)

static void ask_ours(const char *text, size_t len, char *said, uint32_t *ret_anomalies)
{
	static struct http_scan scan;
	struct oracle_facts facts = {.n = 0};
	size_t at = 0, consumed, body;

	*ret_anomalies = 0;
	while (at < len) {
		enum http_result result;

		http_init(&scan, HTTP_REQUEST);
		result = http_decode(&scan, (const uint8_t *)text + at, len - at, &consumed);
		*ret_anomalies |= scan.head.anomalies;
		if (result == HTTP_MORE)
			result = http_end(&scan);
		if (result != HTTP_DONE) {
			*ret_anomalies |= REFUSED;
			break;
		}
		if (!facts.n++) {
			oracle_copy(facts.method, sizeof(facts.method), scan.head.method,
				    strlen(scan.head.method));
			oracle_copy(facts.target, sizeof(facts.target), scan.head.target,
				    scan.head.target_len);
			facts.version = scan.head.major * 10 + scan.head.minor;
			facts.has_token = scan.head.fields & 1U << HTTP_AWS_TOKEN;
		}
		at += consumed;
		body = body_len(&scan.head, (const uint8_t *)text + at, len - at);
		if (body == SIZE_MAX || (http_is_last(&scan.head) && at + body < len))
			*ret_anomalies |= REFUSED;
		if (body == SIZE_MAX || http_is_last(&scan.head))
			break;
		at += body;
	}
	oracle_write(&facts, said);
}

struct row {
	const char *name;
	const char *text;
	size_t len;
	const char *ours;
	const char *htp; /* NULL: the same */
	const char *parser;
	const char *why; /* they differ */
};
#define T(text) (text), sizeof(text) - 1
#define TOKEN "X-aws-ec2-metadata-token: t\r\n"

/* clang-format off */
static const struct row rows[] = {
	{"plain", T("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"three in one connection", T("GET /a HTTP/1.1\r\n" TOKEN "\r\nPUT /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nxxGET /c HTTP/1.1\r\n\r\n"),
	 "GET /a 1.1 token=1 n=3", NULL, NULL, NULL},
	{"chunks", T("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
	 "POST /a 1.1 token=0 n=2", NULL, NULL, NULL},
	{"HTTP/1.0 kept alive", T("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n"),
	 "GET /a 1.0 token=0 n=2", NULL, NULL, NULL},
	{"bare LF", T("GET /a HTTP/1.1\nHost: x\n\n"),
	 "GET /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"both line ends", T("GET /a HTTP/1.1\r\nHost: x\n\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"bare LF before the token", T("GET /a HTTP/1.1\r\nA: b\n" TOKEN "\r\n"),
	 "GET /a 1.1 token=1 n=1", NULL, NULL, NULL},
	{"an empty line of LF within", T("GET /a HTTP/1.1\r\n\n" TOKEN "\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"folded header", T("GET /a HTTP/1.1\r\nA: b\r\n c\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"token on a folded line", T("GET /a HTTP/1.1\r\nA: b\r\n " TOKEN "\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"token's value folded", T("GET /a HTTP/1.1\r\nX-aws-ec2-metadata-token:\r\n t\r\n\r\n"),
	 "GET /a 1.1 token=1 n=1", NULL, NULL, NULL},
	{"space before the colon", T("GET /a HTTP/1.1\r\nX-aws-ec2-metadata-token : t\r\n\r\n"),
	 "GET /a 1.1 token=1 n=1", NULL, "GET /a 1.1 token=0 n=1", "http-parser takes the space for a part of the name: it does not see the token. We report it and call the version unknown"},
	{"bare CR before the token", T("GET /a HTTP/1.1\r\nA: b\r" TOKEN "\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, "refused", "http-parser refuses a CR within a line; we report it"},
	{"UTF-8 in the target", T("GET /caf\303\251 HTTP/1.1\r\n\r\n"),
	 "GET /caf\303\251 1.1 token=0 n=1", NULL, NULL, NULL},
	{"a byte that is no UTF-8", T("GET /\377 HTTP/1.1\r\n\r\n"),
	 "GET /\377 1.1 token=0 n=1", NULL, NULL, NULL},
	{"control byte in the target", T("GET /a\001 HTTP/1.1\r\n\r\n"),
	 "GET /a\001 1.1 token=0 n=1", NULL, "refused", "http-parser refuses it; we report it"},
	{"lower-case method", T("get /a HTTP/1.1\r\n\r\n"),
	 "get /a 1.1 token=0 n=1", NULL, "refused", "http-parser knows its methods only; we report it"},
	{"unknown method", T("BREW /a HTTP/1.1\r\n\r\n"),
	 "BREW /a 1.1 token=0 n=1", NULL, "refused", "http-parser knows its methods only; we report it"},
	{"absolute target", T("GET http://h/a HTTP/1.1\r\n\r\n"),
	 "GET http://h/a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"target without a slash", T("GET latest HTTP/1.1\r\n\r\n"),
	 "GET latest 1.1 token=0 n=1", NULL, "refused", "http-parser refuses it; we report it"},
	{"asterisk", T("OPTIONS * HTTP/1.1\r\n\r\n"),
	 "OPTIONS * 1.1 token=0 n=1", NULL, NULL, NULL},
	{"authority", T("CONNECT h:80 HTTP/1.1\r\n\r\n"),
	 "CONNECT h:80 1.1 token=0 n=1", NULL, NULL, NULL},
	{"HTTP/0.9", T("GET /a\r\n"),
	 "GET /a 0.9 token=0 n=1", "refused", "refused", "we know that this may be all of a request; the others wait for more"},
	{"no version, a header", T("GET /a\r\n" TOKEN "\r\n"),
	 "GET /a 0.9 token=1 n=1", NULL, NULL, NULL},
	{"NUL in the target", T("GET /a\000b HTTP/1.1\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", "refused", "refused", "both refuse; a watcher must not, and the path is shown"},
	{"NUL in a value", T("GET /a HTTP/1.1\r\nA: \000b\r\n" TOKEN "\r\n"),
	 "GET /a 1.1 token=1 n=1", NULL, NULL, NULL},
	{"NUL in the token's name", T("GET /a HTTP/1.1\r\nX-aws-ec2-metadata-token\000: t\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, "refused", "http-parser refuses it; we report it"},
	{"no end", T("GET /a HTTP/1.1\r\nHost: x\r\n"),
	 "refused", NULL, NULL, NULL},
	{"two tokens", T("GET /a HTTP/1.1\r\n" TOKEN "X-aws-ec2-metadata-token: u\r\n\r\n"),
	 "GET /a 1.1 token=1 n=1", NULL, NULL, NULL},
	{"lengths that differ", T("PUT /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxyGET /b HTTP/1.1\r\n\r\n"),
	 "PUT /a 1.1 token=0 n=1", NULL, "refused", "http-parser refuses the request; we read its head and no further"},
	{"the same length twice", T("PUT /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nxGET /b HTTP/1.1\r\n\r\n"),
	 "PUT /a 1.1 token=0 n=2", NULL, "refused", "http-parser refuses it; RFC 9112, 6.3 lets a recipient take them as one"},
	{"length and coding", T("PUT /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
	 "PUT /a 1.1 token=0 n=1", "PUT /a 1.1 token=0 n=2", "refused", "libhtp goes on by the coding, http-parser refuses: nobody knows what the server does, so we read no further"},
	{"length with a sign", T("PUT /a HTTP/1.1\r\nContent-Length: +1\r\n\r\nxGET /b HTTP/1.1\r\n\r\n"),
	 "PUT /a 1.1 token=0 n=1", "PUT /a 1.1 token=0 n=2", "refused", "libhtp takes +1 for a length, http-parser refuses: we read no further"},
	{"an unknown coding", T("PUT /a HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
	 "PUT /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"bare LF in chunks", T("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\n\nGET /b HTTP/1.1\r\n\r\n"),
	 "PUT /a 1.1 token=0 n=1", "PUT /a 1.1 token=0 n=2", NULL, "libhtp takes it for a line's end, http-parser stops there, too: we read no further"},
	{"an odd trailer", T("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n/: u\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
	 "PUT /a 1.1 token=0 n=1", "PUT /a 1.1 token=0 n=2", NULL, "libhtp steps over trailers; we read no further, as http-parser"},
	{"two spaces", T("GET  /a HTTP/1.1\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"tab for a space", T("GET\t/a HTTP/1.1\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, "refused", "http-parser refuses it; we report it"},
	{"space in the target", T("GET /a b HTTP/1.1\r\n\r\n"),
	 "GET /a b 1.1 token=0 n=1", "GET /a 0.0 token=0 n=1", "refused", "libhtp ends the target there and finds no version; http-parser refuses; we take the last word for the version"},
	{"space behind the version", T("GET /a HTTP/1.1 \r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", "GET /a 0.0 token=0 n=1", "refused", "libhtp does not know that version; http-parser refuses; we report it"},
	{"space before the method", T(" GET /a HTTP/1.1\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", " GET /a 1.1 token=0 n=1", "refused", "libhtp makes it part of the method; http-parser refuses; we report it"},
	{"empty lines first", T("\r\n\r\nGET /a HTTP/1.1\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", NULL, NULL, NULL},
	{"lower-case version", T("GET /a http/1.1\r\n\r\n"),
	 "GET /a 0.0 token=0 n=1", NULL, "refused", "http-parser refuses it; we report it"},
	{"odd version", T("GET /a HTTP/1.10\r\n\r\n"),
	 "GET /a 0.0 token=0 n=1", NULL, "refused", "http-parser refuses it; we report it"},
	{"HTTP/2", T("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	 "PRI * 2.0 token=0 n=1", "PRI * 0.0 token=0 n=1", "refused", "libhtp does not know that version, http-parser not the method; we name it and read no further"},
	{"header without a colon", T("GET /a HTTP/1.1\r\nno colon\r\n" TOKEN "\r\n"),
	 "GET /a 1.1 token=1 n=1", NULL, "refused", "http-parser refuses it; we report it"},
	{"header without a name", T("GET /a HTTP/1.1\r\n: x\r\n" TOKEN "\r\n"),
	 "GET /a 1.1 token=1 n=1", NULL, "refused", "http-parser refuses it; we report it"},
	{"GET with a body", T("GET /a HTTP/1.1\r\nContent-Length: 20\r\n\r\nGET /b HTTP/1.1\r\n\r\nxGET /c HTTP/1.1\r\n\r\n"),
	 "GET /a 1.1 token=0 n=2", NULL, NULL, NULL},
	{"a request behind the last one", T("GET /a HTTP/1.1\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
	 "GET /a 1.1 token=0 n=1", "GET /a 1.1 token=0 n=2", "GET /a 1.1 token=0 n=2", "the others go on; RFC 9112, 9.6 says that the server does not: we tell that there was more"},
	{"another protocol", T("EHLO localhost\r\n"),
	 "refused", NULL, NULL, NULL},
};
/* clang-format on */

static void compare(const struct row *row, const char *who, const char *said, const char *expected)
{
	if (!expected)
		expected = row->ours;
	if (strcmp(said, expected) != 0)
		fail_msg("%s, %s: \"%s\" and not \"%s\"", row->name, who, said, expected);
	if (strcmp(expected, row->ours) != 0 && !row->why)
		fail_msg("%s: no reason is given", row->name);
}

static void test_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char said[ORACLE_SAID_MAX];
		uint32_t anomalies;

		ask_ours(rows[i].text, rows[i].len, said, &anomalies);
		compare(&rows[i], "ours", said, NULL);
	}
}

static void test_libhtp(void **state)
{
	char said[ORACLE_SAID_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!oracle_ask_htp(rows[i].text, rows[i].len, said))
			skip();
		compare(&rows[i], "libhtp", said, rows[i].htp);
	}
}

static void test_http_parser(void **state)
{
	char said[ORACLE_SAID_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!oracle_ask_http_parser(rows[i].text, rows[i].len, said))
			skip();
		compare(&rows[i], "http-parser", said, rows[i].parser);
	}
}

static const char *pick(const char *const *words, size_t n, uint64_t *random)
{
	return words[talk_random(random) % n];
}
#define PICK(words, random) pick(words, ARRAY_SIZE(words), random)

/* One to three requests of the usual kind; in half of the cases one byte of them is changed. */
static size_t make_requests(char *text, size_t size, uint64_t *random)
{
	static const char *const methods[] = {"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"};
	static const char *const targets[] = {"/",
					      "/latest/meta-data/",
					      "/a%20b?c=d&e",
					      "/x//../y",
					      "http://169.254.169.254/latest",
					      "/~a;b=c/d"};
	static const char *const headers[] = {"Host: 169.254.169.254",
					      "Accept: */*",
					      "User-Agent: curl/7.88.1",
					      "X-Empty:",
					      "x-AWS-ec2-metadata-token: AQAE==",
					      "A:b  c\td "};
	static const char *const bodies[] = {
		"\r\n", "Content-Length: 0\r\n\r\n", "content-length:5\r\n\r\nGET /",
		"Transfer-Encoding: Chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\n\r\n"};
	static const char letters[] = "\r\n\t :;,/%AgT0\x01\x7f\xc3\xff";
	size_t len = 0;

	for (uint32_t n = 1 + talk_random(random) % 3; n; n--) {
		const char *method = PICK(methods, random);

		len += (size_t)snprintf(text + len, size - len, "%s %s HTTP/1.1\r\n", method,
					PICK(targets, random));
		for (uint32_t i = talk_random(random) % 4; i; i--)
			len += (size_t)snprintf(text + len, size - len, "%s\r\n",
						PICK(headers, random));
		len += (size_t)snprintf(text + len, size - len, "%s", PICK(bodies, random));
	}
	if (talk_random(random) % 2) {
		uint32_t at = talk_random(random) % (uint32_t)len;

		text[at] = letters[talk_random(random) % (sizeof(letters) - 1)];
	}
	return len;
}

/* What we find nothing odd in, nobody does: then all three agree. */
static void test_all_agree_on_what_is_not_odd(void **state)
{
	uint64_t random = 88172645463325252ULL;
	int n_agreed = 0;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		char text[2000], said[ORACLE_SAID_MAX], other[ORACLE_SAID_MAX];
		uint32_t anomalies;
		size_t len = make_requests(text, sizeof(text), &random);

		ask_ours(text, len, said, &anomalies);
		if (anomalies & ~(uint32_t)(HTTP_HAS_BODY | HTTP_ABSOLUTE_FORM))
			continue;
		if (!oracle_ask_htp(text, len, other))
			skip();
		if (strcmp(said, other) != 0)
			fail_msg("libhtp: \"%s\" and not \"%s\" of\n%s", other, said, text);
		if (!oracle_ask_http_parser(text, len, other))
			skip();
		if (strcmp(said, other) != 0)
			fail_msg("http-parser: \"%s\" and not \"%s\" of\n%s", other, said, text);
		n_agreed++;
	}
	assert_true(n_agreed > 25000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_libhtp),
		cmocka_unit_test(test_http_parser),
		cmocka_unit_test(test_all_agree_on_what_is_not_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
