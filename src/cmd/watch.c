// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The main job: sources on one side, the report on the other, and between
 * them a loop that never waits for whoever reads the output. When the reader
 * is slow the sockets are left alone; what then overflows is counted by the
 * kernel, which goes on at its own speed.
 */
#include "watch.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/utsname.h>

#include "clock.h"
#include "exit.h"
#include "link.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "probe.h"
#include "report.h"
#include "sandbox.h"
#include "schedule.h"
#include "settings.h"
#include "sweep.h"
#include "tap.h"
#include "users.h"

#define TICK_NS NS_PER_SECOND
#define SWEEP_TICKS 10
#define SETTLE_MS 20
#define LAST_FLUSH_MS 2000

struct watch {
	struct options options;
	struct settings settings[SF_GENERATIONS]; /* as the policies in the kernel */
	struct report report;
	struct tap tap;
	struct loop *loop;
	int links_fd;
	struct capture_batch *batch;
	struct record_counts told; /* losses that were told already */
	uint64_t started_ns;
	uint64_t ticks;
	int output_error;
	bool is_paused; /* the output is full */
	bool is_over;
	bool was_broken;
};

static void on_event(void *arg, const struct sf_event *event)
{
	struct watch *watch = arg;

	report_event(&watch->report, event);
}

static void drain_ring(struct watch *watch)
{
	if (ring_drain(watch->tap.ring))
		log_error("cannot read the ring buffer");
	report_settle(&watch->report, false);
}

/* Returns how many frames were read. */
static int read_capture(struct watch *watch, struct capture *capture)
{
	struct capture_frame frame;
	int n = capture_read(capture, watch->batch);

	/* every verdict on these frames was in the ring before they were queued */
	drain_ring(watch);
	for (int i = 0; i < n; i++) {
		capture_frame(watch->batch, i, &frame);
		report_frame(&watch->report, &frame);
	}
	return n;
}

static void on_capture(void *arg, uint32_t events)
{
	struct watch *watch = arg;

	(void)events;
	for (size_t i = 0; i < watch->tap.sockets.n; i++)
		read_capture(watch, &watch->tap.sockets.list[i]);
	watch->is_over |= report_is_complete(&watch->report);
}

static void on_ring(void *arg, uint32_t events)
{
	(void)events;
	drain_ring(arg);
}

static void tell(struct watch *watch, enum record_type type)
{
	struct record record = {.type = type};
	struct record_status *status = &record.status;

	status->uptime_ns = clock_monotonic_ns() - watch->started_ns;
	status->hooks = watch->tap.hooks;
	status->n_hooks = watch->tap.n_hooks;
	status->counts = watch->report.counts;
	tap_count(&watch->tap, &status->counts);
	status->counts.output_lost = watch->report.out.records_lost;
	report_status(&watch->report, &record);
}

static struct settings *current(struct watch *watch)
{
	return &watch->settings[watch->tap.generation];
}

/* What is being watched, by which policy. */
static void tell_policy(struct watch *watch, enum record_type type, bool failed)
{
	const char *names[SF_ENDPOINTS_MAX];
	const struct settings *settings = current(watch);
	struct record record = {.type = type};
	struct record_status *status = &record.status;
	struct utsname kernel;

	uname(&kernel);
	for (size_t i = 0; i < settings->config->n_endpoints; i++)
		names[i] = settings->config->endpoints[i].name;
	status->failed = failed;
	status->config = settings->source;
	status->owner_hook = watch->tap.has_cgroup ? "cgroup" : "tc";
	status->version = SOCK_FILTER_VERSION;
	status->kernel = kernel.release;
	status->endpoints = names;
	status->n_endpoints = settings->config->n_endpoints;
	status->hooks = watch->tap.hooks;
	status->n_hooks = watch->tap.n_hooks;
	report_status(&watch->report, &record);
}

/* What was lost since it was last told. */
static void tell_loss(struct watch *watch)
{
	struct record_counts now = watch->report.counts;
	struct record record = {.type = RECORD_LOSS};
	struct record_counts *lost = &record.status.counts;
	struct record_counts *told = &watch->told;

	tap_count(&watch->tap, &now);
	now.output_lost = watch->report.out.records_lost;
	lost->packets_dropped = now.packets_dropped - told->packets_dropped;
	lost->owners_lost = now.owners_lost - told->owners_lost;
	lost->output_lost = now.output_lost - told->output_lost;
	lost->kernel[SF_EVENTS_LOST] = now.kernel[SF_EVENTS_LOST] - told->kernel[SF_EVENTS_LOST];
	lost->kernel[SF_FLOWS_REFUSED] =
		now.kernel[SF_FLOWS_REFUSED] - told->kernel[SF_FLOWS_REFUSED];
	if (!(lost->packets_dropped | lost->owners_lost | lost->output_lost |
	      lost->kernel[SF_EVENTS_LOST] | lost->kernel[SF_FLOWS_REFUSED]))
		return;
	*told = now;
	record.status.uptime_ns = clock_monotonic_ns() - watch->started_ns;
	report_status(&watch->report, &record);
}

static void on_tick(void *arg, uint32_t events)
{
	struct watch *watch = arg;

	(void)events;
	tell_loss(watch);
	link_forget();
	if (schedule_is_needed(current(watch)->config))
		tap_follow_time(&watch->tap, current(watch)->config);
	if (++watch->ticks % SWEEP_TICKS == 0 && sweep(watch->tap.skel, watch->tap.has_cgroup))
		log_warning("cannot sweep the flow table");
}

static void on_heartbeat(void *arg, uint32_t events)
{
	struct watch *watch = arg;
	bool is_broken = !tap_check(&watch->tap);

	(void)events;
	if (is_broken && !watch->was_broken)
		log_error("a hook or socket is no longer attached; the alive record names it");
	watch->was_broken = is_broken;
	tell(watch, RECORD_ALIVE);
}

/* The interfaces changed; if ours did, the alive record says so. */
static void on_links(void *arg, uint32_t events)
{
	struct watch *watch = arg;

	link_monitor_drain(watch->links_fd);
	link_forget();
	if (tap_follow_links(&watch->tap))
		on_heartbeat(watch, events);
}

static void on_end(void *arg, uint32_t events)
{
	struct watch *watch = arg;

	(void)events;
	watch->is_over = true;
}

/* EXIT_NOT_YET, or the exit code. */
static int load_settings(const struct options *options, struct settings *ret)
{
	struct settings settings cleanup(settings_done) = {};
	int code = settings_load(options->config, &settings);

	if (code != EXIT_NOT_YET)
		return code;
	if (options->n_ifaces &&
	    config_set_ifaces(settings.config, options->ifaces, options->n_ifaces)) {
		log_error("out of memory");
		return EXIT_RUNTIME;
	}
	*ret = settings;
	settings.config = NULL;
	return EXIT_NOT_YET;
}

/* A bad file leaves the policy as it is, and is counted. */
static void reload(struct watch *watch)
{
	uint32_t next = (watch->tap.generation + 1) % SF_GENERATIONS;
	struct settings settings = {};
	int err = 0;
	bool failed = load_settings(&watch->options, &settings) != EXIT_NOT_YET;

	if (!failed) {
		/* verdicts that name the policy before last are told first */
		drain_ring(watch);
		report_settle(&watch->report, true);
		settings_done(&watch->settings[next]);
		watch->settings[next] = settings;
		report_use(&watch->report, next, settings.config);
		err = tap_reload(&watch->tap, settings.config);
		failed = err != 0;
	}
	if (err)
		log_error("%s: the policy does not fit: %s; the one before goes on",
			  settings.source, strerror(-err));
	users_forget();
	watch->report.counts.reloads += !failed;
	watch->report.counts.reloads_failed += failed;
	watch->was_broken = !tap_check(&watch->tap);
	tell_policy(watch, RECORD_RELOAD, failed);
}

static void on_signal(void *arg, uint32_t signal)
{
	struct watch *watch = arg;

	if (signal == SIGUSR1)
		tell(watch, RECORD_COUNTERS);
	else if (signal == SIGHUP)
		reload(watch);
	else
		watch->is_over = true;
}

static void flush(struct watch *watch)
{
	int err = out_flush(&watch->report.out);

	if (err == -EPIPE)
		watch->is_over = true;
	if (err && err != -EAGAIN && err != watch->output_error) {
		watch->output_error = err;
		if (err != -EPIPE)
			log_error("cannot write the output: %s; what is lost is counted",
				  strerror(-err));
	}
}

static void on_output(void *arg, uint32_t events)
{
	struct watch *watch = arg;

	flush(watch);
	/* told of a reader that has gone even when there is nothing to write */
	if (events & (EPOLLERR | EPOLLHUP)) {
		watch->output_error = -EPIPE;
		watch->is_over = true;
	}
}

/* Sockets are read only while the output takes what comes of it. */
static void pause_or_go_on(struct watch *watch)
{
	bool is_full = out_is_full(&watch->report.out);

	loop_want(watch->loop, STDOUT_FILENO, out_pending(&watch->report.out) ? EPOLLOUT : 0);
	if (is_full == watch->is_paused)
		return;
	watch->is_paused = is_full;
	loop_want(watch->loop, ring_fd(watch->tap.ring), is_full ? 0 : EPOLLIN);
	for (size_t i = 0; i < watch->tap.sockets.n; i++)
		loop_want(watch->loop, watch->tap.sockets.list[i].fd, is_full ? 0 : EPOLLIN);
}

static int add_sources(struct watch *watch)
{
	const struct options *options = &watch->options;
	uint64_t heartbeat_ns = options->heartbeat_s * NS_PER_SECOND;
	int err = loop_add(watch->loop, ring_fd(watch->tap.ring), EPOLLIN, on_ring, watch);

	for (size_t i = 0; !err && i < watch->tap.sockets.n; i++)
		err = loop_add(watch->loop, watch->tap.sockets.list[i].fd, EPOLLIN, on_capture,
			       watch);
	if (!err)
		err = loop_add_timer(watch->loop, TICK_NS, TICK_NS, on_tick, watch);
	if (!err)
		err = loop_add_timer(watch->loop, heartbeat_ns, heartbeat_ns, on_heartbeat, watch);
	if (!err)
		err = loop_add(watch->loop, watch->links_fd, EPOLLIN, on_links, watch);
	if (!err && options->duration_s)
		err = loop_add_timer(watch->loop, options->duration_s * NS_PER_SECOND, 0, on_end,
				     watch);
	if (err)
		return err;
	/* a file is always ready, and cannot be waited for */
	err = loop_add(watch->loop, STDOUT_FILENO, 0, on_output, watch);
	return err == -EPERM || err == -EBADF ? 0 : err;
}

/* What is still in the sockets and the ring, then the reckoning. */
static void finish(struct watch *watch)
{
	uint64_t until_ns = clock_monotonic_ns() + LAST_FLUSH_MS * 1000000ULL;
	int n;

	tap_shut(&watch->tap);
	do {
		n = 0;
		for (size_t i = 0; i < watch->tap.sockets.n; i++)
			n += read_capture(watch, &watch->tap.sockets.list[i]);
		flush(watch);
	} while (n > 0);
	drain_ring(watch);
	report_settle(&watch->report, true);
	tell_loss(watch);
	tell(watch, RECORD_SUMMARY);
	while (out_flush(&watch->report.out) == -EAGAIN && clock_monotonic_ns() < until_ns) {
		struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

		poll(&out, 1, SETTLE_MS);
	}
	if (out_pending(&watch->report.out))
		log_error("the reader of the output is too slow: %" PRIu64
			  " records were not written, the summary among them",
			  out_pending(&watch->report.out));
}

static void show_probes(const struct options *options)
{
	struct probe probes[32];
	size_t n = options->verbose ? probe_kernel(probes, ARRAY_SIZE(probes)) : 0;

	for (size_t i = 0; i < n; i++)
		log_note("kernel: %s: %s", probes[i].name, probes[i].is_there ? "yes" : "no");
}

static int run(struct watch *watch)
{
	int err = add_sources(watch);

	if (err) {
		log_error("cannot wait for events: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	tap_check(&watch->tap);
	tell_policy(watch, RECORD_START, false);
	flush(watch);
	if (watch->options.ready_fd >= 0 && write(watch->options.ready_fd, "!", 1) != 1)
		log_warning("cannot write to --ready-fd: %s", strerror(errno));
	while (!watch->is_over) {
		err = loop_run_once(watch->loop, watch->report.n_pending ? SETTLE_MS : -1);
		if (err)
			break;
		if (watch->report.n_pending)
			drain_ring(watch);
		flush(watch);
		pause_or_go_on(watch);
	}
	finish(watch);
	/* a reader that has seen enough is no failure */
	if (watch->output_error == -EPIPE)
		return EXIT_OK;
	if (err || watch->report.out.records_lost || out_pending(&watch->report.out))
		return EXIT_RUNTIME;
	return EXIT_OK;
}

/* From here on: no file to write, no program to run, few system calls. */
static int enter_sandbox(const struct watch *watch)
{
	int err = sandbox_files(watch->options.config);

	if (err == -ENOSYS) {
		log_note("this kernel has no Landlock: files are guarded by their modes only");
		err = 0;
	}
	if (!err)
		err = sandbox_calls();
	if (!err)
		return EXIT_NOT_YET;
	log_error("cannot enter the sandbox: %s", strerror(-err));
	return EXIT_RUNTIME;
}

static int start(struct watch *watch)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
	const struct options *options = &watch->options;
	int code;

	watch->started_ns = clock_monotonic_ns();
	/* the time zone is read now, while every file can be */
	tzset();
	watch->loop = loop_new();
	watch->batch = capture_batch_new();
	/* before the names are looked up, so that no change is missed */
	watch->links_fd = link_monitor_open();
	if (!watch->loop || !watch->batch || watch->links_fd < 0 ||
	    report_init(&watch->report, options) ||
	    loop_add_signals(watch->loop, signals, ARRAY_SIZE(signals), on_signal, watch)) {
		log_error("out of memory or file descriptors");
		return EXIT_RUNTIME;
	}
	report_use(&watch->report, 0, watch->settings[0].config);
	code = tap_open(&watch->tap, options, watch->settings[0].config, on_event, watch);
	if (code == EXIT_NOT_YET)
		code = enter_sandbox(watch);
	return code == EXIT_NOT_YET ? run(watch) : code;
}

static void watch_done(struct watch *watch)
{
	tap_close(&watch->tap);
	report_done(&watch->report);
	loop_free(watch->loop);
	close_fd(&watch->links_fd);
	capture_batch_free(watch->batch);
	for (size_t i = 0; i < SF_GENERATIONS; i++)
		settings_done(&watch->settings[i]);
}

int watch_run(int argc, char **argv)
{
	static struct watch watch;
	int code = options_parse(argc, argv, &watch.options);

	if (code != EXIT_NOT_YET)
		return code;
	log_set_quiet(watch.options.quiet);
	signal(SIGPIPE, SIG_IGN);
	code = load_settings(&watch.options, &watch.settings[0]);
	if (code != EXIT_NOT_YET)
		return code;
	if (watch.settings[0].is_profile)
		log_note("no %s: using the built-in profile %s", SETTINGS_PATH,
			 watch.settings[0].source);
	show_probes(&watch.options);
	code = start(&watch);
	watch_done(&watch);
	return code;
}
