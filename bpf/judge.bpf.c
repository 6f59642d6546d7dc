// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The verdict on a packet that the tap found worth it: which endpoints does it
 * belong to, whose is it, and do they show its owner? Delivers it to the raw
 * socket (-1) or not (0), says so through the ring buffer, and touches nothing
 * else: no packet of anyone is ever dropped or changed.
 */
#include "answer.h"
#include "fragment.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Set before loading. */
const volatile __u32 sf_rejected_rate = 100; /* events a second and CPU */

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

/*
 * Too large for a stack: the judge's desk, one a CPU. Filters run with bottom
 * halves off, so nobody else comes to it meanwhile; where a kernel should let
 * them, it is found taken.
 */
struct desk {
	__u64 is_taken;
	struct question question;
	struct answer answer;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct desk);
	__uint(max_entries, 1);
} sf_desks SEC(".maps");

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
	event->tap = question->tap;
	event->ifindex = skb->ifindex;
	event->ts_ns = bpf_ktime_get_ns();
	event->endpoints.bits = endpoints;
	event->cookie = answer->cookie;
	event->opener = answer->opener;
	event->user = answer->user;
	event->verdict = verdict;
	event->uid = answer->uid;
	event->gid = answer->gid;
	event->netns = answer->netns;
	event->pad = 0;
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
				  enum sf_tap tap, struct sides *sides)
{
	const struct sf_policy *policy = policy_of(question->generation);
	const struct sf_packet *packet = &question->packet;
	struct ports ports =
		packet->flags & SF_PACKET_QUOTE ? quoted_ports(packet) : question->ports;
	__u64 mask = policy->active.bits;

	mask &= policy->any_iface.bits |
		slot_find(policy->ifaces, SF_IFACE_SLOTS, skb->ifindex).bits;
	mask &= tap == SF_TAP_INET ? policy->inet.bits : ~policy->inet.bits;
	match_ports(policy, &ports, sides);
	/* both at once, as on the loopback: to */
	sides->src.bits &= ~sides->dst.bits;
	sides->dst.bits &= mask & policy->to.bits;
	sides->src.bits &= mask & policy->from.bits;
}

/* Reads the packet, and its endpoints by address. False: it has none. */
static __always_inline bool read_packet(struct __sk_buff *skb, struct question *question,
					enum sf_tap tap, struct sides *sides)
{
	struct sf_packet *packet = &question->packet;
	struct l3 l3 = {};

	if (!parse_addresses(skb, &l3, tap != SF_TAP_INET, packet))
		return false;
	*sides = match_addresses(packet, question->generation);
	parse_transport(skb, &l3, tap == SF_TAP_INET ? READ_RAW_IP : READ_QUOTE, packet);
	if (packet->flags & SF_PACKET_QUOTE)
		match_quote(packet, question->generation, sides);
	FORGET(*sides);
	question->ports = ports_of(packet);
	if (!(sides->dst.bits | sides->src.bits))
		return false;
	if (packet->flags & SF_PACKET_FRAGMENT)
		follow_fragment(packet, &question->ports);
	return true;
}

static __always_inline int judge_at(struct __sk_buff *skb, struct question *question,
				    struct answer *answer, enum sf_tap tap)
{
	struct sides sides = {};
	__u64 wanted = 0, shown;

	if (read_packet(skb, question, tap, &sides)) {
		match(skb, question, tap, &sides);
		wanted = sides.dst.bits | sides.src.bits;
	}
	if (!wanted)
		return reject(skb, question, answer, 0);
	if (question->packet.flags & SF_PACKET_ODD)
		count(SF_MALFORMED);
	question->direction = sides.dst.bits ? SF_TO : SF_FROM;
	find_owner(skb, question, answer);
	shown = wanted & user_mask(policy_of(question->generation), answer);
	/* only the source's endpoints show it: then its owner is whom the source answers */
	if (question->direction == SF_TO && sides.src.bits && !(shown & sides.dst.bits)) {
		question->direction = SF_FROM;
		find_owner(skb, question, answer);
		shown = sides.src.bits & user_mask(policy_of(question->generation), answer);
	}
	count_ownerless(answer, wanted, shown);
	if (!shown)
		return reject(skb, question, answer, wanted);
	count(SF_MATCHED);
	if (tap == SF_TAP_INET)
		count(SF_MATCHED_INET);
	emit(skb, question, answer, shown, SF_DELIVER);
	return SF_DELIVER;
}

static __always_inline int judge(struct __sk_buff *skb, enum sf_tap tap)
{
	__u32 zero = 0;
	struct desk *desk = bpf_map_lookup_elem(&sf_desks, &zero);
	int verdict;

	if (!desk || desk->is_taken) {
		/* up to the reader, without a word on whose it is */
		count(SF_MATCHED);
		if (tap == SF_TAP_INET)
			count(SF_MATCHED_INET);
		count(SF_EVENTS_LOST);
		return SF_DELIVER;
	}
	__builtin_memset(desk, 0, sizeof(*desk));
	desk->is_taken = true;
	desk->question.generation = generation_of(skb);
	desk->question.tap = tap;
	verdict = judge_at(skb, &desk->question, &desk->answer, tap);
	desk->is_taken = false;
	return verdict;
}

SEC("socket")
int sf_judge(struct __sk_buff *skb)
{
	return judge(skb, SF_TAP_SINGLE);
}

SEC("socket")
int sf_judge_inet(struct __sk_buff *skb)
{
	return judge(skb, SF_TAP_INET);
}
