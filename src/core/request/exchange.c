// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The table of talks, and the way out. A talk is made when the first byte of
 * its connection is handed over, so that floods of SYNs cost nothing here, and
 * goes with the connection: stream.h bounds both.
 */
#include "exchange.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "exchange_talk.h"
#include "mem.h"
#include "wipe.h"

struct exchange {
	struct exchange_settings settings;
	struct exchange_counts counts;
	struct stream *stream;
	struct exchange_udp *udp;
	struct exchange_talk *talks;
	size_t n_buffers;
	uint64_t now_ns;
};

static const char *const protocol_names[] = {"http", "tls", "dns", "other"};
static const char *const answer_names[] = {"whole",   "part",	"waiting", "closed",
					   "reset",   "reused", "idle",	   "evicted",
					   "stopped", "unread", "full",	   "none"};
_Static_assert(ARRAY_SIZE(answer_names) == EXCHANGE_ANSWERS, "each answer has a name");

const char *exchange_protocol_name(enum exchange_protocol protocol)
{
	return protocol_names[protocol];
}

const char *exchange_answer_name(enum exchange_answer answer)
{
	return answer_names[answer];
}

const struct exchange_counts *exchange_counts(const struct exchange *exchange)
{
	return &exchange->counts;
}

struct exchange_counts *exchange_counters(struct exchange *exchange)
{
	return &exchange->counts;
}

const struct stream_counts *exchange_stream_counts(const struct exchange *exchange)
{
	return stream_counts(exchange->stream);
}

struct metadata_place exchange_place(const struct exchange *exchange,
				     const struct stream_view *view)
{
	struct metadata_place place = {
		.port_be = view->key.endpoint_port_be,
		.configured = exchange->settings.cloud,
		.dmi = exchange->settings.dmi,
	};

	memcpy(place.endpoint, view->key.endpoint, sizeof(place.endpoint));
	if (view->hint != METADATA_NO_CLOUD && view->hint < METADATA_CLOUDS)
		place.configured = (enum metadata_cloud)view->hint;
	return place;
}

struct exchange_request *exchange_request_new(struct exchange *exchange,
					      const struct stream_view *view, uint8_t proto,
					      const struct exchange_origin *from)
{
	struct exchange_request *request = calloc(1, sizeof(*request));

	if (!request) {
		exchange->counts.no_memory++;
		return NULL;
	}
	request->view = *view;
	request->n_views = 1;
	request->proto = proto;
	request->ts_ns = from->ts_ns;
	request->asker = from->asker;
	return request;
}

void exchange_emit(struct exchange *exchange, struct exchange_request *request)
{
	struct exchange_counts *counts = &exchange->counts;

	counts->requests++;
	counts->without_answer += request->answer > EXCHANGE_PART;
	counts->uncertain += request->metadata.reason != METADATA_SURE;
	counts->hop_limit += request->is_hop_limit;
	exchange->settings.emit(exchange->settings.ctx, request);
	explicit_bzero(request, sizeof(*request));
	free(request);
	wipe_stack();
}

void *exchange_buffer_new(struct exchange *exchange, size_t size)
{
	void *buffer = NULL;

	if (exchange->n_buffers < EXCHANGE_BUFFERS_MAX)
		buffer = calloc(1, size);
	exchange->n_buffers += buffer != NULL;
	exchange->counts.unbuffered += !buffer;
	return buffer;
}

void exchange_buffer_free(struct exchange *exchange, void *buffer, size_t size)
{
	if (!buffer)
		return;
	explicit_bzero(buffer, size);
	free(buffer);
	exchange->n_buffers--;
}

static struct exchange_talk *talk_of(struct exchange *exchange, struct stream_conn *conn)
{
	struct exchange_talk *talk = conn->user;

	if (talk)
		return talk;
	talk = calloc(1, sizeof(*talk));
	if (!talk) {
		exchange->counts.no_memory++;
		return NULL;
	}
	talk->exchange = exchange;
	talk->conn = conn;
	http_init(&talk->head, HTTP_REQUEST);
	http_init(&talk->reply_head, HTTP_RESPONSE);
	talk->reply = EXCHANGE_AT_HEAD;
	DL_APPEND(exchange->talks, talk);
	conn->user = talk;
	return talk;
}

static void free_talk(struct exchange_talk *talk)
{
	exchange_reply_wipe(talk);
	exchange_buffer_free(talk->exchange, talk->tls, sizeof(*talk->tls));
	exchange_pending_drop(talk);
	DL_DELETE(talk->exchange->talks, talk);
	explicit_bzero(talk, sizeof(*talk));
	free(talk);
}

static void take_data(void *ctx, struct stream_conn *conn, const struct stream_chunk *chunk)
{
	struct exchange_talk *talk = talk_of(ctx, conn);

	if (!talk)
		return;
	if (chunk->dir == STREAM_TO)
		exchange_ask_data(talk, chunk);
	else
		exchange_reply_data(talk, chunk);
}

static void take_gap(void *ctx, struct stream_conn *conn, enum stream_dir dir, uint64_t at,
		     uint64_t len)
{
	struct exchange *exchange = ctx;
	struct exchange_talk *talk = talk_of(exchange, conn);

	(void)at;
	if (!talk)
		return;
	if (dir == STREAM_TO)
		exchange_ask_gap(talk, len, exchange->now_ns);
	else
		exchange_reply_gap(talk, len, exchange->now_ns);
}

static void take_again(void *ctx, struct stream_conn *conn, const struct stream_chunk *chunk)
{
	(void)ctx;
	if (!conn->user)
		return;
	if (chunk->dir == STREAM_TO)
		exchange_ask_again(conn->user, chunk);
	else
		exchange_reply_again(conn->user, chunk);
}

static enum metadata_reason taint_of(enum stream_oddity oddity)
{
	static const enum metadata_reason reasons[] = {
		[STREAM_DIFFERS] = METADATA_DIFFERS,
		[STREAM_URGENT] = METADATA_URGENT,
		[STREAM_UNCHECKED] = METADATA_BOUND,
	};

	return reasons[oddity];
}

static void take_odd(void *ctx, struct stream_conn *conn, enum stream_dir dir,
		     enum stream_oddity oddity)
{
	struct exchange_talk *talk = talk_of(ctx, conn);

	/* what the endpoint says decides about nothing */
	if (talk && dir == STREAM_TO)
		exchange_ask_taint(talk, taint_of(oddity));
}

/* Why a head that is under way then is not whole; METADATA_SURE if it may be. */
static enum metadata_reason doubt_of(enum stream_end end)
{
	if (end == STREAM_CLOSED)
		return METADATA_SURE;
	return end == STREAM_EVICTED ? METADATA_BOUND : METADATA_NO_END;
}

static void take_end(void *ctx, struct stream_conn *conn, enum stream_end end)
{
	struct exchange *exchange = ctx;
	struct exchange_talk *talk = conn->user;

	if (!talk)
		return;
	if (end != STREAM_MERGED) {
		exchange_ask_end(talk, doubt_of(end), exchange->now_ns);
		exchange_reply_end(talk, end, exchange->now_ns);
		exchange_pending_tick(talk, exchange->now_ns, true);
	}
	free_talk(talk);
	conn->user = NULL;
}

struct exchange *exchange_new(const struct exchange_settings *settings)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	struct stream_sink sink = {
		.ctx = exchange,
		.data = take_data,
		.gap = take_gap,
		.again = take_again,
		.odd = take_odd,
		.end = take_end,
	};

	if (!exchange)
		return NULL;
	exchange->settings = *settings;
	exchange->stream = stream_new(&sink);
	exchange->udp = exchange_udp_new();
	if (exchange->stream && exchange->udp)
		return exchange;
	exchange_free(exchange);
	return NULL;
}

void exchange_set_clouds(struct exchange *exchange, enum metadata_cloud cloud,
			 enum metadata_cloud dmi)
{
	exchange->settings.cloud = cloud;
	exchange->settings.dmi = dmi;
}

static void pass_time(struct exchange *exchange, uint64_t now_ns)
{
	if (now_ns > exchange->now_ns)
		exchange->now_ns = now_ns;
}

void exchange_segment(struct exchange *exchange, const struct stream_segment *segment)
{
	pass_time(exchange, segment->ts_ns);
	stream_segment(exchange->stream, segment);
}

void exchange_datagram(struct exchange *exchange, const struct exchange_datagram *datagram)
{
	pass_time(exchange, datagram->ts_ns);
	if (datagram->dir == STREAM_TO)
		exchange_udp_take(exchange->udp, exchange, datagram);
}

void exchange_tick(struct exchange *exchange, uint64_t now_ns)
{
	struct exchange_talk *talk;

	pass_time(exchange, now_ns);
	stream_tick(exchange->stream, exchange->now_ns);
	DL_FOREACH (exchange->talks, talk) {
		size_t n_before = talk->n_told;

		exchange_pending_tick(talk, exchange->now_ns, false);
		if (talk->n_told != n_before)
			stream_forget(exchange->stream, talk->conn, STREAM_TO, talk->told_to);
		/* nothing of it will be told, so that a difference would change nothing */
		if (talk->ask == EXCHANGE_OVER)
			stream_forget(exchange->stream, talk->conn, STREAM_TO, talk->asked_to);
	}
	exchange_udp_tick(exchange->udp, exchange, exchange->now_ns, false);
}

void exchange_flush(struct exchange *exchange)
{
	stream_end_all(exchange->stream);
	exchange_udp_tick(exchange->udp, exchange, exchange->now_ns, true);
}

static void emit_nothing(void *ctx, const struct exchange_request *request)
{
	(void)ctx;
	(void)request;
}

void exchange_free(struct exchange *exchange)
{
	if (!exchange)
		return;
	exchange->settings.emit = emit_nothing;
	stream_free(exchange->stream);
	if (exchange->udp)
		exchange_udp_tick(exchange->udp, exchange, exchange->now_ns, true);
	exchange_udp_free(exchange->udp);
	free(exchange);
}
