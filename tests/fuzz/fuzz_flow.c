// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fuzzes what is remembered of flows and of verdicts that wait. Input: steps
 * of four bytes - what to do, which flow, which owner, how much later. Few
 * flows and owners, so that they meet.
 *
 * Held: what was just told is no news; a packet gets the owner of a verdict
 * on that very packet, or none.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "flow.h"
#include "join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FLOWS 16
#define OWNERS 4

static struct sf_event event_of(uint8_t flow, uint8_t owner, uint64_t ts_ns)
{
	return (struct sf_event){
		.type = SF_EVENT_VERDICT,
		.generation = owner >> 7,
		.ifindex = 1 + flow % 2,
		.ts_ns = ts_ns,
		.endpoints.bits = 1ULL << flow % 3,
		.cookie = owner % OWNERS,
		.uid = owner % OWNERS,
		.verdict = owner & 0x40 ? SF_REJECT : SF_DELIVER,
		.direction = flow & 0x80 ? SF_FROM : SF_TO,
		.owner_kind = SF_OWNER_USER,
		.packet = {.src = {[15] = flow % FLOWS}, .proto = 6, .len = 60},
	};
}

static void step(struct flow_table *flows, struct join *join, const struct sf_event *event,
		 uint8_t what)
{
	/* now, or some time before, if the clock was set */
	struct join_place place = {
		.ifindex = event->ifindex,
		.seen = {event->ts_ns - (what >> 4) * (JOIN_APART_NS / 16), event->ts_ns},
	};
	struct sf_event found;

	switch (what % 3) {
	case 0:
		flow_is_news(flows, event);
		assert(!flow_is_news(flows, event));
		return;
	case 1:
		join_event(join, event);
		return;
	case 2:
		if (join_packet(join, &place, &event->packet, &found) != JOIN_FOUND)
			return;
		assert(found.packet.src[15] == event->packet.src[15]);
		assert(found.ifindex == event->ifindex);
		assert(found.ts_ns + JOIN_APART_NS >= place.seen.from_ns);
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flow_table *flows = flow_table_new();
	struct join *join = join_new();
	uint64_t ts_ns = JOIN_APART_NS;

	for (size_t i = 0; flows && join && i + 4 <= size; i += 4) {
		struct sf_event event;

		ts_ns += data[i + 3] * (JOIN_APART_NS / 16);
		event = event_of(data[i + 1], data[i + 2], ts_ns);
		step(flows, join, &event, data[i]);
	}
	join_free(join);
	flow_table_free(flows);
	return 0;
}
