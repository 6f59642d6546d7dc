// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The socket filter: could this packet be for us? Nearly all traffic ends
 * here, by its addresses. What is left goes on to judge.bpf.c, as a program of
 * its own: kernels before 6.7 charge a socket for its filter, and allow it
 * 20 KiB.
 */
#include "match.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Is another socket to judge this packet, or another copy of it? */
static __always_inline bool is_anothers(struct __sk_buff *skb, const struct sf_policy *policy,
					enum sf_tap tap)
{
	/* raw IP sockets are given only what has come in */
	if (tap == SF_TAP_INET)
		return false;
	if (policy->every != (tap == SF_TAP_EVERY))
		return true;
	/* the loopback shows each packet twice: going out and coming in */
	return skb->ifindex == LOOPBACK_IFINDEX && skb->pkt_type == PACKET_OUTGOING;
}

/* Could it be an ICMP error about a watched address? Those behind extension headers too. */
static __always_inline bool may_quote(const struct sf_packet *packet)
{
	return packet->proto == icmp_of(packet->ip_version) ||
	       (packet->ip_version == 6 && sf_is_extension(packet->proto));
}

/* Inlined as a whole: not every kernel allows a tail call beside calls of functions. */
static __always_inline int tap(struct __sk_buff *skb, enum sf_tap kind)
{
	__u32 generation = generation_of(skb);
	struct sf_packet packet = {};
	struct sides sides;
	struct l3 l3 = {};

	if (is_anothers(skb, policy_of(generation), kind))
		return SF_REJECT;
	count(SF_SEEN);
	if (!parse_addresses(skb, &l3, kind != SF_TAP_INET, &packet)) {
		count(SF_REJECTED);
		return SF_REJECT;
	}
	sides = match_addresses(&packet, generation);
	if (!(sides.dst.bits | sides.src.bits) && !may_quote(&packet) && !sf_report_rejected) {
		count(SF_REJECTED);
		return SF_REJECT;
	}
	bpf_tail_call(skb, &sf_judges, kind);
	/* without its judge, which is there from the start: up to the reader, its owner lost */
	count(SF_MATCHED);
	if (kind == SF_TAP_INET)
		count(SF_MATCHED_INET);
	return SF_DELIVER;
}

SEC("socket")
int sf_tap(struct __sk_buff *skb)
{
	return tap(skb, SF_TAP_SINGLE);
}

SEC("socket")
int sf_tap_every(struct __sk_buff *skb)
{
	return tap(skb, SF_TAP_EVERY);
}

SEC("socket")
int sf_tap_inet(struct __sk_buff *skb)
{
	return tap(skb, SF_TAP_INET);
}
