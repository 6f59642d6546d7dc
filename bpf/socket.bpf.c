// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who makes a socket, uses it and closes it? These hooks run in the process
 * that asks, so that it is known though it may end in the next moment. What
 * they learn is kept with the socket, and goes with it.
 *
 * Every socket of the host passes sock_create, so little is done there. More
 * is read only of who turns to a watched address, or makes a socket of a kind
 * that no later hook sees.
 */
#include "match.h"
#include "tell.h"

#define SOCK_RAW 3

char _license[] SEC("license") = "Dual BSD/GPL";

/* Before the FIN leaves: from here on the flow's time runs out. */
SEC("cgroup/sock_release")
int sf_sock_release(struct bpf_sock *sk)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct sf_owner *owner = bpf_map_lookup_elem(&sf_owners, &cookie);
	struct sf_opener *opener;

	opener = bpf_sk_storage_get(&sf_openers, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (opener)
		opener->is_released = true;
	if (owner) {
		owner->is_released = true;
		owner->ended_ns = bpf_ktime_get_ns();
	}
	return 1;
}

/* An address and port that a process names. */
struct target {
	__u8 addr[16];
	struct ports ports; /* dport */
};

static __always_inline void target_ports(struct target *target, const struct bpf_sock_addr *ctx)
{
	/* IPPROTO_MPTCP is 262 here, and TCP on the wire */
	target->ports.proto = ctx->protocol;
	target->ports.dport = ctx->user_port;
	if (has_ports(target->ports.proto))
		target->ports.flags = SF_PACKET_PORTS;
}

static __always_inline void target_v4(struct target *target, const struct bpf_sock_addr *ctx)
{
	__u32 addr = ctx->user_ip4;

	addr_from_v4(target->addr, &addr);
	target_ports(target, ctx);
}

static __always_inline void target_v6(struct target *target, const struct bpf_sock_addr *ctx)
{
	__u32 *words = (__u32 *)target->addr;

	words[0] = ctx->user_ip6[0];
	words[1] = ctx->user_ip6[1];
	words[2] = ctx->user_ip6[2];
	words[3] = ctx->user_ip6[3];
	target_ports(target, ctx);
}

static __always_inline bool is_unspecified(const __u8 *addr)
{
	const __u32 *words = (const __u32 *)addr;

	return !words[3] && (is_mapped_v4(addr) || !(words[0] | words[1] | words[2]));
}

static __always_inline bool is_wanted_by(__u32 generation, const struct target *target,
					 bool is_local)
{
	__u64 mask = prefix_find(target->addr, generation).bits;

	/* any address of this host, and so a watched one if it has it */
	if (is_local && is_unspecified(target->addr))
		mask = ~0ULL;
	return mask && mask & port_mask(policy_of(generation), &target->ports, target->ports.dport);
}

/* Is this address and port watched? While the policy changes: by either. */
static __always_inline bool is_watched(const struct target *target, bool is_local)
{
	__u64 turn = current_turn();

	return is_wanted_by(turn & 1, target, is_local) ||
	       (turn >> 1 && is_wanted_by(!(turn & 1), target, is_local));
}

/* The current process, by whose key the caller knows it. */
static __noinline void tell_process(const struct sf_process_key *key)
{
	const struct task_struct *task = current_task();
	const struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct sf_process_event *event;

	event = bpf_ringbuf_reserve(&sf_events, sizeof(*event), 0);
	if (!event) {
		count(SF_PROCESSES_LOST);
		return;
	}
	begin_event(&event->head, SF_EVENT_PROCESS);
	event->head.identity.key = *key;
	read_process(task, mm, event);
	if (mm)
		read_argv(mm, event);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	note_told(key, true);
}

/* Raw sockets and pings: no hook sees them send, and few programs make them. */
static __always_inline bool has_no_hooks(const struct bpf_sock *sk)
{
	return sk->type == SOCK_RAW || sk->protocol == IPPROTO_ICMP ||
	       sk->protocol == IPPROTO_ICMPV6;
}

SEC("cgroup/sock_create")
int sf_sock_create(struct bpf_sock *sk)
{
	struct sf_process_key key;
	struct sf_opener *opener;

	opener = bpf_sk_storage_get(&sf_openers, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	/* without room for it the credentials of the socket's file still tell */
	if (!opener)
		return 1;
	read_identity(current_task(), &opener->identity);
	opener->is_known = true;
	if (!read_current_key(&opener->identity.key)) {
		opener->identity.key.pid = 0;
		return 1;
	}
	key = opener->identity.key;
	if (has_no_hooks(sk) && !was_told(&key, true))
		tell_process(&key);
	return 1;
}

/*
 * The current process uses the socket. Who made it stays its opener, and is
 * told of as well where it is another.
 */
static __always_inline void note_user(struct bpf_sock *sk, enum sf_source source)
{
	struct sf_process_key key = {};
	struct sf_opener *opener;

	if (!sk || !read_current_key(&key))
		return;
	opener = bpf_sk_storage_get(&sf_openers, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (opener) {
		if (!same_program(&opener->user, &key) || opener->source != source) {
			opener->user = key;
			opener->source = source;
		}
		if (!same_process(&opener->identity.key, &key))
			tell_opener(opener, core_address(sk));
	}
	if (!was_told(&key, true))
		tell_process(&key);
}

SEC("cgroup/connect4")
int sf_connect4(struct bpf_sock_addr *ctx)
{
	struct target target = {};

	target_v4(&target, ctx);
	if (is_watched(&target, false))
		note_user(ctx->sk, SF_SOURCE_CONNECT);
	return 1;
}

SEC("cgroup/connect6")
int sf_connect6(struct bpf_sock_addr *ctx)
{
	struct target target = {};

	target_v6(&target, ctx);
	if (is_watched(&target, false))
		note_user(ctx->sk, SF_SOURCE_CONNECT);
	return 1;
}

SEC("cgroup/sendmsg4")
int sf_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct target target = {};

	target_v4(&target, ctx);
	if (is_watched(&target, false))
		note_user(ctx->sk, SF_SOURCE_SENDMSG);
	return 1;
}

SEC("cgroup/sendmsg6")
int sf_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct target target = {};

	target_v6(&target, ctx);
	if (is_watched(&target, false))
		note_user(ctx->sk, SF_SOURCE_SENDMSG);
	return 1;
}

/* A server at a watched address of this host: whoever connects to it is answered by it. */
SEC("cgroup/bind4")
int sf_bind4(struct bpf_sock_addr *ctx)
{
	struct target target = {};

	target_v4(&target, ctx);
	if (is_watched(&target, true))
		note_user(ctx->sk, SF_SOURCE_BIND);
	return 1;
}

SEC("cgroup/bind6")
int sf_bind6(struct bpf_sock_addr *ctx)
{
	struct target target = {};

	target_v6(&target, ctx);
	if (is_watched(&target, true))
		note_user(ctx->sk, SF_SOURCE_BIND);
	return 1;
}
