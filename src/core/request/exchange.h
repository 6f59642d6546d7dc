/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From segments to requests with their answers: who asked for what, by which
 * version, and did they get it. One struct a request, once, however many
 * interfaces its packets crossed.
 *
 * No secret of the protocol is in what is emitted: no value of a token or
 * Authorization header, no body, no id in a path that acts as one; and none
 * stays in memory once the request was emitted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asker.h"
#include "credential.h"
#include "dns.h"
#include "http.h"
#include "metadata.h"
#include "stream.h"
#include "tls.h"

/* The fuzzers want few. */
#ifndef EXCHANGE_REQUESTS_MAX
#define EXCHANGE_REQUESTS_MAX 4096 /* that wait for their answers; more are told without */
#endif
#ifndef EXCHANGE_BUFFERS_MAX
#define EXCHANGE_BUFFERS_MAX 512 /* answers and ClientHellos that are read at once */
#endif
#define EXCHANGE_PIPELINE_MAX 32 /* of one connection */
#define EXCHANGE_DATAGRAMS_MAX 128 /* remembered, to know their other views */

#define EXCHANGE_SETTLE_NS 100000000ULL /* from the answer on: for other views */
#define EXCHANGE_ANSWER_NS 10000000000ULL /* then it is told without an answer */
#define EXCHANGE_HOP_NS 3000000000ULL /* for the acknowledgement of a token's answer */
#define EXCHANGE_DATAGRAM_NS 1000000000ULL /* between two views of a datagram */

enum exchange_protocol {
	EXCHANGE_HTTP,
	EXCHANGE_TLS,
	EXCHANGE_DNS,
	EXCHANGE_OTHER, /* and what was not understood; see metadata.reason */
};

/* How the answer ended. */
enum exchange_answer {
	EXCHANGE_WHOLE,
	EXCHANGE_PART, /* its head was read, its body not to the end */
	EXCHANGE_WAITING, /* none within EXCHANGE_ANSWER_NS */
	EXCHANGE_CLOSED, /* the connection ended before it; like enum stream_end */
	EXCHANGE_RESET,
	EXCHANGE_REUSED,
	EXCHANGE_IDLE,
	EXCHANGE_EVICTED,
	EXCHANGE_STOPPED,
	EXCHANGE_UNREAD, /* there was one that could not be read */
	EXCHANGE_FULL, /* no room to wait for it */
	EXCHANGE_NO_ANSWER, /* of this protocol none is looked for */
};
#define EXCHANGE_ANSWERS 12

/*
 * Texts are printable ASCII (escape.h) and end in NUL; empty when there is
 * none.
 */
struct exchange_request {
	struct stream_view view; /* of the connection, or of the datagram */
	struct asker asker; /* of its first byte */
	uint32_t n_views; /* addresses under which it was seen */
	uint8_t proto; /* IPPROTO_TCP or IPPROTO_UDP */
	enum exchange_protocol protocol;
	uint64_t ts_ns; /* of its first byte */
	struct metadata metadata;
	uint32_t anomalies; /* enum http_anomaly */
	uint32_t fields; /* 1 << enum http_field: headers that were there */
	uint8_t major; /* of HTTP's version */
	uint8_t minor;
	bool is_cut; /* a text was longer than what is kept */
	char method[HTTP_METHOD_MAX + 1];
	char path[METADATA_PATH_MAX]; /* normalised */
	char raw[METADATA_PATH_MAX]; /* as sent; see struct metadata_path for secrets */
	char host[4 * HTTP_TEXT_MAX + 1]; /* of an absolute target, else of the header */
	char agent[4 * HTTP_TEXT_MAX + 1];

	enum exchange_answer answer;
	bool is_hop_limit; /* a token's answer that died here: its hop limit was used up */
	bool has_latency;
	uint16_t status; /* 0 without */
	uint64_t latency_ns; /* from the request's last byte to the answer's first */
	uint64_t answer_bytes; /* of its body: as it says, or as counted */
	char server[4 * HTTP_TEXT_MAX + 1];
	struct credential credential; /* of an answer to a request of that class */

	char name[DNS_NAME_MAX]; /* DNS: of the first question; TLS: of the server */
	uint16_t question_type;
	bool has_ech; /* TLS: the true name is encrypted */
};

typedef void (*exchange_fn)(void *ctx, const struct exchange_request *request);

struct exchange_settings {
	enum metadata_cloud cloud; /* unless view.hint names one */
	enum metadata_cloud dmi;
	exchange_fn emit; /* must not call back; request is valid during the call */
	void *ctx;
};

/* A UDP datagram that was not fragmented, or its first fragment. */
struct exchange_datagram {
	struct stream_key key;
	enum stream_dir dir;
	uint8_t hop_limit;
	uint16_t ip_id_be; /* 0 for IPv6 */
	uint32_t ifindex;
	uint32_t hint; /* as in struct stream_segment: an enum metadata_cloud */
	const uint8_t *bytes;
	size_t captured;
	size_t len;
	uint64_t ts_ns;
	struct asker asker;
};

struct exchange_counts {
	uint64_t pending; /* requests that wait, at the moment */
	uint64_t requests; /* emitted; the next four are parts of these */
	uint64_t without_answer; /* lost, late or not looked for */
	uint64_t uncertain; /* with a reason */
	uint64_t hop_limit;
	uint64_t full; /* EXCHANGE_REQUESTS_MAX: told at once */
	uint64_t too_many; /* connections with more than EXCHANGE_PIPELINE_MAX */
	uint64_t unbuffered; /* EXCHANGE_BUFFERS_MAX: an answer or ClientHello not read */
	uint64_t unsolicited; /* answers to nothing */
	uint64_t views; /* datagrams that were views of another one */
	uint64_t no_memory;
};

struct exchange;

/* NULL when out of memory. */
struct exchange *exchange_new(const struct exchange_settings *settings);

/* What is configured or found out later; for requests that come from now on. */
void exchange_set_clouds(struct exchange *exchange, enum metadata_cloud cloud,
			 enum metadata_cloud dmi);

/*
 * Takes a packet in. segment->hint is an enum metadata_cloud, what the
 * configuration says of that endpoint, or METADATA_NO_CLOUD.
 */
void exchange_segment(struct exchange *exchange, const struct stream_segment *segment);
void exchange_datagram(struct exchange *exchange, const struct exchange_datagram *datagram);

/* Emits what is due. To be called some times a second. */
void exchange_tick(struct exchange *exchange, uint64_t now_ns);

/* Emits all that is left, and forgets all connections. */
void exchange_flush(struct exchange *exchange);

const struct exchange_counts *exchange_counts(const struct exchange *exchange);
const struct stream_counts *exchange_stream_counts(const struct exchange *exchange);

/* "http", "whole"; never NULL. */
const char *exchange_protocol_name(enum exchange_protocol protocol);
const char *exchange_answer_name(enum exchange_answer answer);

/* NULL is fine. Emits nothing. */
void exchange_free(struct exchange *exchange);
