/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a packet that was read to what the exchange takes in. */
#pragma once

#include "decode.h"
#include "exchange.h"

/* A packet to or from an endpoint, and what is known of it. */
struct exchange_packet {
	const struct sf_packet *packet;
	struct decode_payload payload;
	enum sf_direction direction; /* SF_TO or SF_FROM */
	uint32_t ifindex;
	enum metadata_cloud cloud; /* what the configuration says of the endpoint */
	uint64_t ts_ns; /* by the clock of exchange_tick() */
	struct asker asker;
};

/* Does it carry what the exchange wants: TCP or UDP, with a header that can be read? */
bool exchange_wants(const struct sf_packet *packet);

/* Takes it in; packet is one that exchange_wants(). */
void exchange_take(struct exchange *exchange, const struct exchange_packet *packet);
