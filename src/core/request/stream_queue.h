/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bytes of one direction between arrival and hand-over, and behind it until
 * they are acknowledged. Positions are sequence numbers of 64 bits, which do
 * not wrap. What stream.c and its parts share.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asker.h"

/* Bytes next to each other; no two pieces overlap. */
struct stream_piece {
	struct stream_piece *prev; /* as utlist.h wants it: the head's is the tail */
	struct stream_piece *next;
	uint64_t pos;
	uint64_t needs; /* of the other direction, this had reached the sender */
	uint64_t ts_ns;
	uint32_t len;
	uint8_t hop_limit;
	bool has_bytes; /* else they were not captured */
	bool is_given; /* handed over; kept to be compared */
	struct asker asker;
	uint8_t bytes[];
};

struct stream_queue {
	struct stream_piece *pieces; /* by pos */
	size_t n_pieces;
	size_t cost_bytes;
};

enum stream_put {
	STREAM_PUT_SAME, /* nothing new */
	STREAM_PUT_NEW,
	STREAM_PUT_FULL, /* something new found no room, or no memory */
};

/* What to put: bytes at pos, the last len - captured of them unknown. */
struct stream_put_args {
	uint64_t pos;
	uint64_t needs;
	uint64_t ts_ns;
	uint64_t floor; /* what lies before it is only compared */
	const uint8_t *bytes;
	uint32_t captured;
	uint32_t len;
	uint8_t hop_limit;
	const struct asker *asker;
	size_t room_bytes; /* what the queue may cost in all */
	size_t room_pieces;
};

/* Puts what is not there yet; ret_differs when what is there says something else. */
enum stream_put stream_queue_put(struct stream_queue *queue, const struct stream_put_args *args,
				 bool *ret_differs);

/* The first piece that was not handed over; NULL without. */
struct stream_piece *stream_queue_first(const struct stream_queue *queue);

/* Takes a piece out and wipes it. */
void stream_queue_remove(struct stream_queue *queue, struct stream_piece *piece);

/* Removes pieces that were handed over and end at or before pos. Returns how many bytes. */
uint64_t stream_queue_release(struct stream_queue *queue, uint64_t pos);

/* Removes the oldest piece that was handed over. Returns its bytes, 0 when there is none. */
uint64_t stream_queue_release_one(struct stream_queue *queue);

void stream_queue_done(struct stream_queue *queue);
