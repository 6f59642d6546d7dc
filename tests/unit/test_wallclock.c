// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The clock on the wall is set while packets wait; each is still put at its own moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>

#include "join.h"
#include "mem.h"
#include "wallclock.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define DAY (86400 * SECOND)

/* A machine that has been up for an hour, in 2026. */
#define UP (3600 * SECOND)
#define AHEAD (1795500000 * SECOND)

static struct wallclock clock_at(uint64_t now_ns)
{
	struct wallclock clock;

	wallclock_init(&clock, now_ns, AHEAD);
	return clock;
}

static void assert_when(const struct wallclock *clock, uint64_t real_ns, uint64_t since_ns,
			uint64_t now_ns, uint64_t from_ns, uint64_t to_ns)
{
	struct wallclock_span span = wallclock_when(clock, real_ns, since_ns, now_ns);

	assert_int_equal(span.from_ns, from_ns);
	assert_int_equal(span.to_ns, to_ns);
}

/* However long a packet waited: to the nanosecond. */
static void test_never_set(void **state)
{
	struct wallclock clock = clock_at(UP);

	(void)state;
	for (uint64_t now_ns = UP; now_ns < UP + DAY; now_ns += DAY / 10) {
		wallclock_held(&clock, now_ns);
		assert_when(&clock, now_ns + AHEAD, now_ns - SECOND, now_ns, now_ns, now_ns);
		assert_when(&clock, UP + AHEAD, 0, now_ns, UP, UP);
		assert_int_equal(wallclock_real(&clock, now_ns), now_ns + AHEAD);
		assert_int_equal(wallclock_real(&clock, UP), UP + AHEAD);
	}
}

static const int64_t steps_ns[] = {
	(int64_t)DAY, -(int64_t)DAY, (int64_t)SECOND, -(int64_t)SECOND, (int64_t)(MS),
	-(int64_t)(MS),
	/* before 1970 and beyond 2200, as far as the kernel lets it be */
	-(int64_t)(AHEAD), (int64_t)(200 * 365 * DAY)};

/* Stamped before the step, read after it; stamped after it. */
static void test_one_step(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps_ns); i++) {
		uint64_t ahead_ns = AHEAD + (uint64_t)steps_ns[i];
		struct wallclock clock = clock_at(UP);
		struct wallclock_span span;

		wallclock_held(&clock, UP + 9 * SECOND);
		wallclock_set(&clock, UP + 10 * SECOND, ahead_ns);
		/* in the queue since before: its moment, and what is uncertain is in the span too */
		span = wallclock_when(&clock, UP + 5 * SECOND + AHEAD, UP, UP + 12 * SECOND);
		assert_int_equal(span.from_ns, UP + 5 * SECOND);
		span = wallclock_when(&clock, UP + 11 * SECOND + ahead_ns, UP + 5 * SECOND,
				      UP + 12 * SECOND);
		assert_true(span.from_ns <= UP + 11 * SECOND);
		assert_int_equal(span.to_ns, UP + 11 * SECOND);
		/* once the queue was empty after it, there is only one answer again */
		assert_when(&clock, UP + 11 * SECOND + ahead_ns, UP + 10 * SECOND + 300 * MS,
			    UP + 12 * SECOND, UP + 11 * SECOND, UP + 11 * SECOND);
		assert_int_equal(wallclock_real(&clock, UP + 9 * SECOND), UP + 9 * SECOND + AHEAD);
		assert_int_equal(wallclock_real(&clock, UP + 10 * SECOND),
				 UP + 10 * SECOND + ahead_ns);
		/* between the looks: as after */
		assert_int_equal(wallclock_real(&clock, UP + 9 * SECOND + 1),
				 UP + 9 * SECOND + 1 + ahead_ns);
	}
}

/* There and back between two looks: what it showed meanwhile nobody saw. */
static void test_unseen(void **state)
{
	struct wallclock clock = clock_at(UP);

	(void)state;
	wallclock_set(&clock, UP + 10 * SECOND, AHEAD);
	assert_when(&clock, UP + 5 * SECOND + AHEAD + DAY, UP - SECOND, UP + 11 * SECOND, UP,
		    UP + 10 * SECOND);
	assert_when(&clock, 12345, UP + 2 * SECOND, UP + 11 * SECOND, UP + 2 * SECOND,
		    UP + 10 * SECOND);
	/* long past: what a stamp that fits nothing means is not known at all */
	assert_when(&clock, 12345, UP + 20 * SECOND, UP + 21 * SECOND, UP + 20 * SECOND,
		    UP + 21 * SECOND);
}

/* A second back: what it showed, it showed twice. */
static void test_shown_twice(void **state)
{
	struct wallclock clock = clock_at(UP);

	(void)state;
	wallclock_held(&clock, UP + 2 * SECOND);
	wallclock_set(&clock, UP + 2 * SECOND, AHEAD - SECOND);
	assert_when(&clock, UP + 1500 * MS + AHEAD, UP, UP + 3 * SECOND, UP + 1500 * MS,
		    UP + 2500 * MS);
	/* the queue was empty after the first time */
	assert_when(&clock, UP + 1500 * MS + AHEAD, UP + 2300 * MS, UP + 3 * SECOND, UP + 2500 * MS,
		    UP + 2500 * MS);
	/* the second time is still to come */
	assert_when(&clock, UP + 1500 * MS + AHEAD, UP, UP + 2100 * MS, UP + 1500 * MS,
		    UP + 2 * SECOND);
}

/* More settings than are remembered: of the time of the oldest anything is possible. */
static void test_many(void **state)
{
	struct wallclock clock = clock_at(UP);
	const uint64_t n = 3 * WALLCLOCK_SETTINGS_MAX;
	const uint64_t first = n - WALLCLOCK_SETTINGS_MAX;

	(void)state;
	for (uint64_t i = 1; i <= n; i++) {
		wallclock_held(&clock, UP + i * SECOND);
		wallclock_set(&clock, UP + i * SECOND, AHEAD + i * DAY);
	}
	assert_int_equal(clock.n, WALLCLOCK_SETTINGS_MAX + 1);
	for (uint64_t i = first; i < n; i++) {
		uint64_t ts_ns = UP + i * SECOND + 500 * MS;
		struct wallclock_span span =
			wallclock_when(&clock, ts_ns + AHEAD + i * DAY, ts_ns, UP + n * SECOND);

		assert_true(span.from_ns <= ts_ns && span.to_ns >= ts_ns);
		assert_int_equal(wallclock_real(&clock, ts_ns), ts_ns + AHEAD + i * DAY);
	}
	assert_when(&clock, UP + AHEAD, UP, UP + n * SECOND, UP, UP + n * SECOND);
}

/* A world of its own: packets are stamped and judged, wait, and are read; the clock is set. */
struct world {
	struct wallclock clock;
	uint64_t now_ns, ahead_ns, empty_ns;
	bool was_set; /* since the last look */
	struct {
		struct sf_packet packet;
		uint64_t real_ns;
		uint64_t cookie;
	} queue[64];
	size_t n;
};

static void look(struct world *world)
{
	if (world->was_set)
		wallclock_set(&world->clock, world->now_ns, world->ahead_ns);
	else
		wallclock_held(&world->clock, world->now_ns);
	world->was_set = false;
}

/* Some packets are alike; each has its own cookie, but those alike are of one user. */
static void arrive(struct world *world, struct join *join)
{
	static uint64_t cookie;
	struct sf_event event = {
		.type = SF_EVENT_VERDICT,
		.ifindex = 2,
		.ts_ns = world->now_ns + (uint64_t)random() % (5 * MS),
		.verdict = SF_DELIVER,
		.cookie = random() % 2,
		.packet = {.proto = IPPROTO_UDP, .len = 60},
	};

	event.packet.ip_id = (uint16_t)(event.cookie ? ++cookie : 0);
	join_event(join, &event);
	world->queue[world->n].packet = event.packet;
	world->queue[world->n].real_ns = world->now_ns + world->ahead_ns;
	world->queue[world->n++].cookie = event.cookie;
}

static void read_all(struct world *world, struct join *join)
{
	uint64_t start_ns = world->now_ns;

	/* the clock may be set between the reading and the look */
	if (random() % 8 == 0) {
		world->ahead_ns = AHEAD + (uint64_t)random() % (2 * DAY);
		world->was_set = true;
	}
	world->now_ns += MS;
	look(world);
	for (size_t i = 0; i < world->n; i++) {
		struct join_place place = {
			.ifindex = 2,
			.seen = wallclock_when(&world->clock, world->queue[i].real_ns,
					       world->empty_ns, world->now_ns),
		};
		struct sf_event event;

		assert_int_equal(join_packet(join, &place, &world->queue[i].packet, &event),
				 JOIN_FOUND);
		assert_int_equal(event.cookie, world->queue[i].cookie);
	}
	world->n = 0;
	world->empty_ns = start_ns;
}

static void test_no_owner_is_lost(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 50; round++) {
		struct world world = {.now_ns = UP, .ahead_ns = AHEAD};
		struct join *join = join_new();

		assert_non_null(join);
		wallclock_init(&world.clock, UP, AHEAD);
		for (int i = 0; i < 2000; i++) {
			long what = random() % 100;

			world.now_ns += (uint64_t)random() % (200 * MS);
			if (what < 60 && world.n < ARRAY_SIZE(world.queue)) {
				arrive(&world, join);
			} else if (what < 80) {
				read_all(&world, join);
			} else if (what < 90) {
				look(&world);
			} else {
				world.ahead_ns = AHEAD + (uint64_t)random() % (2 * DAY) - DAY;
				world.was_set = true;
			}
		}
		join_free(join);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_set), cmocka_unit_test(test_one_step),
		cmocka_unit_test(test_unseen),	  cmocka_unit_test(test_shown_twice),
		cmocka_unit_test(test_many),	  cmocka_unit_test(test_no_owner_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
