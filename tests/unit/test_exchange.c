// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Conversations to requests with their answers. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "said.h"

static void test_one_request(void **state)
{
	(void)state;
	assert_int_equal(strlen(KEYS), atoi(KEYS_LEN));
	talk_open(&talk);
	ask(GET(ROLE));
	reply(OK(KEYS_LEN, KEYS));
	settle();
	assert_said(1, "http aws v1 credential GET " ROLE " ; whole 200 162");
	assert_string_equal(said[0].metadata.role, "web");
	assert_string_equal(said[0].host, "169.254.169.254");
	assert_string_equal(said[0].agent, "curl/8");
	assert_string_equal(said[0].server, "EC2ws");
	assert_string_equal(said[0].raw, ROLE);
	assert_string_equal(said[0].credential.key_id, "ASIAIOSFODNN7EXAMPLE");
	assert_string_equal(said[0].credential.expiry, "2030-05-17T15:09:54Z");
	assert_int_equal(said[0].asker.cookie, 7);
	assert_int_equal(said[0].proto, IPPROTO_TCP);
	assert_int_equal(said[0].n_views, 1);
	assert_int_equal(said[0].major * 10 + said[0].minor, 11);
	assert_true(said[0].has_latency);
	assert_int_equal(said[0].latency_ns, 20000); /* two steps of the talk's clock */
	assert_false(said[0].is_hop_limit);
}

static void test_session_on_one_connection(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(PUT);
	reply(TOKEN_OK);
	ask(GET2("/latest/meta-data/"));
	reply(OK("3", "abc"));
	ask(GET2(ROLE));
	reply("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
	ask(GET("/latest/user-data"));
	reply(OK("3", "abc"));
	settle();
	assert_said(4, "http aws v2 token PUT /latest/api/token ; whole 200 19",
		    "http aws v2 metadata GET /latest/meta-data ; whole 200 3",
		    "http aws v2 credential GET " ROLE " ; whole 401 0",
		    "http aws v1 user-data GET /latest/user-data ; whole 200 3");
}

static void test_pipelined(void **state)
{
	(void)state;
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, GET("/latest/a") GET2("/latest/b") GET("/latest/user-data"), 7);
	talk_say(&talk, STREAM_FROM, OK("1", "1") OK("2", "22") OK("3", "333"), 11);
	settle();
	assert_said(3, "http aws v1 unknown GET /latest/a ; whole 200 1",
		    "http aws v2 unknown GET /latest/b ; whole 200 2",
		    "http aws v1 user-data GET /latest/user-data ; whole 200 3");
}

static void test_kinds_of_bodies(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("HEAD /latest/a HTTP/1.1\r\n\r\n");
	reply("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
	ask(GET("/latest/b"));
	reply("HTTP/1.1 204 No\r\n\r\n");
	ask(GET("/latest/c"));
	reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n");
	ask("POST /latest/d HTTP/1.1\r\nContent-Length: 24\r\n\r\nGET /latest HTTP/1.1\r\n\r\n");
	reply(OK("0", ""));
	ask("POST /latest/e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "18\r\nGET /latest HTTP/1.1\r\n\r\n\r\n0\r\n\r\n");
	reply(OK("0", ""));
	ask(GET("/latest/f"));
	reply("HTTP/1.1 200 OK\r\n\r\nto the end");
	talk_close(&talk);
	settle();
	assert_said(6, "http aws v1 unknown HEAD /latest/a ; whole 200 99",
		    "http aws v1 unknown GET /latest/b ; whole 204 0",
		    "http aws v1 unknown GET /latest/c ; whole 200 6",
		    "http aws unknown unknown POST /latest/d method; whole 200 0",
		    "http aws unknown unknown POST /latest/e method; whole 200 0",
		    "http aws v1 unknown GET /latest/f ; whole 200 10");
}

static void test_continue(void **state)
{
	static const char post[] = "PUT /x HTTP/1.1\r\nExpect: 100-continue\r\n"
				   "Content-Length: 3\r\n\r\n";

	(void)state;
	talk_open(&talk);
	ask(post);
	reply("HTTP/1.1 100 Continue\r\n\r\n");
	ask("abc");
	reply(OK("1", "x"));
	ask(GET("/latest/user-data"));
	reply(OK("0", ""));
	settle();
	assert_said(2, "http aws unknown unknown PUT /x method; whole 200 1",
		    "http aws v1 user-data GET /latest/user-data ; whole 200 0");
	assert_int_equal(said[0].latency_ns, 20000);
	/* the final answer came at once: whether a body follows nobody knows */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask(post);
	reply("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
	ask(GET("/latest/user-data"));
	settle();
	assert_said(2, "http aws unknown unknown PUT /x method; whole 417 0",
		    "other aws unknown unknown   framing; none 0 0");
}

static void test_after_the_last(void **state)
{
	static const char *const first[] = {
		"GET /latest/a HTTP/1.1\r\nConnection: close\r\n\r\n",
		"GET /latest/a HTTP/1.0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		ask(first[i]);
		ask(GET("/latest/user-data"));
		ask(GET("/latest/user-data"));
		reply(OK("0", ""));
		settle();
		/* one line says that there was more */
		assert_said(2, "http aws v1 unknown GET /latest/a ; whole 200 0",
			    "other aws unknown unknown   after_last; none 0 0");
	}
	/* the endpoint said it */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask(GET("/latest/a"));
	reply("HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
	ask(GET("/latest/user-data"));
	settle();
	assert_said(2, "http aws v1 unknown GET /latest/a ; whole 400 0",
		    "other aws unknown unknown   after_last; none 0 0");
}

static void test_other_protocol_after_upgrade(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	reply("HTTP/1.1 101 Switching\r\n\r\n\x81\x05hello");
	ask(GET("/latest/user-data"));
	settle();
	assert_said(2, "http aws v1 unknown GET /latest/a ; whole 101 0",
		    "other aws unknown unknown   upgraded; none 0 0");
	/* asked for and not granted */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("CONNECT h:80 HTTP/1.1\r\n\r\n" GET("/latest/a"));
	reply("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n" OK("0", ""));
	ask(GET("/latest/b"));
	reply(OK("0", ""));
	settle();
	assert_said(3, "http aws unknown unknown CONNECT /h:80 method; whole 405 0",
		    "http aws unknown unknown GET /latest/a upgraded; whole 200 0",
		    "http aws v1 unknown GET /latest/b ; whole 200 0");
	/* a tunnel */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("CONNECT h:80 HTTP/1.1\r\n\r\n");
	reply("HTTP/1.1 200 OK\r\n\r\n");
	ask(GET("/latest/b"));
	settle();
	assert_said(2, "http aws unknown unknown CONNECT /h:80 method; whole 200 0",
		    "other aws unknown unknown   upgraded; none 0 0");
}

static void test_unframed_bodies(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("POST /latest/a HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n" GET("/latest/user-data"));
	reply(OK("0", ""));
	settle();
	assert_said(2, "http aws unknown unknown POST /latest/a method; whole 200 0",
		    "other aws unknown unknown   framing; none 0 0");
	assert_true(said[0].anomalies & HTTP_LENGTH_AND_CODING);
}

static void test_no_answer(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET("/latest/a"));
	talk_add(&talk, STREAM_FROM, TALK_RST | TALK_ACK, NULL, 0);
	settle();
	assert_said(1, "http aws v1 unknown GET /latest/a ; reset 0 0");
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask(GET("/latest/a"));
	talk_close(&talk);
	settle();
	assert_said(1, "http aws v1 unknown GET /latest/a ; closed 0 0");
	/* half of one */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask(GET("/latest/a"));
	reply(OK("9", "abc"));
	talk_close(&talk);
	settle();
	assert_said(1, "http aws v1 unknown GET /latest/a ; part 200 9");
	/* none yet: it is told all the same, and its late answer is not taken for the next one's */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask(GET("/latest/a"));
	settle();
	assert_said(0);
	pass(EXCHANGE_ANSWER_NS);
	assert_said(1, "http aws v1 unknown GET /latest/a ; waiting 0 0");
	talk.ts_ns = now_ns;
	ask(GET("/latest/b"));
	reply(OK("1", "a") OK("2", "bb"));
	settle();
	assert_said(2, "http aws v1 unknown GET /latest/a ; waiting 0 0",
		    "http aws v1 unknown GET /latest/b ; whole 200 2");
}

static void test_flush(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET("/latest/a"));
	feed_talk();
	exchange_flush(exchange);
	assert_said(1, "http aws v1 unknown GET /latest/a ; stopped 0 0");
}

/* The watch stops before a connection that was closed has settled: its answer is whole. */
static void test_flush_of_what_was_closed(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/a HTTP/1.0\r\n\r\n");
	reply("HTTP/1.0 200 OK\r\n\r\nto the end");
	talk_close(&talk);
	feed_talk();
	assert_said(0);
	exchange_flush(exchange);
	assert_said(1, "http aws v1 unknown GET /latest/a ; whole 200 10");
	/* the client alone has closed: more may come */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/a HTTP/1.0\r\n\r\n");
	talk_add(&talk, STREAM_TO, TALK_FIN | TALK_ACK, NULL, 0);
	reply("HTTP/1.0 200 OK\r\n\r\nto the");
	feed_talk();
	exchange_flush(exchange);
	assert_said(1, "http aws v1 unknown GET /latest/a ; part 200 6");
	/* and one that was reset */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/a HTTP/1.0\r\n\r\n");
	reply("HTTP/1.0 200 OK\r\n\r\nto the");
	talk_add(&talk, STREAM_FROM, TALK_RST | TALK_ACK, NULL, 0);
	feed_talk();
	exchange_flush(exchange);
	assert_said(1, "http aws v1 unknown GET /latest/a ; part 200 6");
}

static void test_heads_without_end(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/user-data HTTP/1.1\r\nHost: x\r\n");
	talk_close(&talk);
	settle();
	assert_said(1, "http aws unknown user-data GET /latest/user-data no_end; closed 0 0");
	/* answered too early */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/user-data HTTP/1.1\r\nHost: x\r\n");
	reply("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n");
	ask("A: b\r\n\r\n");
	settle();
	assert_said(1, "http aws unknown user-data GET /latest/user-data no_end; whole 408 0");
	/* half a path is of no class */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/user-da");
	feed_talk();
	exchange_flush(exchange);
	assert_said(1, "http aws unknown unknown GET /latest/user-da no_end; stopped 0 0");
}

static void test_endless_head(void **state)
{
	static char text[HTTP_HEAD_MAX + 100];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "GET /latest/user-data HTTP/1.1\r\nA: ", 35);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, text, 30000);
	ask("\r\n\r\n" GET("/latest/user-data"));
	settle();
	pass(EXCHANGE_ANSWER_NS);
	assert_said(1, "http aws unknown user-data GET /latest/user-data too_long; waiting 0 0");
}

static void test_http_0_9(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/user-data\r\n");
	reply("#!/bin/sh");
	talk_close(&talk);
	settle();
	assert_said(1, "http aws v1 user-data GET /latest/user-data ; whole 0 9");
	assert_true(said[0].anomalies & HTTP_NO_VERSION);
	/* answered by a server that knows no 0.9 */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/user-data\r\n\r\n");
	reply("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
	settle();
	assert_said(1, "http aws v1 user-data GET /latest/user-data ; whole 400 0");
	/* the head of another version for some readers */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/user-data\r\n" TOKEN "\r\n");
	reply(OK("0", ""));
	settle();
	assert_said(1, "http aws unknown user-data GET /latest/user-data ambiguous; whole 200 0");
}

/* One line without a version is all of a request only once its client can add nothing to it. */
static void test_http_0_9_that_may_go_on(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/user-data\r\n");
	feed_talk();
	exchange_flush(exchange);
	assert_said(1, "http aws unknown user-data GET /latest/user-data no_end; stopped 0 0");
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/user-data\r\n");
	talk_add(&talk, STREAM_FROM, TALK_RST | TALK_ACK, NULL, 0);
	settle();
	assert_said(1, "http aws unknown user-data GET /latest/user-data no_end; reset 0 0");
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/user-data\r\n");
	feed_talk();
	pass(STREAM_IDLE_NS);
	assert_said(1, "http aws unknown user-data GET /latest/user-data no_end; idle 0 0");
	/* both have closed */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/user-data\r\n");
	talk_close(&talk);
	settle();
	assert_said(1, "http aws v1 user-data GET /latest/user-data ; closed 0 0");
}

/* Given up for want of room: what it had not said is not known. */
static void test_evicted(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/user-data HTTP/1.1\r\n");
	feed_talk();
	for (uint32_t i = 0; i < STREAM_CONNS_MAX; i++) {
		talk_init(&talk, (uint16_t)(41000 + i), i, i);
		talk_add(&talk, STREAM_TO, TALK_SYN, NULL, 0);
		feed_talk();
	}
	assert_said(1, "http aws unknown user-data GET /latest/user-data bound; evicted 0 0");
}

/* AWS's analyzer: TCP Fast Open is not seen. */
static void test_analyzer_fast_open(void **state)
{
	(void)state;
	talk_add(&talk, STREAM_TO, TALK_SYN, GET("/latest/user-data"),
		 strlen(GET("/latest/user-data")));
	talk_add(&talk, STREAM_FROM, TALK_SYN | TALK_ACK, NULL, 0);
	reply(OK("0", ""));
	settle();
	assert_said(1, "http aws v1 user-data GET /latest/user-data ; whole 200 0");
}

/* AWS's analyzer: a token in a second send is called v1. Cut at every byte. */
static void test_analyzer_token_in_second_send(void **state)
{
	static const char text[] = GET2("/latest/user-data");

	(void)state;
	for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		talk_add(&talk, STREAM_TO, TALK_ACK, text, cut);
		talk_add(&talk, STREAM_TO, TALK_ACK, text + cut, sizeof(text) - 1 - cut);
		reply(OK("0", ""));
		settle();
		assert_said(1, "http aws v2 user-data GET /latest/user-data ; whole 200 0");
	}
}

/* AWS's analyzer: the token's name anywhere passes for v2. */
static void test_analyzer_token_name_elsewhere(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/user-data?X-aws-ec2-metadata-token=1 HTTP/1.1\r\n"
	    "User-Agent: X-aws-ec2-metadata-token: t\r\nContent-Length: 29\r\n\r\n"
	    "X-aws-ec2-metadata-token: t\r\n");
	reply(OK("0", ""));
	settle();
	assert_said(1, "http aws v1 user-data GET /latest/user-data ; whole 200 0");
}

/* AWS's analyzer: the event is lost on a byte that is not UTF-8. */
static void test_analyzer_not_utf8(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/user-data?\xff\xfe HTTP/1.1\r\nUser-Agent: \xc3\x28\r\nHost: \x80\r\n\r\n");
	reply(OK("0", ""));
	settle();
	assert_said(1, "http aws v1 user-data GET /latest/user-data ; whole 200 0");
	assert_string_equal(said[0].raw, "/latest/user-data?\\xff\\xfe");
	assert_string_equal(said[0].agent, "\\xc3(");
	assert_string_equal(said[0].host, "\\x80");
	assert_true(said[0].anomalies & HTTP_EIGHT_BIT);
}

/* AWS's analyzer: UDP is not seen. */
static void test_analyzer_udp(void **state)
{
	struct exchange_datagram datagram = {
		.key = talk_key("10.0.0.1", 40000),
		.ifindex = 1,
		.hop_limit = 64,
		.bytes = (const uint8_t *)GET("/latest/user-data"),
		.captured = strlen(GET("/latest/user-data")),
		.len = strlen(GET("/latest/user-data")),
		.ts_ns = 1000,
	};

	(void)state;
	exchange_datagram(exchange, &datagram);
	pass(3 * EXCHANGE_SETTLE_NS);
	assert_said(1, "other aws unknown unknown   not_http; none 0 0");
	assert_int_equal(said[0].proto, IPPROTO_UDP);
}

/* AWS's analyzer: sendfile is not seen. A head and its body in segments of 64 KiB, from pages. */
static void test_analyzer_sendfile(void **state)
{
	static const char head[] = "POST /latest/a HTTP/1.1\r\nContent-Length: 130000\r\n\r\n";
	static char text[65000 + sizeof(head)];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, head, sizeof(head) - 1);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, text, sizeof(text) - 1);
	talk_add(&talk, STREAM_TO, TALK_ACK, text + sizeof(head), 64000);
	talk_add(&talk, STREAM_TO, TALK_ACK, text + sizeof(head), 1000);
	ask(GET("/latest/user-data"));
	reply(OK("0", "") OK("0", ""));
	settle();
	assert_said(2, "http aws unknown unknown POST /latest/a method; whole 200 0",
		    "http aws v1 user-data GET /latest/user-data ; whole 200 0");
}

static void test_joined_in_the_middle(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("PUT /latest/x HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
	talk.n = 0;
	/* the body of that, made to look like a request */
	ask(GET("/latest/user-data"));
	feed_talk();
	pass(2 * STREAM_WAIT_NS);
	pass(2 * EXCHANGE_ANSWER_NS);
	assert_said(1, "http aws unknown user-data GET /latest/user-data joined; waiting 0 0");
	/* once both sides agree, it is certain again */
	talk.ts_ns = now_ns;
	reply(OK("0", ""));
	ask(GET("/latest/user-data"));
	reply(OK("0", ""));
	feed_talk();
	pass(2 * STREAM_WAIT_NS);
	assert_said(2, "http aws unknown user-data GET /latest/user-data joined; waiting 0 0",
		    "http aws v1 user-data GET /latest/user-data ; whole 200 0");
}

static void test_joined_within_a_head(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/user-data HTTP/1.1\r\n");
	talk.n = 0;
	ask(TOKEN "\r\n");
	reply(OK("0", ""));
	ask(GET2("/latest/a"));
	reply(OK("0", ""));
	ask(GET("/latest/b"));
	reply(OK("0", ""));
	feed_talk();
	pass(3 * STREAM_WAIT_NS);
	assert_said(3, "other aws unknown unknown   joined; none 0 0",
		    "http aws unknown unknown GET /latest/a joined; whole 200 0",
		    "http aws v1 unknown GET /latest/b ; whole 200 0");
}

static void test_gap_in_a_head(void **state)
{
	static const char text[] = GET2("/latest/user-data");

	(void)state;
	for (size_t cut = 1; cut + 5 < sizeof(text); cut++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		talk_add(&talk, STREAM_TO, TALK_ACK, text, cut);
		talk.seq[STREAM_TO] += 4;
		talk_add(&talk, STREAM_TO, TALK_ACK, text + cut + 4, sizeof(text) - 5 - cut);
		reply(OK("0", ""));
		feed_talk();
		pass(3 * STREAM_WAIT_NS);
		exchange_flush(exchange);
		assert_true(n_said >= 1);
		for (size_t i = 0; i < n_said; i++) {
			assert_int_equal(said[i].metadata.version, METADATA_UNKNOWN);
			assert_int_equal(said[i].metadata.reason, METADATA_GAP);
		}
	}
}

/* What is missing may have been the head, and what comes then its body. */
static void test_gap_before_a_head(void **state)
{
	static const char text[] = GET2("/latest/user-data");

	(void)state;
	talk_open(&talk);
	talk.seq[STREAM_TO] += 4;
	talk_add(&talk, STREAM_TO, TALK_ACK, text, sizeof(text) - 1);
	feed_talk();
	pass(3 * STREAM_WAIT_NS);
	exchange_flush(exchange);
	assert_int_equal(n_said, 1);
	assert_int_equal(said[0].metadata.version, METADATA_UNKNOWN);
	assert_int_equal(said[0].metadata.reason, METADATA_GAP);
}

/* Captured in part only: the token may be in what was not. */
static void test_short_snaplen(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET2("/latest/user-data"));
	talk.segments[3].captured = 40;
	ask(GET("/latest/b"));
	reply(OK("0", "") OK("0", ""));
	ask(GET("/latest/c"));
	reply(OK("0", ""));
	settle();
	exchange_flush(exchange);
	for (size_t i = 0; i < n_said; i++) {
		if (strcmp(said[i].path, "/latest/c") != 0)
			assert_int_equal(said[i].metadata.version, METADATA_UNKNOWN);
	}
	assert_string_equal(said[0].path, "/latest/user-data");
	assert_int_equal(said[0].metadata.reason, METADATA_GAP);
}

static void test_gap_in_bodies(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("POST /latest/a HTTP/1.1\r\nContent-Length: 10\r\n\r\nab");
	talk.seq[STREAM_TO] += 8;
	ask(GET("/latest/b"));
	reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
	talk.seq[STREAM_FROM] += 8;
	reply(OK("0", ""));
	feed_talk();
	pass(5 * STREAM_WAIT_NS);
	assert_said(2, "http aws unknown unknown POST /latest/a method; part 200 10",
		    "http aws v1 unknown GET /latest/b ; whole 200 0");
}

static void test_answers_that_cannot_be_read(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET("/latest/a"));
	reply("what?");
	ask(GET("/latest/b"));
	reply(OK("0", ""));
	settle();
	assert_said(2, "http aws v1 unknown GET /latest/a ; unread 0 0",
		    "http aws v1 unknown GET /latest/b ; whole 200 0");
	assert_int_equal(exchange_counts(exchange)->unsolicited, 0);
	reply(OK("0", ""));
	settle();
	assert_int_equal(exchange_counts(exchange)->unsolicited, 1);
	assert_int_equal(n_said, 2);
}

/* Two copies that differ: the endpoint may have read either. */
static void test_differing_copies(void **state)
{
	static const char v2[] = "GET /latest/a HTTP/1.1\r\nX-aws-ec2-metadata-token: t\r\n\r\n";
	static const char v1[] = "GET /latest/a HTTP/1.1\r\nX-not-ec2-metadata-token: t\r\n\r\n";

	(void)state;
	for (int first = 0; first < 2; first++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		talk_add(&talk, STREAM_TO, TALK_ACK, first ? v1 : v2, sizeof(v1) - 1);
		talk.seq[STREAM_TO] -= sizeof(v1) - 1;
		talk_add(&talk, STREAM_TO, TALK_ACK, first ? v2 : v1, sizeof(v1) - 1);
		reply(OK("0", ""));
		ask(GET("/latest/b"));
		settle();
		exchange_flush(exchange);
		assert_said(2, "http aws unknown unknown GET /latest/a differs; whole 200 0",
			    "http aws unknown unknown GET /latest/b differs; stopped 0 0");
	}
}

static void test_urgent_data(void **state)
{
	(void)state;
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK | TALK_URG, GET2("/latest/a"),
		 strlen(GET2("/latest/a")));
	reply(OK("0", ""));
	settle();
	assert_said(1, "http aws unknown unknown GET /latest/a urgent; whole 200 0");
}

static const struct talk_place uplink = {
	.key = {.peer = {[10] = 0xff, 0xff, 172, 31, 0, 5},
		.endpoint = {[10] = 0xff, 0xff, 169, 254, 169, 254},
		.peer_port_be = 0x3412,
		.endpoint_port_be = 0x5000},
	.ifindex = 3,
	.hop_down = 1,
};

/* Each packet at the container's veth, then on the uplink. From the endpoint the other way round. */
static void feed_both(void)
{
	for (size_t i = 0; i < talk.n; i++) {
		struct stream_segment outer = talk_seen_at(&talk.segments[i], &uplink);

		if (talk.segments[i].dir == STREAM_TO)
			feed(&talk.segments[i]);
		feed(&outer);
		if (talk.segments[i].dir == STREAM_FROM)
			feed(&talk.segments[i]);
	}
	talk.n = 0;
}

static void test_one_request_on_two_interfaces(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET(ROLE));
	reply(OK(KEYS_LEN, KEYS));
	ask(GET("/latest/user-data"));
	reply(OK("0", ""));
	feed_both();
	pass(3 * EXCHANGE_SETTLE_NS);
	assert_said(2, "http aws v1 credential GET " ROLE " ; whole 200 162",
		    "http aws v1 user-data GET /latest/user-data ; whole 200 0");
	assert_int_equal(said[0].view.ifindex, 1);
	assert_int_equal(said[0].n_views, 2);
	assert_string_equal(said[0].credential.key_id, "ASIAIOSFODNN7EXAMPLE");
}

static void token_lost_on_its_way(bool is_seen_inside)
{
	struct stream_segment *answer;

	talk_open(&talk);
	ask(PUT);
	feed_both();
	answer = talk_add(&talk, STREAM_FROM, TALK_ACK | TALK_PSH, TOKEN_OK, strlen(TOKEN_OK));
	answer->hop_limit = 0;
	if (is_seen_inside) {
		answer->hop_limit = 1;
		talk_add(&talk, STREAM_TO, TALK_ACK, NULL, 0);
		feed_both();
	} else {
		/* on the uplink only, again and again, until the client gives up */
		for (int i = 0; i < 3; i++) {
			struct stream_segment outer = talk_seen_at(answer, &uplink);

			outer.ts_ns += (uint64_t)i * 300000000;
			feed(&outer);
		}
		talk.n = 0;
		talk.seq[STREAM_FROM] -= (uint32_t)strlen(TOKEN_OK);
		talk.ts_ns += 1000000000;
		talk_add(&talk, STREAM_TO, TALK_FIN | TALK_ACK, NULL, 0);
		feed_both();
	}
}

static void test_hop_limit(void **state)
{
	(void)state;
	token_lost_on_its_way(false);
	pass(EXCHANGE_SETTLE_NS * 3);
	assert_said(0);
	pass(EXCHANGE_HOP_NS);
	assert_said(1, "http aws v2 token PUT /latest/api/token ; whole 200 19");
	assert_true(said[0].is_hop_limit);
	assert_int_equal(exchange_counts(exchange)->hop_limit, 1);
	/* and also when the end comes first */
	set_up(METADATA_AWS);
	token_lost_on_its_way(false);
	exchange_flush(exchange);
	assert_true(said[0].is_hop_limit);
}

static void test_hop_limit_that_is_enough(void **state)
{
	(void)state;
	token_lost_on_its_way(true);
	pass(EXCHANGE_SETTLE_NS * 3);
	assert_said(1, "http aws v2 token PUT /latest/api/token ; whole 200 19");
	assert_false(said[0].is_hop_limit);
}

/* A process of this host: a hop limit of 1 is all it needs. */
static void test_hop_limit_without_routing(void **state)
{
	(void)state;
	for (int is_acked = 0; is_acked < 2; is_acked++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		ask(PUT);
		talk_add(&talk, STREAM_FROM, TALK_ACK, TOKEN_OK, strlen(TOKEN_OK))->hop_limit = 1;
		if (is_acked)
			talk_add(&talk, STREAM_TO, TALK_ACK, NULL, 0);
		settle();
		assert_said(1, "http aws v2 token PUT /latest/api/token ; whole 200 19");
		assert_false(said[0].is_hop_limit);
	}
}

/* The caller knows that this host forwards it; another class of answer is not its matter. */
static void test_hop_limit_as_told(void **state)
{
	static const char *const heads[] = {PUT, GET2("/latest/a"), PUT};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		ask(heads[i]);
		for (size_t j = 0; j < talk.n; j++)
			talk.segments[j].is_forwarded = true;
		talk_add(&talk, STREAM_FROM, TALK_ACK, TOKEN_OK, strlen(TOKEN_OK))->hop_limit = 1;
		/* bridged and not routed, after all: it arrived */
		if (i == 2)
			talk_add(&talk, STREAM_TO, TALK_ACK, NULL, 0);
		feed_talk();
		exchange_flush(exchange);
		assert_int_equal(said[0].is_hop_limit, i == 0);
	}
}

static void test_credentials_in_chunks(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET2(ROLE));
	talk_say(&talk, STREAM_FROM,
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "a2\r\n" KEYS "\r\n0\r\n\r\n",
		 13);
	settle();
	assert_said(1, "http aws v2 credential GET " ROLE " ; whole 200 162");
	assert_string_equal(said[0].credential.key_id, "ASIAIOSFODNN7EXAMPLE");
}

static void test_credentials_that_are_not_read(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 404 No\r\nContent-Length: " KEYS_LEN "\r\n\r\n" KEYS,
		"HTTP/1.1 200 OK\r\nContent-Length: 161\r\n\r\n" KEYS,
		OK("3", "abc"),
	};
	static char large[CREDENTIAL_BODY_MAX + 200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		ask(GET(ROLE));
		reply(answers[i]);
		settle();
		assert_string_equal(said[0].credential.key_id, "");
	}
	/* of another class */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask(GET("/latest/user-data"));
	reply(OK(KEYS_LEN, KEYS));
	settle();
	assert_string_equal(said[0].credential.key_id, "");
	/* with a gap */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask(GET(ROLE));
	reply(OK(KEYS_LEN, "") KEYS);
	talk.segments[5].captured -= 4;
	settle();
	assert_said(1, "http aws v1 credential GET " ROLE " ; part 200 162");
	assert_string_equal(said[0].credential.key_id, "");
	/* beyond the bound */
	set_up(METADATA_AWS);
	memset(large, ' ', sizeof(large) - 1);
	memcpy(large, KEYS, strlen(KEYS));
	talk_open(&talk);
	ask(GET(ROLE));
	reply("HTTP/1.1 200 OK\r\n\r\n");
	reply(large);
	talk_close(&talk);
	settle();
	assert_int_equal(said[0].answer_bytes, sizeof(large) - 1);
	assert_string_equal(said[0].credential.key_id, "");
	assert_int_equal(exchange_counts(exchange)->unbuffered, 1);
}

static void test_secret_in_a_path(void **state)
{
	(void)state;
	set_up(METADATA_ECS);
	talk_open(&talk);
	ask("GET /v2/credentials/3f5c0e9a-77aa-4b1e-9c35-0123456789ab HTTP/1.1\r\n\r\n"
	    "GET //v2/x/../credentials/3f5c0e9a-77aa-4b1e-9c35-0123456789ab");
	reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	feed_talk();
	exchange_flush(exchange);
	/* take_request() has looked for the id */
	assert_int_equal(n_said, 2);
	assert_int_equal(said[0].metadata.class, METADATA_CLASS_CREDENTIAL);
	assert_string_equal(said[0].raw, said[0].path);
	assert_string_equal(said[1].raw, said[0].path);
}

/* What a simple reader takes for a header of its own, and we do not, is shown of no text. */
static void test_secret_in_a_text(void **state)
{
#define HIDDEN "X-aws-ec2-metadata-token:AQAEAHtokentokentok\r\n"
	static const char *const texts[] = {
		"GET /latest/user-data HTTP/1.1\r" TOKEN "\r\n",
		"GET /latest/user-data\r" TOKEN "\r\n",
		"GET /latest/user-data HTTP/1.1\r\nUser-Agent: curl\r" TOKEN "\r\n",
		"GET /latest/user-data HTTP/1.1\r\nUser-Agent: curl\r\n " TOKEN "\r\n",
		"GET /latest/user-data HTTP/1.1\r\nUser-Agent: curl\r\n\t" TOKEN "\r\n",
		"GET /latest/user-data HTTP/1.1\r\nHost: h\r" TOKEN "\r\n",
		"GET /latest/user-data HTTP/1.1\r\nHost:\r\n " TOKEN "\r\n",
		"GET /latest/user-data HTTP/1.1\r\nHost:\r" HIDDEN "\r\n",
		"GET /latest/user-data HTTP/1.1\r\nUser-Agent:\r\n " HIDDEN "\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		ask(texts[i]);
		reply(OK("0", ""));
		settle();
		assert_said(1, "http aws unknown user-data GET /latest/user-data ambiguous; "
			       "whole 200 0");
		assert_true(said[0].is_cut);
		assert_string_equal(said[0].raw, "/latest/user-data");
		assert_string_equal(said[0].agent, "");
		assert_string_equal(said[0].host, "");
	}
	/* a role is part of the path */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET " ROLE " HTTP/1.1\r" TOKEN "\r\n");
	reply(OK("0", ""));
	settle();
	assert_said(1, "http aws unknown credential GET " ROLE " ambiguous; whole 200 0");
	assert_string_equal(said[0].metadata.role, "web");
	/* blanks are no secret where nothing is odd about lines */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("GET /latest/user data HTTP/1.1\r\nUser-Agent: a b\r\nX : y\r\n\r\n");
	reply(OK("0", ""));
	settle();
	assert_string_equal(said[0].agent, "a b");
	assert_string_equal(said[0].path, "/latest/user%20data");
	assert_false(said[0].is_cut);
}

static void test_tls(void **state)
{
	static const char hello[] =
		"\x16\x03\x01\0\x4a\1\0\0\x46\3\3"
		"01234567890123456789012345678901"
		"\0\0\2\x13\1\1\0\0\x1b\0\0\0\x13\0\x11\0\0\x0emetadata.azure\xfe\x0d\0\0";

	(void)state;
	set_up(METADATA_AZURE);
	for (size_t step = 1; step < 80; step += 26) {
		n_said = 0;
		talk_init(&talk, (uint16_t)(40000 + step), 100 * (uint32_t)step, 900);
		talk_open(&talk);
		for (size_t at = 0; at < sizeof(hello) - 1; at += step) {
			size_t n = sizeof(hello) - 1 - at < step ? sizeof(hello) - 1 - at : step;

			talk_add(&talk, STREAM_TO, TALK_ACK, hello + at, n);
		}
		reply("\x16\x03\x03");
		ask("\x17\x03\x03" GET("/latest/user-data"));
		settle();
		assert_said(1, "tls azure unknown unknown   not_http; none 0 0");
		assert_string_equal(said[0].name, "metadata.azure");
		assert_true(said[0].has_ech);
	}
	/* cut off */
	set_up(METADATA_AZURE);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, hello, 20);
	feed_talk();
	exchange_flush(exchange);
	assert_said(1, "tls azure unknown unknown   not_http; none 0 0");
	assert_string_equal(said[0].name, "");
}

static void test_not_http(void **state)
{
	static const char *const first[] = {"PING\r\n", "\x16\x02oops", "\x17\x03\x03",
					    "SSH-2.0-x\r\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		ask(first[i]);
		reply("whatever");
		ask(GET("/latest/user-data"));
		settle();
		assert_said(1, "other aws unknown unknown   not_http; none 0 0");
	}
	/* HTTP/2 with prior knowledge */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	settle();
	exchange_flush(exchange);
	assert_int_equal(said[0].metadata.reason, METADATA_NOT_HTTP);
	assert_int_equal(said[0].major, 2);
}

#define QUERY(id) id "\1\0\0\1\0\0\0\0\0\0\x08metadata\x06google\x08internal\0\0\1\0\1"
#define QUERY_LEN (2 + 10 + 26 + 4)

static void test_dns_over_tcp(void **state)
{
	static const char queries[] = "\0\x2a" QUERY("ab") "\0\x2a" QUERY("cd");

	(void)state;
	set_up(METADATA_GCP);
	assert_int_equal(sizeof(queries) - 1, 2 * (QUERY_LEN + 2));
	talk.place.key.endpoint_port_be = htons(53);
	talk_open(&talk);
	for (size_t i = 0; i < sizeof(queries) - 1; i++)
		talk_add(&talk, STREAM_TO, TALK_ACK, queries + i, 1);
	reply("\0\1x");
	settle();
	assert_said(2, "dns gcp  unknown   ; none 0 0", "dns gcp  unknown   ; none 0 0");
	assert_string_equal(said[1].name, "metadata.google.internal");
	assert_int_equal(said[1].question_type, 1);
}

static struct exchange_datagram dns_query(const char *peer, uint16_t port, uint32_t ifindex)
{
	struct exchange_datagram datagram = {
		.key = talk_key(peer, port),
		.ifindex = ifindex,
		.hop_limit = 64,
		.ip_id_be = 5,
		.bytes = (const uint8_t *)QUERY("ab"),
		.captured = QUERY_LEN,
		.len = QUERY_LEN,
		.ts_ns = 1000000 + ifindex,
	};

	datagram.key.endpoint_port_be = htons(53);
	return datagram;
}

static void test_dns_over_udp(void **state)
{
	struct exchange_datagram query = dns_query("10.0.0.1", 5000, 1), view;

	(void)state;
	set_up(METADATA_GCP);
	exchange_datagram(exchange, &query);
	/* on the bridge, and behind the masquerade */
	view = dns_query("10.0.0.1", 5000, 2);
	exchange_datagram(exchange, &view);
	view = dns_query("172.31.0.5", 6000, 3);
	view.hop_limit--;
	exchange_datagram(exchange, &view);
	/* an answer is no request */
	view.dir = STREAM_FROM;
	exchange_datagram(exchange, &view);
	pass(3 * EXCHANGE_SETTLE_NS);
	assert_said(1, "dns gcp  unknown   ; none 0 0");
	assert_string_equal(said[0].name, "metadata.google.internal");
	assert_int_equal(said[0].view.ifindex, 1);
	/* two sources, on three interfaces */
	assert_int_equal(said[0].n_views, 2);
	assert_int_equal(exchange_counts(exchange)->views, 2);
	assert_int_equal(said[0].proto, IPPROTO_UDP);
}

/* Alike, and yet not one: said twice rather than once. */
static void test_datagrams_that_are_two(void **state)
{
	struct exchange_datagram query = dns_query("10.0.0.1", 5000, 1), other;

	(void)state;
	set_up(METADATA_GCP);
	exchange_datagram(exchange, &query);
	exchange_datagram(exchange, &query); /* sent again */
	other = dns_query("10.0.0.2", 5000, 2); /* another container */
	exchange_datagram(exchange, &other);
	other = dns_query("10.0.0.1", 5000, 3);
	other.ip_id_be = 6;
	exchange_datagram(exchange, &other);
	other = dns_query("10.0.0.1", 5000, 4);
	other.ts_ns += EXCHANGE_DATAGRAM_NS;
	exchange_datagram(exchange, &other);
	other = dns_query("10.0.0.1", 5000, 5);
	other.bytes = (const uint8_t *)"other";
	other.captured = other.len = 5;
	exchange_datagram(exchange, &other);
	exchange_flush(exchange);
	assert_int_equal(n_said, 6);
	/* the table is bounded, and nothing is lost by it */
	n_said = 0;
	for (uint32_t i = 0; i < 3 * EXCHANGE_DATAGRAMS_MAX; i++)
		exchange_datagram(exchange, &query);
	exchange_flush(exchange);
	assert_int_equal(n_said, 3 * EXCHANGE_DATAGRAMS_MAX);
}

static void test_clouds(void **state)
{
	(void)state;
	set_up(METADATA_NO_CLOUD);
	talk_open(&talk);
	ask(GET(ROLE));
	reply(OK("0", ""));
	settle();
	assert_said(1, "http  unknown credential GET " ROLE " cloud; whole 200 0");
	/* what the configuration says of this endpoint is stronger than of all */
	set_up(METADATA_AWS);
	talk_open(&talk);
	talk.segments[0].hint = METADATA_OPENSTACK;
	ask(GET("/latest/user-data"));
	reply(OK("0", ""));
	settle();
	assert_said(1, "http openstack  user-data GET /latest/user-data ; whole 200 0");
	/* and DMI weaker */
	set_up(METADATA_NO_CLOUD);
	exchange_set_clouds(exchange, METADATA_NO_CLOUD, METADATA_AWS);
	talk_open(&talk);
	ask(GET("/latest/user-data"));
	reply(OK("0", ""));
	settle();
	assert_said(1, "http aws v1 user-data GET /latest/user-data ; whole 200 0");
}

static void test_bound_of_a_pipeline(void **state)
{
	(void)state;
	talk_open(&talk);
	for (int i = 0; i < EXCHANGE_PIPELINE_MAX + 8; i++)
		ask(GET("/latest/a"));
	settle();
	/* the one too many is told at once, what follows is not read */
	assert_said(2, "http aws v1 unknown GET /latest/a ; full 0 0",
		    "other aws unknown unknown   bound; full 0 0");
	assert_int_equal(exchange_counts(exchange)->pending, EXCHANGE_PIPELINE_MAX);
	assert_true(exchange_counts(exchange)->too_many > 0);
	exchange_flush(exchange);
	assert_int_equal(exchange_counts(exchange)->pending, 0);
	assert_int_equal(n_said, EXCHANGE_PIPELINE_MAX + 2);
}

static void test_bound_of_requests(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < EXCHANGE_REQUESTS_MAX / EXCHANGE_PIPELINE_MAX + 2; i++) {
		talk_init(&talk, (uint16_t)(1000 + i), i * 100000, i);
		talk_open(&talk);
		for (int j = 0; j < EXCHANGE_PIPELINE_MAX; j++)
			ask(GET("/latest/a"));
		feed_talk();
	}
	assert_int_equal(exchange_counts(exchange)->pending, EXCHANGE_REQUESTS_MAX);
	assert_int_equal(exchange_counts(exchange)->full, 2 * EXCHANGE_PIPELINE_MAX);
	assert_int_equal(n_said, 2 * EXCHANGE_PIPELINE_MAX);
	exchange_flush(exchange);
	assert_int_equal(n_said, EXCHANGE_REQUESTS_MAX + 2 * EXCHANGE_PIPELINE_MAX);
}

static void test_bound_of_buffers(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < EXCHANGE_BUFFERS_MAX + 5; i++) {
		talk_init(&talk, (uint16_t)(1000 + i), i * 100000, i);
		talk_open(&talk);
		ask(GET(ROLE));
		reply(OK(KEYS_LEN, "{"));
		feed_talk();
	}
	assert_int_equal(exchange_counts(exchange)->unbuffered, 5);
}

/* The longest texts, of bytes that take the most room, in a record of fixed size. */
static void test_longest_texts(void **state)
{
	static char text[6000];
	size_t at = 0;

	(void)state;
	at += (size_t)sprintf(text, "GET /");
	memset(text + at, 0xff, 2200);
	at += 2200;
	at += (size_t)sprintf(text + at, " HTTP/1.1\r\nHost: ");
	memset(text + at, 0xfe, 300);
	at += 300;
	at += (size_t)sprintf(text + at, "\r\nUser-Agent: ");
	memset(text + at, 0xfd, 300);
	at += 300;
	sprintf(text + at, "\r\n\r\n");
	talk_open(&talk);
	ask(text);
	feed_talk();
	exchange_flush(exchange);
	assert_true(said[0].is_cut);
	assert_int_equal(strlen(said[0].host), 4 * HTTP_TEXT_MAX);
	assert_int_equal(strlen(said[0].agent), 4 * HTTP_TEXT_MAX);
	assert_int_equal(said[0].metadata.class, METADATA_CLASS_UNKNOWN);
}

/* A hostile sender's splits, order and copies: the same segments, the same requests. */
static size_t scramble(const struct talk *spoken, struct stream_segment *pieces, uint64_t *random)
{
	size_t n = 0;

	for (size_t i = 0; i < spoken->n; i++) {
		const struct stream_segment *segment = &spoken->segments[i];

		for (uint32_t j = talk_random(random) % 3 + 1; j; j--)
			pieces[n++] = *segment;
		if (talk_random(random) % 2)
			pieces[n++] = talk_seen_at(segment, &uplink);
		if (segment->len > 1 && talk_random(random) % 2) {
			size_t skip = talk_random(random) % segment->len;

			pieces[n] = *segment;
			pieces[n].bytes += skip;
			pieces[n].seq += (uint32_t)skip;
			pieces[n].len -= skip;
			pieces[n++].captured -= skip;
		}
	}
	pieces[n++] = talk_seen_at(&spoken->segments[1], &uplink);
	talk_shuffle(pieces, n, random);
	for (size_t i = 0; i < spoken->n; i++) {
		if (spoken->segments[i].tcp_flags & TALK_FIN)
			pieces[n++] = spoken->segments[i];
	}
	return n;
}

static void test_any_order_tells_the_same(void **state)
{
	static struct stream_segment pieces[8 * TALK_SEGMENTS_MAX];
	uint64_t random = 88172645463325252ULL;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		size_t n;

		set_up(METADATA_AWS);
		talk_init(&talk, 40000, talk_random(&random), talk_random(&random));
		talk_open(&talk);
		talk_say(&talk, STREAM_TO, PUT, 8 + talk_random(&random) % 90);
		talk_say(&talk, STREAM_FROM, TOKEN_OK, 8 + talk_random(&random) % 90);
		talk_say(&talk, STREAM_TO, GET2(ROLE) GET("/latest/user-data"),
			 8 + talk_random(&random) % 200);
		talk_say(&talk, STREAM_FROM, OK(KEYS_LEN, KEYS) OK("3", "abc"),
			 8 + talk_random(&random) % 200);
		talk_close(&talk);
		n = scramble(&talk, pieces, &random);
		for (size_t j = 0; j < n; j++)
			feed(&pieces[j]);
		pass(3 * EXCHANGE_SETTLE_NS);
		assert_said(3, "http aws v2 token PUT /latest/api/token ; whole 200 19",
			    "http aws v2 credential GET " ROLE " ; whole 200 162",
			    "http aws v1 user-data GET /latest/user-data ; whole 200 3");
		assert_string_equal(said[1].credential.key_id, "ASIAIOSFODNN7EXAMPLE");
		assert_int_equal(said[1].view.ifindex, 1);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(test_one_request),
		TEST(test_session_on_one_connection),
		TEST(test_pipelined),
		TEST(test_kinds_of_bodies),
		TEST(test_continue),
		TEST(test_after_the_last),
		TEST(test_other_protocol_after_upgrade),
		TEST(test_unframed_bodies),
		TEST(test_no_answer),
		TEST(test_flush),
		TEST(test_flush_of_what_was_closed),
		TEST(test_heads_without_end),
		TEST(test_endless_head),
		TEST(test_http_0_9),
		TEST(test_http_0_9_that_may_go_on),
		TEST(test_evicted),
		TEST(test_analyzer_fast_open),
		TEST(test_analyzer_token_in_second_send),
		TEST(test_analyzer_token_name_elsewhere),
		TEST(test_analyzer_not_utf8),
		TEST(test_analyzer_udp),
		TEST(test_analyzer_sendfile),
		TEST(test_joined_in_the_middle),
		TEST(test_joined_within_a_head),
		TEST(test_gap_in_a_head),
		TEST(test_gap_before_a_head),
		TEST(test_short_snaplen),
		TEST(test_gap_in_bodies),
		TEST(test_answers_that_cannot_be_read),
		TEST(test_differing_copies),
		TEST(test_urgent_data),
		TEST(test_one_request_on_two_interfaces),
		TEST(test_hop_limit),
		TEST(test_hop_limit_that_is_enough),
		TEST(test_hop_limit_without_routing),
		TEST(test_hop_limit_as_told),
		TEST(test_credentials_in_chunks),
		TEST(test_credentials_that_are_not_read),
		TEST(test_secret_in_a_path),
		TEST(test_secret_in_a_text),
		TEST(test_tls),
		TEST(test_not_http),
		TEST(test_dns_over_tcp),
		TEST(test_dns_over_udp),
		TEST(test_datagrams_that_are_two),
		TEST(test_clouds),
		TEST(test_bound_of_a_pipeline),
		TEST(test_bound_of_requests),
		TEST(test_bound_of_buffers),
		TEST(test_longest_texts),
		TEST(test_any_order_tells_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
