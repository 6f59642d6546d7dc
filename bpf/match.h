/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet against the policy's tables: which endpoints does it belong to? */
#pragma once

#include "maps.h"
#include "parse.h"

/* The endpoints on either side of a packet. */
struct sides {
	struct sf_mask dst;
	struct sf_mask src;
};

static __always_inline struct sf_mask slot_find(const struct sf_slot *table, __u32 slots, __u64 key)
{
	struct sf_mask none = {};
	__u32 at = sf_slot_of(key, slots);
	int i;

	/* unrolled, the program would outgrow what a socket may be charged for its filter */
#pragma clang loop unroll(disable)
	for (i = 0; i < SF_PROBES_MAX; i++) {
		const struct sf_slot *slot = &table[(at + i) & (slots - 1)];

		if (slot->key == key)
			return slot->mask;
		if (!slot->key)
			break;
	}
	return none;
}

static __always_inline bool is_mapped_v4(const __u8 *addr)
{
	const __u32 *words = (const __u32 *)addr;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}

/* An IPv4-mapped address is IPv4 wherever it stands. */
static __always_inline struct sf_mask prefix_find(const __u8 *addr, __u32 generation)
{
	struct sf_mask none = {};
	struct sf_mask *found;

	if (is_mapped_v4(addr)) {
		struct sf_lpm4_key key = {.prefixlen = SF_GENERATION_BITS + 32,
					  .generation = generation};

		__builtin_memcpy(key.addr, addr + 12, sizeof(key.addr));
		found = bpf_map_lookup_elem(&sf_prefixes4, &key);
	} else {
		struct sf_lpm6_key key = {.prefixlen = SF_GENERATION_BITS + 128,
					  .generation = generation};

		__builtin_memcpy(key.addr, addr, sizeof(key.addr));
		found = bpf_map_lookup_elem(&sf_prefixes6, &key);
	}
	return found ? *found : none;
}

/* Ports that could not be read match any: odd packets go up, marked. */
static __always_inline __u64 port_mask(const struct sf_policy *policy,
				       const struct sf_packet *packet, __be16 port)
{
	__u64 any = policy->any_port.bits;

	if (packet->flags & SF_PACKET_PORTS)
		return any | slot_find(policy->ports, SF_PORT_SLOTS,
				       SF_PORT_KEY(packet->proto, bpf_ntohs(port)))
				     .bits;
	return packet->flags & SF_PACKET_UNREAD ? ~0ULL : any;
}

/* By address alone. */
static __always_inline struct sides match_addresses(const struct sf_packet *packet,
						    __u32 generation)
{
	struct sides sides = {
		.dst = prefix_find(packet->dst, generation),
		.src = prefix_find(packet->src, generation),
	};

	return sides;
}

/* The port counts on the side that holds the endpoint's address. */
static __always_inline void match_ports(const struct sf_policy *policy,
					const struct sf_packet *packet, struct sides *sides)
{
	sides->dst.bits &= port_mask(policy, packet, packet->dport);
	sides->src.bits &= port_mask(policy, packet, packet->sport);
}

static __always_inline void flow_key(struct sf_flow_key *key, const struct sf_packet *packet,
				     __u32 netns)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->src, packet->src, sizeof(key->src));
	__builtin_memcpy(key->dst, packet->dst, sizeof(key->dst));
	key->sport = packet->sport;
	key->dport = packet->dport;
	key->netns = netns;
	key->proto = packet->proto;
}

static __always_inline bool owner_is_alive(const struct sf_owner *owner, __u64 now_ns)
{
	return !owner->ended_ns || now_ns - owner->ended_ns < SF_GRACE_NS;
}
