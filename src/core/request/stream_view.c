// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which connection a segment belongs to: by its addresses, then by its
 * numbers; and which connections are one, seen from two places.
 *
 * A merged stranger could hide his request behind another's, or speak in its
 * name. So addresses alone never decide, nor does an initial number alone: two
 * views are one when a segment agrees in both its numbers. The endpoint draws
 * its half anew for each connection, out of reach of who only sends.
 */
#include <netinet/tcp.h>
#include <string.h>

#include "stream_conn.h"

static struct stream_link *find_links(struct stream *stream, const struct stream_key *key)
{
	struct stream_link *link = NULL;

	HASH_FIND(hh, stream->links, key, sizeof(*key), link);
	return link;
}

/* How far the number is from what the side expects; 0 when nothing is expected. */
static uint64_t distance_of(const struct stream_side *side, uint32_t number)
{
	int64_t apart;

	if (!side->is_known)
		return 0;
	apart = (int32_t)(number - (uint32_t)side->next);
	return (uint64_t)(apart < 0 ? -apart : apart);
}

static uint64_t distance(const struct stream_inner *conn, const struct stream_segment *segment)
{
	const struct stream_side *side = &conn->sides[segment->dir];
	uint64_t seq = distance_of(side, segment->seq);
	uint64_t ack = 0;

	if (segment->tcp_flags & TH_ACK)
		ack = distance_of(&conn->sides[!segment->dir], segment->ack);
	/* of two that fit, the one that is listened to */
	return (seq > ack ? seq : ack) + conn->is_inward;
}

/* A SYN belongs to the connection with its number, or to one whose beginning is still missing. */
static bool is_syn_of(const struct stream_inner *conn, const struct stream_segment *segment)
{
	const struct stream_side *side = &conn->sides[STREAM_TO];

	if (conn->has_isn)
		return conn->isn == segment->seq;
	return !side->is_anchored && side->is_known && !conn->is_inward &&
	       side->next - stream_unwrap(side->next, segment->seq) <= STREAM_QUEUE_BYTES_MAX;
}

/* Has it ended, and does the segment carry what it had not? */
static bool is_behind_end(const struct stream_inner *conn, const struct stream_segment *segment)
{
	const struct stream_side *side = &conn->sides[segment->dir];
	uint64_t end = stream_unwrap(side->next, segment->seq) + segment->len;

	return conn->is_ended && segment->len && end > side->next;
}

struct stream_inner *stream_find(struct stream *stream, const struct stream_segment *segment)
{
	bool is_syn =
		segment->dir == STREAM_TO && (segment->tcp_flags & (TH_SYN | TH_ACK)) == TH_SYN;
	struct stream_link *link = find_links(stream, &segment->key);
	struct stream_inner *nearest = NULL;
	uint64_t least = STREAM_REACH_BYTES;

	for (; link; link = link->next) {
		uint64_t apart = distance(link->conn, segment);

		if (is_syn && is_syn_of(link->conn, segment))
			return link->conn;
		if (is_syn || apart > least || is_behind_end(link->conn, segment))
			continue;
		least = apart;
		nearest = link->conn;
	}
	return nearest;
}

bool stream_link_add(struct stream *stream, struct stream_inner *conn, const struct stream_key *key)
{
	struct stream_link *head = find_links(stream, key);
	struct stream_link *link = &conn->links[conn->n_links];

	for (size_t i = 0; i < conn->n_links; i++) {
		if (memcmp(&conn->links[i].key, key, sizeof(*key)) == 0)
			return true;
	}
	if (conn->n_links >= STREAM_VIEWS_MAX)
		return false;
	memset(link, 0, sizeof(*link));
	link->key = *key;
	link->conn = conn;
	conn->n_links++;
	conn->pub.n_views = (uint32_t)conn->n_links;
	if (head) {
		link->next = head->next;
		head->next = link;
		return true;
	}
	HASH_ADD(hh, stream->links, key, sizeof(link->key), link);
	return true;
}

static void remove_link(struct stream *stream, struct stream_link *link)
{
	struct stream_link *head = find_links(stream, &link->key);

	if (head != link) {
		while (head->next != link)
			head = head->next;
		head->next = link->next;
		return;
	}
	HASH_DEL(stream->links, link);
	if (link->next)
		HASH_ADD(hh, stream->links, key, sizeof(link->key), link->next);
}

static void remove_print(struct stream *stream, struct stream_print *print)
{
	if (print->conn)
		HASH_DEL(stream->prints, print);
	print->conn = NULL;
}

void stream_unlink(struct stream *stream, struct stream_inner *conn)
{
	for (size_t i = 0; i < conn->n_links; i++)
		remove_link(stream, &conn->links[i]);
	conn->n_links = 0;
	for (size_t i = 0; i < STREAM_PRINTS; i++)
		remove_print(stream, &conn->prints[i]);
}

size_t stream_count_alike(struct stream *stream, const struct stream_key *key,
			  struct stream_inner **ret_oldest)
{
	struct stream_inner *oldest = NULL;
	size_t n = 0;

	for (struct stream_link *link = find_links(stream, key); link; link = link->next) {
		if (!oldest || link->conn->last_ns < oldest->last_ns)
			oldest = link->conn;
		n++;
	}
	*ret_oldest = oldest;
	return n;
}

struct stream_inner *stream_find_replaced(const struct stream *stream,
					  const struct stream_inner *conn)
{
	struct stream_link *link = NULL;

	HASH_FIND(hh, stream->links, &conn->links[0].key, sizeof(link->key), link);
	for (; link; link = link->next) {
		struct stream_inner *other = link->conn;

		if (other != conn && !other->is_ended && !other->is_ending &&
		    other->pub.view.ts_ns <= conn->pub.view.ts_ns &&
		    other->pub.view.ifindex == conn->pub.view.ifindex)
			return other;
	}
	return NULL;
}

static struct stream_print_key print_of(const struct stream_segment *segment)
{
	struct stream_print_key key = {
		.endpoint_port_be = segment->key.endpoint_port_be,
		.dir = (uint8_t)segment->dir,
		.is_syn = !!(segment->tcp_flags & TH_SYN),
		.seq = segment->seq,
		.ack = segment->ack,
		.len = (uint32_t)segment->len,
	};

	memcpy(key.endpoint, segment->key.endpoint, sizeof(key.endpoint));
	return key;
}

static void add_print(struct stream *stream, struct stream_inner *conn,
		      const struct stream_print_key *key, uint64_t ts_ns)
{
	struct stream_print *print = &conn->prints[0];

	/* the SYN,ACK stays: each view shows it; the others take turns */
	if (!key->is_syn) {
		conn->next_print = conn->next_print % (STREAM_PRINTS - 1) + 1;
		print = &conn->prints[conn->next_print];
	}
	remove_print(stream, print);
	memset(print, 0, sizeof(*print));
	print->key = *key;
	print->conn = conn;
	print->ts_ns = ts_ns;
	HASH_ADD(hh, stream->prints, key, sizeof(print->key), print);
}

static uint64_t progress_of(const struct stream_inner *conn)
{
	uint64_t progress = conn->is_ended;

	for (int dir = STREAM_TO; dir <= STREAM_FROM; dir++) {
		const struct stream_side *side = &conn->sides[dir];

		if (side->is_anchored)
			progress += 1 + side->next - side->start;
	}
	return progress;
}

/* What gone knows of a direction and keep does not. */
static void adopt_side(struct stream *stream, struct stream_inner *keep, struct stream_inner *gone,
		       enum stream_dir dir)
{
	const struct stream_side *from = &gone->sides[dir];
	struct stream_side *side = &keep->sides[dir];

	if (!side->is_known) {
		side->is_known = from->is_known;
		side->next = from->next;
	}
	if (!side->is_anchored && from->is_anchored && !gone->pub.is_joined[dir])
		stream_anchor(stream, keep, dir, stream_unwrap(side->next, (uint32_t)from->start));
	if (!side->has_fin && from->has_fin) {
		side->has_fin = true;
		side->fin = stream_unwrap(side->next, (uint32_t)from->fin);
	}
}

/* Makes gone a view of keep, and keep the one that was seen first. */
static void merge(struct stream *stream, struct stream_inner *keep, struct stream_inner *gone)
{
	struct stream_view view = gone->pub.view;
	bool is_rewritten = memcmp(&view.key.peer, &keep->pub.view.key.peer, 16) != 0 ||
			    view.key.peer_port_be != keep->pub.view.key.peer_port_be;

	adopt_side(stream, keep, gone, STREAM_TO);
	adopt_side(stream, keep, gone, STREAM_FROM);
	/* only now: pieces of one direction speak of positions in the other */
	stream_move(stream, keep, gone, STREAM_TO);
	stream_move(stream, keep, gone, STREAM_FROM);
	if (!keep->has_isn && gone->has_isn && !keep->pub.is_joined[STREAM_TO]) {
		keep->has_isn = true;
		keep->isn = gone->isn;
	}
	keep->pub.is_routed |= gone->pub.is_routed || is_rewritten;
	keep->is_confirmed |= gone->is_confirmed;
	if (view.ts_ns < keep->pub.view.ts_ns)
		keep->pub.view = view;
	stream_end(stream, gone, STREAM_MERGED);
	stream->counts.merged++;
}

/* One of the two goes. Returns the one that stays; NULL when they have too many views. */
static struct stream_inner *unite(struct stream *stream, struct stream_inner *a,
				  struct stream_inner *b)
{
	struct stream_inner *keep = progress_of(a) > progress_of(b) ? a : b;
	struct stream_inner *gone = keep == a ? b : a;
	struct stream_key keys[STREAM_VIEWS_MAX];
	size_t n = gone->n_links;

	if (keep->n_links + n > STREAM_VIEWS_MAX) {
		stream->counts.views_refused++;
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		keys[i] = gone->links[i].key;
	merge(stream, keep, gone);
	for (size_t i = 0; i < n; i++)
		stream_link_add(stream, keep, &keys[i]);
	return keep;
}

struct stream_inner *stream_join_views(struct stream *stream, struct stream_inner *conn,
				       const struct stream_segment *segment)
{
	struct stream_print_key key = print_of(segment);
	struct stream_print *print = NULL;
	struct stream_inner *kept;

	if (!(segment->tcp_flags & TH_ACK) || (!segment->len && !(segment->tcp_flags & TH_SYN)))
		return conn;
	HASH_FIND(hh, stream->prints, &key, sizeof(key), print);
	if (print && print->conn == conn)
		return conn;
	if (print && segment->ts_ns < print->ts_ns + STREAM_VIEW_NS) {
		kept = unite(stream, conn, print->conn);
		return kept ? kept : conn;
	}
	if (print)
		remove_print(stream, print);
	add_print(stream, conn, &key, segment->ts_ns);
	return conn;
}
