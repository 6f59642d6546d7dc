/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Signals are blocked and read from a descriptor: between two waits nothing
 * interrupts, and no handler shares data with the rest.
 */
#include "demo_child.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "mem.h"

#define WATCHER_PATIENCE_MS 3000

int64_t demo_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int demo_children_init(struct demo_children *children)
{
	static const int read_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};
	sigset_t mask;
	int fd;

	*children = DEMO_CHILDREN_NONE;
	children->parent = getpid();
	/* Inherited as ignored, it would take the exit codes away. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(read_signals); i++)
		sigaddset(&mask, read_signals[i]);
	fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	/* Blocked and never read: a closed stderr must not keep us from cleaning up. */
	sigaddset(&mask, SIGPIPE);
	sigprocmask(SIG_BLOCK, &mask, &children->mask_before);
	children->signals = fd;
	return 0;
}

void demo_children_bind(const struct demo_children *children)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have gone before the kernel knew that it matters. */
	if (getppid() != children->parent)
		_exit(1);
}

void demo_children_unblock(const struct demo_children *children)
{
	sigprocmask(SIG_SETMASK, &children->mask_before, NULL);
}

int demo_children_fork(struct demo_children *children, enum demo_role role)
{
	struct demo_child *child = &children->child[role];
	pid_t pid;

	assert(child->pid == 0);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		demo_children_bind(children);
		return 0;
	}
	*child = (struct demo_child){.pid = pid};
	return 1;
}

static void reap(struct demo_children *children)
{
	for (int i = 0; i < DEMO_ROLES; i++) {
		struct demo_child *child = &children->child[i];

		if (child->pid > 0 && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
			child->pid = 0;
	}
}

static void read_signals(struct demo_children *children)
{
	struct signalfd_siginfo info;

	while (read(children->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGCHLD && !children->stop_signal)
			children->stop_signal = (int)info.ssi_signo;
	}
	reap(children);
}

int demo_children_wait(struct demo_children *children, int fd, int64_t until_ms)
{
	struct pollfd wait[] = {
		{.fd = children->signals, .events = POLLIN},
		{.fd = fd, .events = POLLIN},
	};
	int64_t left_ms = until_ms - demo_now_ms();

	if (poll(wait, ARRAY_SIZE(wait), left_ms > 0 ? (int)left_ms : 0) < 0)
		return errno == EINTR ? 0 : -errno;
	if (wait[0].revents)
		read_signals(children);
	return wait[1].revents != 0;
}

bool demo_children_is_running(const struct demo_children *children, enum demo_role role)
{
	return children->child[role].pid > 0;
}

void demo_children_stop(struct demo_children *children, enum demo_role role, int sig,
			int patience_ms)
{
	struct demo_child *child = &children->child[role];
	int64_t until_ms = demo_now_ms() + patience_ms;

	if (child->pid <= 0)
		return;
	kill(child->pid, sig);
	while (child->pid > 0 && demo_now_ms() < until_ms) {
		if (demo_children_wait(children, -1, until_ms) < 0)
			break;
	}
	if (child->pid <= 0)
		return;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, &child->status, 0);
	child->pid = 0;
}

void demo_children_done(struct demo_children *children)
{
	demo_children_stop(children, DEMO_CLIENT, SIGKILL, 0);
	demo_children_stop(children, DEMO_WATCHER, SIGTERM, WATCHER_PATIENCE_MS);
	demo_children_stop(children, DEMO_SERVICE, SIGKILL, 0);
	close_fd(&children->signals);
}
