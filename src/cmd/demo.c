/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Directs the demo: sets the stage, starts the watcher, then the clients one
 * after the other, each announced in plain words on stderr. The watcher is this
 * program again, so what is shown is what a user gets.
 */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "demo_client.h"
#include "demo_stage.h"
#include "mem.h"

#define WATCH_SECONDS 8
#define READY_TIMEOUT_MS 15000
#define CLIENT_TIMEOUT_MS 1500
#define PASSED_MAX 8
#define END_TIMEOUT_MS ((WATCH_SECONDS + 5) * 1000)

struct demo {
	struct demo_stage stage;
	const char *passed[PASSED_MAX]; /* options for the watcher */
	size_t n_passed;
	bool has_failed; /* a part failed, and was shown */
};

struct step {
	int at_ms; /* after the watcher was ready */
	int user; /* index */
	enum demo_act act;
	bool needs_ipv6;
	const char *text;
};

static const struct step steps[] = {
	{500, 0, DEMO_ACT_WITH_TOKEN, false, "asks for a token, and with it for credentials (v2)"},
	{2300, 1, DEMO_ACT_CREDENTIALS_IP4, false, "asks for credentials without a token (v1)"},
	{4100, 1, DEMO_ACT_CREDENTIALS_IP6, true, "asks for the same over IPv6"},
	{5900, 1, DEMO_ACT_USER_DATA, false, "asks for user data, a place of many secrets"},
};

/* As the users' programs call themselves. */
static const char *const programs[] = {"demo-web", "demo-job"};

static const char usage[] =
	"usage: sock-filter demo [--packets] [--json] [--color=WHEN]\n"
	"Shows sock-filter at work on a private network, for about 10 seconds.\n"
	"  --packets     packets and decisions too, as for watch\n"
	"  --json        one JSON object a line\n"
	"  --color=WHEN  as for watch\n"
	"Needs root. Changes nothing on this host.\n";

static const char *passed(int opt, const char *color)
{
	if (opt == 'j')
		return "--json";
	return opt == 'p' ? "--packets" : color;
}

static int parse_options(struct demo *demo, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"packets", no_argument, NULL, 'p'},
		{"color", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	/* watch takes the word only together with the option */
	static char color[32];
	int opt;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return EXIT_OK;
		}
		if (opt == '?' || demo->n_passed == PASSED_MAX) {
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
		if (opt == 'c')
			snprintf(color, sizeof(color), "--color=%s", optarg);
		demo->passed[demo->n_passed++] = passed(opt, color);
	}
	if (optind == argc)
		return EXIT_NOT_YET;
	fprintf(stderr, "demo: unexpected argument: %s\n%s", argv[optind], usage);
	return EXIT_USAGE;
}

static void __attribute__((noreturn)) be_watcher(const struct demo *demo, int ready_fd)
{
	const char *argv[PASSED_MAX + 16] = {"sock-filter", "watch", "--demo", "--duration"};
	char duration[16], ready[16];
	size_t n = 4;

	snprintf(duration, sizeof(duration), "%d", WATCH_SECONDS);
	snprintf(ready, sizeof(ready), "%d", ready_fd);
	argv[n++] = duration;
	argv[n++] = "--ready-fd";
	argv[n++] = ready;
	if (demo->stage.cgroup.dir >= 0) {
		argv[n++] = "--cgroup";
		argv[n++] = demo->stage.cgroup.path;
	}
	memcpy(&argv[n], demo->passed, demo->n_passed * sizeof(*argv));
	if (setns(demo->stage.net.client, CLONE_NEWNET) || fcntl(ready_fd, F_SETFD, 0))
		_exit(EXIT_RUNTIME);
	demo_children_unblock(&demo->stage.children);
	execv("/proc/self/exe", (char *const *)argv);
	demo_say("cannot start the watcher: %s", strerror(errno));
	_exit(EXIT_RUNTIME);
}

/* The exit status carries the error: every errno fits. */
static void __attribute__((noreturn)) be_client(const struct demo *demo, const struct step *step)
{
	int err = demo_cgroup_join(&demo->stage.cgroup);

	if (!err && setns(demo->stage.net.client, CLONE_NEWNET))
		err = -errno;
	if (!err)
		err = demo_user_become(&demo->stage.users[step->user]);
	demo_children_bind(&demo->stage.children);
	prctl(PR_SET_NAME, programs[step->user]);
	if (!err)
		err = demo_client_act(step->act);
	_exit(-err);
}

/* What the watcher's end means for the demo's exit code; why it failed, it has said itself. */
static int judge_watcher(const struct demo *demo)
{
	int status = demo->stage.children.child[DEMO_WATCHER].status;

	if (!WIFEXITED(status)) {
		demo_say("the watcher was killed: %s", strsignal(WTERMSIG(status)));
		return EXIT_RUNTIME;
	}
	if (WEXITSTATUS(status) > EXIT_MISSING)
		return EXIT_RUNTIME;
	return WEXITSTATUS(status);
}

static bool is_over(const struct demo *demo)
{
	return demo->stage.children.stop_signal ||
	       !demo_children_is_running(&demo->stage.children, DEMO_WATCHER);
}

static int wait_until_ready(struct demo *demo, int ready_fd)
{
	int64_t until_ms = demo_now_ms() + READY_TIMEOUT_MS;

	while (!is_over(demo) && demo_now_ms() < until_ms) {
		char byte;

		if (demo_children_wait(&demo->stage.children, ready_fd, until_ms) != 1)
			continue;
		if (read(ready_fd, &byte, 1) == 1)
			return EXIT_NOT_YET;
		/* Its end without a byte: what comes next is the watcher's exit code. */
		ready_fd = -1;
	}
	if (demo->stage.children.stop_signal)
		return EXIT_OK;
	if (demo_children_is_running(&demo->stage.children, DEMO_WATCHER)) {
		demo_say("the watcher was not ready within %d s", READY_TIMEOUT_MS / 1000);
		return EXIT_RUNTIME;
	}
	demo_say("the watcher ended before it was ready");
	return judge_watcher(demo) ?: EXIT_RUNTIME;
}

static int start_watcher(struct demo *demo)
{
	cleanup_close int ready = -1;
	cleanup_close int ready_write = -1;
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC)) {
		demo_say("cannot make a pipe: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	ready = fds[0];
	ready_write = fds[1];
	rc = demo_children_fork(&demo->stage.children, DEMO_WATCHER);
	if (rc == 0)
		be_watcher(demo, ready_write);
	if (rc < 0) {
		demo_say("cannot start the watcher: %s", strerror(-rc));
		return EXIT_RUNTIME;
	}
	close_fd(&ready_write);
	return wait_until_ready(demo, ready);
}

static void report_client(struct demo *demo, const struct step *step)
{
	int status = demo->stage.children.child[DEMO_CLIENT].status;
	const char *why = "was stopped, it took too long";

	if (demo->stage.children.stop_signal || (WIFEXITED(status) && !WEXITSTATUS(status)))
		return;
	if (WIFEXITED(status))
		why = strerror(WEXITSTATUS(status));
	demo_say("that failed for user %s: %s", demo->stage.users[step->user].name, why);
	demo->has_failed = true;
}

static void play(struct demo *demo, const struct step *step)
{
	const struct demo_user *user = &demo->stage.users[step->user];
	int64_t until_ms = demo_now_ms() + CLIENT_TIMEOUT_MS;
	int rc;

	demo_say("user %s (%u) %s", user->name, user->uid, step->text);
	rc = demo_children_fork(&demo->stage.children, DEMO_CLIENT);
	if (rc == 0)
		be_client(demo, step);
	if (rc < 0) {
		demo_say("cannot start a client: %s", strerror(-rc));
		demo->has_failed = true;
		return;
	}
	while (!is_over(demo) && demo_children_is_running(&demo->stage.children, DEMO_CLIENT) &&
	       demo_now_ms() < until_ms)
		demo_children_wait(&demo->stage.children, -1, until_ms);
	demo_children_stop(&demo->stage.children, DEMO_CLIENT, SIGKILL, 0);
	report_client(demo, step);
}

static void wait_until(struct demo *demo, int64_t until_ms)
{
	while (!is_over(demo) && demo_now_ms() < until_ms)
		demo_children_wait(&demo->stage.children, -1, until_ms);
}

/* As with `| head`: then an early end of the watcher is what was wanted. */
static bool is_reader_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

static int play_all(struct demo *demo)
{
	int64_t start_ms = demo_now_ms();

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].needs_ipv6 && !demo->stage.net.has_ipv6)
			continue;
		wait_until(demo, start_ms + steps[i].at_ms);
		if (demo->stage.children.stop_signal)
			return EXIT_OK;
		if (is_over(demo)) {
			if (is_reader_gone())
				return EXIT_OK;
			demo_say("the watcher ended before the clients did");
			return judge_watcher(demo) ?: EXIT_RUNTIME;
		}
		play(demo, &steps[i]);
	}
	wait_until(demo, start_ms + END_TIMEOUT_MS);
	if (demo->stage.children.stop_signal)
		return EXIT_OK;
	if (!is_over(demo)) {
		demo_say("the watcher did not end after %d s", WATCH_SECONDS);
		return EXIT_RUNTIME;
	}
	return judge_watcher(demo);
}

static void introduce(const struct demo *demo)
{
	demo_say("a private network with a mock metadata service at " DEMO_SERVICE_IP4
		 "%s; nothing on this host is changed",
		 demo->stage.net.has_ipv6 ? " and " DEMO_SERVICE_IP6 : "");
	demo_say(
		"two users, %s (%u) and %s (%u), will talk to it; this is sock-filter watching them:",
		demo->stage.users[0].name, demo->stage.users[0].uid, demo->stage.users[1].name,
		demo->stage.users[1].uid);
}

static int perform(struct demo *demo)
{
	int code;

	code = demo_stage_open(&demo->stage);
	if (code != EXIT_NOT_YET)
		return code;
	introduce(demo);
	code = start_watcher(demo);
	if (code == EXIT_NOT_YET)
		code = play_all(demo);
	if (demo->stage.children.stop_signal)
		demo_say("stopped: %s", strsignal(demo->stage.children.stop_signal));
	return code == EXIT_OK && demo->has_failed ? EXIT_RUNTIME : code;
}

static void demo_done(struct demo *demo)
{
	demo_stage_close(&demo->stage);
}

static int run_and_remove(int argc, char **argv, bool *ret_is_complete)
{
	cleanup(demo_done) struct demo demo = {.stage = DEMO_STAGE_NONE};
	int code;

	code = parse_options(&demo, argc, argv);
	if (code != EXIT_NOT_YET)
		return code;
	if (geteuid() != 0) {
		demo_say(
			"needs root, to make a private network and to act as two users: sudo sock-filter demo");
		return EXIT_MISSING;
	}
	code = perform(&demo);
	*ret_is_complete = code == EXIT_OK && !demo.stage.children.stop_signal;
	return code;
}

int demo_run(int argc, char **argv)
{
	bool is_complete = false;
	int code = run_and_remove(argc, argv, &is_complete);

	/* Only now is it true. */
	if (is_complete)
		demo_say(
			"the network and the users' processes are gone again; now watch this machine: sudo sock-filter");
	return code;
}
