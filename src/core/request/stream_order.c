// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The order of bytes: by their numbers in each direction, and between the
 * directions by what each segment acknowledges.
 *
 * A hostile sender leaves holes, acknowledges what was never sent, or lets two
 * segments wait for each other. Nothing waits longer than STREAM_WAIT_NS, and
 * what is kept meanwhile is bounded; bytes in their order always pass.
 */
#include <netinet/tcp.h>
#include <string.h>

#include "stream_conn.h"

static struct stream_chunk chunk_of(const struct stream_side *side, enum stream_dir dir,
				    const struct stream_piece *piece)
{
	return (struct stream_chunk){
		.dir = dir,
		.hop_limit = piece->hop_limit,
		.bytes = piece->bytes,
		.len = piece->len,
		.at = piece->pos - side->start,
		.ts_ns = piece->ts_ns,
		.asker = &piece->asker,
	};
}

static void tell_gap(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		     uint64_t pos, uint64_t len)
{
	stream->counts.gaps++;
	stream->counts.gap_bytes += len;
	if (stream->sink.gap)
		stream->sink.gap(stream->sink.ctx, &conn->pub, dir, pos - conn->sides[dir].start,
				 len);
}

static void tell_data(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		      const struct stream_piece *piece)
{
	struct stream_chunk chunk = chunk_of(&conn->sides[dir], dir, piece);

	if (!piece->has_bytes)
		tell_gap(stream, conn, dir, piece->pos, piece->len);
	else if (stream->sink.data)
		stream->sink.data(stream->sink.ctx, &conn->pub, &chunk);
}

/* Takes the piece out, and out of the sum of all. */
static void drop(struct stream *stream, struct stream_side *side, struct stream_piece *piece)
{
	size_t before = side->queue.cost_bytes;

	stream_queue_remove(&side->queue, piece);
	stream->kept_bytes -= before - side->queue.cost_bytes;
}

static void release(struct stream *stream, struct stream_side *side, uint64_t pos)
{
	size_t before = side->queue.cost_bytes;

	stream_queue_release(&side->queue, pos);
	stream->kept_bytes -= before - side->queue.cost_bytes;
}

static void give(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		 struct stream_piece *piece)
{
	struct stream_side *side = &conn->sides[dir];

	tell_data(stream, conn, dir, piece);
	side->next = piece->pos + piece->len;
	piece->is_given = true;
	/* what goes to the endpoint stays until it has it: a copy may differ */
	if (dir == STREAM_FROM || !piece->has_bytes)
		drop(stream, side, piece);
	else
		release(stream, side, side->acked);
}

void stream_anchor(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		   uint64_t pos)
{
	struct stream_side *side = &conn->sides[dir];
	struct stream_piece *piece, *next;

	side->is_known = true;
	side->is_anchored = true;
	side->start = pos;
	side->next = pos;
	if (side->acked < pos || side->acked - pos > STREAM_REACH_BYTES)
		side->acked = pos;
	conn->pub.acked[dir] = side->acked - pos;
	/* nothing is sent before the start */
	DL_FOREACH_SAFE (side->queue.pieces, piece, next) {
		if (piece->pos < pos)
			drop(stream, side, piece);
	}
}

static void join_side(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		      uint64_t pos)
{
	stream_anchor(stream, conn, dir, pos);
	conn->pub.is_joined[dir] = true;
	stream->counts.joined++;
}

/* Its beginning did not come. What this piece acknowledges is where the other direction stands. */
static void join_both(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		      const struct stream_piece *piece)
{
	const struct stream_side *other = &conn->sides[!dir];
	const struct stream_piece *first = stream_queue_first(&other->queue);
	uint64_t pos = piece->needs;

	join_side(stream, conn, dir, piece->pos);
	if (other->is_anchored || !pos)
		return;
	if (first && first->pos < pos)
		pos = first->pos;
	join_side(stream, conn, !dir, pos);
}

static bool reach_fin(struct stream_side *side)
{
	if (!side->has_fin || side->is_closed || !side->is_anchored || side->next < side->fin)
		return false;
	side->is_closed = true;
	return true;
}

/* What is not in order waits, up to STREAM_WAIT_NS */
enum patience {
	WAIT,
	WAIT_NEEDS, /* no longer for a hole, but for what it acknowledges: a hole may be in that */
	WAIT_NOT,
};

/* Hands over at most one piece. False when there is none or it has to wait. */
static bool step(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		 enum patience patience, bool all)
{
	struct stream_side *side = &conn->sides[dir];
	const struct stream_side *other = &conn->sides[!dir];
	struct stream_piece *piece = stream_queue_first(&side->queue);
	bool is_late, waits;

	if (!piece)
		return reach_fin(side);
	is_late = all || stream->now_ns >= piece->ts_ns + STREAM_WAIT_NS;
	waits = patience != WAIT_NOT || !is_late;
	if (!side->is_anchored && waits)
		return false;
	if (!side->is_anchored)
		join_both(stream, conn, dir, piece);
	if (waits && piece->needs && (!other->is_anchored || other->next < piece->needs))
		return false;
	if (piece->pos > side->next && (patience == WAIT || !is_late))
		return false;
	if (piece->pos > side->next)
		tell_gap(stream, conn, dir, side->next, piece->pos - side->next);
	give(stream, conn, dir, piece);
	return true;
}

void stream_pump(struct stream *stream, struct stream_inner *conn, bool all)
{
	enum patience patience = WAIT;

	/* each piece that is forced may be what others waited for */
	while (patience <= WAIT_NOT) {
		if (step(stream, conn, STREAM_TO, patience, all) ||
		    step(stream, conn, STREAM_FROM, patience, all))
			patience = WAIT;
		else
			patience++;
	}
}

void stream_ack(struct stream *stream, struct stream_inner *conn, enum stream_dir dir, uint64_t pos)
{
	struct stream_side *side = &conn->sides[dir];

	if (pos <= side->acked)
		return;
	side->acked = pos;
	if (!side->is_anchored || pos < side->start)
		return;
	conn->pub.acked[dir] = pos - side->start;
	release(stream, side, pos);
}

static size_t room_of(const struct stream *stream, const struct stream_side *side)
{
	size_t room = STREAM_QUEUE_BYTES_MAX;
	size_t left =
		stream->kept_bytes < STREAM_BYTES_MAX ? STREAM_BYTES_MAX - stream->kept_bytes : 0;

	if (side->queue.cost_bytes + left < room)
		room = side->queue.cost_bytes + left;
	return room;
}

/* Puts; when it is full, what is only kept to be compared makes room. */
static void put(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		struct stream_put_args *args, bool *ret_differs)
{
	struct stream_side *side = &conn->sides[dir];
	size_t before = side->queue.cost_bytes;
	uint64_t n_bytes = 1;

	while (n_bytes) {
		enum stream_put put;
		bool differs;

		args->room_bytes = room_of(stream, side);
		args->room_pieces = STREAM_PIECES_MAX;
		/* bytes in their order pass, however full it is: they do not stay */
		if (side->is_anchored && args->pos <= side->next) {
			args->room_bytes += args->len + 2 * sizeof(struct stream_piece);
			args->room_pieces += 2;
		}
		put = stream_queue_put(&side->queue, args, &differs);
		*ret_differs |= differs;
		stream->kept_bytes += side->queue.cost_bytes - before;
		if (put != STREAM_PUT_FULL)
			return;
		before = side->queue.cost_bytes;
		n_bytes = stream_queue_release_one(&side->queue);
		stream->counts.unchecked_bytes += n_bytes;
		if (n_bytes && stream->sink.odd)
			stream->sink.odd(stream->sink.ctx, &conn->pub, dir, STREAM_UNCHECKED);
		stream->kept_bytes -= before - side->queue.cost_bytes;
		before = side->queue.cost_bytes;
	}
	stream->counts.refused_bytes += args->len;
}

static void tell_again(struct stream *stream, struct stream_inner *conn,
		       const struct stream_segment *segment, uint64_t pos)
{
	const struct stream_side *side = &conn->sides[segment->dir];
	struct stream_chunk chunk = {
		.dir = segment->dir,
		.hop_limit = segment->hop_limit,
		.len = segment->len,
		.ts_ns = segment->ts_ns,
		.asker = &segment->asker,
	};

	if (!stream->sink.again || !side->is_anchored || pos >= side->next || pos < side->start)
		return;
	chunk.at = pos - side->start;
	stream->sink.again(stream->sink.ctx, &conn->pub, &chunk);
}

static uint64_t needs_of(const struct stream_inner *conn, const struct stream_segment *segment)
{
	const struct stream_side *other = &conn->sides[!segment->dir];

	if (!(segment->tcp_flags & TH_ACK) || !other->is_known)
		return 0;
	return stream_unwrap(other->next, segment->ack);
}

void stream_put(struct stream *stream, struct stream_inner *conn,
		const struct stream_segment *segment, uint64_t pos)
{
	const struct stream_side *side = &conn->sides[segment->dir];
	struct stream_put_args args = {
		.pos = pos,
		.needs = needs_of(conn, segment),
		.ts_ns = segment->ts_ns,
		.floor = side->is_anchored ? side->next : 0,
		.bytes = segment->bytes,
		.captured = (uint32_t)segment->captured,
		.len = (uint32_t)segment->len,
		.hop_limit = segment->hop_limit,
		.asker = &segment->asker,
	};
	bool differs = false;

	put(stream, conn, segment->dir, &args, &differs);
	if (!differs) {
		tell_again(stream, conn, segment, pos);
		return;
	}
	stream->counts.differing++;
	if (stream->sink.odd)
		stream->sink.odd(stream->sink.ctx, &conn->pub, segment->dir, STREAM_DIFFERS);
}

void stream_move(struct stream *stream, struct stream_inner *conn, struct stream_inner *from,
		 enum stream_dir dir)
{
	struct stream_side *side = &conn->sides[dir];
	struct stream_piece *piece;
	bool differs = false;

	DL_FOREACH (from->sides[dir].queue.pieces, piece) {
		struct stream_put_args args = {
			.pos = stream_unwrap(side->next, (uint32_t)piece->pos),
			.ts_ns = piece->ts_ns,
			.floor = side->is_anchored ? side->next : 0,
			.bytes = piece->bytes,
			.captured = piece->has_bytes ? piece->len : 0,
			.len = piece->len,
			.hop_limit = piece->hop_limit,
			.asker = &piece->asker,
		};

		if (piece->needs)
			args.needs = stream_unwrap(conn->sides[!dir].next, (uint32_t)piece->needs);
		put(stream, conn, dir, &args, &differs);
	}
	if (differs && stream->sink.odd)
		stream->sink.odd(stream->sink.ctx, &conn->pub, dir, STREAM_DIFFERS);
}
