// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Conversations through reassembly. What the sink is told of a connection is
 * written down as ">to<from>to[end closed]", whatever the pieces were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "stream.h"
#include "talk.h"

#define LOGS_MAX 64
#define TICK_NS 100000000ULL

struct told {
	char text[4096];
	size_t len;
	struct stream_view view;
	bool is_void; /* merged into another */
	bool is_routed;
	int dir; /* of the last data */
};

static struct told told[LOGS_MAX];
static size_t n_told;
static size_t n_unchecked; /* times that bytes were let go */

static void note(struct stream_conn *conn, const char *text, size_t len)
{
	struct told *log = conn->user;

	if (!log) {
		/* the last one takes what is too much; no test looks at it then */
		n_told += n_told < LOGS_MAX;
		log = &told[n_told - 1];
		memset(log, 0, sizeof(*log));
		log->dir = -1;
		conn->user = log;
	}
	log->view = conn->view;
	log->is_routed = conn->is_routed;
	for (size_t i = 0; i < len && log->len + i + 1 < sizeof(log->text); i++)
		log->text[log->len + i] = text[i];
	log->len += len;
}

static void take_data(void *ctx, struct stream_conn *conn, const struct stream_chunk *chunk)
{
	(void)ctx;
	note(conn, "", 0);
	if (((struct told *)conn->user)->dir != (int)chunk->dir)
		note(conn, chunk->dir == STREAM_TO ? ">" : "<", 1);
	((struct told *)conn->user)->dir = chunk->dir;
	note(conn, (const char *)chunk->bytes, chunk->len);
}

static void take_gap(void *ctx, struct stream_conn *conn, enum stream_dir dir, uint64_t at,
		     uint64_t len)
{
	char text[60];
	int n = snprintf(text, sizeof(text), "[gap %s %llu]", dir == STREAM_TO ? "to" : "from",
			 (unsigned long long)len);

	(void)ctx;
	(void)at;
	note(conn, text, (size_t)n);
}

static void take_odd(void *ctx, struct stream_conn *conn, enum stream_dir dir,
		     enum stream_oddity oddity)
{
	static const char *const texts[] = {"[differs]", "[urgent]", ""};

	(void)ctx;
	(void)dir;
	n_unchecked += oddity == STREAM_UNCHECKED;
	note(conn, texts[oddity], strlen(texts[oddity]));
}

static void take_end(void *ctx, struct stream_conn *conn, enum stream_end end)
{
	static const char *const names[] = {"closed",  "reset",	  "reused", "idle",
					    "evicted", "stopped", "merged"};
	char text[40];
	int n = snprintf(text, sizeof(text), "[%s%s]", names[end],
			 conn->is_joined[STREAM_TO] ? " joined" : "");

	(void)ctx;
	if (end == STREAM_MERGED && !conn->user)
		return;
	note(conn, text, (size_t)n);
	((struct told *)conn->user)->is_void = end == STREAM_MERGED;
}

static const struct stream_sink sink = {
	.data = take_data,
	.gap = take_gap,
	.odd = take_odd,
	.end = take_end,
};

static struct stream *stream;
static uint64_t now_ns;

static int begin(void **state)
{
	(void)state;
	now_ns = 0;
	n_told = 0;
	n_unchecked = 0;
	stream = stream_new(&sink);
	return stream ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	stream_free(stream);
	return 0;
}

/* Bytes of a segment are in memory of their own, of their own length. */
static void feed(const struct stream_segment *segment)
{
	struct stream_segment copy = *segment;
	uint8_t *bytes = malloc(segment->captured ? segment->captured : 1);

	assert_non_null(bytes);
	if (segment->captured)
		memcpy(bytes, segment->bytes, segment->captured);
	copy.bytes = bytes;
	stream_segment(stream, &copy);
	if (segment->captured)
		memset(bytes, 0xee, segment->captured);
	free(bytes);
}

static void feed_all(const struct talk *talk)
{
	for (size_t i = 0; i < talk->n; i++)
		feed(&talk->segments[i]);
}

static void pass(uint64_t ns)
{
	uint64_t end_ns;

	if (now_ns < told[0].view.ts_ns)
		now_ns = told[0].view.ts_ns;
	end_ns = now_ns + ns;
	for (; now_ns < end_ns; now_ns += TICK_NS)
		stream_tick(stream, now_ns);
}

/* What was told of the index-th connection that was not void. */
static const struct told *log_of(size_t index)
{
	for (size_t i = 0; i < n_told; i++) {
		if (!told[i].is_void && index-- == 0)
			return &told[i];
	}
	return NULL;
}

static void assert_told(size_t index, const char *text)
{
	const struct told *log = log_of(index);

	assert_non_null(log);
	assert_string_equal(log->text, text);
}

static void assert_one(const char *text)
{
	assert_told(0, text);
	assert_null(log_of(1));
}

static struct talk talk;

static void test_plain(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	talk_say(&talk, STREAM_FROM, "answer", 0);
	talk_say(&talk, STREAM_TO, "more", 1);
	talk_close(&talk);
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 3);
	assert_one(">question<answer>more[closed]");
	assert_int_equal(stream_counts(stream)->opened, 1);
	assert_int_equal(stream_counts(stream)->joined, 0);
	pass(STREAM_LINGER_NS * 2);
	assert_int_equal(stream_counts(stream)->conns, 0);
}

static void test_numbers_wrap(void **state)
{
	(void)state;
	talk_init(&talk, 40000, UINT32_MAX - 3, UINT32_MAX);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 1);
	talk_say(&talk, STREAM_FROM, "answer", 1);
	talk_close(&talk);
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 3);
	assert_one(">question<answer[closed]");
}

static void test_fast_open(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_add(&talk, STREAM_TO, TALK_SYN, "GET", 3);
	talk_add(&talk, STREAM_FROM, TALK_SYN | TALK_ACK, NULL, 0);
	talk_say(&talk, STREAM_FROM, "answer", 0);
	feed_all(&talk);
	stream_end_all(stream);
	assert_one(">GET<answer[stopped]");
}

/* The endpoint did not take the data of the SYN: they come again. */
static void test_fast_open_refused(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_add(&talk, STREAM_TO, TALK_SYN, "GET", 3);
	talk.seq[STREAM_TO] -= 3;
	talk_add(&talk, STREAM_FROM, TALK_SYN | TALK_ACK, NULL, 0);
	talk_say(&talk, STREAM_TO, "GET /", 0);
	feed_all(&talk);
	stream_end_all(stream);
	assert_one(">GET /[stopped]");
}

static void test_retransmitted_and_overlapping(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, "abcd", 4);
	talk.seq[STREAM_TO] -= 4;
	talk_add(&talk, STREAM_TO, TALK_ACK, "abcd", 4);
	talk.seq[STREAM_TO] -= 2;
	talk_add(&talk, STREAM_TO, TALK_ACK, "cdef", 4);
	talk.seq[STREAM_TO] -= 5;
	talk_add(&talk, STREAM_TO, TALK_ACK, "bcdefgh", 7);
	feed_all(&talk);
	stream_end_all(stream);
	assert_one(">abcdefgh[stopped]");
	assert_int_equal(stream_counts(stream)->differing, 0);
}

static void test_out_of_order(void **state)
{
	static const size_t order[] = {6, 4, 0, 5, 3, 1, 2};

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "abcdef", 2);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		feed(&talk.segments[order[i]]);
	assert_one(">abcdef");
	assert_int_equal(stream_counts(stream)->gaps, 0);
}

/* The first copy wins, and it is told as long as the endpoint may still take the other. */
static void test_differing_copies(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, "abcd", 4);
	talk.seq[STREAM_TO] -= 4;
	talk_add(&talk, STREAM_TO, TALK_ACK, "abXdef", 6);
	feed_all(&talk);
	assert_one(">abcd[differs]ef");
	/* one that waits for its turn */
	talk.n = 0;
	talk.seq[STREAM_TO] += 2;
	talk_add(&talk, STREAM_TO, TALK_ACK, "ij", 2);
	talk.seq[STREAM_TO] -= 2;
	talk_add(&talk, STREAM_TO, TALK_ACK, "iX", 2);
	talk.seq[STREAM_TO] -= 4;
	talk_add(&talk, STREAM_TO, TALK_ACK, "gh", 2);
	feed_all(&talk);
	assert_one(">abcd[differs]ef[differs]ghij");
	assert_int_equal(stream_counts(stream)->differing, 2);
}

static void test_acknowledged_bytes_cannot_differ(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "abcd", 0);
	talk.seq[STREAM_TO] -= 1;
	/* an old keep-alive probe: one byte of nothing */
	talk_add(&talk, STREAM_TO, TALK_ACK, "\0", 1);
	feed_all(&talk);
	assert_one(">abcd");
	assert_int_equal(stream_counts(stream)->differing, 0);
}

/* The same, though what acknowledges them was read first. */
static void test_bytes_acknowledged_before_they_come(void **state)
{
	struct stream_segment question;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	question = *talk_add(&talk, STREAM_TO, TALK_ACK, "question", 8);
	talk.n--;
	talk_add(&talk, STREAM_FROM, TALK_ACK, NULL, 0);
	feed_all(&talk);
	feed(&question);
	question.bytes = (const uint8_t *)"QUESTION";
	feed(&question);
	assert_one(">question");
	assert_int_equal(stream_counts(stream)->differing, 0);
}

static void test_probes(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "abcd", 0);
	talk.seq[STREAM_TO] -= 1;
	talk_add(&talk, STREAM_TO, TALK_ACK, NULL, 0); /* keep-alive */
	talk.seq[STREAM_TO] += 1;
	/* into a closed window: a byte, again, and then all of it */
	talk_add(&talk, STREAM_TO, TALK_ACK, "e", 1);
	talk.seq[STREAM_TO] -= 1;
	talk_add(&talk, STREAM_TO, TALK_ACK, "e", 1);
	talk.seq[STREAM_TO] -= 1;
	talk_say(&talk, STREAM_TO, "efgh", 0);
	feed_all(&talk);
	assert_one(">abcdefgh");
}

static void test_large_segments(void **state)
{
	static char block[3][65000];

	(void)state;
	for (int i = 0; i < 3; i++)
		memset(block[i], 'a' + i, sizeof(block[i]));
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "q", 0);
	for (int i = 0; i < 3; i++)
		talk_add(&talk, STREAM_FROM, TALK_ACK, block[i], sizeof(block[i]));
	for (size_t i = 0; i < talk.n; i++)
		feed(&talk.segments[i == 5 ? 7 : i == 7 ? 5 : i]);
	assert_int_equal(log_of(0)->len, 2 + 1 + 3 * sizeof(block[0]));
	assert_int_equal(stream_counts(stream)->refused_bytes, 0);
}

static void test_not_captured(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, "abcdef", 6)->captured = 2;
	talk_add(&talk, STREAM_TO, TALK_ACK, "gh", 2);
	feed_all(&talk);
	assert_one(">ab[gap to 4]gh");
	assert_int_equal(stream_counts(stream)->gap_bytes, 4);
}

static void test_gap_is_given_up(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "abcdef", 2);
	for (size_t i = 0; i < talk.n; i++) {
		if (i != 4)
			feed(&talk.segments[i]);
	}
	assert_one(">ab");
	pass(STREAM_WAIT_NS / 2);
	assert_one(">ab");
	pass(STREAM_WAIT_NS);
	assert_one(">ab[gap to 2]ef");
	assert_int_equal(stream_counts(stream)->gaps, 1);
	/* too late */
	feed(&talk.segments[4]);
	assert_one(">ab[gap to 2]ef");
}

static void test_joined_in_the_middle(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "lost", 0);
	talk.n = 0;
	talk_say(&talk, STREAM_FROM, "answer", 3);
	talk_say(&talk, STREAM_TO, "question", 0);
	feed_all(&talk);
	assert_null(log_of(0));
	pass(STREAM_WAIT_NS * 2);
	stream_end_all(stream);
	/* nothing shows how they interleaved before: towards the endpoint first */
	assert_one(">question<answer[stopped joined]");
	assert_int_equal(stream_counts(stream)->joined, 2);
}

/* The SYN comes late, by another queue: it is no connection joined in the middle. */
static void test_late_syn(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 3);
	for (size_t i = talk.n; i-- > 0;)
		feed(&talk.segments[i]);
	stream_end_all(stream);
	assert_one(">question[stopped]");
}

/* A SYN that comes late shows that what came before it was none of the connection's bytes. */
static void test_bytes_before_the_start(void **state)
{
	struct stream_segment before;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	before = talk.segments[3];
	before.seq = 96;
	before.bytes = (const uint8_t *)"xxx";
	before.captured = before.len = 3;
	feed(&talk.segments[3]);
	feed(&before);
	feed_all(&talk);
	stream_end_all(stream);
	assert_one(">question[stopped]");
}

/* Both have closed, but not all has come: it is waited for, and then it is the end. */
static void test_close_before_the_last_bytes(void **state)
{
	struct stream_segment late;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	late = *talk_add(&talk, STREAM_TO, TALK_ACK, "question", 8);
	talk.n--;
	talk_close(&talk);
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 5);
	assert_int_equal(n_told, 0);
	feed(&late);
	now_ns = talk.ts_ns;
	pass(STREAM_SETTLE_NS * 8);
	assert_one(">question[closed]");
}

/* What ended by itself keeps its end when the watch stops before it has settled. */
static void test_stop_behind_the_end(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	talk_close(&talk);
	feed_all(&talk);
	assert_one(">question");
	stream_end_all(stream);
	assert_one(">question[closed]");
	assert_int_equal(stream_counts(stream)->conns, 0);
	finish(NULL);
	begin(NULL);
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	talk_add(&talk, STREAM_FROM, TALK_RST | TALK_ACK, NULL, 0);
	feed_all(&talk);
	stream_end_all(stream);
	assert_one(">question[reset]");
	/* one side alone has closed */
	finish(NULL);
	begin(NULL);
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	talk_add(&talk, STREAM_TO, TALK_FIN | TALK_ACK, NULL, 0);
	feed_all(&talk);
	stream_end_all(stream);
	assert_one(">question[stopped]");
}

static void test_reset(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	/* one that is not where the connection is changes nothing */
	talk_add(&talk, STREAM_FROM, TALK_RST, NULL, 0)->seq += 1000000;
	talk_say(&talk, STREAM_FROM, "answer", 0);
	talk_add(&talk, STREAM_FROM, TALK_RST, NULL, 0)->seq -= 3;
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 3);
	assert_one(">question<answer");
	talk.n = 0;
	talk_add(&talk, STREAM_FROM, TALK_RST, NULL, 0);
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 3);
	assert_one(">question<answer[reset]");
}

static void test_refused(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 0);
	talk_add(&talk, STREAM_TO, TALK_SYN, "data", 4);
	talk_add(&talk, STREAM_FROM, TALK_RST | TALK_ACK, NULL, 0);
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 3);
	assert_one(">data[reset]");
}

/* What goes on behind the end is another connection, begun in the middle. */
static void test_life_after_the_end(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	talk_add(&talk, STREAM_FROM, TALK_RST, NULL, 0);
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 3);
	talk.n = 0;
	talk_say(&talk, STREAM_TO, "still here", 0);
	feed_all(&talk);
	pass(STREAM_WAIT_NS * 2);
	assert_told(0, ">question[reset]");
	assert_told(1, ">still here");
	stream_end_all(stream);
	assert_told(1, ">still here[stopped joined]");
}

static void test_port_used_again(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "first", 0);
	feed_all(&talk);
	talk.n = 0;
	talk.seq[STREAM_TO] = 77000000;
	talk.seq[STREAM_FROM] = 88000000;
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "second", 0);
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 3);
	stream_end_all(stream);
	assert_told(0, ">first[reused]");
	assert_told(1, ">second[stopped]");
}

/* A SYN that nobody answered does not end what goes on. */
static void test_forged_syn(void **state)
{
	struct stream_segment syn;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "first ", 0);
	feed_all(&talk);
	syn = talk.segments[0];
	syn.seq = 0x77777777;
	feed(&syn);
	talk.n = 0;
	talk_say(&talk, STREAM_TO, "goes on", 0);
	feed_all(&talk);
	pass(STREAM_SETTLE_NS * 3);
	assert_one(">first goes on");
}

/* The endpoint as a client, a load balancer's probe: no request to it. */
static void test_inward(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_add(&talk, STREAM_FROM, TALK_SYN, NULL, 0);
	talk_add(&talk, STREAM_TO, TALK_SYN | TALK_ACK, NULL, 0);
	talk_say(&talk, STREAM_FROM, "GET / HTTP/1.1", 0);
	talk_say(&talk, STREAM_TO, "HTTP/1.1 200 OK", 0);
	feed_all(&talk);
	stream_end_all(stream);
	assert_one("[stopped]");
	assert_int_equal(stream_counts(stream)->inward, 1);
}

static void test_urgent(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK | TALK_URG, "abc", 3);
	feed_all(&talk);
	assert_one("[urgent]>abc");
}

static const struct talk_place uplink = {
	.key = {.peer = {[10] = 0xff, 0xff, 172, 31, 0, 5},
		.endpoint = {[10] = 0xff, 0xff, 169, 254, 169, 254},
		.peer_port_be = 0x3412,
		.endpoint_port_be = 0x5000},
	.ifindex = 3,
	.hop_down = 1,
};

static void feed_views(const struct talk *spoken, size_t batch)
{
	for (size_t at = 0; at < spoken->n; at += batch) {
		for (size_t i = at; i < at + batch && i < spoken->n; i++)
			feed(&spoken->segments[i]);
		for (size_t i = at; i < at + batch && i < spoken->n; i++) {
			struct stream_segment copy = talk_seen_at(&spoken->segments[i], &uplink);

			feed(&copy);
		}
	}
}

static void test_views_behind_masquerade(void **state)
{
	(void)state;
	for (size_t batch = 1; batch < 12; batch++) {
		finish(NULL);
		begin(NULL);
		talk_init(&talk, 40000, 100, 900);
		talk_open(&talk);
		talk_say(&talk, STREAM_TO, "question", 3);
		talk_say(&talk, STREAM_FROM, "answer", 0);
		talk_close(&talk);
		feed_views(&talk, batch);
		pass(STREAM_SETTLE_NS * 3);
		assert_one(">question<answer[closed]");
		assert_int_equal(log_of(0)->view.ifindex, 1);
		assert_true(log_of(0)->is_routed);
		assert_int_equal(stream_counts(stream)->merged, 1);
	}
}

/* The inner view is read last, and yet it is the first one. */
static void test_first_view_is_read_last(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 3);
	for (size_t i = 0; i < talk.n; i++) {
		struct stream_segment copy = talk_seen_at(&talk.segments[i], &uplink);

		feed(&copy);
	}
	feed_all(&talk);
	stream_end_all(stream);
	assert_one(">question[stopped]");
	assert_int_equal(log_of(0)->view.ifindex, 1);
}

static void test_views_joined_in_the_middle(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "lost", 0);
	talk.n = 0;
	talk_say(&talk, STREAM_TO, "question", 0);
	talk_say(&talk, STREAM_FROM, "answer", 0);
	feed_views(&talk, 2);
	pass(STREAM_WAIT_NS * 2);
	stream_end_all(stream);
	assert_one(">question<answer[stopped joined]");
}

/* Fast Open: data in the SYN of both views, before the endpoint's number is known. */
static void test_views_with_fast_open(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_add(&talk, STREAM_TO, TALK_SYN, "GET", 3);
	talk_add(&talk, STREAM_FROM, TALK_SYN | TALK_ACK, NULL, 0);
	talk_say(&talk, STREAM_FROM, "answer", 0);
	feed_views(&talk, 1);
	stream_end_all(stream);
	assert_one(">GET<answer[stopped]");
}

/* The same number on the client's side alone makes no two connections one. */
static void test_equal_client_numbers(void **state)
{
	static struct talk other;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "victim", 0);
	talk_init(&other, 40001, 100, 5555);
	other.place.key = talk_key("10.0.0.66", 666);
	other.place.ifindex = 2;
	talk_open(&other);
	talk_say(&other, STREAM_TO, "villain", 0);
	for (size_t i = 0; i < talk.n; i++) {
		feed(&talk.segments[i]);
		feed(&other.segments[i]);
	}
	stream_end_all(stream);
	assert_told(0, ">victim[stopped]");
	assert_told(1, ">villain[stopped]");
	assert_int_equal(stream_counts(stream)->merged, 0);
}

static void test_equal_addresses_in_two_namespaces(void **state)
{
	static struct talk other;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "one", 1);
	talk_init(&other, 40000, 0x70000000, 0x90000000);
	other.place.ifindex = 2;
	talk_open(&other);
	talk_say(&other, STREAM_TO, "two", 1);
	for (size_t i = 0; i < talk.n; i++) {
		feed(&talk.segments[i]);
		feed(&other.segments[i]);
	}
	pass(STREAM_SETTLE_NS * 3);
	stream_end_all(stream);
	assert_told(0, ">one[stopped]");
	assert_told(1, ">two[stopped]");
}

/* Who guesses may forge numbers, but not the endpoint's: its view does not join. */
static void test_guessed_view(void **state)
{
	struct stream_segment forged;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "victim", 0);
	feed_all(&talk);
	forged = talk_seen_at(&talk.segments[3], &uplink);
	forged.ack ^= 1;
	feed(&forged);
	/* and a true copy that comes too late is none */
	forged.ack ^= 1;
	forged.ts_ns += STREAM_VIEW_NS;
	feed(&forged);
	assert_int_equal(stream_counts(stream)->merged, 0);
}

/* Numbers alone do not make one connection of two: nor of two endpoints, nor of two lengths. */
static void test_views_of_another_endpoint(void **state)
{
	struct talk_place places[3] = {uplink, uplink, uplink};

	(void)state;
	places[0].key.endpoint[15] = 253;
	places[1].key.endpoint_port_be = htons(8080);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		finish(NULL);
		begin(NULL);
		talk_init(&talk, 40000, 100, 900);
		talk_open(&talk);
		talk_add(&talk, STREAM_TO, TALK_ACK, "question", 8);
		feed_all(&talk);
		talk.segments[3] = talk_seen_at(&talk.segments[3], &places[i]);
		/* of the last place, another length */
		talk.segments[3].captured = talk.segments[3].len = i == 2 ? 5 : 8;
		feed(&talk.segments[3]);
		assert_int_equal(stream_counts(stream)->merged, 0);
		stream_end_all(stream);
		assert_told(0, ">question[stopped]");
		assert_told(1, i == 2 ? ">quest[stopped joined]" : ">question[stopped joined]");
	}
}

/* Copies on two interfaces that differ, though nobody knew yet that they were of one connection. */
static void test_views_that_differ(void **state)
{
	struct stream_segment first, second;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, "ques", 4);
	talk_add(&talk, STREAM_TO, TALK_ACK, "tion", 4);
	first = talk_seen_at(&talk.segments[3], &uplink);
	/* no print of it agrees with the other's: it is cut in another way */
	first.bytes = (const uint8_t *)"QUE";
	first.captured = first.len = 3;
	second = talk_seen_at(&talk.segments[4], &uplink);
	feed(&first);
	feed(&second);
	feed_all(&talk);
	stream_end_all(stream);
	assert_int_equal(stream_counts(stream)->merged, 1);
	assert_one(">ques[differs]tion[stopped]");
}

/* Of a view that was captured in part only, what there is. */
static void test_views_that_are_cut(void **state)
{
	struct stream_segment copy;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_add(&talk, STREAM_TO, TALK_ACK, "question", 8);
	copy = talk_seen_at(&talk.segments[3], &uplink);
	copy.captured = 3;
	feed(&copy);
	talk.segments[3].captured = 2;
	feed_all(&talk);
	stream_end_all(stream);
	assert_int_equal(stream_counts(stream)->merged, 1);
	assert_one(">que[gap to 5][stopped]");
}

/* Without masquerade, the hop limit tells a router from a bridge. */
static void test_hop_limit_of_views(void **state)
{
	(void)state;
	for (uint8_t hop_down = 0; hop_down < 2; hop_down++) {
		struct talk_place place = {.ifindex = 3, .hop_down = hop_down};

		finish(NULL);
		begin(NULL);
		talk_init(&talk, 40000, 100, 900);
		place.key = talk.place.key;
		talk_open(&talk);
		talk_say(&talk, STREAM_TO, "question", 0);
		for (size_t i = 0; i < talk.n; i++) {
			struct stream_segment copy = talk_seen_at(&talk.segments[i], &place);

			feed(&talk.segments[i]);
			feed(&copy);
		}
		stream_end_all(stream);
		assert_one(">question[stopped]");
		assert_int_equal(log_of(0)->is_routed, hop_down);
	}
}

static void test_many_views(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	feed_all(&talk);
	for (uint32_t i = 0; i < 2 * STREAM_VIEWS_MAX; i++) {
		struct talk_place place = uplink;
		struct stream_segment copy;

		place.key.peer_port_be = (uint16_t)i;
		place.ifindex = 3 + i;
		copy = talk_seen_at(&talk.segments[1], &place);
		feed(&copy);
	}
	assert_int_equal(stream_counts(stream)->merged, STREAM_VIEWS_MAX - 1);
	assert_int_equal(stream_counts(stream)->views_refused, STREAM_VIEWS_MAX + 1);
}

static void test_bound_of_connections(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < STREAM_CONNS_MAX + 10; i++) {
		talk_init(&talk, (uint16_t)i, i * 1000, i);
		talk_add(&talk, STREAM_TO, TALK_SYN, NULL, 0);
		/* the first one stays busy */
		if (i % 1000 == 0)
			talk.place.key.peer_port_be = 0;
		feed_all(&talk);
		n_told = 0;
	}
	assert_int_equal(stream_counts(stream)->conns, STREAM_CONNS_MAX);
	assert_int_equal(stream_counts(stream)->evicted, 10);
}

static void test_bound_of_alike(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3 * STREAM_ALIKE_MAX; i++) {
		talk_init(&talk, 40000, i * 0x10000000, 1);
		talk_add(&talk, STREAM_TO, TALK_SYN, NULL, 0);
		feed_all(&talk);
	}
	assert_int_equal(stream_counts(stream)->conns, STREAM_ALIKE_MAX);
	assert_int_equal(stream_counts(stream)->evicted, 2 * STREAM_ALIKE_MAX);
}

/* Holes without end fill no memory, and what is in order passes all the same. */
static void test_bound_of_queue(void **state)
{
	static char block[1000];
	struct stream_segment *first;

	(void)state;
	memset(block, 'x', sizeof(block));
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	feed_all(&talk);
	talk.n = 0;
	first = talk_add(&talk, STREAM_TO, TALK_ACK, "ab", 2);
	for (uint32_t i = 0; i < 2000; i++) {
		struct stream_segment far = *first;

		far.seq += 2 + i * 2000;
		far.bytes = (const uint8_t *)block;
		far.captured = sizeof(block);
		far.len = sizeof(block);
		feed(&far);
	}
	assert_true(stream_counts(stream)->refused_bytes > 0);
	assert_null(log_of(0));
	feed(first);
	assert_memory_equal(log_of(0)->text, ">abxxx", 6);
	assert_int_equal(log_of(0)->len, 3 + sizeof(block));
}

static void test_bound_of_pieces(void **state)
{
	struct stream_segment *first;

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	feed_all(&talk);
	talk.n = 0;
	first = talk_add(&talk, STREAM_TO, TALK_ACK, "a", 1);
	for (uint32_t i = 0; i < 2 * STREAM_PIECES_MAX; i++) {
		struct stream_segment far = *first;

		far.seq += 2 + i * 2;
		feed(&far);
	}
	assert_int_equal(stream_counts(stream)->refused_bytes, STREAM_PIECES_MAX);
	feed(first);
	assert_one(">a");
}

/* Never acknowledged: kept to be compared up to the bound, then let go and counted. */
static void test_bound_of_what_is_compared(void **state)
{
	static char block[60000];

	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	for (int i = 0; i < 10; i++)
		talk_add(&talk, STREAM_TO, TALK_ACK, block, sizeof(block));
	feed_all(&talk);
	assert_true(stream_counts(stream)->unchecked_bytes >= 5 * sizeof(block));
	assert_true(n_unchecked >= 5);
	assert_int_equal(stream_counts(stream)->refused_bytes, 0);
	assert_int_equal(log_of(0)->len, 1 + 10 * sizeof(block));
}

/* What all of them wait with: more than each of them may keep, together. */
static void test_bound_of_all_bytes(void **state)
{
	static char block[60000];
	uint64_t refused;

	(void)state;
	for (uint16_t i = 0; i < 150; i++) {
		talk_init(&talk, 40000 + i, i * 1000000, 900);
		talk_open(&talk);
		talk.seq[STREAM_TO]++;
		for (int j = 0; j < 4; j++)
			talk_add(&talk, STREAM_TO, TALK_ACK, block, sizeof(block));
		feed_all(&talk);
		if (i == 100)
			assert_int_equal(stream_counts(stream)->refused_bytes, 0);
	}
	refused = stream_counts(stream)->refused_bytes;
	assert_true(refused >= 150 * 4 * sizeof(block) - STREAM_BYTES_MAX);
	/* what is in order passes all the same */
	talk_init(&talk, 50000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	feed_all(&talk);
	assert_one(">question");
	assert_int_equal(stream_counts(stream)->refused_bytes, refused);
}

static void test_idle(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_open(&talk);
	talk_say(&talk, STREAM_TO, "question", 0);
	feed_all(&talk);
	stream_tick(stream, talk.ts_ns + STREAM_IDLE_NS - 1);
	assert_one(">question");
	stream_tick(stream, talk.ts_ns + STREAM_IDLE_NS);
	assert_one(">question[idle]");
	assert_int_equal(stream_counts(stream)->idle, 1);
	assert_int_equal(stream_counts(stream)->conns, 0);
}

static void test_strays(void **state)
{
	(void)state;
	talk_init(&talk, 40000, 100, 900);
	talk_add(&talk, STREAM_TO, TALK_ACK, NULL, 0);
	talk_add(&talk, STREAM_TO, TALK_FIN | TALK_ACK, NULL, 0);
	talk_add(&talk, STREAM_FROM, TALK_RST, NULL, 0);
	feed_all(&talk);
	assert_int_equal(stream_counts(stream)->strays, 3);
	assert_int_equal(stream_counts(stream)->conns, 0);
}

/* One conversation, cut at random, each piece once to three times, at one place or two, shuffled. */
static size_t scramble(const struct talk *spoken, struct stream_segment *pieces, uint64_t *random)
{
	size_t n = 0;

	for (size_t i = 0; i < spoken->n; i++) {
		const struct stream_segment *segment = &spoken->segments[i];
		size_t copies = 1 + talk_random(random) % 3;

		for (size_t j = 0; j < copies; j++)
			pieces[n++] = *segment;
		if (talk_random(random) % 2)
			pieces[n++] = talk_seen_at(segment, &uplink);
		/* a part of it, sent again */
		if (segment->len > 1 && talk_random(random) % 2) {
			size_t skip = talk_random(random) % segment->len;

			pieces[n] = *segment;
			pieces[n].bytes += skip;
			pieces[n].seq += (uint32_t)skip;
			pieces[n].len -= skip;
			pieces[n++].captured -= skip;
		}
	}
	/* every view shows the endpoint's number */
	pieces[n++] = talk_seen_at(&spoken->segments[1], &uplink);
	talk_shuffle(pieces, n, random);
	/* a FIN alone begins nothing: one that came before all else is heard when it is repeated */
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
	for (int i = 0; i < 5000; i++) {
		size_t n;

		finish(NULL);
		begin(NULL);
		talk_init(&talk, 40000, talk_random(&random), talk_random(&random));
		talk_open(&talk);
		talk_say(&talk, STREAM_TO, "a first question", 1 + talk_random(&random) % 16);
		talk_say(&talk, STREAM_FROM, "the first answer", 1 + talk_random(&random) % 16);
		talk_say(&talk, STREAM_TO, "and a second one", 1 + talk_random(&random) % 16);
		talk_say(&talk, STREAM_FROM, "answered as well", 1 + talk_random(&random) % 16);
		talk_close(&talk);
		n = scramble(&talk, pieces, &random);
		for (size_t j = 0; j < n; j++)
			feed(&pieces[j]);
		stream_tick(stream, talk.ts_ns + STREAM_SETTLE_NS * 2);
		assert_one(">a first question<the first answer>and a second one<answered as well"
			   "[closed]");
		assert_int_equal(log_of(0)->view.ifindex, 1);
		assert_int_equal(stream_counts(stream)->gaps, 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(test_plain),
		TEST(test_numbers_wrap),
		TEST(test_fast_open),
		TEST(test_fast_open_refused),
		TEST(test_retransmitted_and_overlapping),
		TEST(test_out_of_order),
		TEST(test_differing_copies),
		TEST(test_acknowledged_bytes_cannot_differ),
		TEST(test_bytes_acknowledged_before_they_come),
		TEST(test_probes),
		TEST(test_large_segments),
		TEST(test_not_captured),
		TEST(test_gap_is_given_up),
		TEST(test_joined_in_the_middle),
		TEST(test_late_syn),
		TEST(test_bytes_before_the_start),
		TEST(test_close_before_the_last_bytes),
		TEST(test_stop_behind_the_end),
		TEST(test_reset),
		TEST(test_refused),
		TEST(test_life_after_the_end),
		TEST(test_port_used_again),
		TEST(test_forged_syn),
		TEST(test_inward),
		TEST(test_urgent),
		TEST(test_views_behind_masquerade),
		TEST(test_first_view_is_read_last),
		TEST(test_views_joined_in_the_middle),
		TEST(test_views_with_fast_open),
		TEST(test_equal_client_numbers),
		TEST(test_equal_addresses_in_two_namespaces),
		TEST(test_guessed_view),
		TEST(test_views_of_another_endpoint),
		TEST(test_views_that_differ),
		TEST(test_views_that_are_cut),
		TEST(test_hop_limit_of_views),
		TEST(test_many_views),
		TEST(test_bound_of_connections),
		TEST(test_bound_of_alike),
		TEST(test_bound_of_queue),
		TEST(test_bound_of_pieces),
		TEST(test_bound_of_what_is_compared),
		TEST(test_bound_of_all_bytes),
		TEST(test_idle),
		TEST(test_strays),
		TEST(test_any_order_tells_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
