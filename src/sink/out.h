/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way out: whole records queued, written when the reader takes them, and
 * never waited for. A record counts as reported only when its last byte was
 * written.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* Queued bytes at which the caller had better stop producing. */
#define OUT_HIGH_WATER (256 << 10)

struct out {
	int fd; /* borrowed */
	int own_fd; /* the same pipe or terminal opened again, or -1 */
	struct buffer queue;
	size_t written; /* bytes of the queue that are out */
	uint64_t *ends; /* byte offsets at which queued records end, since out_init */
	size_t n_ends;
	size_t ends_size;
	size_t first_end;
	uint64_t base; /* offset of the queue's first byte */
	uint64_t last_end; /* offset up to which whole records are out */
	uint64_t records_written;
	uint64_t records_lost; /* no memory, or the write failed for good */
	bool pollable; /* a pipe, terminal or socket: wait for EPOLLOUT */
};

/* fd may be a pipe, terminal, socket or file, blocking or not; its flags are left alone. */
void out_init(struct out *out, int fd);

/* Queues one record; counts it as lost when there is no memory. */
void out_queue(struct out *out, const char *bytes, size_t len);

/*
 * Writes what can be written without waiting. Returns 0 when the queue is
 * empty, -EAGAIN when the reader is slow, -EPIPE when it has gone, or another
 * -errno of write(2): then what is queued is counted as lost and dropped, but
 * for a record that is half out. That one stays, unless the reader has gone,
 * so that whatever is written next does not stick to it.
 */
int out_flush(struct out *out);

/* Records queued and not yet written. */
uint64_t out_pending(const struct out *out);

/* More than OUT_HIGH_WATER bytes are waiting. */
bool out_is_full(const struct out *out);

/* Counts what is still queued as lost, and frees. */
void out_done(struct out *out);
