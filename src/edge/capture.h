/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Raw sockets behind the tap, and what is read from them. A packet socket gets
 * protocol 0, then the filter, then its interface: no unfiltered packet is
 * ever queued. rawip.h opens the other kind.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode.h"

/*
 * Bytes of a frame that are copied: what hosts give to a card, or to each
 * other, at once. Of frames beyond (BIG TCP) the rest is missing.
 */
#define CAPTURE_SNAPLEN (65536 + 256)
#define CAPTURE_BATCH 64

enum capture_kind {
	CAPTURE_PACKET, /* frames from the link header on, in both directions */
	CAPTURE_INET4, /* what has come in, from the IP header on */
	CAPTURE_INET6, /* what has come in, from the transport header on */
};

struct capture {
	int fd;
	enum capture_kind kind;
	uint8_t proto; /* of a raw IP socket */
	bool is_bound; /* a raw IP socket: listening, to every interface */
	uint32_t ifindex; /* 0: every interface */
	uint64_t n_read; /* packets, so far */
	uint64_t dropped; /* by the socket's queue, so far; of a raw IP socket at most */
	uint64_t empty_ns; /* CLOCK_MONOTONIC: what is in the queue came later */
};

struct capture_frame {
	enum capture_kind kind;
	struct decode_frame frame;
	struct decode_v6_header v6; /* CAPTURE_INET6 */
	uint32_t ifindex;
	uint64_t ts_ns; /* CLOCK_REALTIME, by the kernel */
	bool is_outgoing;
};

struct capture_batch;

/* Room for CAPTURE_BATCH frames. NULL when out of memory; free with capture_batch_free. */
struct capture_batch *capture_batch_new(void);
void capture_batch_free(struct capture_batch *batch);

/*
 * Opens a socket behind the socket filter tap_fd. It sees nothing until it is
 * bound. 0, or -errno with ret untouched.
 */
int capture_open(int tap_fd, size_t queue_bytes, struct capture *ret);

/*
 * Binds to another interface, 0 for every one; needs no privilege. 0 or
 * -errno, and then the socket sees nothing.
 */
int capture_bind(struct capture *capture, uint32_t ifindex);

/* Reads what is there, at most a batch, without waiting. Returns how many frames, or -errno. */
int capture_read(struct capture *capture, struct capture_batch *batch);

/* Frame number i of the last read; its bytes are valid until the next. */
void capture_frame(const struct capture_batch *batch, int i, struct capture_frame *ret);

/* Overwrites what was read last: it may hold secrets, and nobody looks at it again. */
void capture_wipe(struct capture_batch *batch, int n);

/* What it carries; decode_payload() for each kind. */
bool capture_payload(const struct capture_frame *frame, struct decode_payload *ret);

/* Reads what the frame is. False, with ret untouched, when it has no addresses. */
bool capture_decode(const struct capture_frame *frame, struct sf_packet *ret);

/* Brings up to date what the queue dropped. */
void capture_update_dropped(struct capture *capture);

/* Is the socket bound, and still where it was? */
bool capture_is_attached(const struct capture *capture);

/* Lets nothing more in; what is queued can still be read. 0 or -errno. */
int capture_shut(const struct capture *capture);

/* An all-zero capture with fd -1 is closed. */
void capture_close(struct capture *capture);
