// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "exchange_packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

bool exchange_wants(const struct sf_packet *packet)
{
	return (packet->proto == IPPROTO_TCP || packet->proto == IPPROTO_UDP) &&
	       packet->flags & SF_PACKET_PORTS && !(packet->flags & SF_PACKET_MALFORMED);
}

static struct stream_key key_of(const struct exchange_packet *from)
{
	const struct sf_packet *packet = from->packet;
	bool is_to = from->direction == SF_TO;
	struct stream_key key = {
		.peer_port_be = is_to ? packet->sport : packet->dport,
		.endpoint_port_be = is_to ? packet->dport : packet->sport,
	};

	memcpy(key.peer, is_to ? packet->src : packet->dst, sizeof(key.peer));
	memcpy(key.endpoint, is_to ? packet->dst : packet->src, sizeof(key.endpoint));
	return key;
}

static void take_segment(struct exchange *exchange, const struct exchange_packet *from)
{
	const struct sf_packet *packet = from->packet;
	struct stream_segment segment = {
		.key = key_of(from),
		.dir = from->direction == SF_TO ? STREAM_TO : STREAM_FROM,
		.tcp_flags = packet->tcp_flags,
		.hop_limit = packet->hop_limit,
		.is_forwarded = from->asker.kind == SF_OWNER_FORWARDED,
		.ifindex = from->ifindex,
		.seq = ntohl(packet->tcp_seq),
		.ack = ntohl(packet->tcp_ack),
		.bytes = from->payload.bytes,
		.captured = from->payload.captured,
		.len = from->payload.len,
		.ts_ns = from->ts_ns,
		.hint = from->cloud,
		.asker = from->asker,
	};

	exchange_segment(exchange, &segment);
}

static void take_datagram(struct exchange *exchange, const struct exchange_packet *from)
{
	const struct sf_packet *packet = from->packet;
	struct exchange_datagram datagram = {
		.key = key_of(from),
		.dir = from->direction == SF_TO ? STREAM_TO : STREAM_FROM,
		.hop_limit = packet->hop_limit,
		.ifindex = from->ifindex,
		.hint = from->cloud,
		.bytes = from->payload.bytes,
		.captured = from->payload.captured,
		.len = from->payload.len,
		.ts_ns = from->ts_ns,
		.asker = from->asker,
	};

	if (packet->ip_version == 4)
		memcpy(&datagram.ip_id_be, &packet->ip_id, sizeof(datagram.ip_id_be));
	exchange_datagram(exchange, &datagram);
}

void exchange_take(struct exchange *exchange, const struct exchange_packet *packet)
{
	if (packet->packet->proto == IPPROTO_TCP)
		take_segment(exchange, packet);
	else
		take_datagram(exchange, packet);
}
