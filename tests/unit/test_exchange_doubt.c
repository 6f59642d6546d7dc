// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * When a version may be said again, and when not: what was missed, who else
 * wrote, where a body ends, whose answer it is.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "said.h"

/* Bytes of the client, or the endpoint, that nobody saw. */
static void miss(enum stream_dir dir, uint32_t len)
{
	talk.seq[dir] += len;
}

/* Waits for what is missing, too. */
static void settle_long(void)
{
	feed_talk();
	pass(5 * STREAM_WAIT_NS);
}

static void test_gap_between_requests(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET("/latest/a"));
	reply(OK("0", ""));
	miss(STREAM_TO, 40);
	ask(GET("/latest/user-data"));
	reply(OK("0", ""));
	ask(GET("/latest/c"));
	reply(OK("0", ""));
	settle_long();
	assert_said(3, "http aws v1 unknown GET /latest/a ; whole 200 0",
		    "http aws unknown user-data GET /latest/user-data gap; whole 200 0",
		    "http aws v1 unknown GET /latest/c ; whole 200 0");
}

/* The rest of a head that has a hole is no head, until the endpoint has spoken. */
static void test_rest_of_a_head(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET("/latest/a"));
	reply(OK("0", ""));
	ask("GET /latest/b HTTP/1.1\r\nA: ");
	miss(STREAM_TO, 10);
	ask(GET("/latest/user-data"));
	ask(GET("/latest/user-data"));
	settle_long();
	exchange_flush(exchange);
	assert_said(2, "http aws v1 unknown GET /latest/a ; whole 200 0",
		    "http aws unknown unknown GET /latest/b gap; stopped 0 0");
}

/* With the frame of a body its end is lost, and where the next head begins. */
static void test_gap_in_the_frame_of_a_body(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("POST /latest/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	miss(STREAM_TO, 10);
	ask("0\r\n\r\n");
	reply(OK("0", ""));
	ask(GET("/latest/user-data"));
	reply(OK("0", ""));
	ask(GET("/latest/c"));
	reply(OK("0", ""));
	settle_long();
	assert_said(4, "http aws unknown unknown POST /latest/a method; whole 200 0",
		    "other aws unknown unknown   gap; none 0 0",
		    "http aws unknown user-data GET /latest/user-data gap; whole 200 0",
		    "http aws v1 unknown GET /latest/c ; whole 200 0");
}

/* Something else that was not understood is told anew. */
static void test_not_understood_twice(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/a HTTP/1.1\r\nA: ");
	miss(STREAM_TO, 10);
	ask("b\r\n\r\n");
	reply(OK("0", ""));
	ask("POST /latest/b HTTP/1.1\r\nContent-Length: x\r\n\r\n");
	ask(GET("/latest/user-data"));
	settle_long();
	exchange_flush(exchange);
	assert_said(3, "http aws unknown unknown GET /latest/a gap; whole 200 0",
		    "http aws unknown unknown POST /latest/b gap; waiting 0 0",
		    "other aws unknown unknown   framing; none 0 0");
}

/* As long as one of two is not answered, the second may be a part of the first. */
static void test_agreement_takes_all_answers(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("PUT /latest/x HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
	talk.n = 0;
	ask(GET("/latest/a") GET("/latest/b"));
	reply(OK("0", ""));
	ask(GET("/latest/user-data"));
	reply(OK("0", "") OK("0", ""));
	ask(GET("/latest/d"));
	reply(OK("0", ""));
	settle_long();
	assert_said(4, "http aws unknown unknown GET /latest/a joined; whole 200 0",
		    "http aws unknown unknown GET /latest/b joined; whole 200 0",
		    "http aws unknown user-data GET /latest/user-data joined; whole 200 0",
		    "http aws v1 unknown GET /latest/d ; whole 200 0");
}

/* Nor does an answer make certain what was begun before it. */
static void test_agreement_is_about_what_follows(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("PUT /latest/x HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
	talk.n = 0;
	ask(GET("/latest/a") "GET /latest/user-da");
	reply(OK("0", ""));
	ask("ta HTTP/1.1\r\n\r\n");
	reply(OK("0", ""));
	settle_long();
	assert_said(2, "http aws unknown unknown GET /latest/a joined; whole 200 0",
		    "http aws unknown user-data GET /latest/user-data joined; whole 200 0");
}

/* Doubt takes no version where there is none. */
static void test_differing_copies_without_versions(void **state)
{
	(void)state;
	set_up(METADATA_DIGITALOCEAN);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, GET("/metadata/v1/user-data"),
		 strlen(GET("/metadata/v1/user-data")));
	talk.seq[STREAM_TO] -= (uint32_t)strlen(GET("/metadata/v1/user-data"));
	ask(GET("/metadata/v1/xxxx-data"));
	reply(OK("0", ""));
	settle();
	assert_said(1, "http digitalocean  user-data GET /metadata/v1/user-data differs; "
		       "whole 200 0");
}

/* The stronger reason stays: the endpoint may have read another head. */
static void test_differing_copies_of_a_cut_head(void **state)
{
	(void)state;
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, "GET /latest/a HTTP/1.1\r\n", 24);
	talk.seq[STREAM_TO] -= 24;
	ask("GET /latest/b HTTP/1.1\r\n");
	talk_close(&talk);
	settle();
	assert_said(1, "http aws unknown unknown GET /latest/a differs; closed 0 0");
}

/* So much is sent behind a head that it is let go: whether another copy of it differs is not seen. */
static void test_copies_beyond_the_bound(void **state)
{
	static const char head[] =
		"POST /latest/a HTTP/1.1\r\nContent-Length: 900000\r\n" TOKEN "\r\n";
	static char block[50000];

	(void)state;
	for (int n = 3; n <= 12; n += 9) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		talk_add(&talk, STREAM_TO, TALK_ACK, head, strlen(head));
		for (int i = 0; i < n; i++)
			talk_add(&talk, STREAM_TO, TALK_ACK, block, sizeof(block));
		feed_talk();
		exchange_flush(exchange);
		/* of fewer it is */
		if (n == 3)
			assert_said(1, "http aws v2 unknown POST /latest/a ; stopped 0 0");
		else
			assert_said(1,
				    "http aws unknown unknown POST /latest/a bound; stopped 0 0");
	}
}

static void test_head_of_two_processes(void **state)
{
	static const struct {
		uint32_t first;
		uint32_t second;
		enum sf_owner_kind kind;
	} vectors[] = {
		{4121, 4121, SF_OWNER_USER},
		{4121, 0, SF_OWNER_USER}, /* not known of the second part */
		{4121, 977, SF_OWNER_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		set_up(METADATA_AWS);
		talk_open(&talk);
		talk_add(&talk, STREAM_TO, TALK_ACK, "GET /latest/a HTTP/1.1\r\n", 24)
			->asker.opener.pid = vectors[i].first;
		talk_add(&talk, STREAM_TO, TALK_ACK, "\r\n", 2)->asker.opener.pid =
			vectors[i].second;
		reply(OK("0", ""));
		talk.segments[3].asker.policy = 3;
		talk.segments[3].asker.endpoints.bits = 5;
		settle();
		assert_said(1, "http aws v1 unknown GET /latest/a ; whole 200 0");
		assert_int_equal(said[0].asker.kind, vectors[i].kind);
		/* whoever asked, it was of these endpoints */
		assert_int_equal(said[0].asker.policy, 3);
		assert_int_equal(said[0].asker.endpoints.bits, 5);
	}
}

/* Who it was is learnt from any copy of the first byte that says the same. */
static void test_asker_of_another_copy(void **state)
{
	static const char other[] = GET("/latest/x");

	(void)state;
	for (int differs = 0; differs < 2; differs++) {
		struct stream_segment answer;

		set_up(METADATA_AWS);
		talk_open(&talk);
		ask(GET("/latest/a"));
		answer = *talk_add(&talk, STREAM_FROM, TALK_ACK, OK("0", ""), strlen(OK("0", "")));
		talk.n--;
		/* it waits for the answer that it acknowledges */
		talk_add(&talk, STREAM_TO, TALK_ACK, GET("/latest/b"), strlen(GET("/latest/b")))
			->asker = (struct asker){.is_lost = true};
		talk.segments[talk.n] = talk.segments[talk.n - 1];
		talk.segments[talk.n].asker = (struct asker){.kind = SF_OWNER_USER, .uid = 33};
		if (differs)
			talk.segments[talk.n].bytes = (const uint8_t *)other;
		talk.n++;
		feed_talk();
		feed(&answer);
		reply(OK("0", ""));
		settle();
		assert_int_equal(n_said, 2);
		assert_string_equal(said[1].path, "/latest/b");
		assert_int_equal(said[1].metadata.version,
				 differs ? METADATA_UNKNOWN : METADATA_V1);
		assert_int_equal(said[1].asker.kind, differs ? SF_OWNER_UNKNOWN : SF_OWNER_USER);
	}
}

/* Another cleartext protocol is told in one line, however much follows. */
static void test_http_2(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("PRI * HTTP/2.0\r\n\r\n");
	ask("SM\r\n\r\n");
	ask(GET("/latest/user-data"));
	settle();
	exchange_flush(exchange);
	assert_said(1, "http aws unknown unknown PRI /* not_http; stopped 0 0");
}

/* Behind the answer to a request without version there is no other one. */
static void test_after_http_0_9(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("GET /latest/user-data\r\n");
	reply("#!");
	ask(GET("/latest/a"));
	reply("/bin/sh");
	ask(GET("/latest/b"));
	talk_close(&talk);
	settle();
	assert_said(1, "http aws v1 user-data GET /latest/user-data ; whole 0 9");
}

/* What "100-continue" would have brought came unasked, in part unseen. */
static void test_continue_unasked(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("PUT /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
	talk_add(&talk, STREAM_TO, TALK_ACK, "1234", 4)->captured = 0;
	talk_add(&talk, STREAM_FROM, TALK_ACK, OK("0", ""), strlen(OK("0", "")));
	ask("abcdef");
	ask(GET("/latest/b"));
	reply(OK("0", ""));
	settle_long();
	assert_said(2, "http aws unknown unknown PUT /x method; whole 200 0",
		    "http aws v1 unknown GET /latest/b ; whole 200 0");
}

/* The endpoint says in the middle of a body that it will be the last. */
static void test_last_within_a_body(void **state)
{
	(void)state;
	talk_open(&talk);
	ask("POST /latest/a HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");
	reply("HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
	ask("def" GET("/latest/user-data"));
	settle();
	assert_said(2, "http aws unknown unknown POST /latest/a method; whole 400 0",
		    "other aws unknown unknown   after_last; none 0 0");
}

static void test_gap_in_an_answers_head(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET("/latest/a"));
	talk_add(&talk, STREAM_FROM, TALK_ACK, "HTTP/1.1 200 OK\r\nConte", 22);
	miss(STREAM_FROM, 20);
	talk_add(&talk, STREAM_FROM, TALK_ACK, "\r\n\r\n", 4);
	ask(GET("/latest/b"));
	reply(OK("0", ""));
	settle_long();
	assert_said(2, "http aws v1 unknown GET /latest/a ; unread 0 0",
		    "http aws v1 unknown GET /latest/b ; whole 200 0");
}

/* Half a secret tells nothing, not even whose it is. */
static void test_gap_in_a_credential(void **state)
{
	size_t head_len = strlen(OK(KEYS_LEN, ""));
	static const char answer[] = OK(KEYS_LEN, KEYS);

	(void)state;
	talk_open(&talk);
	ask(GET(ROLE));
	talk_add(&talk, STREAM_FROM, TALK_ACK, answer, head_len + 70);
	miss(STREAM_FROM, 8);
	talk_add(&talk, STREAM_FROM, TALK_ACK, answer + head_len + 78,
		 sizeof(answer) - 1 - head_len - 78);
	settle_long();
	assert_said(1, "http aws v1 credential GET " ROLE " ; part 200 " KEYS_LEN);
	assert_string_equal(said[0].credential.key_id, "");
}

/* Of an answer that does not end, what there was by then. */
static void test_slow_answer(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(GET("/latest/a"));
	reply(OK("9", "abc"));
	feed_talk();
	pass(EXCHANGE_ANSWER_NS + EXCHANGE_SETTLE_NS);
	assert_said(1, "http aws v1 unknown GET /latest/a ; part 200 9");
}

static void test_latency(void **state)
{
	(void)state;
	/* to the first byte of an answer in pieces */
	talk_open(&talk);
	ask(GET("/latest/a"));
	talk_add(&talk, STREAM_FROM, TALK_ACK, "HTTP/1.1 2", 10);
	talk.ts_ns += 700000000;
	reply("00 OK\r\nContent-Length: 0\r\n\r\n");
	settle();
	assert_int_equal(said[0].latency_ns, 20000);
	/* to the answer, and not to the word that it will come */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask(GET("/latest/a"));
	reply("HTTP/1.1 102 Processing\r\n\r\n");
	talk.ts_ns += 700000000;
	reply(OK("0", ""));
	settle();
	assert_int_equal(said[0].latency_ns, 700040000);
	/* an answer that came before the end of its request */
	set_up(METADATA_AWS);
	talk_open(&talk);
	ask("POST /latest/a HTTP/1.1\r\nContent-Length: 3\r\n\r\n");
	reply(OK("0", ""));
	talk.segments[talk.n - 2].ts_ns = 1;
	settle();
	assert_true(said[0].has_latency);
	assert_int_equal(said[0].latency_ns, 0);
}

static void test_long_agent_alone(void **state)
{
	static char text[400];
	size_t len = (size_t)sprintf(text, "GET /latest/a HTTP/1.1\r\nUser-Agent: ");

	(void)state;
	memset(text + len, 'a', HTTP_TEXT_MAX + 1);
	strcpy(text + len + HTTP_TEXT_MAX + 1, "\r\n\r\n");
	talk_open(&talk);
	ask(text);
	reply(OK("0", ""));
	settle();
	assert_true(said[0].is_cut);
	assert_int_equal(strlen(said[0].agent), HTTP_TEXT_MAX);
}

/* An answer that may go a hop further is not lost to its hop limit, acknowledged or not. */
static void test_hop_limit_of_two(void **state)
{
	(void)state;
	talk_open(&talk);
	ask(PUT);
	talk_add(&talk, STREAM_FROM, TALK_ACK, TOKEN_OK, strlen(TOKEN_OK))->hop_limit = 2;
	for (size_t i = 0; i < talk.n; i++)
		talk.segments[i].is_forwarded = true;
	settle();
	assert_said(1, "http aws v2 token PUT /latest/api/token ; whole 200 19");
	assert_false(said[0].is_hop_limit);
}

/* An acknowledgement that comes late takes nothing back. */
static void test_hop_limit_and_an_older_ack(void **state)
{
	struct stream_segment older;

	(void)state;
	talk_open(&talk);
	older = talk.segments[2];
	ask(PUT);
	talk_add(&talk, STREAM_FROM, TALK_ACK, TOKEN_OK, strlen(TOKEN_OK))->hop_limit = 1;
	talk_add(&talk, STREAM_TO, TALK_ACK, NULL, 0);
	for (size_t i = 0; i < talk.n; i++)
		talk.segments[i].is_forwarded = true;
	feed_talk();
	feed(&older);
	exchange_flush(exchange);
	assert_said(1, "http aws v2 token PUT /latest/api/token ; whole 200 19");
	assert_false(said[0].is_hop_limit);
}

/* A copy of an earlier answer that got further is not one of this answer. */
static void test_hop_limit_and_an_older_copy(void **state)
{
	struct stream_segment older;

	(void)state;
	talk_open(&talk);
	ask(PUT);
	older = *talk_add(&talk, STREAM_FROM, TALK_ACK, TOKEN_OK, strlen(TOKEN_OK));
	talk_add(&talk, STREAM_TO, TALK_ACK, PUT, strlen(PUT));
	talk_add(&talk, STREAM_FROM, TALK_ACK, TOKEN_OK, strlen(TOKEN_OK))->hop_limit = 1;
	for (size_t i = 0; i < talk.n; i++)
		talk.segments[i].is_forwarded = true;
	feed_talk();
	older.ts_ns = talk.ts_ns;
	feed(&older);
	exchange_flush(exchange);
	assert_int_equal(n_said, 2);
	assert_false(said[0].is_hop_limit);
	assert_true(said[1].is_hop_limit);
}

static const struct talk_place uplink = {
	.key = {.peer = {[10] = 0xff, 0xff, 172, 31, 0, 5},
		.endpoint = {[10] = 0xff, 0xff, 169, 254, 169, 254},
		.peer_port_be = 0x3412,
		.endpoint_port_be = 0x5000},
	.ifindex = 3,
	.hop_down = 1,
};

/* Two views that are found to be one after both have read a request: it is told once. */
static void test_views_that_meet_late(void **state)
{
	struct stream_segment again;

	(void)state;
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, GET("/latest/a"), strlen(GET("/latest/a")));
	again = talk_seen_at(&talk.segments[3], &uplink);
	feed_talk();
	again.ts_ns += STREAM_VIEW_NS + 1000000000;
	feed(&again);
	now_ns = again.ts_ns;
	pass(STREAM_WAIT_NS + 500000000);
	talk.ts_ns = now_ns;
	talk_add(&talk, STREAM_FROM, TALK_ACK, OK("0", ""), strlen(OK("0", "")));
	again = talk_seen_at(&talk.segments[0], &uplink);
	feed_talk();
	feed(&again);
	pass(3 * EXCHANGE_SETTLE_NS);
	exchange_flush(exchange);
	assert_said(1, "http aws v1 unknown GET /latest/a ; whole 200 0");
	assert_int_equal(said[0].n_views, 2);
	assert_int_equal(said[0].view.ifindex, 1);
}

/* With a hole in it a handshake is still one of TLS, and what follows is no news. */
static void test_gap_in_a_handshake(void **state)
{
	(void)state;
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
	miss(STREAM_TO, 100);
	ask(GET("/latest/user-data"));
	ask(GET("/latest/user-data"));
	settle_long();
	exchange_flush(exchange);
	assert_said(1, "tls aws unknown unknown   not_http; none 0 0");
}

/* Longer than what is kept of one, and another one behind it. */
static void test_long_dns_messages(void **state)
{
	static char message[2 + 1000];
	static const char question[] = "\x03\xe8"
				       "\0\1\1\0\0\1\0\0\0\0\0\1"
				       "\3web\0\0\34\0\1";

	(void)state;
	memcpy(message, question, sizeof(question) - 1);
	talk.place.key.endpoint_port_be = htons(53);
	talk_open(&talk);
	for (int i = 0; i < 2; i++)
		talk_add(&talk, STREAM_TO, TALK_ACK, message, sizeof(message));
	settle();
	assert_said(2, "dns aws  unknown   ; none 0 0", "dns aws  unknown   ; none 0 0");
	assert_string_equal(said[0].name, "web");
	assert_int_equal(said[1].question_type, 28);
}

static void send_datagram(uint32_t ifindex, const char *endpoint, uint16_t port,
			  const struct asker *asker)
{
	struct exchange_datagram datagram = {
		.key = talk_key("10.0.0.1", 40000),
		.ifindex = ifindex,
		.hop_limit = 64,
		.ip_id_be = 7,
		.bytes = (const uint8_t *)"hello",
		.captured = 5,
		.len = 5,
		.ts_ns = 1000 + ifindex,
		.asker = *asker,
	};

	inet_pton(AF_INET, endpoint, datagram.key.endpoint + 12);
	datagram.key.endpoint_port_be = htons(port);
	exchange_datagram(exchange, &datagram);
}

static void test_datagrams_and_their_views(void **state)
{
	const struct asker nobody = {.is_lost = true};
	const struct asker user = {.kind = SF_OWNER_USER, .uid = 33, .opener = {.pid = 4121}};

	(void)state;
	/* alike, but for where they go */
	send_datagram(1, "169.254.169.254", 99, &nobody);
	send_datagram(2, "169.254.169.253", 99, &nobody);
	send_datagram(3, "169.254.169.254", 98, &nobody);
	exchange_flush(exchange);
	assert_int_equal(n_said, 3);
	/* who it was is learnt from any view */
	set_up(METADATA_AWS);
	send_datagram(1, "169.254.169.254", 99, &nobody);
	send_datagram(2, "169.254.169.254", 99, &user);
	send_datagram(3, "169.254.169.254", 99, &nobody);
	exchange_flush(exchange);
	assert_int_equal(n_said, 1);
	assert_int_equal(said[0].asker.opener.pid, 4121);
	assert_int_equal(said[0].view.ifindex, 1);
	/* of more views than are kept the next is told as its own */
	set_up(METADATA_AWS);
	for (uint32_t i = 1; i <= STREAM_VIEWS_MAX + 1; i++)
		send_datagram(i, "169.254.169.254", 99, &user);
	exchange_flush(exchange);
	assert_int_equal(n_said, 2);
	assert_int_equal(said[0].n_views, 1); /* of one address and port */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(test_gap_between_requests),
		TEST(test_rest_of_a_head),
		TEST(test_gap_in_the_frame_of_a_body),
		TEST(test_not_understood_twice),
		TEST(test_agreement_takes_all_answers),
		TEST(test_agreement_is_about_what_follows),
		TEST(test_differing_copies_without_versions),
		TEST(test_differing_copies_of_a_cut_head),
		TEST(test_copies_beyond_the_bound),
		TEST(test_head_of_two_processes),
		TEST(test_asker_of_another_copy),
		TEST(test_http_2),
		TEST(test_after_http_0_9),
		TEST(test_continue_unasked),
		TEST(test_last_within_a_body),
		TEST(test_gap_in_an_answers_head),
		TEST(test_gap_in_a_credential),
		TEST(test_slow_answer),
		TEST(test_latency),
		TEST(test_long_agent_alone),
		TEST(test_hop_limit_of_two),
		TEST(test_hop_limit_and_an_older_ack),
		TEST(test_hop_limit_and_an_older_copy),
		TEST(test_views_that_meet_late),
		TEST(test_gap_in_a_handshake),
		TEST(test_long_dns_messages),
		TEST(test_datagrams_and_their_views),
	};

	return cmocka_run_group_tests_name("exchange_doubt", tests, NULL, NULL);
}
