// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What becomes of a socket? Egress sees every packet with its socket before
 * the tap sees it without, and writes down: this flow, that socket, its owner.
 *
 * The owner's ids are the opener's: real uid and gid, on the host, of the call
 * that made the socket. bpf_get_socket_uid() is not used: it answers inside
 * the user namespace, where root of a container looks like root.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "match.h"
#include "tell.h"

#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define SOCK_RAW 3

#define REFRESH_NS 1000000000ULL
#define QUEUED_MAX 60000

char _license[] SEC("license") = "Dual BSD/GPL";

/*
 * A socket older than we are: its file remembers who opened it. Kept with the
 * socket, if there is memory, for when it has lost its file.
 */
static __always_inline void read_file(struct bpf_sock *sk, const struct file *file,
				      struct sf_opener *found)
{
	struct sf_opener *kept;

	found->identity.uid = BPF_CORE_READ(file, f_cred, uid.val);
	found->identity.gid = BPF_CORE_READ(file, f_cred, gid.val);
	found->is_known = true;
	kept = bpf_sk_storage_get(&sf_openers, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!kept)
		return;
	kept->identity.uid = found->identity.uid;
	kept->identity.gid = found->identity.gid;
	kept->is_known = true;
}

/*
 * Fills owner from the socket. False: it cannot be known, for the socket has
 * lost its file. A socket that never had one is the kernel's own.
 */
static __always_inline bool identify(struct bpf_sock *sk, const struct sock *plain, __u64 now_ns,
				     struct sf_owner *owner)
{
	const struct sf_opener *kept = bpf_sk_storage_get(&sf_openers, sk, NULL, 0);
	const struct socket *socket = BPF_CORE_READ(plain, sk_socket);
	const struct file *file = socket ? BPF_CORE_READ(socket, file) : NULL;
	struct sf_opener opener = {};

	if (kept)
		opener = *kept;
	/* closed, and still sending what was left to send */
	owner->is_released = opener.is_released;
	if (!socket || opener.is_released)
		owner->ended_ns = now_ns;
	if (!opener.is_known && file)
		read_file(sk, file, &opener);
	if (!opener.is_known && !socket)
		return false;
	if (!opener.is_known) {
		owner->kind = SF_OWNER_KERNEL;
		owner->ended_ns = now_ns;
		return true;
	}
	/* none of the hooks saw it used: all that is known is who made it */
	if (kept && !opener.user.pid)
		tell_opener(kept, plain);
	owner->kind = SF_OWNER_USER;
	owner->source = opener.user.pid ? opener.source : SF_SOURCE_SOCKET;
	owner->opener = opener.identity.key;
	owner->user = opener.user;
	owner->netns = core_netns_of_sock(plain);
	owner->uid = opener.identity.uid;
	owner->gid = opener.identity.gid;
	return true;
}

/* False: the table is full; the packet's owner stays unknown, and is counted. */
static __always_inline bool keep_owner(__u64 cookie, const struct sf_owner *owner, __u64 now_ns)
{
	struct sf_owner *kept = bpf_map_lookup_elem(&sf_owners, &cookie);

	/* of a further path of MPTCP, which the kernel opens and then gives to the user's socket */
	bool was_given = kept && kept->kind == SF_OWNER_KERNEL && owner->kind == SF_OWNER_USER;

	if (kept && !was_given) {
		/* closed, but what it still sends, its FIN first of all, is its own */
		if (kept->is_released)
			kept->ended_ns = now_ns;
		/* an accepted socket has no file until accept() returns */
		else if (kept->ended_ns)
			kept->ended_ns = owner->ended_ns;
		if (owner->user.pid && !same_program(&kept->user, &owner->user)) {
			kept->user = owner->user;
			kept->source = owner->source;
		}
		return true;
	}
	if (!bpf_map_update_elem(&sf_owners, &cookie, owner, BPF_ANY))
		return true;
	count(SF_FLOWS_REFUSED);
	return false;
}

/*
 * Who sends in a flow that may be another's: the kernel, answering for a
 * socket, or a raw socket with a header of its own making. It is noted as the
 * last sender and does not take over the flow of a socket that lives.
 */
enum guest {
	GUEST_NONE,
	GUEST_KERNEL,
	GUEST_RAW,
};

/* For the kernel the grace counts, in which it ends what the socket began. */
static __always_inline bool is_host(__u64 cookie, enum guest guest, __u64 now_ns)
{
	const struct sf_owner *owner = bpf_map_lookup_elem(&sf_owners, &cookie);

	if (!owner || guest == GUEST_NONE)
		return false;
	return guest == GUEST_KERNEL ? owner_is_alive(owner, now_ns) : !owner->ended_ns;
}

/* What was not seen to leave in that time never will. */
static __always_inline bool is_queued(const struct sf_flow *flow, __u64 now_ns)
{
	return flow->queued && now_ns - flow->seen_ns < (__u64)SF_DISPUTE_MAX << SF_DISPUTE_SHIFT;
}

/* One process with two sockets, say, disputes nothing with itself. */
static __always_inline bool is_same_user(const struct sf_owner *a, const struct sf_owner *b)
{
	return a && a->uid == b->uid && a->opener.pid && same_process(&a->opener, &b->opener) &&
	       same_process(&a->user, &b->user);
}

/*
 * The flow is to be another socket's, of a port that is used again. If there
 * is no room for that one it is nobody's, rather than still the former's. Who
 * is gone for good had no other flow by TCP, and needs his place no more.
 */
static __always_inline void take_over(const struct sf_flow_key *key, __u64 cookie, enum guest guest,
				      const struct sf_owner *owner, __u64 now_ns)
{
	struct sf_flow *kept = bpf_map_lookup_elem(&sf_flows, key);
	const struct sf_owner *former;
	__u64 former_cookie;

	if (!kept || kept->cookie == cookie || is_host(kept->cookie, guest, now_ns))
		return;
	former_cookie = kept->cookie;
	former = bpf_map_lookup_elem(&sf_owners, &former_cookie);
	if (is_queued(kept, now_ns) && !kept->hash && !is_same_user(former, owner))
		kept->disputed = now_ns >> SF_DISPUTE_SHIFT;
	kept->cookie = kept->sender = 0;
	if (key->proto != IPPROTO_TCP)
		return;
	if (former && former->is_released)
		bpf_map_delete_elem(&sf_owners, &former_cookie);
}

/* What answers on behalf of no socket (a RST, say) asks nothing itself. */
static __always_inline void keep_trace(const struct sf_flow_key *key, const struct bpf_sock *sk,
				       __u64 now_ns)
{
	struct sf_trace trace = {
		.seen_ns = now_ns,
		.kind = SF_OWNER_KERNEL,
		.is_asking = sk->type != SOCK_RAW,
	};

	bpf_map_update_elem(&sf_traces, key, &trace, BPF_ANY);
}

/*
 * A socket that is connected gives each packet the same secret hash, but for
 * a new one after losses. Nobody who forges its addresses can: the tap asks
 * for it. The last one counts, too, for its packets may still be queued.
 */
static __always_inline void note_hash(struct sf_flow *kept, const struct sf_flow *flow)
{
	/* a guest's says nothing of the flow's socket */
	if (kept->hash == flow->hash || kept->cookie != flow->cookie)
		return;
	kept->hash_before = kept->hash ? kept->hash : flow->hash;
	kept->hash = flow->hash;
}

/* Ties the flow to the socket. */
static __always_inline void keep_flow(const struct sf_flow_key *key, struct sf_flow *flow,
				      enum guest guest)
{
	struct sf_flow *kept = bpf_map_lookup_elem(&sf_flows, key);

	if (kept && kept->queued && !is_queued(kept, flow->seen_ns))
		kept->queued = 0;
	if (kept && !flow->hash && kept->queued < QUEUED_MAX)
		kept->queued++;
	if (kept && (kept->cookie == flow->cookie || is_host(kept->cookie, guest, flow->seen_ns))) {
		note_hash(kept, flow);
		if (kept->sender != flow->sender)
			kept->sender = flow->sender;
		if (kept->learnt != SF_LEARNT_EGRESS)
			kept->learnt = SF_LEARNT_EGRESS;
		if (flow->seen_ns - kept->seen_ns > REFRESH_NS)
			kept->seen_ns = flow->seen_ns;
		return;
	}
	flow->queued = kept ? kept->queued : !flow->hash;
	flow->disputed = kept ? kept->disputed : 0;
	if (bpf_map_update_elem(&sf_flows, key, flow, BPF_ANY))
		count(SF_FLOWS_REFUSED);
}

/* Could an endpoint of this policy want the packet, whatever its interface and user? */
static __noinline bool is_wanted_by(__u32 generation, const struct sf_packet *packet)
{
	struct sides sides = match_addresses(packet, generation);
	struct ports ports = ports_of(packet);

	/* an ICMP error goes by the ports of what it is about, which is not read here */
	if (packet->proto == icmp_of(packet->ip_version))
		ports.flags = SF_PACKET_UNREAD;
	match_ports(policy_of(generation), &ports, &sides);
	return sides.dst.bits | sides.src.bits;
}

/* Does this packet belong to a watched address and port? While the policy changes: of either. */
static __always_inline bool is_watched(struct __sk_buff *skb, bool has_link,
				       struct sf_packet *packet)
{
	__u64 turn = current_turn();
	bool is_turning = turn >> 1;
	struct sides sides;
	struct l3 l3 = {};

	if (!parse_addresses(skb, &l3, has_link, packet))
		return false;
	sides = match_addresses(packet, turn & 1);
	if (!(sides.dst.bits | sides.src.bits) && !is_turning)
		return false;
	parse_transport(skb, &l3, READ_PLAIN, packet);
	FORGET(*packet);
	return is_wanted_by(turn & 1, packet) || (is_turning && is_wanted_by(!(turn & 1), packet));
}

/*
 * A packet socket is nobody's flow. Where it is seen at all, by tc, it is the
 * last sender of the flow whose addresses it uses, and known to nobody.
 */
static __always_inline void note_packet_socket(struct __sk_buff *skb,
					       const struct sf_packet *packet)
{
	struct ports ports = ports_of(packet);
	struct sf_flow_key key;
	struct sf_flow *flow;

	flow_key(&key, packet, &ports, core_netns_of_skb(skb));
	flow = bpf_map_lookup_elem(&sf_flows, &key);
	if (flow)
		flow->sender = bpf_get_socket_cookie(skb);
}

/*
 * Did the other side open this connection? The listener answers its SYN; what
 * it accepts goes on with the same flow.
 */
static __always_inline bool is_inbound(const struct sf_flow_key *key, __u8 tcp_flags,
				       const struct sf_owner *owner)
{
	const struct sf_flow *kept = bpf_map_lookup_elem(&sf_flows, key);

	if (key->proto != IPPROTO_TCP)
		return false;
	if (owner->source == SF_SOURCE_BIND)
		return true;
	if (tcp_flags & TCP_SYN)
		return tcp_flags & TCP_ACK;
	return kept && kept->is_inbound;
}

static __always_inline void learn(struct __sk_buff *skb, bool has_link)
{
	struct sf_packet packet = {};
	struct sf_owner owner = {};
	struct sf_flow flow = {};
	struct sf_flow_key key;
	struct ports ports;
	const struct sock *plain;
	struct bpf_sock *sk;
	__u64 cookie, now_ns;
	enum guest guest = GUEST_NONE;

	if (!is_watched(skb, has_link, &packet))
		return;
	sk = skb->sk;
	if (!sk)
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return;
	if (sk->family == AF_PACKET)
		note_packet_socket(skb, &packet);
	if (sk->family != AF_INET && sk->family != AF_INET6)
		return;
	plain = core_address(sk);
	now_ns = bpf_ktime_get_ns();
	if (!identify(sk, plain, now_ns, &owner))
		return;
	ports = ports_of(&packet);
	flow_key(&key, &packet, &ports, core_netns_of_sock(plain));
	cookie = bpf_get_socket_cookie(skb);
	if (owner.kind == SF_OWNER_KERNEL)
		guest = GUEST_KERNEL;
	else if (sk->type == SOCK_RAW)
		guest = GUEST_RAW;
	owner.is_inbound = is_inbound(&key, packet.tcp_flags, &owner);
	take_over(&key, cookie, guest, &owner, now_ns);
	if (!keep_owner(cookie, &owner, now_ns))
		return;
	if (guest == GUEST_KERNEL && !bpf_map_lookup_elem(&sf_flows, &key)) {
		keep_trace(&key, sk, now_ns);
		return;
	}
	flow.cookie = flow.sender = cookie;
	flow.seen_ns = now_ns;
	flow.hash = flow.hash_before = skb->hash;
	flow.learnt = SF_LEARNT_EGRESS;
	flow.is_inbound = owner.is_inbound;
	keep_flow(&key, &flow, guest);
}

SEC("cgroup_skb/egress")
int sf_egress(struct __sk_buff *skb)
{
	learn(skb, false);
	return 1;
}

/* The same where there is no cgroup2. */
SEC("tc")
int sf_egress_tc(struct __sk_buff *skb)
{
	learn(skb, true);
	return TC_ACT_UNSPEC;
}
