// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wallclock.h"

#include <stdbool.h>
#include <string.h>

static struct wallclock_steady *newest(struct wallclock *clock)
{
	return &clock->steady[clock->n - 1];
}

void wallclock_init(struct wallclock *clock, uint64_t now_ns, uint64_t ahead_ns)
{
	*clock = (struct wallclock){
		.steady[0] = {.from_ns = 0, .to_ns = now_ns, .ahead_ns = ahead_ns},
		.n = 1,
	};
}

void wallclock_held(struct wallclock *clock, uint64_t now_ns)
{
	newest(clock)->to_ns = now_ns;
}

void wallclock_set(struct wallclock *clock, uint64_t now_ns, uint64_t ahead_ns)
{
	const size_t max = WALLCLOCK_SETTINGS_MAX + 1;

	if (clock->n == max) {
		memmove(clock->steady, clock->steady + 1, (max - 1) * sizeof(*clock->steady));
		clock->n--;
	}
	clock->steady[clock->n++] = (struct wallclock_steady){now_ns, now_ns, ahead_ns};
}

uint64_t wallclock_real(const struct wallclock *clock, uint64_t ts_ns)
{
	size_t i = clock->n - 1;

	while (i > 0 && ts_ns <= clock->steady[i - 1].to_ns)
		i--;
	return ts_ns + clock->steady[i].ahead_ns;
}

static uint64_t less(uint64_t ns, uint64_t by_ns)
{
	return ns > by_ns ? ns - by_ns : 0;
}

static void include(struct wallclock_span *span, bool *is_empty, uint64_t from_ns, uint64_t to_ns)
{
	if (*is_empty || from_ns < span->from_ns)
		span->from_ns = from_ns;
	if (*is_empty || to_ns > span->to_ns)
		span->to_ns = to_ns;
	*is_empty = false;
}

/* What it showed before this one began, and after the one before was last seen, is anything. */
static void include_unsteady(const struct wallclock *clock, size_t i, uint64_t from_ns,
			     struct wallclock_span *span, bool *is_empty)
{
	const struct wallclock_steady *steady = &clock->steady[i];
	uint64_t since_ns = i > 0 ? clock->steady[i - 1].to_ns : 0;

	if (!steady->from_ns || steady->from_ns + WALLCLOCK_LATE_NS < from_ns)
		return;
	include(span, is_empty, since_ns > from_ns ? since_ns : from_ns, steady->from_ns);
}

struct wallclock_span wallclock_when(const struct wallclock *clock, uint64_t real_ns,
				     uint64_t from_ns, uint64_t to_ns)
{
	struct wallclock_span span = {from_ns, to_ns};
	uint64_t earliest_ns = less(from_ns, WALLCLOCK_LATE_NS);
	bool is_empty = true;

	for (size_t i = 0; i < clock->n; i++) {
		const struct wallclock_steady *steady = &clock->steady[i];
		uint64_t last_ns = i + 1 < clock->n ? steady->to_ns : to_ns;
		uint64_t ts_ns = real_ns - steady->ahead_ns;

		include_unsteady(clock, i, from_ns, &span, &is_empty);
		if (ts_ns >= earliest_ns && ts_ns + WALLCLOCK_LATE_NS >= steady->from_ns &&
		    ts_ns <= last_ns + WALLCLOCK_LATE_NS)
			include(&span, &is_empty, ts_ns, ts_ns);
	}
	return span;
}
