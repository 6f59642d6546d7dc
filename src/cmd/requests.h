/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What packets were for: they go to the exchange, and requests come back as records. */
#pragma once

#include <stdint.h>

#include "exchange_packet.h"
#include "record.h"
#include "tally.h"

struct report;

struct requests {
	struct report *report;
	struct exchange *exchange;
	struct tally tally;
	enum metadata_cloud dmi;
};

/* 0 or -ENOMEM. report outlives it. */
int requests_init(struct requests *requests, struct report *report);

/*
 * A packet of the endpoints that its asker names. direction is that of its
 * verdict, SF_DIRECTION_NONE if that was lost.
 */
void requests_take(struct requests *requests, struct exchange_packet *packet);

void requests_tick(struct requests *requests);
void requests_flush(struct requests *requests);

/* Adds what was counted of requests. */
void requests_count(const struct requests *requests, struct record_counts *ret);

/* An all-zero struct is fine. */
void requests_done(struct requests *requests);
