/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes from a socket to struct sf_packet: the kernel's parser over again, byte for byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

/* A frame as an AF_PACKET SOCK_RAW socket hands it over. */
struct decode_frame {
	const uint8_t *bytes; /* from the link header on */
	size_t captured; /* bytes at hand */
	uint32_t len; /* bytes of the frame, at least captured */
	uint32_t net; /* where the network header starts */
	uint16_t protocol; /* the kernel's idea of the ethertype, host order */
};

/*
 * Fills ret, which is zeroed first. Returns false, with ret untouched, when there is no IPv4 or
 * IPv6 header whose addresses can be read. Whatever is odd behind the
 * addresses is told in ret->flags.
 */
bool decode_frame(const struct decode_frame *frame, struct sf_packet *ret);

/* What a TCP segment or a UDP datagram carries. */
struct decode_payload {
	const uint8_t *bytes; /* in the frame */
	size_t captured; /* bytes at hand */
	size_t len; /* bytes that there are, by the headers; at least captured */
};

/*
 * The payload of what decode_frame() reads. False, with ret untouched, when there is none that
 * could be read: another protocol, a later fragment, a header that is not whole or lies.
 */
bool decode_payload(const struct decode_frame *frame, struct decode_payload *ret);

/*
 * The same of a packet as a raw IPv4 socket hands it over, from the IP header
 * on; of frame, net and protocol are not looked at.
 */
bool decode_raw_v4(const struct decode_frame *frame, struct sf_packet *ret);

/*
 * What a raw IPv6 socket tells of the header in front of its bytes, by
 * ancillary data (RFC 3542, section 6). Addresses in wire order.
 */
struct decode_v6_header {
	uint8_t src[16];
	uint8_t dst[16];
	uint8_t proto; /* the socket's: the transport header comes first */
	uint8_t hop_limit;
	uint8_t traffic_class;
};

/* The same of a packet from there, which begins with its transport header. */
void decode_raw_v6(const struct decode_frame *frame, const struct decode_v6_header *header,
		   struct sf_packet *ret);

/* The payload of these two. */
bool decode_raw_v4_payload(const struct decode_frame *frame, struct decode_payload *ret);
bool decode_raw_v6_payload(const struct decode_frame *frame, const struct decode_v6_header *header,
			   struct decode_payload *ret);
