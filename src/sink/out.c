/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way out never waits. A blocking descriptor is written only after
 * poll(2) has said that there is room, and then at most PIPE_BUF bytes, which
 * is what that answer promises for a pipe. Its O_NONBLOCK is not ours to set:
 * it belongs to everybody who shares the open file, the user's shell too.
 */
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

#define ENDS_MIN 64

static bool is_pollable(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd);
}

/*
 * A second open file on the same pipe or terminal, with flags of its own: a
 * terminal that has room for one byte would else block on the rest, and so
 * would a pipe that another process filled since the poll. -1 where it is
 * not allowed, as after a change of user; then the borrowed one has to do.
 */
static int open_nonblocking(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void out_init(struct out *out, int fd)
{
	*out = (struct out){.fd = fd, .own_fd = -1, .pollable = is_pollable(fd)};
	if (out->pollable)
		out->own_fd = open_nonblocking(fd);
}

static bool reserve_end(struct out *out)
{
	size_t size = out->ends_size ? 2 * out->ends_size : ENDS_MIN;
	uint64_t *ends;

	if (out->n_ends < out->ends_size)
		return true;
	ends = reallocarray(out->ends, size, sizeof(*ends));
	if (!ends)
		return false;
	out->ends = ends;
	out->ends_size = size;
	return true;
}

void out_queue(struct out *out, const char *bytes, size_t len)
{
	if (reserve_end(out))
		buffer_add(&out->queue, bytes, len);
	else
		out->queue.failed = true;
	if (out->queue.failed) {
		/* Nothing of it was appended, and the next record may be smaller. */
		out->queue.failed = false;
		out->records_lost++;
		return;
	}
	out->ends[out->n_ends++] = out->base + out->queue.len;
}

/* Forgets what is out, once that is at least as much as what is left to move. */
static void compact(struct out *out)
{
	size_t left = out->queue.len - out->written;

	if (out->written >= left) {
		if (left)
			memmove(out->queue.bytes, out->queue.bytes + out->written, left);
		out->base += out->written;
		out->queue.len = left;
		out->written = 0;
	}
	if (out->first_end >= out->n_ends - out->first_end) {
		out->n_ends -= out->first_end;
		if (out->n_ends)
			memmove(out->ends, out->ends + out->first_end,
				out->n_ends * sizeof(*out->ends));
		out->first_end = 0;
	}
}

static void count_written(struct out *out, size_t len)
{
	out->written += len;
	while (out->first_end < out->n_ends &&
	       out->ends[out->first_end] <= out->base + out->written) {
		out->last_end = out->ends[out->first_end++];
		out->records_written++;
	}
}

/* Counts as lost what is queued; if keep_torn, not a record that is half out. */
static void drop_queued(struct out *out, bool keep_torn)
{
	bool torn = out->base + out->written != out->last_end;
	size_t kept = keep_torn && torn ? 1 : 0;

	out->records_lost += out_pending(out) - kept;
	out->n_ends = out->first_end + kept;
	if (kept) {
		out->queue.len = (size_t)(out->ends[out->first_end] - out->base);
		return;
	}
	out->base += out->written;
	out->last_end = out->base;
	out->written = 0;
	buffer_clear(&out->queue);
}

/* Returns the bytes written, -EAGAIN when it would wait, or another -errno. */
static ssize_t write_some(const struct out *out)
{
	struct pollfd room = {.fd = out->own_fd >= 0 ? out->own_fd : out->fd, .events = POLLOUT};
	const char *bytes = out->queue.bytes + out->written;
	size_t len = out->queue.len - out->written;
	ssize_t n;

	if (out->pollable) {
		/* An error or a hang-up is reported too: write tells which. */
		if (poll(&room, 1, 0) == 0)
			return -EAGAIN;
		len = len < PIPE_BUF ? len : PIPE_BUF;
	}
	do {
		n = write(room.fd, bytes, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int out_flush(struct out *out)
{
	while (out->written < out->queue.len) {
		ssize_t n = write_some(out);

		if (n == -EAGAIN)
			return -EAGAIN;
		if (n < 0) {
			drop_queued(out, n != -EPIPE);
			return (int)n;
		}
		count_written(out, (size_t)n);
		compact(out);
	}
	return 0;
}

uint64_t out_pending(const struct out *out)
{
	return out->n_ends - out->first_end;
}

bool out_is_full(const struct out *out)
{
	return out->queue.len - out->written > OUT_HIGH_WATER;
}

void out_done(struct out *out)
{
	drop_queued(out, false);
	buffer_done(&out->queue);
	free(TAKE_PTR(out->ends));
	out->n_ends = out->first_end = out->ends_size = 0;
	close_fd(&out->own_fd);
}
