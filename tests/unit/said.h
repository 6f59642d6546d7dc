/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Conversations to requests with their answers. What is said of one is written
 * as "protocol cloud version class method path reason; answer status bytes".
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "mem.h"
#include "talk.h"

#define SAID_MAX 64

static struct exchange_request said[SAID_MAX];
static size_t n_said;
static struct exchange *exchange;
static struct talk talk;
static uint64_t now_ns;

/* Canaries that must never come out: put together at run time, so that only the input holds them. */
static const char *const secrets[] = {"IQoJb3JpZ2luX2VjEJf", "wJalrXUtnFEMIK7MDENG",
				      "AQAEAHtokentokentok", "3f5c0e9a-77aa-4b1e"};

static inline void take_request(void *ctx, const struct exchange_request *request)
{
	(void)ctx;
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		assert_null(memmem(request, sizeof(*request), secrets[i], 8));
	if (n_said < SAID_MAX)
		said[n_said] = *request;
	n_said++;
}

static inline void set_up(enum metadata_cloud cloud)
{
	struct exchange_settings settings = {.cloud = cloud, .emit = take_request};

	exchange_free(exchange);
	exchange = exchange_new(&settings);
	assert_non_null(exchange);
	n_said = 0;
	now_ns = 0;
	talk_init(&talk, 40000, 100, 900);
}

static inline int begin(void **state)
{
	(void)state;
	set_up(METADATA_AWS);
	return 0;
}

static inline int finish(void **state)
{
	(void)state;
	exchange_free(exchange);
	exchange = NULL;
	return 0;
}

/* Bytes of a segment are in memory of their own, of their own length. */
static inline void feed(const struct stream_segment *segment)
{
	struct stream_segment copy = *segment;
	uint8_t *bytes = malloc(segment->captured ? segment->captured : 1);

	assert_non_null(bytes);
	if (segment->captured)
		memcpy(bytes, segment->bytes, segment->captured);
	copy.bytes = bytes;
	exchange_segment(exchange, &copy);
	free(bytes);
}

/* Feeds what was added since the last time. */
static inline void feed_talk(void)
{
	for (size_t i = 0; i < talk.n; i++)
		feed(&talk.segments[i]);
	talk.n = 0;
}

static inline void pass(uint64_t ns)
{
	uint64_t end_ns;

	if (now_ns < talk.ts_ns)
		now_ns = talk.ts_ns;
	end_ns = now_ns + ns;
	for (; now_ns <= end_ns; now_ns += 50000000)
		exchange_tick(exchange, now_ns);
}

static inline void ask(const char *text)
{
	talk_say(&talk, STREAM_TO, text, 0);
}

static inline void reply(const char *text)
{
	talk_say(&talk, STREAM_FROM, text, 0);
}

static inline void settle(void)
{
	feed_talk();
	pass(3 * EXCHANGE_SETTLE_NS);
}

static inline void say(const struct exchange_request *request, char *text, size_t size)
{
	snprintf(text, size, "%s %s %s %s %s %s %s; %s %u %llu",
		 exchange_protocol_name(request->protocol),
		 metadata_cloud_name(request->metadata.cloud),
		 metadata_version_name(request->metadata.version),
		 metadata_class_name(request->metadata.class), request->method, request->path,
		 metadata_reason_name(request->metadata.reason),
		 exchange_answer_name(request->answer), request->status,
		 (unsigned long long)request->answer_bytes);
}

/* Exactly these were told, in this order. */
static inline void assert_said(size_t n, ...)
{
	va_list list;

	va_start(list, n);
	for (size_t i = 0; i < n; i++) {
		const char *expected = va_arg(list, const char *);
		char text[3000] = "nothing";

		if (i < n_said)
			say(&said[i], text, sizeof(text));
		if (strcmp(text, expected) != 0)
			fail_msg("%zu: \"%s\" and not \"%s\"", i, text, expected);
	}
	va_end(list);
	if (n_said != n)
		fail_msg("%zu were told", n_said);
}

#define TOKEN "X-aws-ec2-metadata-token: AQAEAHtokentokentok\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: 169.254.169.254\r\nUser-Agent: curl/8\r\n\r\n"
#define GET2(path) "GET " path " HTTP/1.1\r\n" TOKEN "\r\n"
#define PUT                                                                              \
	"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n" \
	"Content-Length: 0\r\n\r\n"
#define OK(len, body) "HTTP/1.1 200 OK\r\nServer: EC2ws\r\nContent-Length: " len "\r\n\r\n" body
#define TOKEN_OK OK("19", "AQAEAHtokentokentok")
#define ROLE "/latest/meta-data/iam/security-credentials/web"
#define KEYS                                                                              \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\","                 \
	"\"SecretAccessKey\":\"wJalrXUtnFEMIK7MDENG\",\"Token\":\"IQoJb3JpZ2luX2VjEJf\"," \
	"\"Expiration\":\"2030-05-17T15:09:54Z\"}"
#define KEYS_LEN "162"
