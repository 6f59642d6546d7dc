// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Overlapping segments, and who wins: the first copy.
 *
 * A sender may send the same numbers twice with other bytes, so that the one
 * is read here and the other by the endpoint. The first copy stays, and the
 * difference is told, for as long as the endpoint has not acknowledged these
 * bytes; once it has, later copies are nothing to it. Bytes may be a token or
 * a secret: whatever is let go is wiped.
 */
#include "stream_queue.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

static uint64_t end_of(const struct stream_piece *piece)
{
	return piece->pos + piece->len;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static size_t cost_of(const struct stream_piece *piece)
{
	return sizeof(*piece) + (piece->has_bytes ? piece->len : 0);
}

void stream_queue_remove(struct stream_queue *queue, struct stream_piece *piece)
{
	DL_DELETE(queue->pieces, piece);
	queue->n_pieces--;
	queue->cost_bytes -= cost_of(piece);
	if (piece->has_bytes)
		explicit_bzero(piece->bytes, piece->len);
	free(piece);
}

/* Bytes from pos to end, all of them captured or none, before the piece behind. */
static bool add(struct stream_queue *queue, const struct stream_put_args *args, uint64_t pos,
		uint64_t end, struct stream_piece *behind)
{
	bool has_bytes = pos < args->pos + args->captured;
	size_t len = (size_t)(end - pos);
	size_t cost = sizeof(struct stream_piece) + (has_bytes ? len : 0);
	struct stream_piece *piece;

	if (queue->cost_bytes + cost > args->room_bytes || queue->n_pieces >= args->room_pieces)
		return false;
	piece = malloc(cost);
	if (!piece)
		return false;
	*piece = (struct stream_piece){
		.pos = pos,
		.needs = args->needs,
		.ts_ns = args->ts_ns,
		.len = (uint32_t)len,
		.hop_limit = args->hop_limit,
		.has_bytes = has_bytes,
		.asker = *args->asker,
	};
	if (has_bytes)
		memcpy(piece->bytes, args->bytes + (pos - args->pos), len);
	/* in front of NULL it is the last */
	DL_PREPEND_ELEM(queue->pieces, behind, piece);
	queue->n_pieces++;
	queue->cost_bytes += cost;
	return true;
}

/* Fills a hole, from pos to end: what was captured of it, and what was not. */
static enum stream_put fill(struct stream_queue *queue, const struct stream_put_args *args,
			    uint64_t pos, uint64_t end, struct stream_piece *behind)
{
	uint64_t seen_to = args->pos + args->captured;
	uint64_t middle;

	pos = max(pos, args->floor);
	if (pos >= end)
		return STREAM_PUT_SAME;
	middle = min(max(pos, seen_to), end);
	if (pos < middle && !add(queue, args, pos, middle, behind))
		return STREAM_PUT_FULL;
	if (middle < end && !add(queue, args, middle, end, behind))
		return STREAM_PUT_FULL;
	return STREAM_PUT_NEW;
}

static bool differs(const struct stream_piece *piece, const struct stream_put_args *args)
{
	uint64_t from = max(piece->pos, args->pos);
	uint64_t to = min(end_of(piece), args->pos + args->captured);

	return piece->has_bytes && from < to &&
	       memcmp(piece->bytes + (from - piece->pos), args->bytes + (from - args->pos),
		      (size_t)(to - from)) != 0;
}

enum stream_put stream_queue_put(struct stream_queue *queue, const struct stream_put_args *args,
				 bool *ret_differs)
{
	uint64_t pos = args->pos, end = args->pos + args->len;
	enum stream_put put, worst = STREAM_PUT_SAME;
	struct stream_piece *piece;

	*ret_differs = false;
	DL_FOREACH (queue->pieces, piece) {
		if (piece->pos >= end)
			break;
		if (end_of(piece) <= args->pos)
			continue;
		if (piece->pos > pos) {
			put = fill(queue, args, pos, piece->pos, piece);
			worst = put > worst ? put : worst;
		}
		*ret_differs |= differs(piece, args);
		if (!piece->is_given && !*ret_differs &&
		    asker_knows_more(args->asker, &piece->asker))
			piece->asker = *args->asker;
		/* a copy that was sent earlier knew less of the other direction */
		if (!piece->is_given)
			piece->needs = min(piece->needs, args->needs);
		pos = max(pos, end_of(piece));
	}
	if (pos < end) {
		put = fill(queue, args, pos, end, piece);
		worst = put > worst ? put : worst;
	}
	return worst;
}

struct stream_piece *stream_queue_first(const struct stream_queue *queue)
{
	struct stream_piece *piece;

	DL_FOREACH (queue->pieces, piece) {
		if (!piece->is_given)
			return piece;
	}
	return NULL;
}

uint64_t stream_queue_release(struct stream_queue *queue, uint64_t pos)
{
	uint64_t n_bytes = 0;

	while (queue->pieces && queue->pieces->is_given && end_of(queue->pieces) <= pos) {
		n_bytes += queue->pieces->len;
		stream_queue_remove(queue, queue->pieces);
	}
	return n_bytes;
}

uint64_t stream_queue_release_one(struct stream_queue *queue)
{
	uint64_t n_bytes = 0;

	if (queue->pieces && queue->pieces->is_given) {
		n_bytes = queue->pieces->len;
		stream_queue_remove(queue, queue->pieces);
	}
	return n_bytes;
}

void stream_queue_done(struct stream_queue *queue)
{
	while (queue->pieces)
		stream_queue_remove(queue, queue->pieces);
}
