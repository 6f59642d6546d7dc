// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "flow.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

/* The endpoint's side first, so that requests and replies meet. */
struct key {
	uint8_t endpoint[16];
	uint8_t peer[16];
	uint16_t endpoint_port_be;
	uint16_t peer_port_be;
	uint32_t ifindex;
	uint8_t proto;
	uint8_t is_inet; /* raw IP sockets have endpoints of their own */
	uint8_t pad[2];
};

struct decided {
	struct key key;
	struct sf_mask endpoints;
	uint16_t generation; /* of the policy whose endpoints these are */
	int32_t verdict;
	uint8_t owner_kind;
	uint32_t uid;
	uint32_t gid;
	UT_hash_handle hh;
};

struct flow_table {
	struct decided *table; /* in order of last use */
};

struct flow_table *flow_table_new(void)
{
	return calloc(1, sizeof(struct flow_table));
}

static void key_of(struct key *key, const struct sf_event *event)
{
	const struct sf_packet *packet = &event->packet;
	bool to = event->direction != SF_FROM;

	memset(key, 0, sizeof(*key));
	memcpy(key->endpoint, to ? packet->dst : packet->src, 16);
	memcpy(key->peer, to ? packet->src : packet->dst, 16);
	key->endpoint_port_be = to ? packet->dport : packet->sport;
	key->peer_port_be = to ? packet->sport : packet->dport;
	key->ifindex = event->ifindex;
	key->proto = packet->proto;
	key->is_inet = event->tap == SF_TAP_INET;
}

static bool is_same(const struct decided *decided, const struct sf_event *event)
{
	return decided->verdict == event->verdict && decided->generation == event->generation &&
	       decided->endpoints.bits == event->endpoints.bits &&
	       decided->owner_kind == event->owner_kind && decided->uid == event->uid &&
	       decided->gid == event->gid;
}

/* The flow's entry, moved to the young end; a new one has is_new set. NULL without memory. */
static struct decided *touch(struct flow_table *table, const struct key *key, bool *ret_is_new)
{
	struct decided *decided = NULL;

	HASH_FIND(hh, table->table, key, sizeof(*key), decided);
	*ret_is_new = !decided;
	if (decided) {
		HASH_DEL(table->table, decided);
	} else if (HASH_COUNT(table->table) >= FLOW_KEPT_MAX) {
		decided = table->table;
		HASH_DEL(table->table, decided);
		memset(decided, 0, sizeof(*decided));
	} else {
		decided = calloc(1, sizeof(*decided));
	}
	if (!decided)
		return NULL;
	decided->key = *key;
	HASH_ADD(hh, table->table, key, sizeof(decided->key), decided);
	return decided;
}

bool flow_is_news(struct flow_table *table, const struct sf_event *event)
{
	struct decided *decided;
	struct key key;
	bool is_new, is_news;

	key_of(&key, event);
	decided = touch(table, &key, &is_new);
	if (!decided)
		return true;
	is_news = is_new ? event->verdict == SF_DELIVER : !is_same(decided, event);
	decided->endpoints = event->endpoints;
	decided->generation = event->generation;
	decided->verdict = event->verdict;
	decided->owner_kind = event->owner_kind;
	decided->uid = event->uid;
	decided->gid = event->gid;
	return is_news;
}

void flow_table_free(struct flow_table *table)
{
	struct decided *decided, *next;

	if (!table)
		return;
	HASH_ITER (hh, table->table, decided, next) {
		HASH_DEL(table->table, decided);
		free(decided);
	}
	free(table);
}
