/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP segments put together again: both directions of a connection in order,
 * each byte once, though it was sent twice or seen on several interfaces.
 *
 * Order. What a segment acknowledges had reached its sender: no byte is handed
 * over before those of the other direction that its segment acknowledges. So
 * the calls of the sink do not depend on the order of arrival, as long as all
 * arrives within STREAM_WAIT_NS and the bounds.
 *
 * Views. A packet that crosses a veth, a bridge and the uplink is seen several
 * times, behind a masquerade with another source. Two connections are taken
 * for views of one when a segment with data, or the SYN,ACK, is seen in both
 * within STREAM_VIEW_NS with the same endpoint address and port, direction,
 * sequence number, acknowledgement and length. These are 64 bits, half of them
 * drawn by each side: the initial numbers at the handshake. A stranger cannot
 * make them agree without seeing the packets; who sees them and may forge
 * frames needs no second connection to speak in another's name. Connections of
 * equal addresses and ports (another namespace, a port used again) are told
 * apart by the same numbers, never by addresses alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asker.h"

/* The fuzzers want few. */
#ifndef STREAM_CONNS_MAX
#define STREAM_CONNS_MAX 4096 /* beyond, the one that was quiet the longest is given up */
#endif
#ifndef STREAM_QUEUE_BYTES_MAX
#define STREAM_QUEUE_BYTES_MAX \
	(256 << 10) /* kept of one direction, with what it takes to keep them */
#endif
#ifndef STREAM_BYTES_MAX
#define STREAM_BYTES_MAX (32 << 20) /* of all */
#endif
#define STREAM_PIECES_MAX 512 /* of one direction */
#define STREAM_VIEWS_MAX 8 /* of one connection */
#define STREAM_ALIKE_MAX 4 /* connections of the same addresses and ports */
#define STREAM_REACH_BYTES (1U << 24) /* a number further off is another connection's */

#define STREAM_WAIT_NS 2000000000ULL /* for bytes that are missing */
#define STREAM_VIEW_NS 3000000000ULL /* between two views of a segment */
#define STREAM_SETTLE_NS 100000000ULL /* after FIN or RST, for late segments and views */
#define STREAM_LINGER_NS 5000000000ULL /* an ended connection swallows late copies */
#define STREAM_IDLE_NS 300000000000ULL

enum stream_dir {
	STREAM_TO, /* towards the endpoint */
	STREAM_FROM,
};

/* Addresses are 16 bytes in wire order; IPv4 stands as ::ffff:a.b.c.d. */
struct stream_key {
	uint8_t peer[16];
	uint8_t endpoint[16];
	uint16_t peer_port_be;
	uint16_t endpoint_port_be;
	uint32_t netns; /* 0 when it is not known */
};

/* A TCP segment as it was seen on an interface. */
struct stream_segment {
	struct stream_key key;
	enum stream_dir dir;
	uint8_t tcp_flags;
	uint8_t hop_limit; /* TTL of IPv4 */
	bool is_forwarded; /* the caller knows that this host only forwards it */
	uint32_t ifindex;
	uint32_t seq; /* host order, as are all numbers below */
	uint32_t ack;
	const uint8_t *bytes; /* of the payload; the caller's, read during the call */
	size_t captured; /* bytes at hand */
	size_t len; /* bytes of the payload, at least captured */
	uint64_t ts_ns;
	uint32_t hint; /* the caller's: given back with the first view */
	struct asker asker; /* the same, with the bytes */
};

/* Where a connection was seen first, and what the caller said there. */
struct stream_view {
	struct stream_key key;
	uint32_t ifindex;
	uint32_t hint;
	uint64_t ts_ns;
};

/* What a sink may look at. Offsets count the bytes of a direction from its start. */
struct stream_conn {
	struct stream_view view;
	void *user; /* the sink's */
	bool is_joined[2]; /* by direction: its beginning was not seen */
	bool is_routed; /* this host forwards it: the peer is no process in our namespace */
	uint32_t n_views;
	uint64_t acked[2]; /* offset up to which the other side has acknowledged */
};

struct stream_chunk {
	enum stream_dir dir;
	uint8_t hop_limit;
	const uint8_t *bytes; /* valid during the call */
	size_t len;
	uint64_t at; /* offset of the first byte */
	uint64_t ts_ns; /* when it was seen first */
	const struct asker *asker; /* valid during the call */
};

enum stream_oddity {
	STREAM_DIFFERS, /* bytes came twice, with other content, before they were acknowledged:
			   the first copy is what was handed over, the endpoint may have read
			   the second */
	STREAM_URGENT, /* urgent data: the endpoint may not have read it in its place */
	STREAM_UNCHECKED, /* bytes were let go before they were acknowledged: whether a later copy
			     differs nobody will know */
};

enum stream_end {
	STREAM_CLOSED, /* both sides have closed */
	STREAM_RESET,
	STREAM_REUSED, /* its addresses and ports serve another connection */
	STREAM_IDLE,
	STREAM_EVICTED,
	STREAM_STOPPED, /* stream_end_all() */
	STREAM_MERGED, /* it was a view of another one: what it told is void */
};

/* The receiver. All but end may be NULL; none may call back but stream_forget(). */
struct stream_sink {
	void *ctx;
	void (*data)(void *ctx, struct stream_conn *conn, const struct stream_chunk *chunk);
	/* len bytes from offset at on will never be known */
	void (*gap)(void *ctx, struct stream_conn *conn, enum stream_dir dir, uint64_t at,
		    uint64_t len);
	/* a further copy of bytes that were handed over, and says the same as far as these were
	   kept to be compared; its bytes are NULL */
	void (*again)(void *ctx, struct stream_conn *conn, const struct stream_chunk *chunk);
	void (*odd)(void *ctx, struct stream_conn *conn, enum stream_dir dir,
		    enum stream_oddity oddity);
	/* the last call for this connection; user is not looked at again */
	void (*end)(void *ctx, struct stream_conn *conn, enum stream_end end);
};

struct stream_counts {
	uint64_t conns; /* at the moment */
	uint64_t opened;
	uint64_t joined; /* directions whose beginning was not seen */
	uint64_t inward; /* connections that the endpoint began: they hold no requests to it */
	uint64_t merged; /* views found to be of a connection that was known */
	uint64_t views_refused; /* STREAM_VIEWS_MAX: such a view is reported as its own */
	uint64_t evicted; /* STREAM_CONNS_MAX or STREAM_ALIKE_MAX */
	uint64_t idle; /* STREAM_IDLE_NS */
	uint64_t refused_bytes; /* a queue or all of them full */
	uint64_t unchecked_bytes; /* let go before they were acknowledged: later copies of them
				     are not compared */
	uint64_t gaps; /* waited for in vain, or not captured */
	uint64_t gap_bytes;
	uint64_t differing; /* segments with STREAM_DIFFERS */
	uint64_t strays; /* segments that belong to no connection and begin none */
	uint64_t no_memory; /* segments */
};

struct stream;

/* The sink is copied. NULL when out of memory. */
struct stream *stream_new(const struct stream_sink *sink);

/* Takes a segment in. Time goes on to ts_ns, never back. */
void stream_segment(struct stream *stream, const struct stream_segment *segment);

/* Time goes on: gives up what was waited for too long. To be called some times a second. */
void stream_tick(struct stream *stream, uint64_t now_ns);

/* Wipes what is kept of a direction before offset upto for comparison with later copies. */
void stream_forget(struct stream *stream, struct stream_conn *conn, enum stream_dir dir,
		   uint64_t upto);

/* Hands over what is left and ends all connections. */
void stream_end_all(struct stream *stream);

const struct stream_counts *stream_counts(const struct stream *stream);

/* NULL is fine. Ends all connections first. */
void stream_free(struct stream *stream);
