// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who has connections open since before the watch began? Walks the open files
 * of all processes once, at the start, and writes down those of watched
 * addresses: struct sf_open_socket, to whoever reads the iterator.
 */
#include "match.h"
#include "process.h"

#define AF_INET 2
#define AF_INET6 10
#define SOCKFS_MAGIC 0x534f434b

char _license[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/* Too large for a stack, and there is one reader. */
struct sf_open_socket sf_found;

static __always_inline bool read_flow(const struct sock *sk, struct sf_flow_key *flow)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__be32 addr;

	__builtin_memset(flow, 0, sizeof(*flow));
	flow->sport = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
	flow->dport = BPF_CORE_READ(sk, __sk_common.skc_dport);
	flow->netns = core_netns_of_sock(sk);
	flow->proto = BPF_CORE_READ(sk, sk_protocol);
	if (family == AF_INET) {
		addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		addr_from_v4(flow->src, &addr);
		addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		addr_from_v4(flow->dst, &addr);
	} else if (family == AF_INET6) {
		BPF_CORE_READ_INTO(&flow->src, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&flow->dst, sk, __sk_common.skc_v6_daddr);
	} else {
		return false;
	}
	/* what is connected to nobody has no flow yet */
	return flow->dport && has_ports(flow->proto);
}

static __always_inline bool is_watched(const struct sf_flow_key *flow)
{
	struct ports ports = {
		.sport = flow->sport,
		.dport = flow->dport,
		.flags = SF_PACKET_PORTS,
		.proto = flow->proto,
	};
	__u32 generation = current_turn() & 1;
	struct sides sides = {
		.dst = prefix_find(flow->dst, generation),
		.src = prefix_find(flow->src, generation),
	};

	match_ports(policy_of(generation), &ports, &sides);
	return sides.dst.bits | sides.src.bits;
}

SEC("iter/task_file")
int sf_backfill(struct bpf_iter__task_file *ctx)
{
	const struct task_struct *task = ctx->task;
	const struct file *file = ctx->file;
	struct sf_open_socket *found = &sf_found;
	const struct socket *socket;
	const struct sock *sk;

	if (!task || !file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	if (!sk || !read_flow(sk, &found->flow) || !is_watched(&found->flow))
		return 0;
	found->uid = BPF_CORE_READ(file, f_cred, uid.val);
	found->gid = BPF_CORE_READ(file, f_cred, gid.val);
	found->hash = BPF_CORE_READ(sk, sk_txhash);
	found->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	begin_event(&found->process.head, SF_EVENT_PROCESS);
	read_key(task, &found->process.head.identity.key);
	read_process(task, BPF_CORE_READ(task, mm), &found->process);
	bpf_seq_write(ctx->meta->seq, found, sizeof(*found));
	return 0;
}
