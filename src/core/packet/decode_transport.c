// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The twin of bpf/transport.h: what follows the IP header. Whoever sent the
 * packet chose each length and each next header in it, and whoever sent an
 * ICMP error the packet that it quotes; claim() believes neither header nor
 * frame alone.
 */
#include <netinet/in.h>

#include "decode_cursor.h"

#define ICMP_HEADER 8

/* A chain of headers while it is followed. */
struct chain {
	uint32_t at; /* where the header in turn stands, from the IP header */
	uint32_t limit; /* farther than this it is not followed */
	uint8_t fragment_id[4];
	uint16_t flags; /* enum sf_packet_flag, found on the way */
	uint8_t proto; /* of the header in turn */
};

/* len bytes from there on, if the IP header's claim and the frame both have them; else NULL. */
static const uint8_t *claim(const struct decode_cursor *cursor, uint32_t at, uint32_t len)
{
	return at + len <= cursor->end ? decode_at_l3(cursor, at, len) : NULL;
}

static void read_fragment(const struct decode_cursor *cursor, const uint8_t *header,
			  struct chain *chain)
{
	const uint8_t *id = claim(cursor, chain->at + 4, 4);

	if (decode_be16(header + 2) & 0xfff9)
		chain->flags |= SF_PACKET_FRAGMENT;
	if (decode_be16(header + 2) & 0xfff8)
		chain->flags |= SF_PACKET_LATER_FRAGMENT;
	if (id)
		memcpy(chain->fragment_id, id, sizeof(chain->fragment_id));
	else
		chain->flags |= SF_PACKET_TRUNCATED;
}

static bool step_extension(const struct decode_cursor *cursor, struct chain *chain)
{
	const uint8_t *header = claim(cursor, chain->at, 4);
	uint32_t len;

	if (!header) {
		chain->flags |= SF_PACKET_TRUNCATED;
		return false;
	}
	len = (header[1] + 1U) * 8;
	if (chain->proto == SF_EXT_AUTH)
		len = (header[1] + 2U) * 4;
	if (chain->proto == SF_EXT_FRAGMENT) {
		len = 8;
		read_fragment(cursor, header, chain);
	}
	chain->proto = header[0];
	chain->at += len;
	return !(chain->flags & SF_PACKET_UNREAD);
}

static bool skip_extensions(const struct decode_cursor *cursor, struct chain *chain)
{
	for (int i = 0; i < SF_EXT_HEADERS_MAX && sf_is_extension(chain->proto); i++) {
		if (!step_extension(cursor, chain))
			return false;
		if (chain->at > chain->limit) {
			chain->flags |= SF_PACKET_EXT_BOUND;
			return false;
		}
	}
	if (!sf_is_extension(chain->proto))
		return true;
	chain->flags |= SF_PACKET_EXT_BOUND;
	return false;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

static void decode_tcp(const struct decode_cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *tcp = claim(cursor, cursor->l4 + 4, 10);

	if (!tcp) {
		packet->flags |= SF_PACKET_TRUNCATED;
		return;
	}
	memcpy(&packet->tcp_seq, tcp, 4);
	memcpy(&packet->tcp_ack, tcp + 4, 4);
	packet->tcp_flags = tcp[9];
	if (tcp[8] >> 4 < 5)
		packet->flags |= SF_PACKET_MALFORMED;
}

static bool is_echo(uint8_t proto, uint8_t icmp_type)
{
	if (proto == IPPROTO_ICMP)
		return icmp_type == 8 || icmp_type == 0;
	return icmp_type == 128 || icmp_type == 129;
}

static bool is_icmp_error(uint8_t proto, uint8_t icmp_type)
{
	if (proto == IPPROTO_ICMP)
		return icmp_type == 3 || icmp_type == 4 || icmp_type == 5 || icmp_type == 11 ||
		       icmp_type == 12;
	return icmp_type && icmp_type < 128;
}

static bool quote_v4(const struct decode_cursor *cursor, struct chain *chain,
		     struct sf_quote *quote)
{
	const uint8_t *ip = claim(cursor, chain->at, DECODE_V4_HEADER);

	if (!ip || ip[0] >> 4 != 4 || (ip[0] & 0xf) < 5)
		return false;
	decode_v4_addr(quote->src, ip + 12);
	decode_v4_addr(quote->dst, ip + 16);
	chain->proto = ip[9];
	chain->at += (ip[0] & 0xfU) * 4;
	if (decode_be16(ip + 6) & 0x1fff)
		chain->flags |= SF_PACKET_LATER_FRAGMENT;
	return true;
}

static bool quote_v6(const struct decode_cursor *cursor, struct chain *chain,
		     struct sf_quote *quote)
{
	const uint8_t *ip = claim(cursor, chain->at, DECODE_V6_HEADER);

	if (!ip || ip[0] >> 4 != 6)
		return false;
	memcpy(quote->src, ip + 8, sizeof(quote->src));
	memcpy(quote->dst, ip + 24, sizeof(quote->dst));
	chain->proto = ip[6];
	chain->at += DECODE_V6_HEADER;
	chain->limit = chain->at + SF_EXT_BYTES_MAX;
	skip_extensions(cursor, chain);
	return true;
}

static void quote_ports(const struct decode_cursor *cursor, struct chain *chain,
			struct sf_quote *quote)
{
	bool are_ports = has_ports(quote->proto);
	const uint8_t *bytes;

	if (!are_ports && quote->proto != IPPROTO_ICMP && quote->proto != IPPROTO_ICMPV6)
		return;
	bytes = claim(cursor, chain->at, are_ports ? 4 : 6);
	if (!bytes) {
		chain->flags |= SF_PACKET_TRUNCATED;
	} else if (are_ports) {
		memcpy(&quote->sport, bytes, 2);
		memcpy(&quote->dport, bytes + 2, 2);
		chain->flags |= SF_PACKET_PORTS;
	} else if (is_echo(quote->proto, bytes[0])) {
		memcpy(&quote->sport, bytes + 4, 2);
		quote->dport = quote->sport;
	}
}

static void decode_quote(const struct decode_cursor *cursor, struct sf_packet *packet)
{
	struct chain chain = {.at = cursor->l4 + ICMP_HEADER};
	struct sf_quote quote = {};

	if (packet->ip_version == 4 ? !quote_v4(cursor, &chain, &quote)
				    : !quote_v6(cursor, &chain, &quote)) {
		packet->flags |= SF_PACKET_TRUNCATED;
		return;
	}
	quote.proto = chain.proto;
	if (!(chain.flags & SF_PACKET_UNREAD))
		quote_ports(cursor, &chain, &quote);
	quote.flags = chain.flags & (SF_PACKET_PORTS | SF_PACKET_UNREAD);
	packet->quote = quote;
	packet->flags |= SF_PACKET_QUOTE;
}

static void decode_icmp(const struct decode_cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *icmp = claim(cursor, cursor->l4, 6);

	if (!icmp) {
		packet->flags |= SF_PACKET_TRUNCATED;
		return;
	}
	packet->icmp_type = icmp[0];
	packet->icmp_code = icmp[1];
	if (is_icmp_error(packet->proto, packet->icmp_type)) {
		decode_quote(cursor, packet);
		return;
	}
	if (!is_echo(packet->proto, packet->icmp_type))
		return;
	memcpy(&packet->sport, icmp + 4, 2);
	packet->dport = packet->sport;
}

void decode_behind_chain(const struct decode_cursor *cursor, struct sf_packet *packet)
{
	const uint8_t *ports;

	if (packet->proto == (packet->ip_version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		decode_icmp(cursor, packet);
		return;
	}
	if (!has_ports(packet->proto))
		return;
	ports = claim(cursor, cursor->l4, 4);
	if (!ports) {
		packet->flags |= SF_PACKET_TRUNCATED;
		return;
	}
	memcpy(&packet->sport, ports, 2);
	memcpy(&packet->dport, ports + 2, 2);
	packet->flags |= SF_PACKET_PORTS;
	if (packet->proto == IPPROTO_TCP)
		decode_tcp(cursor, packet);
}

void decode_transport(struct decode_cursor *cursor, struct sf_packet *packet)
{
	struct chain chain = {
		.at = cursor->l4,
		.limit = DECODE_V6_HEADER + SF_EXT_BYTES_MAX,
		.proto = packet->proto,
	};
	bool is_reached = true;

	if (packet->ip_version == 6) {
		is_reached = skip_extensions(cursor, &chain);
		memcpy(&packet->ip_id, chain.fragment_id, sizeof(packet->ip_id));
	}
	packet->proto = chain.proto;
	packet->flags |= chain.flags;
	cursor->l4 = chain.at;
	if (is_reached && !(packet->flags & SF_PACKET_LATER_FRAGMENT))
		decode_behind_chain(cursor, packet);
}
