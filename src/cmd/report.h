/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From what the kernel said to what people read: verdicts and packets are
 * joined, become records, and go to the output in the chosen form.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "capture.h"
#include "config.h"
#include "join.h"
#include "options.h"
#include "out.h"
#include "owners.h"
#include "policies.h"
#include "record.h"
#include "requests.h"
#include "text.h"
#include "wallclock.h"

struct clockwatch;
struct flow_table;

/* Packets that wait for a verdict on its way, and bytes that they carry. */
#define REPORT_PENDING_MAX 1024
#define REPORT_PENDING_BYTES_MAX (16 << 20)

struct report_pending {
	struct sf_packet packet;
	struct decode_payload payload; /* where a request is looked for; else of no bytes */
	uint8_t *copy; /* of the payload, once it waits; wiped when it goes */
	struct join_place place; /* but for the time */
	uint64_t ts_ns; /* CLOCK_REALTIME, when it was seen there */
	struct wallclock_span read; /* it was queued in this span of CLOCK_MONOTONIC */
	uint64_t until_ns; /* CLOCK_MONOTONIC */
};

struct report {
	const struct options *options;
	struct policies policies;
	struct clockwatch *clock;
	struct join *join;
	struct flow_table *flows;
	struct owners owners;
	struct requests requests;
	struct out out;
	struct buffer line;
	struct text_style style;
	enum record_type headed; /* the titles that were written last are of these */
	uint64_t seq;
	char host[65];
	char boot_id[40];
	struct record_counts counts; /* but for the kernel's */
	struct report_pending pending[REPORT_PENDING_MAX];
	size_t n_pending;
	size_t pending_bytes;
};

/* 0 or -errno. options outlives the report. */
int report_init(struct report *report, const struct options *options);

/*
 * What is judged by this generation is told by config, which the report frees
 * once nothing can speak of it any more: some time after it was replaced.
 */
void report_use(struct report *report, uint32_t generation, struct config *config);

/* What the parts of it share. */
void report_emit(struct report *report, struct record *record);
/* event NULL: the packet's verdict was lost, or is another's as likely. */
void report_packet(struct report *report, const struct report_pending *from,
		   const struct sf_event *event);
void report_drop_frames(struct report *report);
void report_count_owner(struct report *report, const struct record_owner *owner);
void report_name_endpoints(const struct config *config, struct sf_mask endpoints,
			   struct record_traffic *traffic);

/* Looks whether the clock was set: between the reading of packets or verdicts and their report. */
void report_look_at_clock(struct report *report);

/* An event from the ring, of whatever type. */
void report_event(struct report *report, const void *event);

/* A connection that was open before (a backfill_fn; arg is the report). */
void report_open(void *arg, const struct sf_open_socket *found);

/*
 * A packet from a socket that had been empty at empty_ns (CLOCK_MONOTONIC); the
 * ring was drained after it was read.
 */
void report_frame(struct report *report, const struct capture_frame *frame, uint64_t empty_ns);

/* Joins waiting packets; those whose time has run out go without an owner. */
void report_settle(struct report *report, bool give_up);

/* Requests that are due are told: some times a second. */
void report_tick(struct report *report);

/* And all that are left. */
void report_flush(struct report *report);

/* A record of the other kinds; record's type and status are set. */
void report_status(struct report *report, struct record *record);

/* COUNT requests were reported; or packets, where these are. */
bool report_is_complete(const struct report *report);

void report_done(struct report *report);
