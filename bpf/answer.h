/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose packet is it? The tap's question to the tables that the owner hooks
 * fill, and its answer: a user, or one of four reasons why nobody is known.
 */
#pragma once

#include "conntrack.h"
#include "match.h"

#define SECOND_NS 1000000000ULL

/* What is asked about one packet. */
struct question {
	struct sf_packet packet;
	struct ports ports; /* its own, or those of its first fragment */
	struct sf_flow_key sent; /* the flow as its sender sees it */
	struct sf_flow_key answered; /* the flow that this packet would answer */
	__u64 now_ns;
	__u32 generation;
	__u32 direction;
	bool is_outgoing;
	bool is_loopback;
	bool is_forwarded;
	__u8 tap; /* enum sf_tap */
};

/* And its answer. */
struct answer {
	__u64 cookie;
	struct sf_process_key opener;
	struct sf_process_key user;
	__u32 kind;
	__u32 uid;
	__u32 gid;
	__u32 netns;
	__u32 source;
	__u32 join;
};

static __always_inline bool answer_by(struct answer *answer, __u64 cookie, __u32 join, __u64 now_ns)
{
	const struct sf_owner *owner = bpf_map_lookup_elem(&sf_owners, &cookie);

	if (!owner || !owner_is_alive(owner, now_ns))
		return false;
	answer->kind = owner->kind;
	if (owner->kind != SF_OWNER_USER)
		return true;
	answer->cookie = cookie;
	answer->opener = owner->opener;
	answer->user = owner->user;
	answer->netns = owner->netns;
	answer->uid = owner->uid;
	answer->gid = owner->gid;
	answer->source = owner->source;
	/* on what the other side opened nothing is a reply */
	answer->join = join == SF_JOIN_REPLY && owner->is_inbound ? SF_JOIN_FLOW : join;
	return true;
}

/* By the flow that the packet comes back on. */
static __always_inline bool answer_by_flow(struct answer *answer, const struct sf_flow *flow,
					   __u64 now_ns)
{
	return answer_by(answer, flow->cookie, SF_JOIN_REPLY, now_ns);
}

static __always_inline bool answer_by_trace(struct answer *answer, const struct sf_flow_key *key,
					    bool is_reply, __u64 now_ns)
{
	const struct sf_trace *trace = bpf_map_lookup_elem(&sf_traces, key);

	if (!trace || (__s64)(now_ns - trace->seen_ns) > (__s64)SF_TRACE_NS ||
	    (is_reply && !trace->is_asking))
		return false;
	answer->kind = trace->kind;
	return true;
}

/* The flow that the tap knows is this socket's; the hash that it gives may have changed. */
static __always_inline void refresh_flow(const struct question *question, struct sf_flow *kept,
					 __u32 hash)
{
	if (kept->hash != hash) {
		kept->hash_before = kept->hash;
		kept->hash = hash;
	}
	if (kept->sender != kept->cookie)
		kept->sender = kept->cookie;
	if (question->now_ns - kept->seen_ns > SECOND_NS)
		kept->seen_ns = question->now_ns;
}

/* Is it another socket's that may not lose it? */
static __always_inline bool is_taken(const struct sf_flow *kept, __u64 now_ns)
{
	const struct sf_owner *owner = bpf_map_lookup_elem(&sf_owners, &kept->cookie);

	if (!owner)
		return false;
	return kept->learnt == SF_LEARNT_EGRESS ? owner_is_alive(owner, now_ns) : !owner->ended_ns;
}

/*
 * A packet that came through a veth still carries its socket, and its reply
 * will pass here too, without: remember the flow for it. Neither what egress
 * knows of a living socket in this namespace is overwritten, nor the flow of
 * another open socket that passed here: its addresses may be forged, or those
 * of a namespace that has the same. It is noted as the last sender there.
 */
static __always_inline void learn_flow(struct __sk_buff *skb, const struct question *question,
				       __u64 cookie)
{
	struct sf_flow *kept = bpf_map_lookup_elem(&sf_flows, &question->sent);
	struct sf_flow flow = {
		.cookie = cookie,
		.sender = cookie,
		.seen_ns = question->now_ns,
		.hash = skb->hash,
		.hash_before = skb->hash,
		.learnt = SF_LEARNT_TAP,
	};

	if (kept && kept->cookie == cookie && kept->learnt == SF_LEARNT_TAP) {
		refresh_flow(question, kept, skb->hash);
		return;
	}
	if (kept && kept->cookie != cookie && is_taken(kept, question->now_ns)) {
		if (kept->learnt == SF_LEARNT_TAP)
			kept->sender = cookie;
		return;
	}
	if (bpf_map_update_elem(&sf_flows, &question->sent, &flow, BPF_ANY))
		count(SF_FLOWS_REFUSED);
}

static __always_inline void learn_forwarded(const struct question *question)
{
	const struct sf_trace *kept = bpf_map_lookup_elem(&sf_traces, &question->sent);
	struct sf_trace trace = {
		.seen_ns = question->now_ns,
		.kind = SF_OWNER_FORWARDED,
		.is_asking = true,
	};

	if (!kept || kept->kind != SF_OWNER_FORWARDED ||
	    question->now_ns - kept->seen_ns > SECOND_NS)
		bpf_map_update_elem(&sf_traces, &question->sent, &trace, BPF_ANY);
}

/*
 * A socket that is not connected gives its packets no hash. Those that were still
 * waiting when another socket took the port, and its own, cannot be told apart.
 */
static __always_inline bool is_disputed(const struct sf_flow *flow, __u64 now_ns)
{
	return !flow->hash && flow->disputed &&
	       (__u32)(now_ns >> SF_DISPUTE_SHIFT) - flow->disputed < SF_DISPUTE_MAX;
}

/*
 * Who sent it? The flow's own socket gives its packets a hash, which nobody who
 * forges its addresses knows; what has another, or none, is the guest's who sent
 * last. 0: nobody's.
 */
static __always_inline __u64 sender_of(struct __sk_buff *skb, const struct sf_flow *flow)
{
	if (flow->hash && (skb->hash == flow->hash || skb->hash == flow->hash_before))
		return flow->cookie;
	if (flow->hash && flow->sender == flow->cookie)
		return 0;
	return flow->sender;
}

/*
 * By the flow that this host sent. Only what left a socket here may use what
 * egress wrote, and what passes through only what the tap learnt: a guest
 * that forges a local flow's addresses is not taken for it.
 */
static __always_inline bool answer_by_sender(struct __sk_buff *skb, const struct question *question,
					     struct answer *answer)
{
	struct sf_flow *flow = bpf_map_lookup_elem(&sf_flows, &question->sent);
	__u32 wanted = question->is_forwarded ? SF_LEARNT_TAP : SF_LEARNT_EGRESS;
	__u64 sender;

	if (!flow || flow->learnt != wanted)
		return false;
	if (flow->queued)
		flow->queued--;
	if (is_disputed(flow, question->now_ns))
		return false;
	sender = sender_of(skb, flow);
	return sender && answer_by(answer, sender, SF_JOIN_FLOW, question->now_ns);
}

/*
 * Masqueraded on its way through: conntrack knows the flow by the addresses
 * that it had before, with which it passed here by another interface.
 */
static __always_inline bool answer_by_conntrack(struct __sk_buff *skb,
						const struct question *question,
						struct answer *answer)
{
	struct sf_flow_key original;
	const struct sf_flow *flow;
	__u64 sender;

	if (!core_conntrack_key(skb, sf_conntrack_tuple, &original))
		return false;
	original.netns = question->sent.netns;
	flow = bpf_map_lookup_elem(&sf_flows, &original);
	if (!flow || flow->learnt != SF_LEARNT_TAP)
		return false;
	sender = sender_of(skb, flow);
	if (!sender || !answer_by(answer, sender, SF_JOIN_FLOW, question->now_ns) ||
	    !answer->cookie)
		return false;
	learn_flow(skb, question, answer->cookie);
	return true;
}

/* Outgoing, or on the loopback where the incoming copy is the only one looked at. */
static __always_inline void answer_sent_here(struct __sk_buff *skb, const struct question *question,
					     struct answer *answer)
{
	if (answer_by_sender(skb, question, answer))
		return;
	if (question->is_forwarded) {
		if (!answer_by_conntrack(skb, question, answer))
			answer->kind = SF_OWNER_FORWARDED;
		return;
	}
	answer_by_trace(answer, &question->sent, false, question->now_ns);
}

/*
 * It came in, and lost its socket on its way from another interface here, as
 * br_netfilter makes it between the port of a bridge and the bridge: the hash tells.
 */
static __always_inline bool answer_by_hash(struct __sk_buff *skb, const struct question *question,
					   struct answer *answer)
{
	const struct sf_flow *flow = bpf_map_lookup_elem(&sf_flows, &question->sent);

	if (!flow || flow->learnt != SF_LEARNT_TAP || !flow->hash ||
	    (skb->hash != flow->hash && skb->hash != flow->hash_before))
		return false;
	return answer_by(answer, flow->cookie, SF_JOIN_FLOW, question->now_ns);
}

/* Towards the endpoint: who sent it? */
static __always_inline void answer_to(struct __sk_buff *skb, const struct question *question,
				      struct answer *answer)
{
	/* a raw IP socket's filter sees the cookie of that socket, not the packet's own */
	__u64 cookie = question->tap == SF_TAP_INET ? 0 : bpf_get_socket_cookie(skb);
	const struct sf_flow *flow;

	if (cookie) {
		if (answer_by(answer, cookie, SF_JOIN_SOCKET, question->now_ns) && answer->cookie)
			learn_flow(skb, question, cookie);
		return;
	}
	if (question->is_outgoing || question->is_loopback) {
		answer_sent_here(skb, question, answer);
	} else if (!answer_by_hash(skb, question, answer)) {
		/* an endpoint on this host: the packet answers what its server sent */
		flow = bpf_map_lookup_elem(&sf_flows, &question->answered);
		if (flow && answer_by_flow(answer, flow, question->now_ns))
			answer->join = SF_JOIN_REPLY;
		else
			answer->kind = SF_OWNER_FORWARDED;
	}
	if (answer->kind == SF_OWNER_FORWARDED)
		learn_forwarded(question);
}

/* A packet that opens a conversation, or is no answer, accuses nobody. */
static __always_inline bool is_answer(const struct sf_packet *packet)
{
	if (packet->flags & SF_PACKET_QUOTE)
		return true;
	if (packet->proto == IPPROTO_TCP)
		return packet->flags & SF_PACKET_PORTS &&
		       (packet->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN;
	if (packet->proto == IPPROTO_ICMP)
		return packet->icmp_type == 0 && !(packet->flags & SF_PACKET_UNREAD);
	if (packet->proto == IPPROTO_ICMPV6)
		return packet->icmp_type == 129;
	return packet->flags & SF_PACKET_PORTS;
}

/* From the endpoint: whom does it answer? */
static __always_inline void answer_from(struct __sk_buff *skb, const struct question *question,
					struct answer *answer)
{
	const struct sf_flow *flow = bpf_map_lookup_elem(&sf_flows, &question->answered);

	if (flow && is_disputed(flow, question->now_ns))
		return;
	if (flow && answer_by_flow(answer, flow, question->now_ns))
		return;
	if (answer_by_trace(answer, &question->answered, true, question->now_ns))
		return;
	if (question->is_outgoing || question->is_loopback) {
		answer_sent_here(skb, question, answer);
		return;
	}
	/* a flow that ended is no longer anyone's, but it was asked for */
	if (!flow && is_answer(&question->packet))
		answer->kind = SF_OWNER_UNATTRIBUTED_REPLY;
}

/* Neighbour and router discovery are the kernel's own, where no socket is known. */
static __always_inline bool is_discovery(const struct sf_packet *packet)
{
	return packet->proto == IPPROTO_ICMPV6 && packet->icmp_type >= 133 &&
	       packet->icmp_type <= 137;
}

static __always_inline void turn_round(struct sf_flow_key *to, const struct sf_flow_key *from)
{
	__builtin_memcpy(to->src, from->dst, sizeof(to->src));
	__builtin_memcpy(to->dst, from->src, sizeof(to->dst));
	to->sport = from->dport;
	to->dport = from->sport;
	to->netns = from->netns;
	to->proto = from->proto;
	__builtin_memset(to->pad, 0, sizeof(to->pad));
}

static __noinline void find_owner(struct __sk_buff *skb, struct question *question,
				  struct answer *answer)
{
	*answer = (struct answer){};
	question->now_ns = bpf_ktime_get_ns();
	question->is_outgoing = skb->pkt_type == PACKET_OUTGOING;
	question->is_loopback = skb->ifindex == LOOPBACK_IFINDEX;
	question->is_forwarded = question->is_outgoing && skb->ingress_ifindex;
	flow_key(&question->sent, &question->packet, &question->ports, core_netns_of_skb(skb));
	if (question->packet.flags & SF_PACKET_QUOTE)
		quoted_key(&question->answered, &question->packet, question->sent.netns);
	else
		turn_round(&question->answered, &question->sent);
	if (question->direction == SF_TO)
		answer_to(skb, question, answer);
	else
		answer_from(skb, question, answer);
	if (answer->kind != SF_OWNER_USER && is_discovery(&question->packet))
		answer->kind = SF_OWNER_KERNEL;
}
