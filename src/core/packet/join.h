/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet from a socket meets the verdict that the kernel gave on it. They
 * come by two ways; what both parsers said of the packet ties them together,
 * so that an owner is never guessed from addresses alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "wallclock.h"

/*
 * Verdicts that may wait for their packet; beyond, the oldest is forgotten. As
 * many as the ring holds, for it is drained before the packets are read. The
 * fuzzers want few.
 */
#ifndef JOIN_WAITING_MAX
#define JOIN_WAITING_MAX 98304
#endif

/*
 * A verdict and its packet are stamped within microseconds; a verdict further
 * off is that of another packet, alike.
 */
#define JOIN_APART_NS 250000000ULL

struct join;

enum join_result {
	JOIN_FOUND,
	JOIN_MISSING, /* no such verdict: lost, or still on its way */
	JOIN_AMBIGUOUS, /* several, and they name different owners */
};

/* NULL when out of memory. */
struct join *join_new(void);

/* A delivered packet's verdict. */
void join_event(struct join *join, const struct sf_event *event);

/* Where and when a packet was seen, besides what it is. */
struct join_place {
	bool is_inet; /* by a raw IP socket */
	uint32_t ifindex; /* not looked at then: these tell of it by another rule */
	struct wallclock_span seen; /* at some time of it, CLOCK_MONOTONIC */
};

/* Takes the verdict on a packet; of several alike, the oldest. ret is filled for JOIN_FOUND only. */
enum join_result join_packet(struct join *join, const struct join_place *place,
			     const struct sf_packet *packet, struct sf_event *ret);

/* NULL is fine. */
void join_free(struct join *join);
