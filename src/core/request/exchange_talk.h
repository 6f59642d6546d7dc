/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection's talk: what exchange.c (the table, what is due), exchange_ask.c
 * (the client), exchange_reply.c (the endpoint) and exchange_other.c (what is
 * not HTTP) share.
 */
#pragma once

#include "exchange.h"
#include "http_body.h"

/* A request between its head and the end of its answer. */
struct exchange_pending {
	struct exchange_pending *prev; /* as utlist.h wants it */
	struct exchange_pending *next;
	struct exchange_request *request; /* NULL once emitted: only its answer is awaited */
	char method[HTTP_METHOD_MAX + 1];
	bool is_done; /* nothing more is expected */
	bool is_bare; /* HTTP/0.9: its answer has no head */
	bool has_reply; /* its first byte came */
	bool has_died; /* that byte had a hop limit of 1 */
	uint64_t begin_at; /* offset of its first byte in the client's bytes */
	uint64_t end_at; /* offset in the client's bytes: it ends there or before */
	uint64_t reply_at; /* offset of its answer, in the endpoint's bytes */
	uint64_t last_ns; /* of its last byte */
	uint64_t due_ns; /* to be emitted from then on, if it is done */
};

enum exchange_state {
	EXCHANGE_AT_START, /* not a byte yet: of which protocol it is */
	EXCHANGE_AT_HEAD,
	EXCHANGE_AT_BODY,
	EXCHANGE_AT_TLS,
	EXCHANGE_AT_DNS,
	EXCHANGE_LOST, /* until the client speaks after the endpoint has */
	EXCHANGE_OVER, /* for good */
};

#define EXCHANGE_DNS_MAX 300 /* more than header and question have */

/* Where bytes of the client come from. */
struct exchange_origin {
	uint64_t at; /* offset in its bytes */
	uint64_t ts_ns;
	struct asker asker;
};

struct exchange_talk {
	struct exchange_talk *prev;
	struct exchange_talk *next;
	struct exchange *exchange;
	struct stream_conn *conn;
	struct exchange_pending *pending;
	size_t n_pending;
	size_t n_told; /* emitted */
	uint64_t told_to; /* offset of the client's bytes up to which all was emitted */

	uint64_t asked_to; /* offset of the client's bytes, behind the last */

	enum exchange_state ask;
	enum metadata_reason why; /* it is lost or over */
	enum metadata_reason doubt; /* about where a head begins: until both sides agree again */
	enum metadata_reason taint; /* of the bytes themselves: to the end */
	bool is_told; /* that it is lost or over */
	bool has_asked; /* any byte */
	bool has_replied; /* since the client's last byte */
	bool is_last; /* of the request whose body is read: none follows */
	bool awaits_continue; /* its body may never come */
	struct exchange_origin turn; /* of the client's bytes in turn */
	struct exchange_origin head_from; /* of the head's first byte */
	struct http_scan head;
	struct http_body body;

	enum exchange_state reply; /* AT_HEAD, AT_BODY, LOST, OVER */
	struct http_scan reply_head;
	struct http_body reply_body;
	bool has_gap; /* in the body under way */
	char *buffer; /* of an answer with credentials; NULL without */
	size_t buffer_len;

	struct tls_scan *tls;
	uint32_t dns_left; /* of the message */
	uint16_t dns_len; /* at hand */
	uint8_t dns_prefix;
	uint8_t dns[EXCHANGE_DNS_MAX];
};

/* exchange.c */

/* The place that requests of this view go to. */
struct metadata_place exchange_place(const struct exchange *exchange,
				     const struct stream_view *view);

/* A request of all zero but for its view, proto and origin; NULL without memory. */
struct exchange_request *exchange_request_new(struct exchange *exchange,
					      const struct stream_view *view, uint8_t proto,
					      const struct exchange_origin *from);

/* Emits, wipes and frees it. */
void exchange_emit(struct exchange *exchange, struct exchange_request *request);

/* Memory that is wiped when it is freed; NULL when there is too much of it. */
void *exchange_buffer_new(struct exchange *exchange, size_t size);
void exchange_buffer_free(struct exchange *exchange, void *buffer, size_t size);

struct exchange_counts *exchange_counters(struct exchange *exchange);

/* exchange_pending.c */

/*
 * Puts a request behind the others of its talk, whose it is then; NULL is one
 * of which nothing is known. Returns NULL when there is no room; then the
 * request was emitted, and the talk is over.
 */
struct exchange_pending *exchange_pend(struct exchange_talk *talk, struct exchange_request *request,
				       uint64_t begin_at, uint64_t ts_ns);

/* The first request that awaits its answer; NULL without. */
struct exchange_pending *exchange_awaiting(const struct exchange_talk *talk);

/* Nothing more is expected for it. */
void exchange_settle(struct exchange_pending *pending, enum exchange_answer answer, uint64_t ts_ns);

/* Emits what is due, or everything. */
void exchange_pending_tick(struct exchange_talk *talk, uint64_t now_ns, bool all);

/* Forgets all of them, without emitting. */
void exchange_pending_drop(struct exchange_talk *talk);

/* exchange_ask.c */
void exchange_ask_data(struct exchange_talk *talk, const struct stream_chunk *chunk);
void exchange_ask_gap(struct exchange_talk *talk, uint64_t len, uint64_t ts_ns);

/*
 * The head under way ends here. reason is METADATA_SURE if its client can add
 * nothing to it, for it is answered, or both sides have closed: then a first
 * line without version is the whole request of HTTP/0.9.
 */
void exchange_ask_end(struct exchange_talk *talk, enum metadata_reason reason, uint64_t ts_ns);

/* A copy of bytes that were read, from another place. */
void exchange_ask_again(struct exchange_talk *talk, const struct stream_chunk *chunk);

/* The bytes cannot be relied on: neither those that are pending nor what follows. */
void exchange_ask_taint(struct exchange_talk *talk, enum metadata_reason why);

/* From here on nothing is understood. */
void exchange_ask_stop(struct exchange_talk *talk, enum metadata_reason why);

/* Tells, once, that something was not understood. */
void exchange_ask_unknown(struct exchange_talk *talk, enum metadata_reason why, uint64_t ts_ns);

/* exchange_reply.c */
void exchange_reply_data(struct exchange_talk *talk, const struct stream_chunk *chunk);
void exchange_reply_gap(struct exchange_talk *talk, uint64_t len, uint64_t ts_ns);
void exchange_reply_again(struct exchange_talk *talk, const struct stream_chunk *chunk);

/* The connection has ended. */
void exchange_reply_end(struct exchange_talk *talk, enum stream_end end, uint64_t ts_ns);

/* A request came: if answers could not be matched, they can from now on. */
void exchange_reply_resume(struct exchange_talk *talk);

/* Wipes what was read of a body. */
void exchange_reply_wipe(struct exchange_talk *talk);

/* exchange_other.c */

/* A request of which no more is known yet than that it is none of HTTP; and one that is a question. */
void exchange_other_begin(struct exchange_request *request, enum exchange_protocol protocol,
			  const struct metadata_place *place);
void exchange_other_ask(struct exchange_request *request, const struct dns_question *question);

/* What the client's first bytes begin. */
enum exchange_state exchange_other_guess(const struct exchange_talk *talk,
					 const struct stream_chunk *chunk);
void exchange_other_tls(struct exchange_talk *talk, const struct stream_chunk *chunk);
void exchange_other_dns(struct exchange_talk *talk, const struct stream_chunk *chunk);

/* No more of it will come: what is known is told. */
void exchange_other_end(struct exchange_talk *talk, enum metadata_reason why, uint64_t ts_ns);

/* exchange_udp.c */
struct exchange_udp;
struct exchange_udp *exchange_udp_new(void);
void exchange_udp_take(struct exchange_udp *udp, struct exchange *exchange,
		       const struct exchange_datagram *datagram);
/* Emits what has settled, or everything. */
void exchange_udp_tick(struct exchange_udp *udp, struct exchange *exchange, uint64_t now_ns,
		       bool all);
void exchange_udp_free(struct exchange_udp *udp);
