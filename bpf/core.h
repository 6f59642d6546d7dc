/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few kernel fields that are read, relocated to the running kernel by
 * CO-RE: the same object builds everywhere, without that kernel's headers.
 */
#pragma once

#include <stdbool.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	possible_net_t nd_net;
};

struct sock;

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	__s64 tstamp;
	__u16 network_header;
	__u16 mac_header;
	unsigned char *head;
	unsigned char *data;
};

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
};

struct file {
	const struct cred *f_cred;
};

struct socket {
	struct file *file;
};

struct sock_common {
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	__u16 sk_protocol;
};

#pragma clang attribute pop

/*
 * The plain address behind a pointer that the verifier guards: contexts and
 * bpf_sock allow no arithmetic, a CO-RE read needs it.
 */
static __always_inline void *core_address(const void *guarded)
{
	const void *slot = guarded;
	void *plain = NULL;

	bpf_probe_read_kernel(&plain, sizeof(plain), &slot);
	return plain;
}

/* The inode number of the namespace that the packet's device is in. */
static __always_inline __u32 core_netns_of_skb(const void *skb)
{
	const struct sk_buff *plain = core_address(skb);

	return BPF_CORE_READ(plain, dev, nd_net.net, ns.inum);
}

static __always_inline __u32 core_netns_of_sock(const struct sock *plain)
{
	return BPF_CORE_READ(plain, __sk_common.skc_net.net, ns.inum);
}

/* When the kernel first saw the packet (CLOCK_REALTIME), or when TCP wanted it sent; 0 for neither. */
static __always_inline __u64 core_stamp(const void *skb)
{
	const struct sk_buff *plain = core_address(skb);

	return BPF_CORE_READ(plain, tstamp);
}

/* The protocol of the raw IP socket that the packet is given to. */
static __always_inline __u8 core_protocol(const void *skb)
{
	const struct sk_buff *plain = core_address(skb);

	return BPF_CORE_READ(plain, sk, sk_protocol);
}

/* Where the network or link header stands, counted from skb->data; may be negative. */
static __always_inline __s32 core_header_offset(const void *skb, bool is_link)
{
	const struct sk_buff *plain = core_address(skb);
	__u16 header =
		is_link ? BPF_CORE_READ(plain, mac_header) : BPF_CORE_READ(plain, network_header);

	return BPF_CORE_READ(plain, head) + header - BPF_CORE_READ(plain, data);
}
