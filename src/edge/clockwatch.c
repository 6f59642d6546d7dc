// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A timer of the real clock that never fires, and that the kernel cancels
 * whenever that clock is set: also when it is set back before anyone looks.
 */
#include "clockwatch.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/timerfd.h>

#include "clock.h"
#include "mem.h"

/* Both clocks are read within microseconds, but for a reader that is held up between. */
#define READINGS 5

/* Looks at a clock that is set again and again; then the next look goes on. */
#define LOOKS_MAX 100

struct clockwatch {
	struct wallclock wall;
	int fd;
	bool is_unsettled; /* it was set during the last look */
};

static int arm(int fd)
{
	const struct itimerspec never = {.it_value.tv_sec = INT64_MAX};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static uint64_t read_ahead(void)
{
	uint64_t best_ns = UINT64_MAX, ahead_ns = 0;

	for (int i = 0; i < READINGS; i++) {
		uint64_t before_ns = clock_monotonic_ns();
		uint64_t real_ns = clock_real_ns();
		uint64_t took_ns = clock_monotonic_ns() - before_ns;

		if (took_ns < best_ns) {
			best_ns = took_ns;
			ahead_ns = real_ns - before_ns - took_ns / 2;
		}
	}
	return ahead_ns;
}

/* Was it set since this was last asked? */
static bool was_set(const struct clockwatch *watch)
{
	uint64_t expirations;

	return read(watch->fd, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED;
}

struct clockwatch *clockwatch_new(void)
{
	struct clockwatch *watch = calloc(1, sizeof(*watch));
	cleanup_close int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (!watch || fd < 0 || arm(fd)) {
		free(watch);
		return NULL;
	}
	watch->fd = TAKE_FD(fd);
	wallclock_init(&watch->wall, clock_monotonic_ns(), read_ahead());
	clockwatch_look(watch);
	return watch;
}

/* The distance of the clocks counts once it was read without a setting in between. */
static void settle(struct clockwatch *watch)
{
	uint64_t now_ns, ahead_ns;

	for (int i = 0; i < LOOKS_MAX; i++) {
		now_ns = clock_monotonic_ns();
		ahead_ns = read_ahead();
		watch->is_unsettled = was_set(watch);
		if (!watch->is_unsettled)
			break;
	}
	wallclock_set(&watch->wall, now_ns, ahead_ns);
}

void clockwatch_look(struct clockwatch *watch)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (was_set(watch) || watch->is_unsettled)
		settle(watch);
	else
		wallclock_held(&watch->wall, now_ns);
}

const struct wallclock *clockwatch_wall(const struct clockwatch *watch)
{
	return &watch->wall;
}

void clockwatch_free(struct clockwatch *watch)
{
	if (!watch)
		return;
	close(watch->fd);
	free(watch);
}
