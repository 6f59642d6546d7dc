/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection inside: what stream.c (segments, time), stream_order.c (the
 * order of bytes) and stream_view.c (who is who) share.
 */
#pragma once

#include "stream.h"
#include "stream_queue.h"

#define uthash_fatal(message) abort()
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#define STREAM_PRINTS 4

/* What two views of a segment have in common; without holes, as it is hashed. */
struct stream_print_key {
	uint8_t endpoint[16];
	uint16_t endpoint_port_be;
	uint8_t dir;
	uint8_t is_syn;
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
};

struct stream_print {
	struct stream_print_key key;
	struct stream_inner *conn; /* NULL: not in the table */
	uint64_t ts_ns;
	UT_hash_handle hh;
};

/* Addresses by which a connection is known. Several of one key hang behind the one in the table. */
struct stream_link {
	struct stream_key key;
	struct stream_inner *conn;
	struct stream_link *next;
	UT_hash_handle hh;
};

/* Positions are sequence numbers unwrapped to 64 bits. */
struct stream_side {
	struct stream_queue queue;
	bool is_known; /* next is near the numbers that come */
	bool is_anchored; /* start is known, or was settled for */
	bool has_fin;
	bool is_closed;
	uint64_t start;
	uint64_t next; /* to be handed over */
	uint64_t acked; /* by the other side */
	uint64_t fin;
};

struct stream_inner {
	struct stream_conn pub; /* first: the sink's pointer is ours */
	struct stream_inner *prev; /* by last use, oldest first */
	struct stream_inner *next;
	struct stream_link links[STREAM_VIEWS_MAX];
	size_t n_links;
	struct stream_print prints[STREAM_PRINTS];
	size_t next_print;
	struct stream_side sides[2];
	uint32_t isn;
	bool has_isn; /* its SYN was seen */
	bool is_inward; /* the endpoint is the client */
	bool is_ended; /* the sink was told */
	bool is_confirmed; /* the endpoint has answered the SYN */
	bool is_ending;
	uint8_t hop_limit; /* towards the endpoint, where it was seen first */
	uint64_t ending_ns;
	uint64_t last_ns;
	enum stream_end end; /* once it ends */
};

struct stream {
	struct stream_sink sink;
	struct stream_counts counts;
	struct stream_inner *conns;
	struct stream_link *links;
	struct stream_print *prints;
	size_t kept_bytes; /* of all queues */
	uint64_t now_ns;
};

/* number as a position near to. */
static inline uint64_t stream_unwrap(uint64_t near, uint32_t number)
{
	return near + (uint64_t)(int64_t)(int32_t)(number - (uint32_t)near);
}

/* stream.c */

/* Tells the sink, once; what is kept goes. */
void stream_end(struct stream *stream, struct stream_inner *conn, enum stream_end end);

/* stream_order.c */

/* The direction begins at pos. */
void stream_anchor(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		   uint64_t pos);

/* Puts the segment's bytes into their place; pos is that of the first. */
void stream_put(struct stream *stream, struct stream_inner *conn,
		const struct stream_segment *segment, uint64_t pos);

/* Moves what is kept of from, not yet handed over, into the same direction of conn. */
void stream_move(struct stream *stream, struct stream_inner *conn, struct stream_inner *from,
		 enum stream_dir dir);

/*
 * Hands over what is in order; of what waits too long, or of everything if all
 * is set, also what is not.
 */
void stream_pump(struct stream *stream, struct stream_inner *conn, bool all);

/* The other side acknowledges all before pos. */
void stream_ack(struct stream *stream, struct stream_inner *conn, enum stream_dir dir,
		uint64_t pos);

/* stream_view.c */

/* The connection that the segment belongs to by its addresses and numbers; NULL for none. */
struct stream_inner *stream_find(struct stream *stream, const struct stream_segment *segment);

/* Makes the key one of the connection's. False when it has too many. */
bool stream_link_add(struct stream *stream, struct stream_inner *conn,
		     const struct stream_key *key);

/* Connections of this key, and the one of them that was quiet the longest. */
size_t stream_count_alike(struct stream *stream, const struct stream_key *key,
			  struct stream_inner **ret_oldest);

/*
 * A connection of the same addresses, seen first on the same interface, that
 * has not ended: conn, whose SYN the endpoint has answered, took its place.
 * NULL for none.
 */
struct stream_inner *stream_find_replaced(const struct stream *stream,
					  const struct stream_inner *conn);

/* Takes the connection out of all tables. */
void stream_unlink(struct stream *stream, struct stream_inner *conn);

/*
 * Looks whether the segment was seen under other addresses, and if so makes
 * one connection of the two. Returns the one to go on with.
 */
struct stream_inner *stream_join_views(struct stream *stream, struct stream_inner *conn,
				       const struct stream_segment *segment);
