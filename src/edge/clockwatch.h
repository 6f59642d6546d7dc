/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Notices whenever the clock on the wall is set, however briefly. */
#pragma once

#include "wallclock.h"

struct clockwatch;

/* NULL with errno on failure. */
struct clockwatch *clockwatch_new(void);

/* Has it been set since the last look? Cheap enough for each batch of packets. */
void clockwatch_look(struct clockwatch *watch);

/* What is known of it as of the last look; valid as long as watch. */
const struct wallclock *clockwatch_wall(const struct clockwatch *watch);

/* NULL is fine. */
void clockwatch_free(struct clockwatch *watch);
