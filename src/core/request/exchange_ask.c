// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the client asks.
 *
 * Where a head begins is certain only if the beginning of the connection was
 * seen and every byte since. Otherwise a body may be taken for a head, and a
 * client may have written it so. Such heads are told, with the doubt and
 * without a version, until both sides agree again: every request that was seen
 * is answered, and the client begins another one after that. What follows a
 * body without a known end, the last request of a connection, or a switch to
 * another protocol, is not read as HTTP at all.
 */
#include <netinet/in.h>
#include <string.h>

#include <utlist.h>

#include "escape.h"
#include "exchange_talk.h"

void exchange_ask_stop(struct exchange_talk *talk, enum metadata_reason why)
{
	talk->ask = EXCHANGE_OVER;
	talk->why = why;
}

/* Until the client speaks again after the endpoint has. */
static void lose(struct exchange_talk *talk, enum metadata_reason why)
{
	talk->ask = EXCHANGE_LOST;
	talk->why = why;
}

void exchange_ask_taint(struct exchange_talk *talk, enum metadata_reason why)
{
	struct exchange_pending *pending;

	talk->taint = why;
	DL_FOREACH (talk->pending, pending) {
		struct exchange_request *request = pending->request;

		if (!request)
			continue;
		request->metadata.reason = why;
		if (request->metadata.version != METADATA_NONE)
			request->metadata.version = METADATA_UNKNOWN;
	}
}

void exchange_ask_unknown(struct exchange_talk *talk, enum metadata_reason why, uint64_t ts_ns)
{
	struct metadata_place place = exchange_place(talk->exchange, &talk->conn->view);
	struct exchange_request *request;
	struct exchange_pending *pending;

	if (talk->is_told)
		return;
	talk->is_told = true;
	request = exchange_request_new(talk->exchange, &talk->conn->view, IPPROTO_TCP, &talk->turn);
	if (!request)
		return;
	request->ts_ns = ts_ns;
	request->protocol = EXCHANGE_OTHER;
	request->metadata.cloud = metadata_cloud_of(&place);
	request->metadata.version = METADATA_UNKNOWN;
	request->metadata.reason = why;
	pending = exchange_pend(talk, request, talk->turn.at, ts_ns);
	if (pending)
		exchange_settle(pending, EXCHANGE_NO_ANSWER, ts_ns);
}

/*
 * Behind a CR that ends no line, or in a folded line, a simple reader finds a
 * header of its own, perhaps with a token; here it is part of another text. So
 * of a head with such lines no text is shown, and its target up to a blank.
 */
static bool may_hide_headers(const struct http_head *head)
{
	return head->anomalies & (HTTP_BARE_CR | HTTP_FOLDED);
}

static size_t shown_of_target(const struct http_head *head)
{
	const char *blank = memchr(head->target, ' ', head->target_len);

	return blank && head->anomalies & HTTP_BARE_CR ? (size_t)(blank - head->target)
						       : head->target_len;
}

static void fill_texts(struct exchange_request *request, const struct http_head *head,
		       const struct metadata_path *path)
{
	size_t host_len = may_hide_headers(head) ? 0 : head->host_len;
	size_t agent_len = may_hide_headers(head) ? 0 : head->agent_len;
	bool is_whole = host_len == head->host_len && agent_len == head->agent_len;

	strcpy(request->method, head->method);
	strcpy(request->path, path->path);
	strcpy(request->raw, path->raw);
	if (path->host[0])
		strcpy(request->host, path->host);
	else
		is_whole &=
			escape_bytes(head->host, host_len, request->host, sizeof(request->host));
	is_whole &= escape_bytes(head->agent, agent_len, request->agent, sizeof(request->agent));
	request->is_cut |=
		!is_whole || path->is_cut || path->is_text_cut || head->anomalies & HTTP_TEXT_CUT;
}

static struct exchange_request *make_request(struct exchange_talk *talk,
					     enum metadata_reason reason)
{
	struct metadata_place place = exchange_place(talk->exchange, &talk->conn->view);
	const struct http_head *head = &talk->head.head;
	struct exchange_request *request = exchange_request_new(talk->exchange, &talk->conn->view,
								IPPROTO_TCP, &talk->head_from);
	size_t len = shown_of_target(head);
	struct metadata_path path;

	if (!request)
		return NULL;
	request->protocol = EXCHANGE_HTTP;
	request->is_cut = len < head->target_len;
	metadata_path_parse(head->target, len, &path);
	metadata_classify(head, &path, &place, reason, &request->metadata);
	fill_texts(request, head, &path);
	request->anomalies = head->anomalies;
	request->fields = head->fields;
	request->major = head->major;
	request->minor = head->minor;
	return request;
}

static void begin_head(struct exchange_talk *talk)
{
	talk->ask = EXCHANGE_AT_HEAD;
	http_init(&talk->head, HTTP_REQUEST);
}

/* The request is over: the next one, if there may be one. */
static void end_body(struct exchange_talk *talk)
{
	talk->awaits_continue = false;
	begin_head(talk);
	if (talk->is_last)
		exchange_ask_stop(talk, METADATA_AFTER_LAST);
}

/* Where the client goes on behind its head, which is wiped. */
static void begin_body(struct exchange_talk *talk)
{
	const struct http_head *head = &talk->head.head;
	bool is_http1 = head->major <= 1;
	bool may_switch = http_has_method(head, "CONNECT") || head->words & HTTP_UPGRADE;

	http_body_init(&talk->body, head, NULL);
	talk->is_last |= http_is_last(head);
	talk->awaits_continue = head->words & HTTP_CONTINUE;
	talk->ask = EXCHANGE_AT_BODY;
	http_init(&talk->head, HTTP_REQUEST);
	if (talk->body.framing == HTTP_UNFRAMED)
		exchange_ask_stop(talk, METADATA_FRAMING);
	else if (!is_http1)
		exchange_ask_stop(talk, METADATA_NOT_HTTP);
	else if (talk->body.framing == HTTP_NO_BODY ||
		 (talk->body.framing == HTTP_BY_LENGTH && !talk->body.left_bytes))
		end_body(talk);
	/* the rest of it is no news */
	talk->is_told |= !is_http1;
	/* if the endpoint agrees, what follows is another protocol */
	if (may_switch && talk->doubt == METADATA_SURE)
		talk->doubt = METADATA_UPGRADED;
}

static enum metadata_reason reason_now(const struct exchange_talk *talk,
				       const struct http_head *head)
{
	if (talk->taint != METADATA_SURE)
		return talk->taint;
	if (talk->doubt != METADATA_SURE)
		return talk->doubt;
	return head->major > 1 ? METADATA_NOT_HTTP : METADATA_SURE;
}

/* The head is what it will be. */
static void take_head(struct exchange_talk *talk, enum metadata_reason reason, uint64_t ts_ns)
{
	const struct http_head *head = &talk->head.head;
	struct exchange_request *request = make_request(talk, reason);
	struct exchange_pending *pending;

	talk->is_told = false;
	exchange_reply_resume(talk);
	pending = exchange_pend(talk, request, talk->head_from.at, ts_ns);
	if (!pending)
		return;
	strcpy(pending->method, head->method);
	pending->is_bare = head->anomalies & HTTP_NO_VERSION;
}

/* It has no end, and so nothing behind it has a beginning. */
static void take_endless(struct exchange_talk *talk, uint64_t ts_ns)
{
	take_head(talk, METADATA_TOO_LONG, ts_ns);
	exchange_ask_stop(talk, METADATA_TOO_LONG);
	talk->is_told = true;
}

static void refuse(struct exchange_talk *talk, uint64_t ts_ns)
{
	if (talk->doubt != METADATA_SURE)
		lose(talk, talk->doubt);
	else
		exchange_ask_stop(talk, METADATA_NOT_HTTP);
	exchange_ask_unknown(talk, talk->why, ts_ns);
}

/* Whose a head is: of who sent its first byte, unless another one sends the rest. */
static void begin_from(struct exchange_talk *talk, uint64_t at)
{
	if (!talk->head.head.head_bytes) {
		talk->head_from = talk->turn;
		talk->head_from.at = at;
	} else if (asker_contradicts(&talk->head_from.asker, &talk->turn.asker)) {
		/* nobody's, but still of these endpoints */
		talk->head_from.asker = (struct asker){
			.policy = talk->head_from.asker.policy,
			.endpoints = talk->head_from.asker.endpoints,
		};
	}
}

static size_t head_data(struct exchange_talk *talk, const struct stream_chunk *chunk, size_t at)
{
	enum http_result result;
	size_t consumed;

	begin_from(talk, chunk->at + at);
	result = http_decode(&talk->head, chunk->bytes + at, chunk->len - at, &consumed);
	if (result == HTTP_MORE)
		return consumed;
	if (result == HTTP_CUT)
		take_endless(talk, chunk->ts_ns);
	if (result == HTTP_REFUSED)
		refuse(talk, chunk->ts_ns);
	if (result == HTTP_DONE)
		take_head(talk, reason_now(talk, &talk->head.head), chunk->ts_ns);
	if (result == HTTP_DONE && talk->ask == EXCHANGE_AT_HEAD)
		begin_body(talk);
	else
		http_init(&talk->head, HTTP_REQUEST);
	return consumed;
}

static size_t body_data(struct exchange_talk *talk, const struct stream_chunk *chunk, size_t at)
{
	struct http_data data;
	size_t consumed;
	enum http_result result =
		http_body_decode(&talk->body, chunk->bytes + at, chunk->len - at, &consumed, &data);

	talk->awaits_continue = false;
	if (talk->pending)
		talk->pending->prev->last_ns = chunk->ts_ns;
	if (result == HTTP_DONE)
		end_body(talk);
	if (result == HTTP_REFUSED)
		exchange_ask_stop(talk, METADATA_FRAMING);
	return consumed;
}

void exchange_ask_data(struct exchange_talk *talk, const struct stream_chunk *chunk)
{
	size_t at = 0;

	if (!talk->has_asked && talk->conn->is_joined[STREAM_TO] && talk->doubt == METADATA_SURE)
		talk->doubt = METADATA_JOINED;
	talk->has_asked = true;
	talk->asked_to = chunk->at + chunk->len;
	talk->turn = (struct exchange_origin){chunk->at, chunk->ts_ns, *chunk->asker};
	if (talk->ask == EXCHANGE_LOST && talk->has_replied) {
		talk->doubt = talk->why;
		begin_head(talk);
	}
	talk->has_replied = false;
	while (at < chunk->len) {
		switch (talk->ask) {
		case EXCHANGE_AT_START:
			talk->ask = exchange_other_guess(talk, chunk);
			break;
		case EXCHANGE_AT_HEAD:
			at += head_data(talk, chunk, at);
			break;
		case EXCHANGE_AT_BODY:
			at += body_data(talk, chunk, at);
			break;
		case EXCHANGE_AT_TLS:
			exchange_other_tls(talk, chunk);
			return;
		case EXCHANGE_AT_DNS:
			exchange_other_dns(talk, chunk);
			return;
		case EXCHANGE_LOST:
		case EXCHANGE_OVER:
			exchange_ask_unknown(talk, talk->why, chunk->ts_ns);
			return;
		}
	}
}

/* What the endpoint has by now was not compared with this copy. */
static void learn(const struct exchange_talk *talk, const struct stream_chunk *chunk, uint64_t at,
		  struct asker *asker)
{
	if (at >= chunk->at && at < chunk->at + chunk->len && at >= talk->conn->acked[STREAM_TO] &&
	    asker_knows_more(chunk->asker, asker))
		*asker = *chunk->asker;
}

void exchange_ask_again(struct exchange_talk *talk, const struct stream_chunk *chunk)
{
	struct exchange_pending *pending;

	DL_FOREACH (talk->pending, pending) {
		if (pending->request)
			learn(talk, chunk, pending->begin_at, &pending->request->asker);
	}
	if (talk->head.head.head_bytes)
		learn(talk, chunk, talk->head_from.at, &talk->head_from.asker);
}

/* Bytes of the head are missing, or none will follow. */
static void cut_head(struct exchange_talk *talk, enum metadata_reason reason, uint64_t ts_ns)
{
	bool is_whole = http_end(&talk->head) == HTTP_DONE && reason == METADATA_SURE;

	if (is_whole)
		reason = reason_now(talk, &talk->head.head);
	else if (talk->taint != METADATA_SURE)
		reason = talk->taint;
	else if (reason == METADATA_SURE)
		reason = METADATA_NO_END;
	take_head(talk, reason, ts_ns);
	/* the rest of this head is no news */
	talk->is_told = true;
	if (is_whole)
		exchange_ask_stop(talk, METADATA_AFTER_LAST);
	else
		lose(talk, reason);
	http_init(&talk->head, HTTP_REQUEST);
}

void exchange_ask_end(struct exchange_talk *talk, enum metadata_reason reason, uint64_t ts_ns)
{
	if (talk->ask == EXCHANGE_AT_TLS || talk->ask == EXCHANGE_AT_DNS)
		exchange_other_end(talk, reason == METADATA_SURE ? METADATA_NO_END : reason, ts_ns);
	/* empty lines are no request yet */
	if (talk->ask == EXCHANGE_AT_HEAD && talk->head.head.method[0])
		cut_head(talk, reason, ts_ns);
}

static void skip_body(struct exchange_talk *talk, uint64_t len)
{
	talk->awaits_continue = false;
	if (!http_body_skip(&talk->body, len)) {
		lose(talk, METADATA_GAP);
		return;
	}
	if (talk->body.framing == HTTP_BY_LENGTH && !talk->body.left_bytes)
		end_body(talk);
}

void exchange_ask_gap(struct exchange_talk *talk, uint64_t len, uint64_t ts_ns)
{
	talk->has_asked = true;
	switch (talk->ask) {
	case EXCHANGE_AT_START:
	case EXCHANGE_AT_HEAD:
		if (talk->head.head.head_bytes)
			exchange_ask_end(talk, METADATA_GAP, ts_ns);
		talk->doubt = METADATA_GAP;
		break;
	case EXCHANGE_AT_BODY:
		skip_body(talk, len);
		break;
	case EXCHANGE_AT_TLS:
	case EXCHANGE_AT_DNS:
		exchange_ask_end(talk, METADATA_GAP, ts_ns);
		break;
	case EXCHANGE_LOST:
	case EXCHANGE_OVER:
		break;
	}
}
