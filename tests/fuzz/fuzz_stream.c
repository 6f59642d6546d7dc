// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Segments through reassembly and exchange. Input: steps of four bytes - which
 * connection and direction, what to do, how much, where - and behind them, for
 * steps that send bytes of the input's own, these bytes. Few connections, two
 * interfaces and small bounds, so that they meet.
 *
 * Held: bounds and counters; no canary comes out (those of answers never, those of
 * requests unless a client pieced its bytes together); what has a reason is never
 * v1 or v2; a token's request that was whole is never v1.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONNS 4
#define SECRET "kqzj7391wvxy5528" /* of clients */
#define ANSWER "zz/jq391/vwx85/6" /* of the endpoint: no key's id looks so */
#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16
#define URG 32

static const char *const texts[2][8] = {
	{
		"GET /latest/meta-data/iam/security-credentials/r HTTP/1.1\r\n\r\n",
		"GET /latest/user-data HTTP/1.1\r\nX-aws-ec2-metadata-token: " SECRET "\r\n\r\n",
		"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 6\r\n\r\n",
		"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"GET /v2/credentials/" SECRET " HTTP/1.1\r\nConnection: close\r\n\r\n",
		"GET /a\r\n",
		"PUT /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nabcde",
		"CONNECT h:1 HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
	},
	{
		"HTTP/1.1 200 OK\r\nContent-Length: 76\r\n\r\n{\"AccessKeyId\":\"ASIA\","
		"\"SecretAccessKey\":\"" ANSWER "\",\"Token\":\"" ANSWER "\"}",
		"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" ANSWER,
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" ANSWER
		"\r\n0\r\n\r\n",
		"HTTP/1.1 101 Switching\r\n\r\n",
		"HTTP/1.0 404 No\r\n\r\n" ANSWER,
		ANSWER,
		"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
	},
};

struct side {
	uint32_t seq;
};

static struct side sides[CONNS][2];
static uint64_t now_ns;
static uint64_t n_emitted;
/* Some client wrote its bytes in pieces: it may have put its own secret where none belongs. */
static bool has_pieces;

static void take_request(void *ctx, const struct exchange_request *request)
{
	bool is_sure = request->metadata.version == METADATA_V1 ||
		       request->metadata.version == METADATA_V2;

	(void)ctx;
	n_emitted++;
	assert(!memmem(request, sizeof(*request), ANSWER, 8));
	assert(!memmem(request, sizeof(*request), &ANSWER[8], 8));
	assert(has_pieces || !memmem(request, sizeof(*request), SECRET, 8));
	assert(has_pieces || !memmem(request, sizeof(*request), &SECRET[8], 8));
	if (is_sure)
		assert(request->metadata.reason == METADATA_SURE &&
		       request->protocol == EXCHANGE_HTTP && !(request->anomalies & HTTP_NO_END));
	if (request->metadata.version == METADATA_V1 && request->metadata.cloud == METADATA_AWS)
		assert(!(request->fields & 1U << HTTP_AWS_TOKEN));
	assert(request->answer < EXCHANGE_ANSWERS && request->metadata.cloud < METADATA_CLOUDS);
	assert(memchr(request->path, 0, sizeof(request->path)));
	assert(memchr(request->raw, 0, sizeof(request->raw)));
	assert(memchr(request->agent, 0, sizeof(request->agent)));
}

static void check_counts(const struct exchange *exchange)
{
	const struct stream_counts *stream = exchange_stream_counts(exchange);
	const struct exchange_counts *counts = exchange_counts(exchange);

	assert(stream->conns <= STREAM_CONNS_MAX);
	assert(counts->pending <= EXCHANGE_REQUESTS_MAX);
	assert(counts->requests == n_emitted);
	assert(counts->uncertain <= counts->requests);
}

static struct stream_segment segment_of(uint8_t which, uint8_t where)
{
	unsigned int conn = which % CONNS, dir = which >> 2 & 1;
	struct stream_segment segment = {
		.dir = dir ? STREAM_FROM : STREAM_TO,
		.ifindex = 1 + (which >> 3 & 1),
		.hop_limit = (uint8_t)(which & 16 ? 1 : 64 - (which >> 3 & 1)),
		.is_forwarded = which >> 5 & 1,
		.tcp_flags = ACK,
		.seq = sides[conn][dir].seq + (uint32_t)((int8_t)where),
		.ack = sides[conn][!dir].seq,
		.ts_ns = now_ns,
	};

	/* the second interface is behind a masquerade */
	segment.key.peer[15] = (uint8_t)(segment.ifindex == 1 ? 1 : 2);
	segment.key.peer_port_be = (uint16_t)(conn / 2);
	segment.key.endpoint_port_be = (uint16_t)(which & 64 ? 0x3500 : 0x5000);
	return segment;
}

/* The bytes are memory of their own, so that reading beyond them is seen. */
static void send_bytes(struct exchange *exchange, struct stream_segment segment, const void *bytes,
		       size_t len, size_t captured)
{
	uint8_t *copy = malloc(captured ? captured : 1);

	assert(copy);
	if (captured)
		memcpy(copy, bytes, captured);
	segment.bytes = copy;
	segment.captured = captured;
	segment.len = len;
	exchange_segment(exchange, &segment);
	free(copy);
}

static void send_datagram(struct exchange *exchange, const struct stream_segment *segment,
			  const uint8_t *bytes, size_t len)
{
	struct exchange_datagram datagram = {
		.key = segment->key,
		.dir = segment->dir,
		.ifindex = segment->ifindex,
		.hop_limit = segment->hop_limit,
		.ts_ns = now_ns,
		.bytes = bytes,
		.captured = len,
		.len = len,
	};

	exchange_datagram(exchange, &datagram);
}

/* Returns how many further bytes of the input it used. */
static size_t step(struct exchange *exchange, const uint8_t *data, size_t size)
{
	struct stream_segment segment = segment_of(data[0], data[3] & 0x80 ? data[3] : 0);
	struct side *side = &sides[data[0] % CONNS][data[0] >> 2 & 1];
	const char *text = texts[segment.dir][data[3] & 7];
	size_t len = data[2] ? data[2] % (strlen(text) + 1) : strlen(text);
	size_t own = data[2] < size - 4 ? data[2] : size - 4;

	if (segment.dir == STREAM_TO && (len != strlen(text) || data[3] & 0x80 || data[1] % 12 > 4))
		has_pieces = true;
	switch (data[1] % 12) {
	case 0:
		segment.tcp_flags = segment.dir == STREAM_TO ? SYN : SYN | ACK;
		send_bytes(exchange, segment, "", 0, 0);
		side->seq++;
		return 0;
	case 1: /* Fast Open */
		segment.tcp_flags = SYN;
		send_bytes(exchange, segment, text, len, len);
		side->seq += (uint32_t)len + 1;
		return 0;
	case 2:
	case 3:
	case 4:
		send_bytes(exchange, segment, text, len, len);
		side->seq += (uint32_t)len;
		return 0;
	case 5: /* not all captured */
		send_bytes(exchange, segment, text, strlen(text), len);
		side->seq += (uint32_t)strlen(text);
		return 0;
	case 6: /* another copy, or another view of it */
		segment.seq -= (uint32_t)len;
		send_bytes(exchange, segment, text, len, len);
		return 0;
	case 7:
		segment.tcp_flags = (uint8_t)(data[2] & (FIN | RST | URG)) | ACK;
		send_bytes(exchange, segment, "x", data[2] >> 7, data[2] >> 7);
		side->seq += (data[2] & FIN) + (data[2] >> 7);
		return 0;
	case 8: /* a hole */
		side->seq += data[2];
		return 0;
	case 9:
		now_ns += (uint64_t)data[2] * data[2] * 1000000;
		exchange_tick(exchange, now_ns);
		return 0;
	case 10:
		/* only what clients write may be anything */
		if (segment.dir == STREAM_FROM)
			return 0;
		send_bytes(exchange, segment, data + 4, own, own);
		side->seq += (uint32_t)own;
		return own;
	default:
		send_datagram(exchange, &segment, data + 4, own);
		return own;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exchange_settings settings = {.emit = take_request};
	struct exchange *exchange;
	size_t at = 1;

	/* a secret that the fuzzer writes into its own bytes is none */
	if (size < 1 || memmem(data, size, ANSWER, 8) || memmem(data, size, &ANSWER[8], 8) ||
	    memmem(data, size, SECRET, 8) || memmem(data, size, &SECRET[8], 8))
		return 0;
	settings.cloud = data[0] & 1 ? METADATA_AWS : data[0] % METADATA_CLOUDS;
	exchange = exchange_new(&settings);
	if (!exchange)
		return 0;
	now_ns = 1000000000;
	n_emitted = 0;
	has_pieces = false;
	for (unsigned int i = 0; i < CONNS; i++) {
		sides[i][0].seq = i * 0x40000000U - 8;
		sides[i][1].seq = i * 0x10000000U + 5;
	}
	while (at + 4 <= size) {
		at += 4 + step(exchange, data + at, size - at);
		check_counts(exchange);
	}
	exchange_tick(exchange, now_ns + 4 * STREAM_WAIT_NS);
	exchange_flush(exchange);
	check_counts(exchange);
	assert(exchange_counts(exchange)->pending == 0);
	assert(exchange_stream_counts(exchange)->conns == 0);
	exchange_free(exchange);
	return 0;
}
