/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Only the first fragment of a packet has ports. It is remembered for those
 * that follow, so that they are judged by the same ports and have the same
 * owner. A fragment whose first was not seen, or that has two firsts which do
 * not agree (which of them the receiver takes is not ours to guess), keeps its
 * ports unknown, and so matches any.
 */
#pragma once

#include "match.h"

/* Packets in pieces at one time; the oldest are forgotten. */
#define FRAGMENTED_MAX 4096

/* Receivers wait for the rest at most 60 s (RFC 8200, section 4.5). */
#define FRAGMENT_NS 60000000000ULL

struct fragment_key {
	__u8 src[16];
	__u8 dst[16];
	__be32 ip_id;
	__u8 ip_version;
	__u8 proto; /* of IPv4 only: what an IPv6 fragment says of itself may differ */
	__u8 pad[2];
};

struct first_fragment {
	__u64 seen_ns;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 is_ambiguous;
	__u8 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct fragment_key);
	__type(value, struct first_fragment);
	__uint(max_entries, FRAGMENTED_MAX);
} sf_fragments SEC(".maps");

static __always_inline void fragment_key_of(struct fragment_key *key,
					    const struct sf_packet *packet)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->src, packet->src, sizeof(key->src));
	__builtin_memcpy(key->dst, packet->dst, sizeof(key->dst));
	key->ip_id = packet->ip_id;
	key->ip_version = packet->ip_version;
	if (packet->ip_version == 4)
		key->proto = packet->proto;
}

static __always_inline void remember_first(const struct fragment_key *key,
					   const struct ports *ports)
{
	struct first_fragment *kept = bpf_map_lookup_elem(&sf_fragments, key);
	struct first_fragment first = {
		.seen_ns = bpf_ktime_get_ns(),
		.sport = ports->sport,
		.dport = ports->dport,
		.proto = ports->proto,
	};

	/* the same again, on its way through another interface, agrees */
	if (kept && first.seen_ns - kept->seen_ns < FRAGMENT_NS &&
	    (kept->is_ambiguous || kept->sport != first.sport || kept->dport != first.dport ||
	     kept->proto != first.proto))
		first.is_ambiguous = true;
	bpf_map_update_elem(&sf_fragments, key, &first, BPF_ANY);
}

static __always_inline bool recall_first(const struct fragment_key *key, struct ports *ports)
{
	const struct first_fragment *first = bpf_map_lookup_elem(&sf_fragments, key);

	if (!first || first->is_ambiguous || bpf_ktime_get_ns() - first->seen_ns > FRAGMENT_NS)
		return false;
	ports->sport = first->sport;
	ports->dport = first->dport;
	ports->proto = first->proto;
	ports->flags = SF_PACKET_PORTS;
	return true;
}

/* The packet is a fragment of a watched address: completes ports, its own so far. */
static __noinline void follow_fragment(const struct sf_packet *packet, struct ports *ports)
{
	struct fragment_key key;

	fragment_key_of(&key, packet);
	if (!(packet->flags & SF_PACKET_LATER_FRAGMENT)) {
		if (packet->flags & SF_PACKET_PORTS)
			remember_first(&key, ports);
		return;
	}
	count(SF_FRAGMENTS);
	if (!recall_first(&key, ports))
		count(SF_FRAGMENTS_ALONE);
}
