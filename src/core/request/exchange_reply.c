// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the endpoint answers.
 *
 * Whoever answers may be a stranger, too, and what it sends is the secret that
 * this program must not keep. Bodies are counted and not read, but for those
 * that answer a request for credentials; these are read up to a bound, taken
 * apart once, and wiped.
 */
#include <string.h>
#include <strings.h>

#include <utlist.h>

#include "escape.h"
#include "exchange_talk.h"

void exchange_reply_wipe(struct exchange_talk *talk)
{
	exchange_buffer_free(talk->exchange, talk->buffer, CREDENTIAL_BODY_MAX);
	talk->buffer = NULL;
	talk->buffer_len = 0;
}

/* The answers cannot be told apart any more. */
static void lose(struct exchange_talk *talk, uint64_t ts_ns)
{
	struct exchange_pending *pending;

	exchange_reply_wipe(talk);
	while ((pending = exchange_awaiting(talk)))
		exchange_settle(pending, EXCHANGE_UNREAD, ts_ns);
	talk->reply = EXCHANGE_LOST;
}

static void begin_head(struct exchange_talk *talk)
{
	talk->reply = EXCHANGE_AT_HEAD;
	talk->has_gap = false;
	http_init(&talk->reply_head, HTTP_RESPONSE);
}

void exchange_reply_resume(struct exchange_talk *talk)
{
	if (talk->reply == EXCHANGE_LOST)
		begin_head(talk);
}

/* If nothing is open on either side, both know where the next request begins. */
static void agree(struct exchange_talk *talk)
{
	if (!exchange_awaiting(talk) && talk->ask == EXCHANGE_AT_HEAD &&
	    !talk->head.head.head_bytes)
		talk->doubt = METADATA_SURE;
}

/* The answer is over. */
static void end_reply(struct exchange_talk *talk, enum exchange_answer answer, uint64_t ts_ns)
{
	struct exchange_pending *pending = exchange_awaiting(talk);

	if (talk->buffer && pending->request && !talk->has_gap)
		credential_parse(talk->buffer, talk->buffer_len, &pending->request->credential);
	exchange_reply_wipe(talk);
	exchange_settle(pending, talk->has_gap ? EXCHANGE_PART : answer, ts_ns);
	begin_head(talk);
	agree(talk);
}

/* Does this answer turn the connection into something else (RFC 9110, 7.8 and 9.3.6)? */
static bool is_switch(const struct exchange_pending *pending, uint16_t status)
{
	return status == 101 || (strcasecmp(pending->method, "CONNECT") == 0 && status / 100 == 2);
}

/* What the answer's head means for the client's side. */
static void tell_client(struct exchange_talk *talk, const struct http_head *head)
{
	bool is_between = talk->ask == EXCHANGE_AT_HEAD && !talk->head.head.head_bytes;

	/* without "100 Continue" the body may or may not come: nobody can tell */
	if (talk->ask == EXCHANGE_AT_BODY && talk->awaits_continue)
		exchange_ask_stop(talk, METADATA_FRAMING);
	else if (http_is_last(head) && is_between)
		exchange_ask_stop(talk, METADATA_AFTER_LAST);
	else if (http_is_last(head) && talk->ask != EXCHANGE_OVER)
		talk->is_last = true;
}

static bool wants_body(const struct exchange_talk *talk, const struct exchange_pending *pending)
{
	return pending->request && pending->request->metadata.class == METADATA_CLASS_CREDENTIAL &&
	       pending->request->status / 100 == 2 && talk->reply_body.framing != HTTP_NO_BODY;
}

static void fill_answer(struct exchange_request *request, const struct http_head *head)
{
	if (!request)
		return;
	request->status = head->status;
	request->answer_bytes = head->has_length ? head->length_bytes : 0;
	if (!escape_bytes(head->server, head->server_len, request->server, sizeof(request->server)))
		request->is_cut = true;
}

static void begin_body(struct exchange_talk *talk, struct exchange_pending *pending, uint64_t ts_ns)
{
	const struct http_head *head = &talk->reply_head.head;

	fill_answer(pending->request, head);
	if (is_switch(pending, head->status)) {
		exchange_settle(pending, EXCHANGE_WHOLE, ts_ns);
		exchange_ask_stop(talk, METADATA_UPGRADED);
		talk->reply = EXCHANGE_OVER;
		return;
	}
	tell_client(talk, head);
	http_body_init(&talk->reply_body, head, pending->method);
	talk->reply = EXCHANGE_AT_BODY;
	if (talk->reply_body.framing == HTTP_UNFRAMED) {
		exchange_settle(pending, EXCHANGE_PART, ts_ns);
		lose(talk, ts_ns);
		return;
	}
	if (wants_body(talk, pending))
		talk->buffer = exchange_buffer_new(talk->exchange, CREDENTIAL_BODY_MAX);
	if (talk->reply_body.framing == HTTP_NO_BODY ||
	    (talk->reply_body.framing == HTTP_BY_LENGTH && !talk->reply_body.left_bytes))
		end_reply(talk, EXCHANGE_WHOLE, ts_ns);
}

static void note_first(struct exchange_pending *pending, const struct stream_chunk *chunk,
		       size_t at)
{
	if (pending->has_reply)
		return;
	pending->has_reply = true;
	pending->has_died = chunk->hop_limit == 1;
	pending->reply_at = chunk->at + at;
	if (!pending->request)
		return;
	pending->request->has_latency = true;
	pending->request->latency_ns =
		chunk->ts_ns > pending->last_ns ? chunk->ts_ns - pending->last_ns : 0;
}

/* It is no head: the whole answer of HTTP/0.9, or nothing that can be read. */
static void take_refused(struct exchange_talk *talk, struct exchange_pending *pending,
			 uint64_t ts_ns)
{
	if (!pending->is_bare) {
		lose(talk, ts_ns);
		return;
	}
	if (pending->request)
		pending->request->answer_bytes = talk->reply_head.head.head_bytes;
	talk->reply_body = (struct http_body){.framing = HTTP_TO_END};
	talk->reply = EXCHANGE_AT_BODY;
}

static size_t head_data(struct exchange_talk *talk, const struct stream_chunk *chunk, size_t at)
{
	struct exchange_pending *pending = exchange_awaiting(talk);
	const struct http_head *head = &talk->reply_head.head;
	enum http_result result;
	size_t consumed;

	if (!pending) {
		exchange_counters(talk->exchange)->unsolicited++;
		/* the request is among what was not seen */
		if (talk->doubt != METADATA_SURE || !talk->has_asked)
			exchange_ask_unknown(
				talk, talk->doubt != METADATA_SURE ? talk->doubt : METADATA_GAP,
				chunk->ts_ns);
		talk->reply = EXCHANGE_LOST;
		return chunk->len - at;
	}
	note_first(pending, chunk, at);
	result = http_decode(&talk->reply_head, chunk->bytes + at, chunk->len - at, &consumed);
	if (result == HTTP_CUT)
		lose(talk, chunk->ts_ns);
	else if (result == HTTP_REFUSED)
		take_refused(talk, pending, chunk->ts_ns);
	else if (result == HTTP_DONE && head->status / 100 == 1 && head->status != 101) {
		/* RFC 9110, 15.2: the answer is still to come */
		pending->has_reply = false;
		begin_head(talk);
	} else if (result == HTTP_DONE) {
		begin_body(talk, pending, chunk->ts_ns);
	}
	return consumed;
}

static void keep(struct exchange_talk *talk, const struct http_data *data)
{
	if (!talk->buffer || !data->len)
		return;
	if (data->len > CREDENTIAL_BODY_MAX - talk->buffer_len) {
		exchange_counters(talk->exchange)->unbuffered++;
		exchange_reply_wipe(talk);
		return;
	}
	memcpy(talk->buffer + talk->buffer_len, data->bytes, data->len);
	talk->buffer_len += data->len;
}

static size_t body_data(struct exchange_talk *talk, const struct stream_chunk *chunk, size_t at)
{
	struct exchange_pending *pending = exchange_awaiting(talk);
	struct http_data data;
	size_t consumed;
	enum http_result result = http_body_decode(&talk->reply_body, chunk->bytes + at,
						   chunk->len - at, &consumed, &data);

	keep(talk, &data);
	if (pending->request && !talk->reply_head.head.has_length)
		pending->request->answer_bytes += data.len;
	if (result == HTTP_DONE)
		end_reply(talk, EXCHANGE_WHOLE, chunk->ts_ns);
	if (result == HTTP_REFUSED) {
		exchange_settle(pending, EXCHANGE_PART, chunk->ts_ns);
		lose(talk, chunk->ts_ns);
	}
	return consumed;
}

void exchange_reply_data(struct exchange_talk *talk, const struct stream_chunk *chunk)
{
	size_t at = 0;

	talk->has_replied = true;
	/* it answers what has not ended: a client of HTTP/0.9, or nothing more will come */
	if (!exchange_awaiting(talk))
		exchange_ask_end(talk, METADATA_SURE, chunk->ts_ns);
	if (talk->ask == EXCHANGE_AT_TLS || talk->ask == EXCHANGE_AT_DNS)
		return;
	while (at < chunk->len) {
		if (talk->reply == EXCHANGE_AT_HEAD)
			at += head_data(talk, chunk, at);
		else if (talk->reply == EXCHANGE_AT_BODY)
			at += body_data(talk, chunk, at);
		else
			return;
	}
}

void exchange_reply_gap(struct exchange_talk *talk, uint64_t len, uint64_t ts_ns)
{
	struct exchange_pending *pending = exchange_awaiting(talk);

	talk->has_replied = true;
	if (talk->reply == EXCHANGE_AT_HEAD && pending)
		lose(talk, ts_ns);
	if (talk->reply != EXCHANGE_AT_BODY)
		return;
	/* half a secret is of no use */
	exchange_reply_wipe(talk);
	talk->has_gap = true;
	if (!http_body_skip(&talk->reply_body, len)) {
		exchange_settle(pending, EXCHANGE_PART, ts_ns);
		lose(talk, ts_ns);
	} else if (talk->reply_body.framing == HTTP_BY_LENGTH && !talk->reply_body.left_bytes) {
		end_reply(talk, EXCHANGE_PART, ts_ns);
	}
}

void exchange_reply_again(struct exchange_talk *talk, const struct stream_chunk *chunk)
{
	struct exchange_pending *pending;

	DL_FOREACH (talk->pending, pending) {
		/* seen where it has lost none, or one less: it got further */
		if (pending->has_reply && chunk->hop_limit > 1 &&
		    chunk->at + chunk->len > pending->reply_at)
			pending->has_died = false;
	}
}

static enum exchange_answer answer_of(enum stream_end end)
{
	static const enum exchange_answer answers[] = {
		[STREAM_CLOSED] = EXCHANGE_CLOSED,   [STREAM_RESET] = EXCHANGE_RESET,
		[STREAM_REUSED] = EXCHANGE_REUSED,   [STREAM_IDLE] = EXCHANGE_IDLE,
		[STREAM_EVICTED] = EXCHANGE_EVICTED, [STREAM_STOPPED] = EXCHANGE_STOPPED,
		[STREAM_MERGED] = EXCHANGE_STOPPED,
	};

	return answers[end];
}

void exchange_reply_end(struct exchange_talk *talk, enum stream_end end, uint64_t ts_ns)
{
	bool is_whole = talk->reply_body.framing == HTTP_TO_END && end == STREAM_CLOSED;
	struct exchange_pending *pending;

	if (talk->reply == EXCHANGE_AT_BODY && exchange_awaiting(talk))
		end_reply(talk, is_whole ? EXCHANGE_WHOLE : EXCHANGE_PART, ts_ns);
	while ((pending = exchange_awaiting(talk)))
		exchange_settle(pending, answer_of(end), ts_ns);
}
