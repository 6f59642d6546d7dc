/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* No test may wait: should a flush block, the alarm ends the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "mem.h"
#include "out.h"

#define STUCK_SECONDS 20
#define cleanup_out cleanup(out_done)

struct pair {
	int reader;
	int writer;
};

static void pair_close(struct pair *pair)
{
	close_fd(&pair->reader);
	close_fd(&pair->writer);
}
#define cleanup_pair cleanup(pair_close)

static struct pair open_pipe(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	return (struct pair){fds[0], fds[1]};
}

static void queue_line(struct out *out, const char *line)
{
	out_queue(out, line, strlen(line));
}

/* Numbered lines of 100 bytes, so that a lost or a doubled one is seen. */
static void queue_numbered(struct out *out, size_t first, size_t n_lines)
{
	char line[101];

	for (size_t i = first; i < first + n_lines; i++) {
		snprintf(line, sizeof(line), "%099zu\n", i);
		queue_line(out, line);
	}
}

/* Takes up to len bytes of what is there now. */
static size_t drain(int fd, char *bytes, size_t len)
{
	size_t n_read = 0;
	ssize_t n;

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (n_read < len) {
		n = read(fd, bytes + n_read, len - n_read);
		if (n <= 0)
			break;
		n_read += (size_t)n;
	}
	return n_read;
}

static void assert_numbered(const char *bytes, size_t n_lines)
{
	char line[101];

	for (size_t i = 0; i < n_lines; i++) {
		snprintf(line, sizeof(line), "%099zu\n", i);
		assert_memory_equal(bytes + i * 100, line, 100);
	}
}

static void assert_counts(const struct out *out, uint64_t written, uint64_t lost, uint64_t pending)
{
	assert_int_equal(out->records_written, written);
	assert_int_equal(out->records_lost, lost);
	assert_int_equal(out_pending(out), pending);
}

static void what_is_queued_is_written(void **state)
{
	cleanup_pair struct pair pipe = open_pipe();
	cleanup_out struct out out;
	char bytes[32];

	(void)state;
	out_init(&out, pipe.writer);
	assert_true(out.pollable);
	assert_int_equal(out_flush(&out), 0);
	queue_line(&out, "one\n");
	queue_line(&out, "two\n");
	assert_counts(&out, 0, 0, 2);
	assert_int_equal(out_flush(&out), 0);
	assert_counts(&out, 2, 0, 0);
	assert_int_equal(drain(pipe.reader, bytes, sizeof(bytes)), 8);
	assert_memory_equal(bytes, "one\ntwo\n", 8);
}

static void flush_does_not_wait(struct out *out, const struct pair *pair)
{
	enum {
		LINES = 20000
	};
	cleanup_free char *bytes = malloc(LINES * 100);
	size_t n_read = 0;
	int flags = fcntl(pair->writer, F_GETFL);

	assert_non_null(bytes);
	queue_numbered(out, 0, LINES);
	assert_true(out_is_full(out));
	assert_int_equal(out_flush(out), -EAGAIN);
	assert_true(out_pending(out) > 0);
	assert_int_equal(out->records_written + out_pending(out), LINES);
	/* A slow reader takes an odd number of bytes at a time. */
	while (out_flush(out) == -EAGAIN) {
		n_read += drain(pair->reader, bytes + n_read, 4999);
		assert_true(out->records_written >= n_read / 100);
		assert_int_equal(out->records_written + out_pending(out), LINES);
	}
	n_read += drain(pair->reader, bytes + n_read, LINES * 100 - n_read);
	assert_int_equal(n_read, LINES * 100);
	assert_numbered(bytes, LINES);
	assert_counts(out, LINES, 0, 0);
	assert_false(out_is_full(out));
	assert_int_equal(fcntl(pair->writer, F_GETFL), flags);
}

static void a_slow_reader_of_a_blocking_pipe(void **state)
{
	cleanup_pair struct pair pipe = open_pipe();
	cleanup_out struct out out;

	(void)state;
	out_init(&out, pipe.writer);
	assert_true(out.own_fd >= 0);
	flush_does_not_wait(&out, &pipe);
}

/* As after a change of user, when the pipe cannot be opened again. */
static void a_slow_reader_of_a_pipe_that_is_only_borrowed(void **state)
{
	cleanup_pair struct pair pipe = open_pipe();
	cleanup_out struct out out;

	(void)state;
	out_init(&out, pipe.writer);
	close_fd(&out.own_fd);
	flush_does_not_wait(&out, &pipe);
}

static void a_slow_reader_of_a_socket(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	cleanup_pair struct pair pair = {fds[0], fds[1]};
	cleanup_out struct out out;

	out_init(&out, pair.writer);
	assert_true(out.pollable);
	assert_int_equal(out.own_fd, -1);
	flush_does_not_wait(&out, &pair);
}

static void a_terminal_that_nobody_reads(void **state)
{
	cleanup_pair struct pair pty = {-1, -1};
	struct termios raw;
	cleanup_out struct out out;

	(void)state;
	cfmakeraw(&raw);
	assert_int_equal(openpty(&pty.reader, &pty.writer, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(pty.writer, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(pty.writer, TCSANOW, &raw), 0);
	out_init(&out, pty.writer);
	assert_true(out.pollable);
	flush_does_not_wait(&out, &pty);
}

static void a_record_counts_when_its_last_byte_is_out(void **state)
{
	cleanup_pair struct pair pipe = open_pipe();
	cleanup_free char *big = malloc(1 << 20);
	cleanup_out struct out out;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 1 << 20);
	out_init(&out, pipe.writer);
	out_queue(&out, big, 1 << 20);
	queue_line(&out, "next\n");
	assert_int_equal(out_flush(&out), -EAGAIN);
	assert_counts(&out, 0, 0, 2);
	while (out_flush(&out) == -EAGAIN)
		drain(pipe.reader, big, 1 << 16);
	assert_counts(&out, 2, 0, 0);
}

static void a_reader_that_has_gone(void **state)
{
	cleanup_pair struct pair pipe = open_pipe();
	cleanup_out struct out out;

	(void)state;
	out_init(&out, pipe.writer);
	queue_numbered(&out, 0, 1000);
	assert_int_equal(out_flush(&out), -EAGAIN);
	uint64_t written = out.records_written;

	close_fd(&pipe.reader);
	assert_int_equal(out_flush(&out), -EPIPE);
	assert_counts(&out, written, 1000 - written, 0);
	assert_int_equal(out_flush(&out), 0);
	queue_line(&out, "after\n");
	assert_int_equal(out_flush(&out), -EPIPE);
	assert_counts(&out, written, 1001 - written, 0);
}

static void a_full_device_loses_and_counts(void **state)
{
	cleanup_close int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	cleanup_out struct out out;

	(void)state;
	assert_true(fd >= 0);
	out_init(&out, fd);
	assert_false(out.pollable);
	queue_numbered(&out, 0, 10);
	assert_int_equal(out_flush(&out), -ENOSPC);
	assert_counts(&out, 0, 10, 0);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that may grow to 250 bytes takes two lines and a half. */
static void a_line_cut_in_half_is_finished_before_the_next(void **state)
{
	FILE *file = tmpfile();
	cleanup_out struct out out;
	char bytes[512];

	(void)state;
	assert_non_null(file);
	out_init(&out, fileno(file));
	assert_false(out.pollable);
	limit_files(250);
	queue_numbered(&out, 0, 5);
	assert_int_equal(out_flush(&out), -EFBIG);
	assert_counts(&out, 2, 2, 1);
	assert_int_equal(out_flush(&out), -EFBIG);
	assert_counts(&out, 2, 2, 1);
	limit_files(RLIM_INFINITY);
	queue_numbered(&out, 3, 1);
	assert_int_equal(out_flush(&out), 0);
	assert_counts(&out, 4, 2, 0);
	assert_int_equal(pread(fileno(file), bytes, sizeof(bytes), 0), 400);
	assert_numbered(bytes, 4);
	fclose(file);
}

static void what_is_left_at_the_end_is_lost(void **state)
{
	cleanup_pair struct pair pipe = open_pipe();
	struct out out;

	(void)state;
	out_init(&out, pipe.writer);
	queue_numbered(&out, 0, 1000);
	assert_int_equal(out_flush(&out), -EAGAIN);
	out_done(&out);
	assert_true(out.records_lost > 0);
	assert_int_equal(out.records_written + out.records_lost, 1000);
	assert_int_equal(out_pending(&out), 0);
	out_done(&out);
	assert_int_equal(out.records_written + out.records_lost, 1000);
}

static void a_record_without_memory_is_lost_alone(void **state)
{
	cleanup_pair struct pair pipe = open_pipe();
	cleanup_out struct out out;
	char bytes[32];

	(void)state;
	out_init(&out, pipe.writer);
	queue_line(&out, "one\n");
	out_queue(&out, "", SIZE_MAX - 64);
	queue_line(&out, "two\n");
	assert_counts(&out, 0, 1, 2);
	assert_int_equal(out_flush(&out), 0);
	assert_counts(&out, 2, 1, 0);
	assert_int_equal(drain(pipe.reader, bytes, sizeof(bytes)), 8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_queued_is_written),
		cmocka_unit_test(a_slow_reader_of_a_blocking_pipe),
		cmocka_unit_test(a_slow_reader_of_a_pipe_that_is_only_borrowed),
		cmocka_unit_test(a_slow_reader_of_a_socket),
		cmocka_unit_test(a_terminal_that_nobody_reads),
		cmocka_unit_test(a_record_counts_when_its_last_byte_is_out),
		cmocka_unit_test(a_reader_that_has_gone),
		cmocka_unit_test(a_full_device_loses_and_counts),
		cmocka_unit_test(a_line_cut_in_half_is_finished_before_the_next),
		cmocka_unit_test(what_is_left_at_the_end_is_lost),
		cmocka_unit_test(a_record_without_memory_is_lost_alone),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	alarm(STUCK_SECONDS);
	return cmocka_run_group_tests_name("out", tests, NULL, NULL);
}
