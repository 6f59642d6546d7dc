/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What follows the IP header of a packet whose address may be watched:
 * extension headers, ports, and the packet that an ICMP error quotes. Each
 * length here is a stranger's claim. What cannot be read is marked, and what
 * was read before it stands.
 */
#pragma once

#include "parse.h"

#define IPV6_HEADER_BYTES 40
#define ICMP_HEADER_BYTES 8

#define TCP_SYN 0x02
#define TCP_ACK 0x10

enum reading {
	READ_PLAIN, /* what an ICMP error quotes is left alone */
	READ_QUOTE,
	READ_RAW_IP, /* as READ_QUOTE, for a raw IP socket */
};

/* A chain of headers while it is followed. */
struct chain {
	__u32 at; /* where the header in turn stands, from the IP header */
	__u32 limit; /* farther than this it is not followed */
	__be32 fragment_id;
	__u16 flags; /* enum sf_packet_flag, found on the way */
	__u8 proto; /* of the header in turn */
	__u8 pad;
};

/* len bytes from here on, if the IP header's claim and the packet both have them. */
static __always_inline bool claim(struct __sk_buff *skb, const struct l3 *l3, __u32 at, void *to,
				  __u32 len)
{
	return at + len <= l3->end && load(skb, l3, at, to, len);
}

/* Steps over one extension header. False: the chain ends here, for the reason in its flags. */
static __always_inline bool step_extension(struct __sk_buff *skb, const struct l3 *l3,
					   struct chain *chain)
{
	__u8 header[4];
	__u16 fragment;
	__u32 len;

	if (!claim(skb, l3, chain->at, header, sizeof(header))) {
		chain->flags |= SF_PACKET_TRUNCATED;
		return false;
	}
	len = (header[1] + 1) * 8;
	if (chain->proto == SF_EXT_AUTH)
		len = (header[1] + 2) * 4;
	if (chain->proto == SF_EXT_FRAGMENT) {
		len = 8;
		fragment = header[2] << 8 | header[3];
		/* an atomic fragment, offset 0 and no more to come, is whole */
		if (fragment & 0xfff9)
			chain->flags |= SF_PACKET_FRAGMENT;
		if (fragment & 0xfff8)
			chain->flags |= SF_PACKET_LATER_FRAGMENT;
		if (!claim(skb, l3, chain->at + 4, &chain->fragment_id, 4))
			chain->flags |= SF_PACKET_TRUNCATED;
	}
	chain->proto = header[0];
	chain->at += len;
	return !(chain->flags & SF_PACKET_UNREAD);
}

/* To the transport header. False: it cannot be reached, for the reason in the chain's flags. */
static __noinline bool skip_extensions(struct __sk_buff *skb, const struct l3 *l3,
				       struct chain *chain)
{
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < SF_EXT_HEADERS_MAX; i++) {
		if (!sf_is_extension(chain->proto))
			return true;
		if (!step_extension(skb, l3, chain))
			return false;
		if (chain->at > chain->limit)
			break;
	}
	if (i == SF_EXT_HEADERS_MAX && !sf_is_extension(chain->proto))
		return true;
	chain->flags |= SF_PACKET_EXT_BOUND;
	return false;
}

static __always_inline bool has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

/* The rest of a TCP header, behind its ports. */
struct tcp_rest {
	__be32 seq;
	__be32 ack;
	__u8 offset;
	__u8 flags;
};

static __always_inline void parse_tcp(struct __sk_buff *skb, const struct l3 *l3, __u32 at,
				      struct sf_packet *packet)
{
	struct tcp_rest tcp;

	if (!claim(skb, l3, at + 4, &tcp, 10)) {
		packet->flags |= SF_PACKET_TRUNCATED;
		return;
	}
	packet->tcp_seq = tcp.seq;
	packet->tcp_ack = tcp.ack;
	packet->tcp_flags = tcp.flags;
	if (tcp.offset >> 4 < 5)
		packet->flags |= SF_PACKET_MALFORMED;
}

static __always_inline __u8 icmp_of(__u8 ip_version)
{
	return ip_version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static __always_inline bool is_echo(__u8 proto, __u8 icmp_type)
{
	if (proto == IPPROTO_ICMP)
		return icmp_type == 8 || icmp_type == 0;
	return icmp_type == 128 || icmp_type == 129;
}

/* Errors quote the packet that they are about (RFC 792; RFC 4443, section 2.1). */
static __always_inline bool is_icmp_error(__u8 proto, __u8 icmp_type)
{
	if (proto == IPPROTO_ICMP)
		return icmp_type == 3 || icmp_type == 4 || icmp_type == 5 || icmp_type == 11 ||
		       icmp_type == 12;
	return icmp_type && icmp_type < 128;
}

/* The IP header of a quoted packet. False: it is none, or not all there. */
static __always_inline bool quote_v4(struct __sk_buff *skb, const struct l3 *l3,
				     struct chain *chain, struct sf_quote *quote)
{
	struct iphdr ip;

	if (!claim(skb, l3, chain->at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return false;
	addr_from_v4(quote->src, &ip.saddr);
	addr_from_v4(quote->dst, &ip.daddr);
	chain->proto = ip.protocol;
	chain->at += ip.ihl * 4;
	if (bpf_ntohs(ip.frag_off) & IP_OFFSET_MASK)
		chain->flags |= SF_PACKET_LATER_FRAGMENT;
	return true;
}

static __always_inline bool quote_v6(struct __sk_buff *skb, const struct l3 *l3,
				     struct chain *chain, struct sf_quote *quote)
{
	struct ipv6hdr ip;

	if (!claim(skb, l3, chain->at, &ip, sizeof(ip)) || ip.version != 6)
		return false;
	__builtin_memcpy(quote->src, &ip.saddr, 16);
	__builtin_memcpy(quote->dst, &ip.daddr, 16);
	chain->proto = ip.nexthdr;
	chain->at += sizeof(ip);
	chain->limit = chain->at + SF_EXT_BYTES_MAX;
	skip_extensions(skb, l3, chain);
	return true;
}

/* The ports of a quoted packet, or the id of its echo. */
static __always_inline void quote_ports(struct __sk_buff *skb, const struct l3 *l3,
					struct chain *chain, struct sf_quote *quote)
{
	__u8 bytes[6];

	if (has_ports(quote->proto)) {
		if (!claim(skb, l3, chain->at, bytes, 4)) {
			chain->flags |= SF_PACKET_TRUNCATED;
			return;
		}
		__builtin_memcpy(&quote->sport, bytes, 2);
		__builtin_memcpy(&quote->dport, bytes + 2, 2);
		chain->flags |= SF_PACKET_PORTS;
	} else if (quote->proto == IPPROTO_ICMP || quote->proto == IPPROTO_ICMPV6) {
		if (!claim(skb, l3, chain->at, bytes, 6)) {
			chain->flags |= SF_PACKET_TRUNCATED;
			return;
		}
		if (!is_echo(quote->proto, bytes[0]))
			return;
		__builtin_memcpy(&quote->sport, bytes + 4, 2);
		quote->dport = quote->sport;
	}
}

/* at: where the quoted packet begins. */
static __noinline void parse_quote(struct __sk_buff *skb, const struct l3 *l3, __u32 at,
				   struct sf_packet *packet)
{
	struct chain chain = {.at = at};
	struct sf_quote quote = {};
	bool is_quote;

	if (packet->ip_version == 4)
		is_quote = quote_v4(skb, l3, &chain, &quote);
	else
		is_quote = quote_v6(skb, l3, &chain, &quote);
	if (!is_quote) {
		packet->flags |= SF_PACKET_TRUNCATED;
		return;
	}
	FORGET(chain);
	quote.proto = chain.proto;
	if (!(chain.flags & SF_PACKET_UNREAD))
		quote_ports(skb, l3, &chain, &quote);
	quote.flags = chain.flags & (SF_PACKET_PORTS | SF_PACKET_UNREAD);
	packet->quote = quote;
	packet->flags |= SF_PACKET_QUOTE;
}

/* The echo id takes both port fields, so that a reply's flow is the request's turned round. */
static __always_inline void parse_icmp(struct __sk_buff *skb, const struct l3 *l3, __u32 at,
				       enum reading reading, struct sf_packet *packet)
{
	__u8 icmp[6];

	if (!claim(skb, l3, at, icmp, sizeof(icmp))) {
		packet->flags |= SF_PACKET_TRUNCATED;
		return;
	}
	packet->icmp_type = icmp[0];
	packet->icmp_code = icmp[1];
	if (reading != READ_PLAIN && is_icmp_error(packet->proto, packet->icmp_type)) {
		parse_quote(skb, l3, at + ICMP_HEADER_BYTES, packet);
		return;
	}
	if (!is_echo(packet->proto, packet->icmp_type))
		return;
	__builtin_memcpy(&packet->sport, icmp + 4, 2);
	packet->dport = packet->sport;
}

/*
 * Follows the IP header's chain. False: the transport header cannot be
 * reached. A raw IPv6 socket is given the packet from its transport header on:
 * the kernel has gone the way already, through whatever chain.
 */
static __always_inline bool follow_chain(struct __sk_buff *skb, const struct l3 *l3,
					 enum reading reading, struct chain *chain,
					 struct sf_packet *packet)
{
	bool is_reached = true;

	if (packet->ip_version == 6 && reading == READ_RAW_IP) {
		chain->at = -core_header_offset(skb, false);
		chain->proto = core_protocol(skb);
	} else if (packet->ip_version == 6) {
		is_reached = skip_extensions(skb, l3, chain);
		packet->ip_id = chain->fragment_id;
	}
	packet->proto = chain->proto;
	packet->flags |= chain->flags;
	return is_reached && !(packet->flags & SF_PACKET_LATER_FRAGMENT);
}

/* Ports and what follows; parse_addresses has succeeded. */
static __always_inline void parse_transport(struct __sk_buff *skb, struct l3 *l3,
					    enum reading reading, struct sf_packet *packet)
{
	struct chain chain = {};
	__be16 ports[2];

	FORGET(*l3);
	FORGET(*packet);
	if (packet->flags & SF_PACKET_MALFORMED)
		return;
	check_end(skb, l3, packet);
	chain.at = l3->l4;
	chain.limit = IPV6_HEADER_BYTES + SF_EXT_BYTES_MAX;
	chain.proto = packet->proto;
	if (!follow_chain(skb, l3, reading, &chain, packet))
		return;
	FORGET(chain);
	if (packet->proto == icmp_of(packet->ip_version)) {
		parse_icmp(skb, l3, chain.at, reading, packet);
		return;
	}
	if (!has_ports(packet->proto))
		return;
	if (!claim(skb, l3, chain.at, ports, sizeof(ports))) {
		packet->flags |= SF_PACKET_TRUNCATED;
		return;
	}
	packet->sport = ports[0];
	packet->dport = ports[1];
	packet->flags |= SF_PACKET_PORTS;
	if (packet->proto == IPPROTO_TCP)
		parse_tcp(skb, l3, chain.at, packet);
}
