// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Frames from the wire through the decoder, as packet sockets and as raw IP
 * sockets hand them over. The input is six bytes that say what the kernel
 * would, in wire order, and then the frame:
 *	0  protocol, the kernel's idea of the ethertype
 *	2  where the network header starts
 *	4  bytes of the frame that were not captured, times 8
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"

#define HEAD 6
#define KNOWN_FLAGS                                                                        \
	(SF_PACKET_PORTS | SF_PACKET_FRAGMENT | SF_PACKET_LATER_FRAGMENT | SF_PACKET_ODD | \
	 SF_PACKET_QUOTE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint16_t read_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void check_quote(const struct sf_packet *packet)
{
	static const struct sf_quote none;

	if (!(packet->flags & SF_PACKET_QUOTE)) {
		assert(!memcmp(&packet->quote, &none, sizeof(none)));
		return;
	}
	assert(packet->proto == (packet->ip_version == 4 ? 1 : 58));
	assert(!(packet->quote.flags & ~(SF_PACKET_PORTS | SF_PACKET_UNREAD)));
	if (packet->quote.flags & SF_PACKET_PORTS)
		assert(!(packet->quote.flags & SF_PACKET_UNREAD));
}

static void check(const struct sf_packet *packet, const struct decode_frame *frame)
{
	assert(packet->ip_version == 4 || packet->ip_version == 6);
	assert(packet->len == frame->len);
	assert(!(packet->flags & ~KNOWN_FLAGS));
	/* a later fragment has no header to read ports from, and is a fragment */
	if (packet->flags & SF_PACKET_LATER_FRAGMENT)
		assert(packet->flags & SF_PACKET_FRAGMENT && !(packet->flags & SF_PACKET_PORTS));
	if (packet->flags & SF_PACKET_EXT_BOUND)
		assert(packet->ip_version == 6 && !(packet->flags & SF_PACKET_PORTS));
	if (packet->tcp_flags || packet->tcp_seq || packet->tcp_ack)
		assert(packet->flags & SF_PACKET_PORTS && packet->proto == 6);
	check_quote(packet);
}

static void check_payload(const struct decode_payload *payload, const struct decode_frame *frame)
{
	static volatile uint8_t sum;

	assert(payload->captured <= payload->len);
	if (!payload->captured)
		return;
	assert(payload->bytes >= frame->bytes);
	assert(payload->bytes + payload->captured <= frame->bytes + frame->captured);
	for (size_t i = 0; i < payload->captured; i++)
		sum = (uint8_t)(sum + payload->bytes[i]);
}

/* The bytes behind a header of which the socket tells by other means. */
static void decode_as_raw(const struct decode_frame *frame)
{
	struct decode_v6_header header = {.proto = (uint8_t)frame->protocol};
	struct decode_payload payload;
	struct sf_packet packet;

	if (decode_raw_v4(frame, &packet))
		check(&packet, frame);
	if (decode_raw_v4_payload(frame, &payload))
		check_payload(&payload, frame);
	decode_raw_v6(frame, &header, &packet);
	check(&packet, frame);
	if (decode_raw_v6_payload(frame, &header, &payload))
		check_payload(&payload, frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decode_frame frame = {};
	struct sf_packet packet, untouched;
	struct decode_payload payload;
	uint8_t *bytes;

	if (size < HEAD)
		return 0;
	/* of its own, so that reading beyond it is seen */
	bytes = malloc(size - HEAD ? size - HEAD : 1);
	if (!bytes)
		return 0;
	memcpy(bytes, data + HEAD, size - HEAD);
	frame.bytes = bytes;
	frame.captured = size - HEAD;
	frame.protocol = read_be16(data);
	frame.net = read_be16(data + 2);
	frame.len = (uint32_t)frame.captured + read_be16(data + 4) * 8U;
	memset(&packet, 0x5a, sizeof(packet));
	untouched = packet;
	if (decode_frame(&frame, &packet))
		check(&packet, &frame);
	else
		assert(!memcmp(&packet, &untouched, sizeof(packet)));
	if (decode_payload(&frame, &payload))
		check_payload(&payload, &frame);
	decode_as_raw(&frame);
	free(bytes);
	return 0;
}
