// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Requests that wait: for their answers, for other views of their connection,
 * and for the acknowledgement of a token's answer.
 *
 * Such an answer has a hop limit of 1 by default. Where this host would have to
 * forward it, it dies here: it is seen, and never acknowledged. The client
 * then falls back to v1, which is what whoever looks at it wants explained.
 */
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "exchange_talk.h"

static void free_pending(struct exchange_talk *talk, struct exchange_pending *pending)
{
	DL_DELETE(talk->pending, pending);
	talk->n_pending--;
	free(pending);
}

/* There is no room for it to wait. */
static void tell_now(struct exchange_talk *talk, struct exchange_request *request)
{
	if (!request)
		return;
	request->answer = EXCHANGE_FULL;
	exchange_emit(talk->exchange, request);
}

struct exchange_pending *exchange_pend(struct exchange_talk *talk, struct exchange_request *request,
				       uint64_t begin_at, uint64_t ts_ns)
{
	struct exchange_counts *counts = exchange_counters(talk->exchange);
	struct exchange_pending *pending = NULL;

	if (talk->n_pending < EXCHANGE_PIPELINE_MAX)
		pending = calloc(1, sizeof(*pending));
	if (!pending) {
		/* that the rest is not read is told once more */
		counts->too_many += talk->ask != EXCHANGE_OVER;
		tell_now(talk, request);
		exchange_ask_stop(talk, METADATA_BOUND);
		return NULL;
	}
	if (counts->pending >= EXCHANGE_REQUESTS_MAX) {
		counts->full++;
		tell_now(talk, request);
		request = NULL;
	}
	pending->request = request;
	pending->last_ns = ts_ns;
	pending->begin_at = begin_at;
	pending->end_at = talk->asked_to;
	DL_APPEND(talk->pending, pending);
	talk->n_pending++;
	counts->pending += request != NULL;
	return pending;
}

struct exchange_pending *exchange_awaiting(const struct exchange_talk *talk)
{
	struct exchange_pending *pending;

	DL_FOREACH (talk->pending, pending) {
		if (!pending->is_done)
			return pending;
	}
	return NULL;
}

void exchange_settle(struct exchange_pending *pending, enum exchange_answer answer, uint64_t ts_ns)
{
	pending->is_done = true;
	pending->due_ns = ts_ns + EXCHANGE_SETTLE_NS;
	if (pending->request)
		pending->request->answer = answer;
}

/* A token's answer that this host had to forward, and that its client never had. */
static bool has_died(const struct exchange_talk *talk, const struct exchange_pending *pending)
{
	return pending->has_died && talk->conn->is_routed &&
	       pending->request->metadata.class == METADATA_CLASS_TOKEN &&
	       talk->conn->acked[STREAM_FROM] <= pending->reply_at;
}

static bool is_due(const struct exchange_talk *talk, const struct exchange_pending *pending,
		   uint64_t now_ns)
{
	uint64_t due_ns = pending->due_ns;

	if (!pending->is_done)
		return now_ns >= pending->last_ns + EXCHANGE_ANSWER_NS;
	if (has_died(talk, pending))
		due_ns += EXCHANGE_HOP_NS;
	return now_ns >= due_ns;
}

static void tell(struct exchange_talk *talk, struct exchange_pending *pending)
{
	struct exchange_request *request = pending->request;

	if (!pending->is_done)
		request->answer = request->status ? EXCHANGE_PART : EXCHANGE_WAITING;
	request->is_hop_limit = has_died(talk, pending);
	/* what was learnt meanwhile of where it was seen first */
	request->view = talk->conn->view;
	request->n_views = talk->conn->n_views;
	pending->request = NULL;
	exchange_counters(talk->exchange)->pending--;
	talk->n_told++;
	if (pending->end_at > talk->told_to)
		talk->told_to = pending->end_at;
	exchange_emit(talk->exchange, request);
}

void exchange_pending_tick(struct exchange_talk *talk, uint64_t now_ns, bool all)
{
	struct exchange_pending *pending, *next;

	DL_FOREACH_SAFE (talk->pending, pending, next) {
		/* in the order in which they were asked */
		if (pending->request && !all && !is_due(talk, pending, now_ns))
			break;
		if (pending->request)
			tell(talk, pending);
		if (pending->is_done)
			free_pending(talk, pending);
	}
	/* its answer may still be under way, but nobody will be told of it */
	if (!exchange_awaiting(talk) || !exchange_awaiting(talk)->request)
		exchange_reply_wipe(talk);
}

void exchange_pending_drop(struct exchange_talk *talk)
{
	while (talk->pending) {
		struct exchange_pending *pending = talk->pending;

		if (pending->request) {
			exchange_counters(talk->exchange)->pending--;
			explicit_bzero(pending->request, sizeof(*pending->request));
			free(pending->request);
		}
		free_pending(talk, pending);
	}
}
