/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every source is a file descriptor: sockets, ring, timers, signals, the output. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;

typedef void (*loop_fn)(void *arg, uint32_t events);

/* NULL with errno on failure. */
struct loop *loop_new(void);

/*
 * Calls fn when fd has one of the epoll events. The fd stays the caller's.
 * Returns 0, -EPERM for a file that is always ready, or another -errno.
 */
int loop_add(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *arg);

/* Changes what is waited for; 0 to wait for nothing. 0 or -errno. */
int loop_want(struct loop *loop, int fd, uint32_t events);

/* A timer that fires first after first_ns, then every period_ns (0: once). 0 or -errno. */
int loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t period_ns, loop_fn fn, void *arg);

/* Calls fn, with the signal's number for events, for each of these signals, which get blocked. 0 or -errno. */
int loop_add_signals(struct loop *loop, const int *signals, int n, loop_fn fn, void *arg);

/* Waits at most timeout_ms (-1: for ever) and dispatches what came. 0 or -errno. */
int loop_run_once(struct loop *loop, int timeout_ms);

/* NULL is fine. */
void loop_free(struct loop *loop);
