/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What decode.c (to the IP header), decode_transport.c (behind it) and decode_payload.c share: reads that stay within the frame. */
#pragma once

#include <string.h>

#include "decode.h"

#define DECODE_NO_END UINT32_MAX
#define DECODE_V4_HEADER 20
#define DECODE_V6_HEADER 40

/* Where we are in the frame; offsets behind the IP header count from it. */
struct decode_cursor {
	const struct decode_frame *frame;
	uint32_t offset; /* of the IP header in the frame */
	uint32_t end; /* length that the IP header claims, DECODE_NO_END if none */
	uint32_t l4; /* where the next header stands */
};

static inline uint16_t decode_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* len bytes at offset of the frame, NULL when they are not all there. */
static inline const uint8_t *decode_at(const struct decode_frame *frame, uint32_t offset,
				       uint32_t len)
{
	if (offset > frame->captured || len > frame->captured - offset)
		return NULL;
	return frame->bytes + offset;
}

static inline const uint8_t *decode_at_l3(const struct decode_cursor *cursor, uint32_t offset,
					  uint32_t len)
{
	return decode_at(cursor->frame, cursor->offset + offset, len);
}

static inline void decode_v4_addr(uint8_t *addr, const uint8_t *v4)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	memcpy(addr, mapped, sizeof(mapped));
	memcpy(addr + sizeof(mapped), v4, 4);
}

/* Extension headers, ports and what follows: packet has its addresses. */
void decode_transport(struct decode_cursor *cursor, struct sf_packet *packet);

/* What stands behind the ports, of a packet that was decoded up to there. */
bool decode_behind_ports(const struct decode_cursor *cursor, const struct sf_packet *packet,
			 struct decode_payload *ret);

/* The same from cursor->l4 on, which is the transport header, of packet->proto. */
void decode_behind_chain(const struct decode_cursor *cursor, struct sf_packet *packet);
