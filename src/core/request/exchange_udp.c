// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Datagrams. They carry no numbers by which two views of one could be known for
 * certain. So a datagram counts as a view of another one only if all agrees
 * that forwarding leaves as it is, payload and IP id, if it was not seen on
 * this interface yet, and if its source is the same or its hop limit has
 * changed; and only for a second. It is told, not merged, when in doubt.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "exchange_talk.h"
#include "mem.h"

#define DNS_PORT 53
#define DIGEST_BYTES 16

struct slot {
	struct exchange_request *request; /* NULL once emitted */
	struct stream_key keys[STREAM_VIEWS_MAX]; /* under which it was seen, the first one first */
	uint8_t digest[DIGEST_BYTES];
	uint64_t ts_ns; /* 0: unused */
	uint32_t ifaces[STREAM_VIEWS_MAX];
	size_t n_ifaces;
	uint16_t ip_id_be;
	uint8_t hop_limit;
};

struct exchange_udp {
	size_t next; /* slots are used in turn */
	struct slot slots[EXCHANGE_DATAGRAMS_MAX];
};

struct exchange_udp *exchange_udp_new(void)
{
	return calloc(1, sizeof(struct exchange_udp));
}

static void digest_of(const struct exchange_datagram *datagram, uint8_t *ret)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, datagram->bytes, datagram->captured);
	SHA256Final(digest, &context);
	/* it holds the end of the payload */
	explicit_bzero(&context, sizeof(context));
	memcpy(ret, digest, DIGEST_BYTES);
}

static bool has_iface(const struct slot *slot, uint32_t ifindex)
{
	for (size_t i = 0; i < slot->n_ifaces; i++) {
		if (slot->ifaces[i] == ifindex)
			return true;
	}
	return slot->n_ifaces == STREAM_VIEWS_MAX;
}

static bool is_view(const struct slot *slot, const struct exchange_datagram *datagram,
		    const uint8_t *digest)
{
	const struct stream_key *a = &slot->keys[0], *b = &datagram->key;
	uint64_t apart = datagram->ts_ns > slot->ts_ns ? datagram->ts_ns - slot->ts_ns
						       : slot->ts_ns - datagram->ts_ns;
	bool same_source = memcmp(a->peer, b->peer, sizeof(a->peer)) == 0 &&
			   a->peer_port_be == b->peer_port_be;

	return slot->ts_ns && apart < EXCHANGE_DATAGRAM_NS &&
	       memcmp(slot->digest, digest, DIGEST_BYTES) == 0 &&
	       memcmp(a->endpoint, b->endpoint, sizeof(a->endpoint)) == 0 &&
	       a->endpoint_port_be == b->endpoint_port_be && slot->ip_id_be == datagram->ip_id_be &&
	       !has_iface(slot, datagram->ifindex) &&
	       (same_source || slot->hop_limit != datagram->hop_limit);
}

static struct stream_view view_of(const struct exchange_datagram *datagram)
{
	return (struct stream_view){
		.key = datagram->key,
		.ifindex = datagram->ifindex,
		.hint = datagram->hint,
		.ts_ns = datagram->ts_ns,
	};
}

static bool has_source(const struct slot *slot, const struct stream_key *key)
{
	for (uint32_t i = 0; i < slot->request->n_views; i++) {
		const struct stream_key *other = &slot->keys[i];

		if (memcmp(other->peer, key->peer, sizeof(key->peer)) == 0 &&
		    other->peer_port_be == key->peer_port_be)
			return true;
	}
	return false;
}

/* As many sources as interfaces at most. */
static void add_view(struct slot *slot, const struct exchange_datagram *datagram)
{
	slot->ifaces[slot->n_ifaces++] = datagram->ifindex;
	if (!slot->request)
		return;
	if (!has_source(slot, &datagram->key))
		slot->keys[slot->request->n_views++] = datagram->key;
	if (asker_knows_more(&datagram->asker, &slot->request->asker))
		slot->request->asker = datagram->asker;
	if (datagram->ts_ns >= slot->request->view.ts_ns)
		return;
	slot->request->view = view_of(datagram);
	slot->request->ts_ns = datagram->ts_ns;
}

static struct exchange_request *make_request(struct exchange *exchange,
					     const struct exchange_datagram *datagram)
{
	struct stream_view view = view_of(datagram);
	struct metadata_place place = exchange_place(exchange, &view);
	struct exchange_origin from = {.ts_ns = datagram->ts_ns, .asker = datagram->asker};
	struct exchange_request *request =
		exchange_request_new(exchange, &view, IPPROTO_UDP, &from);
	struct dns_question question;

	if (!request)
		return NULL;
	exchange_other_begin(request, EXCHANGE_OTHER, &place);
	request->answer = EXCHANGE_NO_ANSWER;
	if (datagram->key.endpoint_port_be != htons(DNS_PORT) ||
	    !dns_decode(datagram->bytes, datagram->captured, &question))
		return request;
	exchange_other_ask(request, &question);
	return request;
}

void exchange_udp_take(struct exchange_udp *udp, struct exchange *exchange,
		       const struct exchange_datagram *datagram)
{
	struct slot *slot = &udp->slots[udp->next];
	uint8_t digest[DIGEST_BYTES];

	digest_of(datagram, digest);
	for (size_t i = 0; i < ARRAY_SIZE(udp->slots); i++) {
		if (is_view(&udp->slots[i], datagram, digest)) {
			add_view(&udp->slots[i], datagram);
			exchange_counters(exchange)->views++;
			return;
		}
	}
	if (slot->request)
		exchange_emit(exchange, slot->request);
	udp->next = (udp->next + 1) % ARRAY_SIZE(udp->slots);
	*slot = (struct slot){
		.request = make_request(exchange, datagram),
		.keys = {datagram->key},
		.ts_ns = datagram->ts_ns,
		.ifaces = {datagram->ifindex},
		.n_ifaces = 1,
		.ip_id_be = datagram->ip_id_be,
		.hop_limit = datagram->hop_limit,
	};
	memcpy(slot->digest, digest, DIGEST_BYTES);
}

void exchange_udp_tick(struct exchange_udp *udp, struct exchange *exchange, uint64_t now_ns,
		       bool all)
{
	for (size_t i = 0; i < ARRAY_SIZE(udp->slots); i++) {
		/* oldest first */
		struct slot *slot = &udp->slots[(udp->next + i) % ARRAY_SIZE(udp->slots)];

		if (!slot->request || (!all && now_ns < slot->ts_ns + EXCHANGE_SETTLE_NS))
			continue;
		exchange_emit(exchange, slot->request);
		slot->request = NULL;
	}
}

void exchange_udp_free(struct exchange_udp *udp)
{
	free(udp);
}
