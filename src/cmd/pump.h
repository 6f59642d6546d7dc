/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Moves frames and verdicts from the kernel to the report and on to the
 * output, and never waits for whoever reads that. When the reader is slow the
 * sockets are left alone; what then overflows is counted by the kernel, which
 * goes on at its own speed.
 */
#pragma once

#include <stdbool.h>

#include "loop.h"
#include "report.h"
#include "tap.h"

struct pump_source;

struct pump {
	struct loop *loop;
	struct report *report;
	struct tap *tap;
	struct capture_batch *batch;
	struct pump_source *sources;
	int output_error; /* the last -errno of the output, 0 without */
	bool is_paused; /* the output is full */
	bool is_over; /* enough was reported, or the reader has gone */
};

/* What the pump connects outlives it. 0 or -ENOMEM. */
int pump_init(struct pump *pump, struct loop *loop, struct report *report, struct tap *tap);

/* A ring_event_fn; arg is the pump. */
void pump_event(void *arg, const void *event);

/* Adds the ring, the sockets and the output to the loop. 0 or -errno. */
int pump_start(struct pump *pump);

/* Milliseconds after which pump_step is due again, -1: when something happens. */
int pump_timeout_ms(const struct pump *pump);

/* After each turn of the loop: joins, writes, and stops or goes on reading. */
void pump_step(struct pump *pump);

/* Reports all that is in the sockets and the ring now. */
void pump_drain(struct pump *pump);

/* Writes what is queued, waiting for the reader a moment at most. False if records are left. */
bool pump_finish(struct pump *pump);

/* An all-zero pump is fine. */
void pump_done(struct pump *pump);
