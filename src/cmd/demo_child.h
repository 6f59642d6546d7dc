/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The processes of the demo: each dies with its parent, each end is noticed,
 * none is left behind. Signals that would end the demo arrive here too, so
 * that there is one place to wait.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum demo_role {
	DEMO_SERVICE,
	DEMO_WATCHER,
	DEMO_CLIENT,
	DEMO_ROLES,
};

struct demo_child {
	pid_t pid; /* 0: none is running */
	int status; /* of the last one that ended, as wait(2) gives it */
};

struct demo_children {
	struct demo_child child[DEMO_ROLES];
	pid_t parent;
	int signals; /* signalfd, -1 before demo_children_init */
	int stop_signal; /* what asked the demo to end, 0 without */
	sigset_t mask_before;
};

#define DEMO_CHILDREN_NONE ((struct demo_children){.signals = -1})

/* Blocks the signals and takes them over, for good. 0 or -errno. */
int demo_children_init(struct demo_children *children);

/*
 * Forks a child for role, of which none may be running. Returns 0 in the child,
 * which must _exit, 1 in the parent, or -errno. Signals stay blocked in the
 * child until it calls demo_children_unblock.
 */
int demo_children_fork(struct demo_children *children, enum demo_role role);

/* In a child: SIGKILL when the parent ends. Needed again after each change of user. */
void demo_children_bind(const struct demo_children *children);

/* In a child, before exec: the signal mask that the demo was started with. */
void demo_children_unblock(const struct demo_children *children);

/*
 * Waits until a child ended, a signal came, fd (or -1) is readable, or the clock
 * (demo_now_ms) says until_ms. Returns 1 when fd is readable or at its end, else 0, or -errno.
 */
int demo_children_wait(struct demo_children *children, int fd, int64_t until_ms);

bool demo_children_is_running(const struct demo_children *children, enum demo_role role);

/* Sends sig, then waits; SIGKILL once patience_ms are over. Nothing to do when none is running. */
void demo_children_stop(struct demo_children *children, enum demo_role role, int sig,
			int patience_ms);

/* Ends them all: the watcher may close its accounts first. */
void demo_children_done(struct demo_children *children);

/* A clock that only goes forward. */
int64_t demo_now_ms(void);
