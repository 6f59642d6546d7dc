// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections: how they begin, what their segments say, how they end.
 *
 * Segments are written by strangers. Flags and numbers that no stack would
 * take are not taken: a RST that is not where the connection is, a FIN before
 * its bytes. A SYN alone does not end the connection whose addresses it bears,
 * the endpoint has to answer it (RFC 5961, 4). Connections, and what is kept of
 * each, are bounded; the quiet ones go first.
 */
#include "stream.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "stream_conn.h"

/* Positions begin here, so that they may go back a little. */
#define POSITION_BASE (1ULL << 32)
#define WINDOW_BYTES 65536

struct stream *stream_new(const struct stream_sink *sink)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream)
		stream->sink = *sink;
	return stream;
}

const struct stream_counts *stream_counts(const struct stream *stream)
{
	return &stream->counts;
}

static void forget_all(struct stream *stream, struct stream_inner *conn)
{
	for (int dir = STREAM_TO; dir <= STREAM_FROM; dir++) {
		stream->kept_bytes -= conn->sides[dir].queue.cost_bytes;
		stream_queue_done(&conn->sides[dir].queue);
	}
}

static void free_conn(struct stream *stream, struct stream_inner *conn)
{
	forget_all(stream, conn);
	stream_unlink(stream, conn);
	DL_DELETE(stream->conns, conn);
	stream->counts.conns--;
	free(conn);
}

void stream_end(struct stream *stream, struct stream_inner *conn, enum stream_end end)
{
	if (!conn->is_ended) {
		if (end != STREAM_MERGED)
			stream_pump(stream, conn, true);
		stream->sink.end(stream->sink.ctx, &conn->pub, end);
	}
	conn->is_ended = true;
	conn->end = end;
	forget_all(stream, conn);
	if (end == STREAM_MERGED)
		free_conn(stream, conn);
}

/* Ends it without a trace of it. */
static void give_up(struct stream *stream, struct stream_inner *conn, enum stream_end end)
{
	stream_end(stream, conn, end);
	free_conn(stream, conn);
}

static void set_view(struct stream_inner *conn, const struct stream_segment *segment)
{
	conn->pub.view = (struct stream_view){
		.key = segment->key,
		.ifindex = segment->ifindex,
		.hint = segment->hint,
		.ts_ns = segment->ts_ns,
	};
}

/* Makes room for one more, by what was quiet the longest. */
static void make_room(struct stream *stream, const struct stream_key *key)
{
	struct stream_inner *oldest;

	if (stream_count_alike(stream, key, &oldest) >= STREAM_ALIKE_MAX) {
		stream->counts.evicted += !oldest->is_ended;
		give_up(stream, oldest, STREAM_EVICTED);
	}
	if (stream->counts.conns >= STREAM_CONNS_MAX) {
		stream->counts.evicted += !stream->conns->is_ended;
		give_up(stream, stream->conns, STREAM_EVICTED);
	}
}

static struct stream_inner *open_conn(struct stream *stream, const struct stream_segment *segment)
{
	struct stream_inner *conn;

	if (!segment->len && !(segment->tcp_flags & TH_SYN)) {
		stream->counts.strays++;
		return NULL;
	}
	make_room(stream, &segment->key);
	conn = calloc(1, sizeof(*conn));
	if (!conn) {
		stream->counts.no_memory++;
		return NULL;
	}
	set_view(conn, segment);
	conn->last_ns = segment->ts_ns;
	DL_APPEND(stream->conns, conn);
	stream_link_add(stream, conn, &segment->key);
	stream->counts.conns++;
	stream->counts.opened++;
	return conn;
}

/* Most recently used last. */
static void touch(struct stream *stream, struct stream_inner *conn)
{
	conn->last_ns = stream->now_ns;
	DL_DELETE(stream->conns, conn);
	DL_APPEND(stream->conns, conn);
}

/* An earlier copy of the beginning, or of what is seen at all, is the first view. */
static void note_view(struct stream_inner *conn, const struct stream_segment *segment)
{
	if (segment->ts_ns < conn->pub.view.ts_ns)
		set_view(conn, segment);
	conn->pub.is_routed |= segment->is_forwarded;
	/* the hop limit fell between two interfaces: it was routed here */
	if (segment->dir == STREAM_TO && segment->ifindex != conn->pub.view.ifindex &&
	    conn->hop_limit && segment->hop_limit && segment->hop_limit != conn->hop_limit)
		conn->pub.is_routed = true;
	if (segment->dir == STREAM_TO && !conn->hop_limit)
		conn->hop_limit = segment->hop_limit;
}

static uint64_t position_of(struct stream_side *side, uint32_t number)
{
	if (!side->is_known) {
		side->is_known = true;
		side->next = POSITION_BASE + number;
		side->acked = 0;
	}
	return stream_unwrap(side->next, number);
}

static void take_syn(struct stream *stream, struct stream_inner *conn,
		     const struct stream_segment *segment, uint64_t pos)
{
	struct stream_side *side = &conn->sides[segment->dir];
	bool is_answer = !!(segment->tcp_flags & TH_ACK);

	/* the endpoint is the client: a probe of a load balancer, no request to it */
	if (is_answer == (segment->dir == STREAM_TO) && !conn->has_isn && !conn->is_inward) {
		conn->is_inward = true;
		stream->counts.inward++;
	}
	if (!is_answer && segment->dir == STREAM_TO && !side->is_anchored) {
		conn->has_isn = true;
		conn->isn = segment->seq;
	}
	if (is_answer && conn->has_isn && segment->ack - conn->isn - 1 < STREAM_REACH_BYTES)
		conn->is_confirmed = true;
	if (!side->is_anchored)
		stream_anchor(stream, conn, segment->dir, pos + 1);
}

/* Somewhere behind what the receiver has acknowledged, and not far from what was seen. */
static bool is_in_window(const struct stream_side *side, uint64_t pos)
{
	const struct stream_piece *last = side->queue.pieces ? side->queue.pieces->prev : NULL;
	uint64_t top = side->next + side->is_closed;

	if (last && last->pos + last->len > top)
		top = last->pos + last->len;
	if (!side->is_anchored)
		return true;
	return pos >= (side->acked < side->next ? side->acked : side->next) &&
	       pos <= top + WINDOW_BYTES;
}

static void begin_end(struct stream_inner *conn, enum stream_end end, uint64_t ts_ns)
{
	if (conn->is_ending)
		return;
	conn->is_ending = true;
	conn->ending_ns = ts_ns;
	conn->end = end;
}

/* RFC 5961, 3, but for the exact place: segments before it may still come. */
static void take_reset(struct stream_inner *conn, const struct stream_segment *segment)
{
	const struct stream_side *side = &conn->sides[segment->dir];
	const struct stream_side *other = &conn->sides[!segment->dir];
	bool is_ours;

	if (side->is_known)
		is_ours = is_in_window(side, stream_unwrap(side->next, segment->seq));
	else
		is_ours = segment->tcp_flags & TH_ACK && other->is_known &&
			  is_in_window(other, stream_unwrap(other->next, segment->ack));
	if (is_ours)
		begin_end(conn, STREAM_RESET, segment->ts_ns);
}

static void take_flags(struct stream *stream, struct stream_inner *conn,
		       const struct stream_segment *segment, uint64_t pos)
{
	struct stream_side *side = &conn->sides[segment->dir];

	if (segment->tcp_flags & TH_FIN && !side->has_fin) {
		side->has_fin = true;
		side->fin = pos + segment->len;
	}
	if (segment->tcp_flags & TH_URG && segment->len && stream->sink.odd && !conn->is_ended)
		stream->sink.odd(stream->sink.ctx, &conn->pub, segment->dir, STREAM_URGENT);
}

/* The endpoint has answered a SYN for addresses that an older connection used. */
static void replace_older(struct stream *stream, struct stream_inner *conn)
{
	struct stream_inner *older;

	if (!conn->is_confirmed || !conn->has_isn)
		return;
	older = stream_find_replaced(stream, conn);
	if (older)
		begin_end(older, STREAM_REUSED, stream->now_ns);
}

/* Hands over what can be, and sees whether that was the end. */
static void hand_over(struct stream *stream, struct stream_inner *conn)
{
	stream_pump(stream, conn, false);
	if (conn->sides[STREAM_TO].is_closed && conn->sides[STREAM_FROM].is_closed)
		begin_end(conn, STREAM_CLOSED, stream->now_ns);
}

static void take_segment(struct stream *stream, struct stream_inner *conn,
			 const struct stream_segment *segment)
{
	uint64_t pos;

	if (segment->tcp_flags & TH_RST) {
		take_reset(conn, segment);
		return;
	}
	pos = position_of(&conn->sides[segment->dir], segment->seq);
	/* an ACK tells where the other direction stands */
	if (segment->tcp_flags & TH_ACK)
		stream_ack(stream, conn, !segment->dir,
			   position_of(&conn->sides[!segment->dir], segment->ack));
	if (segment->tcp_flags & TH_SYN) {
		take_syn(stream, conn, segment, pos);
		replace_older(stream, conn);
		pos++;
	}
	take_flags(stream, conn, segment, pos);
	if (conn->is_ended || conn->is_inward)
		return;
	if (segment->len)
		stream_put(stream, conn, segment, pos);
	hand_over(stream, conn);
}

void stream_segment(struct stream *stream, const struct stream_segment *segment)
{
	struct stream_inner *conn;

	if (segment->ts_ns > stream->now_ns)
		stream->now_ns = segment->ts_ns;
	conn = stream_find(stream, segment);
	if (!conn)
		conn = open_conn(stream, segment);
	if (!conn)
		return;
	conn = stream_join_views(stream, conn, segment);
	touch(stream, conn);
	note_view(conn, segment);
	take_segment(stream, conn, segment);
}

/* What time alone changes. Frees the connection when it has lingered. */
static void age(struct stream *stream, struct stream_inner *conn)
{
	uint64_t now_ns = stream->now_ns;

	if (conn->is_ended) {
		if (now_ns >= conn->last_ns + STREAM_LINGER_NS)
			free_conn(stream, conn);
		return;
	}
	hand_over(stream, conn);
	if (conn->is_ending && now_ns >= conn->ending_ns + STREAM_SETTLE_NS) {
		stream_end(stream, conn, conn->end);
		return;
	}
	if (now_ns >= conn->last_ns + STREAM_IDLE_NS) {
		stream->counts.idle++;
		give_up(stream, conn, STREAM_IDLE);
	}
}

void stream_tick(struct stream *stream, uint64_t now_ns)
{
	struct stream_inner *conn, *next;

	if (now_ns > stream->now_ns)
		stream->now_ns = now_ns;
	DL_FOREACH_SAFE (stream->conns, conn, next)
		age(stream, conn);
}

void stream_forget(struct stream *stream, struct stream_conn *conn, enum stream_dir dir,
		   uint64_t upto)
{
	struct stream_side *side = &((struct stream_inner *)conn)->sides[dir];
	size_t before = side->queue.cost_bytes;

	stream_queue_release(&side->queue, side->start + upto);
	stream->kept_bytes -= before - side->queue.cost_bytes;
}

void stream_end_all(struct stream *stream)
{
	while (stream->conns) {
		struct stream_inner *conn = stream->conns;
		/* one that only waits for its last views has its own end */
		give_up(stream, conn, conn->is_ending ? conn->end : STREAM_STOPPED);
	}
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	stream_end_all(stream);
	free(stream);
}
