// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Protocols other than HTTP on a watched endpoint: named. What a question of
 * DNS asks for is known, and has no version; of all else it is not known.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "exchange_talk.h"

#define DNS_PORT 53

enum exchange_state exchange_other_guess(const struct exchange_talk *talk,
					 const struct stream_chunk *chunk)
{
	if (talk->conn->view.key.endpoint_port_be == htons(DNS_PORT))
		return EXCHANGE_AT_DNS;
	return tls_is_hello(chunk->bytes, chunk->len) ? EXCHANGE_AT_TLS : EXCHANGE_AT_HEAD;
}

void exchange_other_begin(struct exchange_request *request, enum exchange_protocol protocol,
			  const struct metadata_place *place)
{
	request->protocol = protocol;
	request->metadata.cloud = metadata_cloud_of(place);
	request->metadata.version = METADATA_UNKNOWN;
	request->metadata.reason = METADATA_NOT_HTTP;
}

void exchange_other_ask(struct exchange_request *request, const struct dns_question *question)
{
	request->protocol = EXCHANGE_DNS;
	request->metadata.version = METADATA_NONE;
	request->metadata.reason = METADATA_SURE;
	strcpy(request->name, question->name);
	request->question_type = question->type;
}

/* Tells one thing of another protocol; hello and question may be NULL. */
static void tell(struct exchange_talk *talk, enum exchange_protocol protocol,
		 const struct tls_hello *hello, const struct dns_question *question,
		 const struct exchange_origin *from, uint64_t ts_ns)
{
	struct metadata_place place = exchange_place(talk->exchange, &talk->conn->view);
	struct exchange_request *request =
		exchange_request_new(talk->exchange, &talk->conn->view, IPPROTO_TCP, from);
	struct exchange_pending *pending;

	if (!request)
		return;
	exchange_other_begin(request, protocol, &place);
	if (hello) {
		strcpy(request->name, hello->server_name);
		request->has_ech = hello->has_ech;
	}
	if (question)
		exchange_other_ask(request, question);
	pending = exchange_pend(talk, request, from->at, ts_ns);
	if (pending)
		exchange_settle(pending, EXCHANGE_NO_ANSWER, ts_ns);
}

static void free_tls(struct exchange_talk *talk)
{
	exchange_buffer_free(talk->exchange, talk->tls, sizeof(*talk->tls));
	talk->tls = NULL;
}

/* The rest of the connection is theirs alone. */
static void stop(struct exchange_talk *talk)
{
	free_tls(talk);
	exchange_ask_stop(talk, METADATA_NOT_HTTP);
	talk->is_told = true;
}

void exchange_other_tls(struct exchange_talk *talk, const struct stream_chunk *chunk)
{
	struct tls_hello hello;
	enum tls_result result;

	if (!talk->tls) {
		talk->head_from = talk->turn;
		talk->tls = exchange_buffer_new(talk->exchange, sizeof(*talk->tls));
	}
	if (!talk->tls) {
		tell(talk, EXCHANGE_TLS, NULL, NULL, &talk->head_from, talk->head_from.ts_ns);
		stop(talk);
		return;
	}
	result = tls_decode(talk->tls, chunk->bytes, chunk->len, &hello);
	if (result == TLS_MORE)
		return;
	if (result == TLS_DONE)
		tell(talk, EXCHANGE_TLS, &hello, NULL, &talk->head_from, talk->head_from.ts_ns);
	else
		exchange_ask_unknown(talk, METADATA_NOT_HTTP, talk->head_from.ts_ns);
	stop(talk);
}

static void end_message(struct exchange_talk *talk, uint64_t ts_ns)
{
	struct dns_question question;

	if (dns_decode(talk->dns, talk->dns_len, &question))
		tell(talk, EXCHANGE_DNS, NULL, &question, &talk->turn, ts_ns);
	else
		exchange_ask_unknown(talk, METADATA_NOT_HTTP, ts_ns);
	talk->dns_len = 0;
	talk->dns_prefix = 0;
	talk->dns_left = 0;
}

/* RFC 1035, 4.2.2: two bytes of length in front of each message. */
static void dns_byte(struct exchange_talk *talk, uint8_t byte, uint64_t ts_ns)
{
	if (talk->dns_prefix < 2) {
		talk->dns_left = talk->dns_left << 8 | byte;
		talk->dns_prefix++;
	} else {
		if (talk->dns_len < sizeof(talk->dns))
			talk->dns[talk->dns_len++] = byte;
		talk->dns_left--;
	}
	if (talk->dns_prefix == 2 && !talk->dns_left)
		end_message(talk, ts_ns);
}

void exchange_other_dns(struct exchange_talk *talk, const struct stream_chunk *chunk)
{
	for (size_t i = 0; i < chunk->len && talk->ask == EXCHANGE_AT_DNS; i++)
		dns_byte(talk, chunk->bytes[i], chunk->ts_ns);
}

void exchange_other_end(struct exchange_talk *talk, enum metadata_reason why, uint64_t ts_ns)
{
	if (talk->ask == EXCHANGE_AT_TLS) {
		tell(talk, EXCHANGE_TLS, NULL, NULL, &talk->head_from, talk->head_from.ts_ns);
		stop(talk);
	} else if (talk->dns_prefix) {
		exchange_ask_unknown(talk, why, ts_ns);
		stop(talk);
	}
}
