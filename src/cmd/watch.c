// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The main job: everything put in place, then a loop of signals, timers and
 * whatever the pump moves, then the reckoning.
 */
#include "watch.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "backfill.h"
#include "clock.h"
#include "exit.h"
#include "kernel.h"
#include "lack.h"
#include "link.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "probe.h"
#include "pump.h"
#include "report.h"
#include "sandbox.h"
#include "schedule.h"
#include "settings.h"
#include "sockdiag.h"
#include "sweep.h"
#include "tap.h"
#include "tell.h"
#include "users.h"

#define TICK_NS NS_PER_SECOND
#define SWEEP_TICKS 10

/* How soon a request is told that has its answer. */
#define REQUEST_TICK_NS (NS_PER_SECOND / 5)

struct watch {
	struct options options;
	struct settings
		settings[SF_GENERATIONS]; /* as the policies in the kernel, which the report has */
	struct report report;
	struct tap tap;
	struct pump pump;
	struct tell tell;
	struct loop *loop;
	int links_fd;
	uint64_t ticks;
	bool is_over;
	bool was_broken;
};

static struct settings *current(struct watch *watch)
{
	return &watch->settings[watch->tap.generation];
}

static void on_tick(void *arg, uint32_t events)
{
	struct watch *watch = arg;

	(void)events;
	report_look_at_clock(&watch->report);
	tell_loss(&watch->tell);
	link_forget();
	if (schedule_is_needed(current(watch)->config))
		tap_follow_time(&watch->tap, current(watch)->config);
	if (++watch->ticks % SWEEP_TICKS == 0 && sweep(watch->tap.skel, watch->tap.has_cgroup))
		log_warning("cannot sweep the flow table");
}

static void on_request_tick(void *arg, uint32_t events)
{
	struct watch *watch = arg;

	(void)events;
	report_tick(&watch->report);
}

static void on_heartbeat(void *arg, uint32_t events)
{
	struct watch *watch = arg;
	bool is_broken = !tap_check(&watch->tap);

	(void)events;
	if (is_broken && !watch->was_broken)
		log_error("a hook or socket is no longer attached; the alive record names it");
	watch->was_broken = is_broken;
	tell_counts(&watch->tell, RECORD_ALIVE);
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

static int load_settings(const struct watch *watch, struct settings *ret)
{
	const struct options *options = &watch->options;

	if (options->is_demo)
		return settings_load_profile(&profile_demo, ret);
	return settings_load(options->config, options->ifaces, options->n_ifaces, ret);
}

/* A bad file leaves the policy as it is, and is counted. */
static void reload(struct watch *watch)
{
	uint32_t next = (watch->tap.generation + 1) % SF_GENERATIONS;
	struct settings settings = {};
	int err = 0;
	bool failed = load_settings(watch, &settings) != EXIT_NOT_YET;

	if (!failed) {
		/* what was judged by the policy before last is told by its names */
		pump_drain(&watch->pump);
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
	tell_policy(&watch->tell, RECORD_RELOAD, current(watch), failed);
}

static void on_signal(void *arg, uint32_t signal)
{
	struct watch *watch = arg;

	if (signal == SIGUSR1)
		tell_counts(&watch->tell, RECORD_COUNTERS);
	else if (signal == SIGHUP)
		reload(watch);
	else
		watch->is_over = true;
}

static int add_timers(struct watch *watch)
{
	uint64_t heartbeat_ns = watch->options.heartbeat_s * NS_PER_SECOND;
	uint64_t duration_ns = watch->options.duration_s * NS_PER_SECOND;
	int err = loop_add_timer(watch->loop, TICK_NS, TICK_NS, on_tick, watch);

	if (!err)
		err = loop_add_timer(watch->loop, REQUEST_TICK_NS, REQUEST_TICK_NS, on_request_tick,
				     watch);
	if (!err)
		err = loop_add_timer(watch->loop, heartbeat_ns, heartbeat_ns, on_heartbeat, watch);
	if (!err && duration_ns)
		err = loop_add_timer(watch->loop, duration_ns, 0, on_end, watch);
	return err;
}

/* What is still in the sockets and the ring, then the reckoning. */
static void finish(struct watch *watch)
{
	tap_shut(&watch->tap);
	pump_drain(&watch->pump);
	report_flush(&watch->report);
	tell_loss(&watch->tell);
	tell_counts(&watch->tell, RECORD_SUMMARY);
	if (!pump_finish(&watch->pump))
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

static int loop_until_over(struct watch *watch)
{
	int err = 0;

	while (!err && !watch->is_over && !watch->pump.is_over) {
		err = loop_run_once(watch->loop, pump_timeout_ms(&watch->pump));
		pump_step(&watch->pump);
	}
	return err;
}

static int run(struct watch *watch)
{
	int err = pump_start(&watch->pump);

	if (!err)
		err = loop_add(watch->loop, watch->links_fd, EPOLLIN, on_links, watch);
	if (!err)
		err = add_timers(watch);
	if (err) {
		log_error("cannot wait for events: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	tap_check(&watch->tap);
	tell_policy(&watch->tell, RECORD_START, current(watch), false);
	pump_step(&watch->pump);
	if (watch->options.ready_fd >= 0 && write(watch->options.ready_fd, "!", 1) != 1)
		log_warning("cannot write to --ready-fd: %s", strerror(errno));
	err = loop_until_over(watch);
	finish(watch);
	/* a reader that has seen enough is no failure */
	if (watch->pump.output_error == -EPIPE)
		return EXIT_OK;
	if (err || watch->report.out.records_lost || out_pending(&watch->report.out))
		return EXIT_RUNTIME;
	return EXIT_OK;
}

/* From here on: no file to write, no program to run, few system calls. */
static int enter_sandbox(const struct watch *watch)
{
	const char *config = watch->options.config;
	int err = sandbox_files(config ? config : SETTINGS_PATH);

	if (err == -ENOSYS) {
		log_note("%s", lack_text(LACK_LANDLOCK));
		err = 0;
	}
	if (!err && !sandbox_has_seccomp())
		return kernel_explain_seccomp();
	if (!err)
		err = sandbox_calls();
	if (!err)
		return EXIT_NOT_YET;
	log_error("cannot enter the sandbox: %s", strerror(-err));
	return EXIT_RUNTIME;
}

/*
 * Connections that are open already. Without the hooks at a cgroup it cannot
 * be told whether a socket is one of them.
 */
static void backfill(struct watch *watch)
{
	const struct tap *tap = &watch->tap;
	int err;

	watch->report.owners.has_processes = tap->has_cgroup;
	if (!tap->has_cgroup)
		return;
	/* those that get none are known by their addresses */
	sockdiag_give_cookies();
	err = backfill_read(tap->skel, report_open, &watch->report);
	if (!err && watch->report.owners.open)
		err = backfill_enter(tap->skel, watch->report.owners.open);
	if (err)
		log_warning("connections from before the start will have no process: %s",
			    strerror(-err));
}

static int start(struct watch *watch)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
	const struct options *options = &watch->options;
	int code;

	watch->tell = (struct tell){
		.report = &watch->report,
		.tap = &watch->tap,
		.started_ns = clock_monotonic_ns(),
	};
	/* the time zone is read now, while every file can be */
	tzset();
	watch->loop = loop_new();
	/* before the names are looked up, so that no change is missed */
	watch->links_fd = link_monitor_open();
	if (!watch->loop || watch->links_fd < 0 || report_init(&watch->report, options) ||
	    pump_init(&watch->pump, watch->loop, &watch->report, &watch->tap) ||
	    loop_add_signals(watch->loop, signals, ARRAY_SIZE(signals), on_signal, watch)) {
		log_error("out of memory or file descriptors");
		return EXIT_RUNTIME;
	}
	report_use(&watch->report, 0, watch->settings[0].config);
	code = tap_attach(&watch->tap, options, watch->settings[0].config);
	if (code == EXIT_NOT_YET) {
		backfill(watch);
		code = tap_listen(&watch->tap, pump_event, &watch->pump);
	}
	if (code == EXIT_NOT_YET)
		code = enter_sandbox(watch);
	return code == EXIT_NOT_YET ? run(watch) : code;
}

static void watch_done(struct watch *watch)
{
	pump_done(&watch->pump);
	tap_close(&watch->tap);
	report_done(&watch->report);
	loop_free(watch->loop);
	close_fd(&watch->links_fd);
}

int watch_run(int argc, char **argv)
{
	static struct watch watch;
	int code = options_parse(argc, argv, &watch.options);

	if (code != EXIT_NOT_YET)
		return code;
	log_set_quiet(watch.options.quiet);
	signal(SIGPIPE, SIG_IGN);
	code = load_settings(&watch, &watch.settings[0]);
	if (code != EXIT_NOT_YET)
		return code;
	if (watch.settings[0].is_profile && !watch.options.is_demo)
		log_note("no %s: using the built-in profile %s", SETTINGS_PATH,
			 watch.settings[0].source);
	show_probes(&watch.options);
	code = start(&watch);
	watch_done(&watch);
	return code;
}
