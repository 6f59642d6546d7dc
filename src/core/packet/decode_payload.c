// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a segment or datagram carries. Its length is what the headers say, all
 * of which may lie: about more than the frame has, then the rest was not
 * captured; about less, then what follows is padding, and nobody's.
 */
#include <netinet/in.h>

#include "decode_cursor.h"

#define TCP_HEADER 20
#define UDP_HEADER 8

/* Bytes from the transport header on, by the IP header. */
static uint32_t transport_len(const struct decode_cursor *cursor)
{
	if (cursor->end == DECODE_NO_END)
		return cursor->frame->len - cursor->offset - cursor->l4;
	return cursor->end - cursor->l4;
}

/* len becomes what the header says of it. Returns the header's length, 0 when it lies. */
static uint32_t header_len(uint8_t proto, const uint8_t *header, uint32_t *len)
{
	uint32_t bytes = UDP_HEADER, claimed;

	if (proto == IPPROTO_TCP) {
		bytes = (header[12] >> 4) * 4U;
		return bytes < TCP_HEADER || bytes > *len ? 0 : bytes;
	}
	claimed = decode_be16(header + 4);
	/* 0 is a jumbogram's */
	if (claimed && claimed < *len)
		*len = claimed;
	return claimed && claimed < UDP_HEADER ? 0 : bytes;
}

bool decode_behind_ports(const struct decode_cursor *cursor, const struct sf_packet *packet,
			 struct decode_payload *ret)
{
	const struct decode_frame *frame = cursor->frame;
	uint32_t least = packet->proto == IPPROTO_TCP ? TCP_HEADER : UDP_HEADER;
	uint32_t len, bytes, at;
	const uint8_t *header;

	if (!(packet->flags & SF_PACKET_PORTS) || packet->flags & SF_PACKET_MALFORMED ||
	    (packet->proto != IPPROTO_TCP && packet->proto != IPPROTO_UDP))
		return false;
	header = decode_at_l3(cursor, cursor->l4, least);
	len = transport_len(cursor);
	if (!header || len < least)
		return false;
	bytes = header_len(packet->proto, header, &len);
	if (!bytes)
		return false;
	at = cursor->offset + cursor->l4 + bytes;
	ret->len = len - bytes;
	ret->captured = at < frame->captured ? frame->captured - at : 0;
	if (ret->captured > ret->len)
		ret->captured = ret->len;
	ret->bytes = frame->bytes + (ret->captured ? at : 0);
	return true;
}
