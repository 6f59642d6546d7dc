// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "join.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "mem.h"

struct key {
	struct sf_packet packet;
	uint32_t ifindex; /* 0 for raw IP sockets */
	uint32_t is_inet;
};

/* Verdicts with the same key hang behind the one in the hash, oldest first. */
struct waiting {
	struct key key;
	struct sf_event event;
	struct waiting *next; /* the next alike; of a free one, the next free */
	struct waiting *last; /* valid in the head */
	struct waiting *older; /* of all */
	struct waiting *newer;
	size_t n_changes; /* of owner along the chain; valid in the head */
	UT_hash_handle hh;
};

/* Slots are used again before fresh ones are: what never waits takes no memory. */
struct join {
	struct waiting *table;
	struct waiting *oldest;
	struct waiting *newest;
	struct waiting *free;
	size_t n_fresh; /* slots from there on were never used */
	struct waiting slots[JOIN_WAITING_MAX];
};

struct join *join_new(void)
{
	return calloc(1, sizeof(struct join));
}

static void key_of(struct key *key, const struct sf_packet *packet, bool is_inet, uint32_t ifindex)
{
	memset(key, 0, sizeof(*key));
	key->packet = *packet;
	key->is_inet = is_inet;
	key->ifindex = is_inet ? 0 : ifindex;
}

static struct waiting *find(struct join *join, const struct key *key)
{
	struct waiting *head = NULL;

	HASH_FIND(hh, join->table, key, sizeof(*key), head);
	return head;
}

static bool same_owner(const struct sf_event *a, const struct sf_event *b)
{
	return a->owner_kind == b->owner_kind && a->uid == b->uid && a->gid == b->gid &&
	       a->cookie == b->cookie && a->user.pid == b->user.pid &&
	       a->user.started_ns == b->user.started_ns;
}

static void unlink_age(struct join *join, struct waiting *waiting)
{
	if (waiting->older)
		waiting->older->newer = waiting->newer;
	else
		join->oldest = waiting->newer;
	if (waiting->newer)
		waiting->newer->older = waiting->older;
	else
		join->newest = waiting->older;
}

static void append_age(struct join *join, struct waiting *waiting)
{
	waiting->older = join->newest;
	waiting->newer = NULL;
	if (join->newest)
		join->newest->newer = waiting;
	else
		join->oldest = waiting;
	join->newest = waiting;
}

/* Takes the head of its chain out; the next alike takes its place. */
static void remove_head(struct join *join, struct waiting *head)
{
	struct waiting *next = head->next;

	HASH_DEL(join->table, head);
	unlink_age(join, head);
	if (next) {
		next->last = head->last;
		next->n_changes = head->n_changes - !same_owner(&head->event, &next->event);
		HASH_ADD(hh, join->table, key, sizeof(next->key), next);
	}
	head->next = join->free;
	join->free = head;
}

static struct waiting *take_slot(struct join *join)
{
	struct waiting *slot;

	if (!join->free && join->n_fresh < JOIN_WAITING_MAX)
		return &join->slots[join->n_fresh++];
	/* the oldest of all is the oldest of its chain */
	if (!join->free)
		remove_head(join, join->oldest);
	slot = join->free;
	join->free = slot->next;
	return slot;
}

void join_event(struct join *join, const struct sf_event *event)
{
	struct waiting *slot = take_slot(join);
	struct waiting *head;

	memset(slot, 0, sizeof(*slot));
	key_of(&slot->key, &event->packet, event->tap == SF_TAP_INET, event->ifindex);
	slot->event = *event;
	append_age(join, slot);
	head = find(join, &slot->key);
	if (head) {
		head->n_changes += !same_owner(&head->last->event, event);
		head->last->next = slot;
		head->last = slot;
		return;
	}
	slot->last = slot;
	HASH_ADD(hh, join->table, key, sizeof(slot->key), slot);
}

/* The oldest verdict alike that can be this packet's; older ones have lost theirs. */
static struct waiting *find_recent(struct join *join, const struct key *key,
				   struct wallclock_span seen)
{
	struct waiting *head = find(join, key);

	while (head && head->event.ts_ns + JOIN_APART_NS < seen.from_ns) {
		remove_head(join, head);
		head = find(join, key);
	}
	if (head && head->event.ts_ns > seen.to_ns + JOIN_APART_NS)
		return NULL;
	return head;
}

enum join_result join_packet(struct join *join, const struct join_place *place,
			     const struct sf_packet *packet, struct sf_event *ret)
{
	struct waiting *head;
	struct key key;
	bool is_ambiguous;

	key_of(&key, packet, place->is_inet, place->ifindex);
	head = find_recent(join, &key, place->seen);
	if (!head)
		return JOIN_MISSING;
	is_ambiguous = head->n_changes > 0;
	if (!is_ambiguous)
		*ret = head->event;
	remove_head(join, head);
	return is_ambiguous ? JOIN_AMBIGUOUS : JOIN_FOUND;
}

void join_free(struct join *join)
{
	if (!join)
		return;
	HASH_CLEAR(hh, join->table);
	free(join);
}
