/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet bytes to struct sf_packet: the IP header and its addresses, which is
 * all that most packets are looked at for. transport.h reads on behind them;
 * src/core/decode.c is the twin of both in user space and must say the same of
 * every packet.
 *
 * The sender of these bytes is a stranger: lengths lie, headers end early,
 * chains of extension headers run in circles, the ethertype may be false.
 * Whatever follows readable addresses is therefore only ever *marked*, never
 * a reason to look away; a packet without readable addresses cannot belong
 * to a watched one.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "abi.h"
#include "core.h"

#define IP_OFFSET_MASK 0x1fff
#define IP_MORE_FRAGMENTS 0x2000

/* Where the IP header starts, and what it says of its end; offsets behind it count from it. */
struct l3 {
	__u32 start; /* BPF_HDR_START_NET or BPF_HDR_START_MAC */
	__u32 offset; /* from there */
	__u32 end; /* length that the header claims, ~0 when it claims none */
	__u32 l4; /* where the next header stands */
};

/*
 * The relative load reads the linear part of a packet only. One made of pages
 * (sendfile, zero copy, a packet socket's ring) may keep even its IP header
 * outside: whoever could hide there would not be seen.
 */
static __always_inline bool load_paged(struct __sk_buff *skb, __u32 start, __u32 offset, void *to,
				       __u32 len)
{
	__s32 base = core_header_offset(skb, start == BPF_HDR_START_MAC);

	return !bpf_skb_load_bytes(skb, base + offset, to, len);
}

static __always_inline bool load_from(struct __sk_buff *skb, __u32 start, __u32 offset, void *to,
				      __u32 len)
{
	if (!bpf_skb_load_bytes_relative(skb, offset, to, len, start))
		return true;
	return load_paged(skb, start, offset, to, len);
}

/*
 * What the verifier knows of each field multiplies the paths that it walks
 * from here on, on kernels up to 6.1 most of all. A copy by a helper makes it
 * forget.
 */
#define FORGET(object) bpf_probe_read_kernel(&(object), sizeof(object), &(object))

static __always_inline bool load(struct __sk_buff *skb, const struct l3 *l3, __u32 offset, void *to,
				 __u32 len)
{
	return load_from(skb, l3->start, l3->offset + offset, to, len);
}

static __always_inline __u8 ip_version_at(struct __sk_buff *skb, const struct l3 *l3)
{
	__u8 first;

	if (!load(skb, l3, 0, &first, sizeof(first)))
		return 0;
	return first >> 4;
}

/* The IP version that an ethertype promises, 0 for anything else. */
static __always_inline __u8 ip_version_of(__be16 ethertype)
{
	if (ethertype == bpf_htons(ETH_P_IP))
		return 4;
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return 6;
	return 0;
}

static __always_inline bool is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

/* Follows the link header and its VLAN tags to an IP header. */
static __always_inline __u8 l3_behind_link(struct __sk_buff *skb, struct l3 *l3)
{
	__u32 offset = 2 * ETH_ALEN;
	__be16 ethertype;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i <= SF_VLAN_TAGS_MAX; i++) {
		if (!load_from(skb, BPF_HDR_START_MAC, offset, &ethertype, sizeof(ethertype)))
			return 0;
		if (!is_vlan(ethertype))
			break;
		offset += 4;
	}
	l3->start = BPF_HDR_START_MAC;
	l3->offset = offset + sizeof(ethertype);
	if (!ip_version_of(ethertype) || ip_version_at(skb, l3) != ip_version_of(ethertype))
		return 0;
	return ip_version_of(ethertype);
}

/*
 * Finds the IP header; returns its version or 0. The kernel's own network
 * header is right for whatever its protocol stack sent or received; a frame
 * from a packet socket may claim a false protocol, and a second VLAN tag is
 * left inside, so the link header has the last word.
 */
static __always_inline __u8 l3_find(struct __sk_buff *skb, struct l3 *l3, bool has_link)
{
	__u8 version = ip_version_of((__be16)skb->protocol);

	l3->start = BPF_HDR_START_NET;
	l3->offset = 0;
	if (version && ip_version_at(skb, l3) == version)
		return version;
	return has_link ? l3_behind_link(skb, l3) : 0;
}

static __always_inline void addr_from_v4(__u8 *addr, const void *v4)
{
	__builtin_memset(addr, 0, 10);
	__builtin_memset(addr + 10, 0xff, 2);
	__builtin_memcpy(addr + 12, v4, 4);
}

/* The claimed length against what there is. */
static __always_inline void check_end(struct __sk_buff *skb, const struct l3 *l3,
				      struct sf_packet *packet)
{
	__s64 base = core_header_offset(skb, l3->start == BPF_HDR_START_MAC);

	if (l3->end != ~0U && base + l3->offset + l3->end > skb->len)
		packet->flags |= SF_PACKET_TRUNCATED;
}

/* False: no addresses to read. */
static __always_inline bool parse_v4(struct __sk_buff *skb, struct l3 *l3, struct sf_packet *packet)
{
	struct iphdr ip;
	__u16 fragment;

	if (!load(skb, l3, 0, &ip, sizeof(ip)))
		return false;
	addr_from_v4(packet->src, &ip.saddr);
	addr_from_v4(packet->dst, &ip.daddr);
	packet->ip_version = 4;
	packet->proto = ip.protocol;
	packet->hop_limit = ip.ttl;
	packet->traffic_class = ip.tos;
	__builtin_memcpy(&packet->ip_id, &ip.id, sizeof(ip.id));
	l3->l4 = ip.ihl * 4;
	l3->end = bpf_ntohs(ip.tot_len);
	fragment = bpf_ntohs(ip.frag_off);
	if (fragment & (IP_OFFSET_MASK | IP_MORE_FRAGMENTS))
		packet->flags |= SF_PACKET_FRAGMENT;
	if (fragment & IP_OFFSET_MASK)
		packet->flags |= SF_PACKET_LATER_FRAGMENT;
	/* a segmentation offload beyond 64 KiB says 0 */
	if (!l3->end && skb->len > 0xffff)
		l3->end = ~0U;
	if (l3->l4 < sizeof(ip) || l3->end < l3->l4)
		packet->flags |= SF_PACKET_MALFORMED;
	return true;
}

static __always_inline bool parse_v6(struct __sk_buff *skb, struct l3 *l3, struct sf_packet *packet)
{
	struct ipv6hdr ip;
	__u32 payload;

	if (!load(skb, l3, 0, &ip, sizeof(ip)))
		return false;
	__builtin_memcpy(packet->src, &ip.saddr, 16);
	__builtin_memcpy(packet->dst, &ip.daddr, 16);
	packet->ip_version = 6;
	packet->proto = ip.nexthdr;
	packet->hop_limit = ip.hop_limit;
	packet->traffic_class = ip.priority << 4 | ip.flow_lbl[0] >> 4;
	payload = bpf_ntohs(ip.payload_len);
	l3->l4 = sizeof(ip);
	l3->end = sizeof(ip) + payload;
	if (!payload && skb->len > 0xffff)
		l3->end = ~0U;
	return true;
}

/* The IP header and its addresses. */
static __always_inline bool parse_addresses(struct __sk_buff *skb, struct l3 *l3, bool has_link,
					    struct sf_packet *packet)
{
	__u8 version = l3_find(skb, l3, has_link);

	packet->len = skb->len;
	if (version == 4)
		return parse_v4(skb, l3, packet);
	if (version == 6)
		return parse_v6(skb, l3, packet);
	return false;
}
