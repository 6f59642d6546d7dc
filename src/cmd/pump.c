// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pump.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "clock.h"
#include "log.h"
#include "mem.h"

/* How soon a packet that waits for its verdict is looked at again. */
#define SETTLE_MS 20
#define LAST_FLUSH_NS (2 * NS_PER_SECOND)

/* Batches that empty a full queue, however fast it fills again. */
#define DRAIN_ROUNDS_MAX 1024

/* A socket as a source of the loop. */
struct pump_source {
	struct pump *pump;
	struct capture *capture;
};

int pump_init(struct pump *pump, struct loop *loop, struct report *report, struct tap *tap)
{
	*pump = (struct pump){
		.loop = loop,
		.report = report,
		.tap = tap,
		.batch = capture_batch_new(),
	};
	return pump->batch ? 0 : -ENOMEM;
}

void pump_event(void *arg, const void *event)
{
	struct pump *pump = arg;

	report_event(pump->report, event);
}

static void drain_ring(struct pump *pump)
{
	report_look_at_clock(pump->report);
	if (ring_drain(pump->tap->ring))
		log_error("cannot read the ring buffer");
	report_settle(pump->report, false);
}

/* Returns how many frames were read. */
static int read_capture(struct pump *pump, struct capture *capture)
{
	struct capture_frame frame;
	uint64_t now_ns = clock_monotonic_ns(), empty_ns = capture->empty_ns;
	int n = capture_read(capture, pump->batch);

	/* every verdict on these frames was in the ring before they were queued */
	drain_ring(pump);
	for (int i = 0; i < n; i++) {
		capture_frame(pump->batch, i, &frame);
		report_frame(pump->report, &frame, empty_ns);
	}
	capture_wipe(pump->batch, n);
	if (n > 0 && n < CAPTURE_BATCH)
		capture->empty_ns = now_ns;
	return n;
}

static void on_capture(void *arg, uint32_t events)
{
	const struct pump_source *source = arg;

	(void)events;
	read_capture(source->pump, source->capture);
}

static void on_ring(void *arg, uint32_t events)
{
	(void)events;
	drain_ring(arg);
}

static void flush(struct pump *pump)
{
	int err = out_flush(&pump->report->out);

	if (!err || err == -EAGAIN || err == pump->output_error)
		return;
	pump->output_error = err;
	if (err == -EPIPE)
		pump->is_over = true;
	else
		log_error("cannot write the output: %s; what is lost is counted", strerror(-err));
}

static void on_output(void *arg, uint32_t events)
{
	struct pump *pump = arg;

	flush(pump);
	/* told of a reader that has gone even when there is nothing to write */
	if (events & (EPOLLERR | EPOLLHUP)) {
		pump->output_error = -EPIPE;
		pump->is_over = true;
	}
}

static int add_sockets(struct pump *pump)
{
	const struct sockets *sockets = &pump->tap->sockets;
	int err = 0;

	pump->sources = calloc(sockets->n, sizeof(*pump->sources));
	if (!pump->sources)
		return -ENOMEM;
	for (size_t i = 0; !err && i < sockets->n; i++) {
		pump->sources[i] = (struct pump_source){pump, &sockets->list[i]};
		err = loop_add(pump->loop, sockets->list[i].fd, EPOLLIN, on_capture,
			       &pump->sources[i]);
	}
	return err;
}

int pump_start(struct pump *pump)
{
	int err = loop_add(pump->loop, ring_fd(pump->tap->ring), EPOLLIN, on_ring, pump);

	if (!err)
		err = add_sockets(pump);
	if (err)
		return err;
	/* a file is always ready, and cannot be waited for */
	err = loop_add(pump->loop, STDOUT_FILENO, 0, on_output, pump);
	return err == -EPERM || err == -EBADF ? 0 : err;
}

int pump_timeout_ms(const struct pump *pump)
{
	return pump->report->n_pending ? SETTLE_MS : -1;
}

/* Sockets are read only while the output takes what comes of it. */
static void pause_or_go_on(struct pump *pump)
{
	const struct sockets *sockets = &pump->tap->sockets;
	bool is_full = out_is_full(&pump->report->out);

	loop_want(pump->loop, STDOUT_FILENO, out_pending(&pump->report->out) ? EPOLLOUT : 0);
	if (is_full == pump->is_paused)
		return;
	pump->is_paused = is_full;
	loop_want(pump->loop, ring_fd(pump->tap->ring), is_full ? 0 : EPOLLIN);
	for (size_t i = 0; i < sockets->n; i++)
		loop_want(pump->loop, sockets->list[i].fd, is_full ? 0 : EPOLLIN);
}

void pump_step(struct pump *pump)
{
	if (pump->report->n_pending)
		drain_ring(pump);
	/* a request may be told long after its packets were read */
	pump->is_over |= report_is_complete(pump->report);
	flush(pump);
	pause_or_go_on(pump);
}

void pump_drain(struct pump *pump)
{
	const struct sockets *sockets = &pump->tap->sockets;
	int n = 1;

	for (int round = 0; n && round < DRAIN_ROUNDS_MAX; round++) {
		n = 0;
		for (size_t i = 0; i < sockets->n; i++) {
			int read = read_capture(pump, &sockets->list[i]);

			n += read > 0 ? read : 0;
		}
		flush(pump);
	}
	drain_ring(pump);
	report_settle(pump->report, true);
}

bool pump_finish(struct pump *pump)
{
	uint64_t until_ns = clock_monotonic_ns() + LAST_FLUSH_NS;

	while (out_flush(&pump->report->out) == -EAGAIN && clock_monotonic_ns() < until_ns) {
		struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

		poll(&out, 1, SETTLE_MS);
	}
	return !out_pending(&pump->report->out);
}

void pump_done(struct pump *pump)
{
	capture_batch_free(pump->batch);
	free(pump->sources);
	*pump = (struct pump){};
}
