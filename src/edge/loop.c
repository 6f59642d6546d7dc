// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "clock.h"
#include "mem.h"

#define READY_MAX 64

enum kind {
	PLAIN,
	TIMER,
	SIGNALS,
};

struct source {
	struct source *next;
	enum kind kind;
	int fd;
	loop_fn fn;
	void *arg;
};

struct loop {
	int epoll_fd;
	struct source *sources;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd >= 0)
		return loop;
	free(loop);
	return NULL;
}

static int add(struct loop *loop, enum kind kind, int fd, uint32_t events, loop_fn fn, void *arg)
{
	struct source *source = calloc(1, sizeof(*source));
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (!source)
		return -ENOMEM;
	*source = (struct source){.kind = kind, .fd = fd, .fn = fn, .arg = arg};
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		int err = -errno;

		free(source);
		return err;
	}
	source->next = loop->sources;
	loop->sources = source;
	return 0;
}

int loop_add(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *arg)
{
	return add(loop, PLAIN, fd, events, fn, arg);
}

int loop_want(struct loop *loop, int fd, uint32_t events)
{
	struct source *source = loop->sources;
	struct epoll_event event = {.events = events};

	while (source && source->fd != fd)
		source = source->next;
	if (!source)
		return -ENOENT;
	event.data.ptr = source;
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) ? -errno : 0;
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_SECOND),
		.tv_nsec = (long)(ns % NS_PER_SECOND),
	};
}

int loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t period_ns, loop_fn fn, void *arg)
{
	cleanup_close int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct itimerspec spec = {
		.it_value = to_timespec(first_ns ? first_ns : 1),
		.it_interval = to_timespec(period_ns),
	};
	int err;

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		return -errno;
	err = add(loop, TIMER, fd, EPOLLIN, fn, arg);
	if (err)
		return err;
	(void)TAKE_FD(fd);
	return 0;
}

int loop_add_signals(struct loop *loop, const int *signals, int n, loop_fn fn, void *arg)
{
	cleanup_close int fd = -1;
	sigset_t set;
	int err;

	sigemptyset(&set);
	for (int i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = add(loop, SIGNALS, fd, EPOLLIN, fn, arg);
	if (err)
		return err;
	(void)TAKE_FD(fd);
	return 0;
}

static void dispatch(const struct source *source, uint32_t events)
{
	struct signalfd_siginfo info;
	uint64_t expirations;

	switch (source->kind) {
	case PLAIN:
		source->fn(source->arg, events);
		return;
	case TIMER:
		if (read(source->fd, &expirations, sizeof(expirations)) > 0)
			source->fn(source->arg, events);
		return;
	case SIGNALS:
		while (read(source->fd, &info, sizeof(info)) == sizeof(info))
			source->fn(source->arg, info.ssi_signo);
		return;
	}
}

int loop_run_once(struct loop *loop, int timeout_ms)
{
	struct epoll_event ready[READY_MAX];
	int n = epoll_wait(loop->epoll_fd, ready, READY_MAX, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++)
		dispatch(ready[i].data.ptr, ready[i].events);
	return 0;
}

void loop_free(struct loop *loop)
{
	struct source *next;

	if (!loop)
		return;
	for (struct source *source = loop->sources; source; source = next) {
		next = source->next;
		if (source->kind != PLAIN)
			close(source->fd);
		free(source);
	}
	close(loop->epoll_fd);
	free(loop);
}
