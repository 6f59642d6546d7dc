// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "talk.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_v4(uint8_t *addr, const char *text)
{
	memset(addr, 0, 10);
	memset(addr + 10, 0xff, 2);
	inet_pton(AF_INET, text, addr + 12);
}

struct stream_key talk_key(const char *peer_v4, uint16_t port)
{
	struct stream_key key = {.peer_port_be = htons(port), .endpoint_port_be = htons(80)};

	set_v4(key.peer, peer_v4);
	set_v4(key.endpoint, "169.254.169.254");
	return key;
}

void talk_init(struct talk *talk, uint16_t port, uint32_t client_isn, uint32_t server_isn)
{
	memset(talk, 0, sizeof(*talk));
	talk->place.key = talk_key("10.0.0.1", port);
	talk->place.ifindex = 1;
	talk->seq[STREAM_TO] = client_isn;
	talk->seq[STREAM_FROM] = server_isn;
	talk->ts_ns = 1000000000;
}

struct stream_segment *talk_add(struct talk *talk, enum stream_dir dir, uint8_t flags,
				const void *bytes, size_t len)
{
	struct stream_segment *segment = &talk->segments[talk->n++];

	if (talk->n > TALK_SEGMENTS_MAX) {
		fprintf(stderr, "talk: too many segments\n");
		abort();
	}
	talk->ts_ns += 10000;
	*segment = (struct stream_segment){
		.key = talk->place.key,
		.dir = dir,
		.tcp_flags = flags,
		.hop_limit = 64,
		.ifindex = talk->place.ifindex,
		.seq = talk->seq[dir],
		.ack = flags & TALK_ACK ? talk->seq[!dir] : 0,
		.bytes = bytes,
		.captured = len,
		.len = len,
		.ts_ns = talk->ts_ns,
		.asker = {.kind = SF_OWNER_USER, .cookie = 7},
	};
	talk->seq[dir] += (uint32_t)len + !!(flags & (TALK_SYN | TALK_FIN));
	return segment;
}

void talk_open(struct talk *talk)
{
	talk_add(talk, STREAM_TO, TALK_SYN, NULL, 0);
	talk_add(talk, STREAM_FROM, TALK_SYN | TALK_ACK, NULL, 0);
	talk_add(talk, STREAM_TO, TALK_ACK, NULL, 0);
}

void talk_say(struct talk *talk, enum stream_dir dir, const char *text, size_t step)
{
	size_t len = strlen(text);

	if (!step)
		step = len;
	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;

		talk_add(talk, dir, TALK_ACK | TALK_PSH, text + at, n);
	}
	talk_add(talk, !dir, TALK_ACK, NULL, 0);
}

void talk_close(struct talk *talk)
{
	talk_add(talk, STREAM_TO, TALK_FIN | TALK_ACK, NULL, 0);
	talk_add(talk, STREAM_FROM, TALK_FIN | TALK_ACK, NULL, 0);
	talk_add(talk, STREAM_TO, TALK_ACK, NULL, 0);
}

struct stream_segment talk_seen_at(const struct stream_segment *segment,
				   const struct talk_place *place)
{
	struct stream_segment copy = *segment;

	copy.key = place->key;
	copy.ifindex = place->ifindex;
	copy.ts_ns += 1000U * place->ifindex;
	if (segment->dir == STREAM_TO)
		copy.hop_limit -= place->hop_down;
	else
		copy.hop_limit += place->hop_down;
	return copy;
}

uint32_t talk_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

void talk_shuffle(struct stream_segment *segments, size_t n, uint64_t *state)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = talk_random(state) % i;
		struct stream_segment swapped = segments[i - 1];

		segments[i - 1] = segments[j];
		segments[j] = swapped;
	}
}
