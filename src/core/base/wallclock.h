/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the clock on the wall showed, and when: it may be set at any moment, to
 * anything. Between two settings it and the monotonic clock go at the same
 * rate, for on Linux both are slewed alike; so what there is to know is their
 * distance, and since when it holds. When a setting happened is known as
 * "between two looks", and what the clock showed between them is anything.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Settings that are remembered; of a time before, anything is possible. */
#define WALLCLOCK_SETTINGS_MAX 16

/* A stamp may be this much older than the moment at which its packet was queued. */
#define WALLCLOCK_LATE_NS 250000000ULL

/* Times are of CLOCK_MONOTONIC. */
struct wallclock_steady {
	uint64_t from_ns;
	uint64_t to_ns; /* it was looked at, and had not been set; of the last one: so far */
	uint64_t ahead_ns; /* real less monotonic time, modulo 2^64 */
};

struct wallclock {
	struct wallclock_steady steady[WALLCLOCK_SETTINGS_MAX + 1]; /* the newest last */
	size_t n;
};

struct wallclock_span {
	uint64_t from_ns;
	uint64_t to_ns; /* inclusive */
};

/* A clock that, as far as anyone knows, was never set. */
void wallclock_init(struct wallclock *clock, uint64_t now_ns, uint64_t ahead_ns);

/* A look: it was not set up to now. */
void wallclock_held(struct wallclock *clock, uint64_t now_ns);

/* A look: it was set since the one before, once or more, and now is ahead_ns ahead. */
void wallclock_set(struct wallclock *clock, uint64_t now_ns, uint64_t ahead_ns);

/* What it showed at ts_ns; between a look and the next, if it was set: as at the next. */
uint64_t wallclock_real(const struct wallclock *clock, uint64_t ts_ns);

/*
 * When it may have shown real_ns, between from_ns and to_ns: in most cases one
 * moment; a span if it was set meanwhile; all of the time between if at none.
 */
struct wallclock_span wallclock_when(const struct wallclock *clock, uint64_t real_ns,
				     uint64_t from_ns, uint64_t to_ns);
