/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the watch says of itself: that it began, that it lives, what was lost, how it adds up. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "report.h"
#include "settings.h"
#include "tap.h"

struct tell {
	struct report *report;
	struct tap *tap;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	struct record_counts told; /* losses that were told already */
};

/* What is being watched, by which policy: RECORD_START, or RECORD_RELOAD that may have failed. */
void tell_policy(struct tell *tell, enum record_type type, const struct settings *settings,
		 bool failed);

/* The counts, and what tap_check last found: RECORD_ALIVE, RECORD_COUNTERS, RECORD_SUMMARY. */
void tell_counts(struct tell *tell, enum record_type type);

/* RECORD_LOSS, if something was lost since it was last told. */
void tell_loss(struct tell *tell);
