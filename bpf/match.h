/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet against the policy's tables: which endpoints does it belong to? */
#pragma once

#include <linux/if_packet.h>

#include "maps.h"
#include "transport.h"

#define LOOPBACK_IFINDEX 1

/* The endpoints on either side of a packet. */
struct sides {
	struct sf_mask dst;
	struct sf_mask src;
};

static __always_inline const struct sf_policy *policy_of(__u32 generation)
{
	return &sf_policies[generation & (SF_GENERATIONS - 1)];
}

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

/* The ports that a packet is judged by, and how they came to be known. */
struct ports {
	__be16 sport;
	__be16 dport;
	__u16 flags; /* enum sf_packet_flag: PORTS and UNREAD */
	__u8 proto;
	__u8 pad;
};

static __always_inline struct ports ports_of(const struct sf_packet *packet)
{
	struct ports ports = {
		.sport = packet->sport,
		.dport = packet->dport,
		.flags = packet->flags,
		.proto = packet->proto,
	};

	return ports;
}

/* An error comes back from where the packet that it quotes went to. */
static __always_inline struct ports quoted_ports(const struct sf_packet *packet)
{
	struct ports ports = {
		.sport = packet->quote.dport,
		.dport = packet->quote.sport,
		.flags = packet->quote.flags,
		.proto = packet->quote.proto,
	};

	return ports;
}

/* Ports that could not be read match any: odd packets go up, marked. */
static __always_inline __u64 port_mask(const struct sf_policy *policy, const struct ports *ports,
				       __be16 port)
{
	__u64 any = policy->any_port.bits;

	if (ports->flags & SF_PACKET_PORTS)
		return any | slot_find(policy->ports, SF_PORT_SLOTS,
				       SF_PORT_KEY(ports->proto, bpf_ntohs(port)))
				     .bits;
	return ports->flags & SF_PACKET_UNREAD ? ~0ULL : any;
}

/* By the packet's own addresses. */
static __always_inline struct sides match_addresses(const struct sf_packet *packet,
						    __u32 generation)
{
	struct sides sides = {
		.dst = prefix_find(packet->dst, generation),
		.src = prefix_find(packet->src, generation),
	};

	return sides;
}

/* An ICMP error belongs also to the endpoints of the packet that it is about. */
static __always_inline void match_quote(const struct sf_packet *packet, __u32 generation,
					struct sides *sides)
{
	sides->dst.bits |= prefix_find(packet->quote.src, generation).bits;
	sides->src.bits |= prefix_find(packet->quote.dst, generation).bits;
}

/* The port counts on the side that holds the endpoint's address. */
static __always_inline void match_ports(const struct sf_policy *policy, const struct ports *ports,
					struct sides *sides)
{
	sides->dst.bits &= port_mask(policy, ports, ports->dport);
	sides->src.bits &= port_mask(policy, ports, ports->sport);
}

static __always_inline void flow_key(struct sf_flow_key *key, const struct sf_packet *packet,
				     const struct ports *ports, __u32 netns)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->src, packet->src, sizeof(key->src));
	__builtin_memcpy(key->dst, packet->dst, sizeof(key->dst));
	key->sport = ports->sport;
	key->dport = ports->dport;
	key->netns = netns;
	key->proto = ports->proto;
}

/* The flow of the packet that an error is about, as its sender sees it. */
static __always_inline void quoted_key(struct sf_flow_key *key, const struct sf_packet *packet,
				       __u32 netns)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->src, packet->quote.src, sizeof(key->src));
	__builtin_memcpy(key->dst, packet->quote.dst, sizeof(key->dst));
	key->sport = packet->quote.sport;
	key->dport = packet->quote.dport;
	key->netns = netns;
	key->proto = packet->quote.proto;
}

/* The policy that this packet is judged by, whichever sockets it reaches. */
static __always_inline __u32 generation_of(struct __sk_buff *skb)
{
	__u64 turn = current_turn();
	__u64 from_ns = turn >> 1;
	__u32 generation = turn & 1;
	__u64 stamp_ns;

	if (!from_ns)
		return generation;
	stamp_ns = core_stamp(skb);
	if (stamp_ns < SF_STAMP_REAL_NS)
		from_ns = sf_turn_monotonic;
	return stamp_ns >= from_ns ? !generation : generation;
}

static __always_inline bool owner_is_alive(const struct sf_owner *owner, __u64 now_ns)
{
	/* it may have ended since that was now, on another CPU */
	return !owner->ended_ns || (__s64)(now_ns - owner->ended_ns) < (__s64)SF_GRACE_NS;
}
