// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The twin of bpf/parse.h: the same steps, the same bounds, the same marks,
 * so that a packet read from a socket can be compared with what the kernel
 * said of it.
 *
 * These bytes are hostile: every length may lie, every header may be cut.
 * All reads go through at(), which knows how many bytes are at hand.
 */
#include "decode.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#define NO_END UINT32_MAX

#define V4_HEADER 20
#define V6_HEADER 40

/* Where we are in the frame. */
struct cursor {
	const struct decode_frame *frame;
	uint32_t offset; /* of the IP header in the frame */
	uint32_t end; /* length that the IP header claims, NO_END if none */
	uint32_t l4; /* offset of the transport header in the packet */
};

/* len bytes at offset of the frame, NULL when they are not all there. */
static const uint8_t *at(const struct decode_frame *frame, uint32_t offset, uint32_t len)
{
	if (offset > frame->captured || len > frame->captured - offset)
		return NULL;
	return frame->bytes + offset;
}

static const uint8_t *at_l3(const struct cursor *cursor, uint32_t offset, uint32_t len)
{
	return at(cursor->frame, cursor->offset + offset, len);
}

static uint16_t read_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint8_t version_of(uint16_t ethertype)
{
	if (ethertype == ETH_P_IP)
		return 4;
	return ethertype == ETH_P_IPV6 ? 6 : 0;
}

static uint8_t version_at(const struct decode_frame *frame, uint32_t offset)
{
	const uint8_t *first = at(frame, offset, 1);

	return first ? *first >> 4 : 0;
}

/* Follows the link header and its VLAN tags to an IP header. */
static uint8_t find_behind_link(struct cursor *cursor)
{
	uint32_t offset = 2 * ETH_ALEN;
	uint16_t ethertype = 0;

	for (int i = 0; i <= SF_VLAN_TAGS_MAX; i++) {
		const uint8_t *bytes = at(cursor->frame, offset, 2);

		if (!bytes)
			return 0;
		ethertype = read_be16(bytes);
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

static uint8_t find_ip(struct cursor *cursor)
{
	uint8_t version = version_of(cursor->frame->protocol);

	cursor->offset = cursor->frame->net;
	if (version && version_at(cursor->frame, cursor->offset) == version)
		return version;
	return find_behind_link(cursor);
}

static void addr_from_v4(uint8_t *addr, const uint8_t *v4)
{
	memset(addr, 0, 10);
	memset(addr + 10, 0xff, 2);
	memcpy(addr + 12, v4, 4);
}

static bool decode_v4(struct cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *ip = at_l3(cursor, 0, V4_HEADER);
	uint16_t fragment;

	if (!ip)
		return false;
	addr_from_v4(packet->src, ip + 12);
	addr_from_v4(packet->dst, ip + 16);
	packet->ip_version = 4;
	packet->proto = ip[9];
	memcpy(&packet->ip_id, ip + 4, 2);
	cursor->l4 = (ip[0] & 0xfU) * 4;
	cursor->end = read_be16(ip + 2);
	fragment = read_be16(ip + 6);
	if (fragment & 0x3fff)
		packet->flags |= SF_PACKET_FRAGMENT;
	if (fragment & 0x1fff)
		packet->flags |= SF_PACKET_LATER_FRAGMENT;
	if (!cursor->end && cursor->frame->len > 0xffff)
		cursor->end = NO_END;
	if (cursor->l4 < V4_HEADER || cursor->end < cursor->l4)
		packet->flags |= SF_PACKET_MALFORMED;
	return true;
}

static bool decode_v6(struct cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *ip = at_l3(cursor, 0, V6_HEADER);
	uint16_t payload;

	if (!ip)
		return false;
	memcpy(packet->src, ip + 8, 16);
	memcpy(packet->dst, ip + 24, 16);
	packet->ip_version = 6;
	packet->proto = ip[6];
	payload = read_be16(ip + 4);
	cursor->l4 = V6_HEADER;
	cursor->end = V6_HEADER + payload;
	if (!payload && cursor->frame->len > 0xffff)
		cursor->end = NO_END;
	return true;
}

/* len bytes at the transport offset, if header and frame both have them; else marks. */
static const uint8_t *claim(const struct cursor *cursor, uint32_t offset, uint32_t len,
			    struct sf_packet *packet)
{
	const uint8_t *bytes = NULL;

	if (cursor->l4 + offset + len <= cursor->end)
		bytes = at_l3(cursor, cursor->l4 + offset, len);
	if (!bytes)
		packet->flags |= SF_PACKET_TRUNCATED;
	return bytes;
}

static bool step_extension(struct cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *header = claim(cursor, 0, 4, packet);
	uint32_t len;

	if (!header)
		return false;
	len = (header[1] + 1U) * 8;
	if (packet->proto == SF_EXT_AUTH)
		len = (header[1] + 2U) * 4;
	if (packet->proto == SF_EXT_FRAGMENT) {
		len = 8;
		if (read_be16(header + 2) & 0xfff9)
			packet->flags |= SF_PACKET_FRAGMENT;
		if (read_be16(header + 2) & 0xfff8)
			packet->flags |= SF_PACKET_LATER_FRAGMENT;
	}
	packet->proto = header[0];
	cursor->l4 += len;
	return !(packet->flags & SF_PACKET_LATER_FRAGMENT);
}

static bool skip_extensions(struct cursor *cursor, struct sf_packet *packet)
{
	for (int i = 0; i < SF_EXT_HEADERS_MAX && sf_is_extension(packet->proto); i++) {
		if (!step_extension(cursor, packet))
			return false;
		if (cursor->l4 > V6_HEADER + SF_EXT_BYTES_MAX) {
			packet->flags |= SF_PACKET_EXT_BOUND;
			return false;
		}
	}
	if (!sf_is_extension(packet->proto))
		return true;
	packet->flags |= SF_PACKET_EXT_BOUND;
	return false;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

static void decode_tcp(const struct cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *tcp = claim(cursor, 4, 10, packet);

	if (!tcp)
		return;
	memcpy(&packet->tcp_seq, tcp, 4);
	memcpy(&packet->tcp_ack, tcp + 4, 4);
	packet->tcp_flags = tcp[9];
	if (tcp[8] >> 4 < 5)
		packet->flags |= SF_PACKET_MALFORMED;
}

static bool is_echo(const struct sf_packet *packet)
{
	if (packet->proto == IPPROTO_ICMP)
		return packet->icmp_type == 8 || packet->icmp_type == 0;
	return packet->icmp_type == 128 || packet->icmp_type == 129;
}

static void decode_icmp(const struct cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *icmp = claim(cursor, 0, 6, packet);

	if (!icmp)
		return;
	packet->icmp_type = icmp[0];
	if (!is_echo(packet))
		return;
	memcpy(&packet->sport, icmp + 4, 2);
	packet->dport = packet->sport;
}

static void check_end(const struct cursor *cursor, struct sf_packet *packet)
{
	if (cursor->end == NO_END)
		return;
	if ((uint64_t)cursor->offset + cursor->end > cursor->frame->len)
		packet->flags |= SF_PACKET_TRUNCATED;
}

static void decode_transport(struct cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *ports;

	if (packet->flags & SF_PACKET_MALFORMED)
		return;
	check_end(cursor, packet);
	if (packet->ip_version == 6 && !skip_extensions(cursor, packet))
		return;
	if (packet->flags & SF_PACKET_LATER_FRAGMENT)
		return;
	if (packet->proto == (packet->ip_version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		decode_icmp(cursor, packet);
		return;
	}
	if (!has_ports(packet->proto))
		return;
	ports = claim(cursor, 0, 4, packet);
	if (!ports)
		return;
	memcpy(&packet->sport, ports, 2);
	memcpy(&packet->dport, ports + 2, 2);
	packet->flags |= SF_PACKET_PORTS;
	if (packet->proto == IPPROTO_TCP)
		decode_tcp(cursor, packet);
}

bool decode_frame(const struct decode_frame *frame, struct sf_packet *ret)
{
	struct cursor cursor = {.frame = frame};
	struct sf_packet packet = {.len = frame->len};
	uint8_t version = find_ip(&cursor);

	if (version != 4 && version != 6)
		return false;
	if (version == 4 ? !decode_v4(&cursor, &packet) : !decode_v6(&cursor, &packet))
		return false;
	decode_transport(&cursor, &packet);
	*ret = packet;
	return true;
}
