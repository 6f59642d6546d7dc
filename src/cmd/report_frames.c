// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames as they are read, and their wait for the verdict that the kernel wrote of each. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "clockwatch.h"
#include "exchange_packet.h"
#include "join.h"
#include "report.h"

/* A verdict is written before its packet is queued; a busy record may hold it back this long. */
#define WAIT_NS (100 * 1000000ULL)

/* False: its verdict is not there yet. */
static bool join_and_report(struct report *report, struct report_pending *from)
{
	struct sf_event event;

	from->place.seen = wallclock_when(clockwatch_wall(report->clock), from->ts_ns,
					  from->read.from_ns, from->read.to_ns);
	switch (join_packet(report->join, &from->place, &from->packet, &event)) {
	case JOIN_FOUND:
		report_packet(report, from, &event);
		return true;
	case JOIN_AMBIGUOUS:
		report_packet(report, from, NULL);
		return true;
	case JOIN_MISSING:
		return false;
	}
	return false;
}

/* Without room it waits without its bytes; what is missing of a request is told there. */
static void wait_for_verdict(struct report *report, struct report_pending *from)
{
	size_t len = from->payload.captured;

	if (report->n_pending == REPORT_PENDING_MAX)
		report_settle(report, true);
	if (len && report->pending_bytes + len <= REPORT_PENDING_BYTES_MAX)
		from->copy = malloc(len);
	if (from->copy) {
		memcpy(from->copy, from->payload.bytes, len);
		report->pending_bytes += len;
	} else {
		from->payload.captured = 0;
	}
	from->payload.bytes = from->copy;
	report->pending[report->n_pending++] = *from;
}

static void let_go(struct report *report, const struct report_pending *from)
{
	if (!from->copy)
		return;
	report->pending_bytes -= from->payload.captured;
	explicit_bzero(from->copy, from->payload.captured);
	free(from->copy);
}

void report_frame(struct report *report, const struct capture_frame *frame, uint64_t empty_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct report_pending from = {
		.place =
			{
				.is_inet = frame->kind != CAPTURE_PACKET,
				.ifindex = frame->ifindex,
			},
		.ts_ns = frame->ts_ns,
		.read = {empty_ns, now_ns},
		.until_ns = now_ns + WAIT_NS,
	};

	/* the tap delivers only what it could read, and its twin reads the same */
	if (!capture_decode(frame, &from.packet))
		from.packet.len = frame->frame.len;
	else if (exchange_wants(&from.packet))
		capture_payload(frame, &from.payload);
	if (!join_and_report(report, &from))
		wait_for_verdict(report, &from);
}

void report_settle(struct report *report, bool give_up)
{
	uint64_t now_ns = clock_monotonic_ns();
	size_t n_left = 0;

	for (size_t i = 0; i < report->n_pending; i++) {
		struct report_pending *from = &report->pending[i];
		bool is_told = join_and_report(report, from);

		if (!is_told && (give_up || now_ns >= from->until_ns)) {
			report_packet(report, from, NULL);
			is_told = true;
		}
		if (is_told)
			let_go(report, from);
		else
			report->pending[n_left++] = *from;
	}
	report->n_pending = n_left;
}

void report_drop_frames(struct report *report)
{
	for (size_t i = 0; i < report->n_pending; i++)
		let_go(report, &report->pending[i]);
	report->n_pending = 0;
}
