// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The twin of bpf/parse.h: the same steps, the same bounds, the same marks,
 * so that a packet read from a socket can be compared with what the kernel
 * said of it.
 *
 * These bytes are hostile: every length may lie, every header may be cut.
 * All reads go through decode_at(), which knows how many bytes are at hand.
 */
#include "decode.h"

#include <linux/if_ether.h>
#include <string.h>

#include "decode_cursor.h"

static uint8_t version_of(uint16_t ethertype)
{
	if (ethertype == ETH_P_IP)
		return 4;
	return ethertype == ETH_P_IPV6 ? 6 : 0;
}

static uint8_t version_at(const struct decode_frame *frame, uint32_t offset)
{
	const uint8_t *first = decode_at(frame, offset, 1);

	return first ? *first >> 4 : 0;
}

/* Follows the link header and its VLAN tags to an IP header. */
static uint8_t find_behind_link(struct decode_cursor *cursor)
{
	uint32_t offset = 2 * ETH_ALEN;
	uint16_t ethertype = 0;

	for (int i = 0; i <= SF_VLAN_TAGS_MAX; i++) {
		const uint8_t *bytes = decode_at(cursor->frame, offset, 2);

		if (!bytes)
			return 0;
		ethertype = decode_be16(bytes);
		if (ethertype != ETH_P_8021Q && ethertype != ETH_P_8021AD)
			break;
		offset += 4;
	}
	cursor->offset = offset + 2;
	if (!version_of(ethertype) ||
	    version_at(cursor->frame, cursor->offset) != version_of(ethertype))
		return 0;
	return version_of(ethertype);
}

static uint8_t find_ip(struct decode_cursor *cursor)
{
	uint8_t version = version_of(cursor->frame->protocol);

	cursor->offset = cursor->frame->net;
	if (version && version_at(cursor->frame, cursor->offset) == version)
		return version;
	return find_behind_link(cursor);
}

static bool decode_v4(struct decode_cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *ip = decode_at_l3(cursor, 0, DECODE_V4_HEADER);
	uint16_t fragment;

	if (!ip)
		return false;
	decode_v4_addr(packet->src, ip + 12);
	decode_v4_addr(packet->dst, ip + 16);
	packet->ip_version = 4;
	packet->proto = ip[9];
	packet->hop_limit = ip[8];
	packet->traffic_class = ip[1];
	memcpy(&packet->ip_id, ip + 4, 2);
	cursor->l4 = (ip[0] & 0xfU) * 4;
	cursor->end = decode_be16(ip + 2);
	fragment = decode_be16(ip + 6);
	if (fragment & 0x3fff)
		packet->flags |= SF_PACKET_FRAGMENT;
	if (fragment & 0x1fff)
		packet->flags |= SF_PACKET_LATER_FRAGMENT;
	if (!cursor->end && cursor->frame->len > 0xffff)
		cursor->end = DECODE_NO_END;
	if (cursor->l4 < DECODE_V4_HEADER || cursor->end < cursor->l4)
		packet->flags |= SF_PACKET_MALFORMED;
	return true;
}

static bool decode_v6(struct decode_cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *ip = decode_at_l3(cursor, 0, DECODE_V6_HEADER);
	uint16_t payload;

	if (!ip)
		return false;
	memcpy(packet->src, ip + 8, 16);
	memcpy(packet->dst, ip + 24, 16);
	packet->ip_version = 6;
	packet->proto = ip[6];
	packet->hop_limit = ip[7];
	packet->traffic_class = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	payload = decode_be16(ip + 4);
	cursor->l4 = DECODE_V6_HEADER;
	cursor->end = DECODE_V6_HEADER + payload;
	if (!payload && cursor->frame->len > 0xffff)
		cursor->end = DECODE_NO_END;
	return true;
}

static void check_end(const struct decode_cursor *cursor, struct sf_packet *packet)
{
	if (cursor->end == DECODE_NO_END)
		return;
	if ((uint64_t)cursor->offset + cursor->end > cursor->frame->len)
		packet->flags |= SF_PACKET_TRUNCATED;
}

static bool walk_frame(struct decode_cursor *cursor, struct sf_packet *packet)
{
	uint8_t version = find_ip(cursor);

	packet->len = cursor->frame->len;
	if (version != 4 && version != 6)
		return false;
	if (version == 4 ? !decode_v4(cursor, packet) : !decode_v6(cursor, packet))
		return false;
	if (!(packet->flags & SF_PACKET_MALFORMED)) {
		check_end(cursor, packet);
		decode_transport(cursor, packet);
	}
	return true;
}

static void walk_raw_v6(struct decode_cursor *cursor, const struct decode_v6_header *header,
			struct sf_packet *packet)
{
	cursor->end = DECODE_NO_END;
	packet->len = cursor->frame->len;
	packet->ip_version = 6;
	packet->proto = header->proto;
	packet->hop_limit = header->hop_limit;
	packet->traffic_class = header->traffic_class;
	memcpy(packet->src, header->src, sizeof(packet->src));
	memcpy(packet->dst, header->dst, sizeof(packet->dst));
	decode_behind_chain(cursor, packet);
}

/* As if it stood behind a link header of no length. */
static struct decode_frame as_frame(const struct decode_frame *raw)
{
	struct decode_frame frame = *raw;

	frame.net = 0;
	frame.protocol = ETH_P_IP;
	return frame;
}

bool decode_frame(const struct decode_frame *frame, struct sf_packet *ret)
{
	struct decode_cursor cursor = {.frame = frame};
	struct sf_packet packet = {};

	if (!walk_frame(&cursor, &packet))
		return false;
	*ret = packet;
	return true;
}

bool decode_payload(const struct decode_frame *frame, struct decode_payload *ret)
{
	struct decode_cursor cursor = {.frame = frame};
	struct sf_packet packet = {};

	return walk_frame(&cursor, &packet) && decode_behind_ports(&cursor, &packet, ret);
}

bool decode_raw_v4(const struct decode_frame *frame, struct sf_packet *ret)
{
	struct decode_frame ip = as_frame(frame);

	return version_at(&ip, 0) == 4 && decode_frame(&ip, ret);
}

bool decode_raw_v4_payload(const struct decode_frame *frame, struct decode_payload *ret)
{
	struct decode_frame ip = as_frame(frame);

	return version_at(&ip, 0) == 4 && decode_payload(&ip, ret);
}

void decode_raw_v6(const struct decode_frame *frame, const struct decode_v6_header *header,
		   struct sf_packet *ret)
{
	struct decode_cursor cursor = {.frame = frame};
	struct sf_packet packet = {};

	walk_raw_v6(&cursor, header, &packet);
	*ret = packet;
}

bool decode_raw_v6_payload(const struct decode_frame *frame, const struct decode_v6_header *header,
			   struct decode_payload *ret)
{
	struct decode_cursor cursor = {.frame = frame};
	struct sf_packet packet = {};

	walk_raw_v6(&cursor, header, &packet);
	return decode_behind_ports(&cursor, &packet, ret);
}
