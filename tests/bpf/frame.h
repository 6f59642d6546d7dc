/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ethernet frames from a line of words, so that a table of test vectors can be
 * read. Each word adds a header or bends the last one; lengths, and which
 * protocol comes next, are filled in unless bent.
 *
 *	vlan qinq		a tag, inline
 *	4:SRC,DST 6:SRC,DST	IP header
 *	eth=HEX			ethertype in front of what was written last
 *	ver= ihl= tot= frag=HEX id=	of the last IPv4 header (ver= also IPv6)
 *	plen=			payload length of the last IPv6 header
 *	hop route dst mob hip shim auth	extension header; "hop:N" has length field N
 *	fr:HEX[,ID]		fragment header with this offset field
 *	tcp:S,D[,FLAGS] udp:S,D udplite:S,D sctp:S,D dccp:S,D	ports
 *	doff=			data offset of the TCP header
 *	icmp:TYPE,ID icmp6:TYPE,ID gre esp none
 *	q4:SRC,DST q6:SRC,DST	IP header of a quoted packet, of 1,400 bytes once
 *	qver= qihl= qfrag=HEX	of the quoted IP header
 *	p=N			protocol number in front of what comes next
 *	pay=N			N bytes of payload
 *	cut=N			the frame ends after N bytes
 *	chop=N			the frame loses its last N bytes
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "decode.h"

/* What BPF_PROG_TEST_RUN takes on every kernel. */
#define FRAME_BYTES_MAX 3456

struct frame {
	uint8_t bytes[FRAME_BYTES_MAX];
	size_t len;
	size_t ip; /* offset of the last IP header */
};

/* Ends the program on a word that it does not know. */
void frame_write(struct frame *frame, const char *words);

/* The ethertype as the kernel derives it from the frame: 802.3 lengths and all. Host order. */
uint16_t frame_protocol(const uint8_t *bytes, size_t len);

/* As an AF_PACKET socket would hand it over: nothing lost, network header behind 14 bytes. */
struct decode_frame frame_as_read(const uint8_t *bytes, size_t len);
