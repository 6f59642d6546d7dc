// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The socket filter: is this packet for us? Delivers it to the raw socket
 * (-1) or not (0), says so through the ring buffer, and touches nothing else:
 * no packet of anyone is ever dropped or changed.
 */
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <bpf/bpf_helpers.h>

#include "core.h"
#include "maps.h"
#include "match.h"
#include "parse.h"

#define LOOPBACK_IFINDEX 1
#define TCP_SYN 0x02
#define TCP_ACK 0x10
#define SECOND_NS 1000000000ULL

char _license[] SEC("license") = "Dual BSD/GPL";

/* Set before loading. */
const volatile bool sf_report_rejected = false;
const volatile __u32 sf_rejected_rate = 100; /* events a second and CPU */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} sf_events SEC(".maps");

struct sf_rate {
	__u64 second_ns;
	__u64 used;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct sf_rate);
	__uint(max_entries, 1);
} sf_rates SEC(".maps");

/* What is asked about one packet. */
struct question {
	const struct sf_policy *policy;
	struct sf_packet packet;
	struct sf_flow_key sent; /* the flow as its sender sees it */
	struct sf_flow_key answered; /* the flow that this packet would answer */
	__u64 now_ns;
	__u32 generation;
	__u32 direction;
	bool is_outgoing;
	bool is_loopback;
	bool is_forwarded;
};

/* And its answer. */
struct answer {
	__u64 cookie;
	__u32 kind;
	__u32 uid;
	__u32 gid;
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
	answer->uid = owner->uid;
	answer->gid = owner->gid;
	answer->source = owner->source;
	answer->join = join;
	return true;
}

static __always_inline bool answer_by_trace(struct answer *answer, const struct sf_flow_key *key,
					    bool is_reply, __u64 now_ns)
{
	const struct sf_trace *trace = bpf_map_lookup_elem(&sf_traces, key);

	if (!trace || now_ns - trace->seen_ns > SF_TRACE_NS || (is_reply && !trace->is_asking))
		return false;
	answer->kind = trace->kind;
	return true;
}

/*
 * A packet that came through a veth still carries its socket, and its reply
 * will pass here too, without: remember the flow for it. Neither what egress
 * knows of a living socket in this namespace is overwritten, nor the flow of
 * another open socket that passed here: its addresses may be forged.
 */
static __always_inline void learn_flow(const struct question *question, __u64 cookie)
{
	const struct sf_flow *kept = bpf_map_lookup_elem(&sf_flows, &question->sent);
	struct sf_flow flow = {
		.cookie = cookie,
		.sender = cookie,
		.seen_ns = question->now_ns,
		.learnt = SF_LEARNT_TAP,
	};

	if (kept && kept->cookie == cookie && question->now_ns - kept->seen_ns < SECOND_NS)
		return;
	if (kept && kept->cookie != cookie) {
		const struct sf_owner *owner = bpf_map_lookup_elem(&sf_owners, &kept->cookie);

		if (owner &&
		    (kept->learnt == SF_LEARNT_EGRESS ? owner_is_alive(owner, question->now_ns)
						      : !owner->ended_ns))
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
 * By the flow that this host sent. Only what left a socket here may use what
 * egress wrote, and what passes through only what the tap learnt: a guest
 * that forges a local flow's addresses is not taken for it.
 */
static __always_inline bool answer_by_sender(const struct question *question, struct answer *answer)
{
	const struct sf_flow *flow = bpf_map_lookup_elem(&sf_flows, &question->sent);
	__u32 wanted = question->is_forwarded ? SF_LEARNT_TAP : SF_LEARNT_EGRESS;

	if (!flow || flow->learnt != wanted)
		return false;
	return answer_by(answer, flow->sender, SF_JOIN_FLOW, question->now_ns);
}

/* Outgoing, or on the loopback where the incoming copy is the only one looked at. */
static __always_inline void answer_sent_here(const struct question *question, struct answer *answer)
{
	if (answer_by_sender(question, answer))
		return;
	if (question->is_forwarded) {
		answer->kind = SF_OWNER_FORWARDED;
		return;
	}
	answer_by_trace(answer, &question->sent, false, question->now_ns);
}

/* Towards the endpoint: who sent it? */
static __always_inline void answer_to(struct __sk_buff *skb, const struct question *question,
				      struct answer *answer)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	const struct sf_flow *flow;

	if (cookie) {
		if (answer_by(answer, cookie, SF_JOIN_SOCKET, question->now_ns) && answer->cookie)
			learn_flow(question, cookie);
		return;
	}
	if (question->is_outgoing || question->is_loopback) {
		answer_sent_here(question, answer);
	} else {
		/* an endpoint on this host: the packet answers what its server sent */
		flow = bpf_map_lookup_elem(&sf_flows, &question->answered);
		if (!flow || !answer_by(answer, flow->cookie, SF_JOIN_REPLY, question->now_ns))
			answer->kind = SF_OWNER_FORWARDED;
	}
	if (answer->kind == SF_OWNER_FORWARDED)
		learn_forwarded(question);
}

/* A packet that opens a conversation, or is no answer, accuses nobody. */
static __always_inline bool is_answer(const struct sf_packet *packet)
{
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
static __always_inline void answer_from(const struct question *question, struct answer *answer)
{
	const struct sf_flow *flow = bpf_map_lookup_elem(&sf_flows, &question->answered);

	if (flow && answer_by(answer, flow->cookie, SF_JOIN_REPLY, question->now_ns))
		return;
	if (answer_by_trace(answer, &question->answered, true, question->now_ns))
		return;
	if (question->is_outgoing || question->is_loopback) {
		answer_sent_here(question, answer);
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
	flow_key(&question->sent, &question->packet, core_netns_of_skb(skb));
	turn_round(&question->answered, &question->sent);
	if (question->direction == SF_TO)
		answer_to(skb, question, answer);
	else
		answer_from(question, answer);
	if (answer->kind != SF_OWNER_USER && is_discovery(&question->packet))
		answer->kind = SF_OWNER_KERNEL;
}

static __always_inline __u64 user_mask(const struct sf_policy *policy, const struct answer *answer)
{
	__u64 mask = policy->any_user.bits;

	if (answer->kind != SF_OWNER_USER)
		return mask;
	mask |= slot_find(policy->users, SF_USER_SLOTS, SF_UID_KEY(answer->uid)).bits;
	return mask | slot_find(policy->users, SF_USER_SLOTS, SF_GID_KEY(answer->gid)).bits;
}

/* wanted: endpoints but for the user; shown: those that show this user. */
static __always_inline void count_ownerless(const struct answer *answer, __u64 wanted, __u64 shown)
{
	if (answer->kind >= SF_OWNERLESS_KINDS)
		return;
	count(SF_NO_OWNER_UNKNOWN + answer->kind);
	if (wanted & ~shown)
		count(SF_HIDDEN_UNKNOWN + answer->kind);
}

static __always_inline void emit(struct __sk_buff *skb, const struct question *question,
				 const struct answer *answer, __u64 endpoints, __s32 verdict)
{
	struct sf_event *event = bpf_ringbuf_reserve(&sf_events, sizeof(*event), 0);

	if (!event) {
		count(SF_EVENTS_LOST);
		return;
	}
	event->type = SF_EVENT_VERDICT;
	event->generation = question->generation;
	event->ifindex = skb->ifindex;
	event->ts_ns = bpf_ktime_get_ns();
	event->endpoints.bits = endpoints;
	event->cookie = answer->cookie;
	event->verdict = verdict;
	event->uid = answer->uid;
	event->gid = answer->gid;
	event->direction = question->direction;
	event->owner_kind = answer->kind;
	event->source = answer->source;
	event->join = answer->join;
	event->packet = question->packet;
	/* a delivered packet wakes the reader itself */
	bpf_ringbuf_submit(event, verdict == SF_DELIVER ? BPF_RB_NO_WAKEUP : 0);
	count(SF_EVENTS);
}

/* Rejections are told at a bounded rate, the rest is counted. */
static __always_inline bool may_report_rejected(void)
{
	__u32 zero = 0;
	struct sf_rate *rate;
	__u64 now_ns;

	if (!sf_report_rejected)
		return false;
	rate = bpf_map_lookup_elem(&sf_rates, &zero);
	if (!rate)
		return false;
	now_ns = bpf_ktime_get_ns();
	if (now_ns - rate->second_ns >= SECOND_NS) {
		rate->second_ns = now_ns;
		rate->used = 0;
	}
	if (rate->used < sf_rejected_rate) {
		rate->used++;
		return true;
	}
	count(SF_EVENTS_HELD_BACK);
	return false;
}

static __always_inline int reject(struct __sk_buff *skb, const struct question *question,
				  const struct answer *answer, __u64 endpoints)
{
	count(SF_REJECTED);
	if (may_report_rejected())
		emit(skb, question, answer, endpoints, SF_REJECT);
	return SF_REJECT;
}

/* Endpoints of this packet, whoever its user is: by the side that holds their address. */
static __always_inline void match(struct __sk_buff *skb, const struct question *question,
				  struct sides *sides)
{
	const struct sf_policy *policy = question->policy;
	__u64 mask = policy->active.bits;

	mask &= policy->any_iface.bits |
		slot_find(policy->ifaces, SF_IFACE_SLOTS, skb->ifindex).bits;
	match_ports(policy, &question->packet, sides);
	/* both at once, as on the loopback: to */
	sides->src.bits &= ~sides->dst.bits;
	sides->dst.bits &= mask & policy->to.bits;
	sides->src.bits &= mask & policy->from.bits;
}

static __always_inline int judge(struct __sk_buff *skb, bool every)
{
	struct question question = {.generation = current_generation()};
	struct answer answer = {};
	struct l3 l3 = {};
	struct sides sides;
	__u64 wanted, shown;

	question.policy = &sf_policies[question.generation];
	/* the other kind of socket has it: a packet is delivered once */
	if (question.policy->every != every)
		return SF_REJECT;
	/* the loopback shows each packet twice: going out and coming in */
	if (skb->ifindex == LOOPBACK_IFINDEX && skb->pkt_type == PACKET_OUTGOING)
		return SF_REJECT;
	count(SF_SEEN);
	if (!parse_addresses(skb, &l3, true, &question.packet)) {
		count(SF_REJECTED);
		return SF_REJECT;
	}
	sides = match_addresses(&question.packet, question.generation);
	if (!(sides.dst.bits | sides.src.bits) && !sf_report_rejected) {
		count(SF_REJECTED);
		return SF_REJECT;
	}
	parse_transport(skb, &l3, &question.packet);
	FORGET(question.packet);
	FORGET(sides);
	match(skb, &question, &sides);
	wanted = sides.dst.bits | sides.src.bits;
	if (!wanted)
		return reject(skb, &question, &answer, 0);
	if (question.packet.flags & SF_PACKET_ODD)
		count(SF_MALFORMED);
	question.direction = sides.dst.bits ? SF_TO : SF_FROM;
	find_owner(skb, &question, &answer);
	shown = wanted & user_mask(question.policy, &answer);
	/* only the source's endpoints show it: then its owner is whom the source answers */
	if (question.direction == SF_TO && sides.src.bits && !(shown & sides.dst.bits)) {
		question.direction = SF_FROM;
		find_owner(skb, &question, &answer);
		shown = sides.src.bits & user_mask(question.policy, &answer);
	}
	count_ownerless(&answer, wanted, shown);
	if (!shown)
		return reject(skb, &question, &answer, wanted);
	count(SF_MATCHED);
	emit(skb, &question, &answer, shown, SF_DELIVER);
	return SF_DELIVER;
}

SEC("socket")
int sf_tap(struct __sk_buff *skb)
{
	return judge(skb, false);
}

SEC("socket")
int sf_tap_every(struct __sk_buff *skb)
{
	return judge(skb, true);
}
