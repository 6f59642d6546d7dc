/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A TCP conversation as segments, to be shuffled, copied and cut by tests. */
#pragma once

#include "stream.h"

#define TALK_SEGMENTS_MAX 512

#define TALK_FIN 0x01
#define TALK_SYN 0x02
#define TALK_RST 0x04
#define TALK_PSH 0x08
#define TALK_ACK 0x10
#define TALK_URG 0x20

/* Where one packet is seen. */
struct talk_place {
	struct stream_key key;
	uint32_t ifindex;
	uint8_t hop_down; /* how often it was routed on its way from the client to here */
};

struct talk {
	struct talk_place place;
	uint32_t seq[2]; /* the next of each side, by the direction it sends in */
	uint64_t ts_ns;
	size_t n;
	struct stream_segment segments[TALK_SEGMENTS_MAX];
};

/* From 10.0.0.1:port to 169.254.169.254:80, seen on interface 1. */
void talk_init(struct talk *talk, uint16_t port, uint32_t client_isn, uint32_t server_isn);

/* The three segments of the handshake. */
void talk_open(struct talk *talk);

/* One segment with these flags and this payload, which must stay. Returns it. */
struct stream_segment *talk_add(struct talk *talk, enum stream_dir dir, uint8_t flags,
				const void *bytes, size_t len);

/* text in pieces of at most step bytes; step 0 for one. */
void talk_say(struct talk *talk, enum stream_dir dir, const char *text, size_t step);

/* Both sides close. */
void talk_close(struct talk *talk);

/* The same packet at another place: a copy of segment. */
struct stream_segment talk_seen_at(const struct stream_segment *segment,
				   const struct talk_place *place);

/* A fixed sequence of numbers for a seed: xorshift. state must not be 0. */
uint32_t talk_random(uint64_t *state);

/* In any order. */
void talk_shuffle(struct stream_segment *segments, size_t n, uint64_t *state);

struct stream_key talk_key(const char *peer_v4, uint16_t port);
