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
	unsigned long _nfct;
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

struct user_namespace;

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t euid;
	kgid_t egid;
	struct user_namespace *user_ns;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	unsigned int i_nlink;
	struct super_block *i_sb;
};

struct vfsmount;
struct dentry;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	const struct cred *f_cred;
	void *private_data;
};

struct sock;

struct socket {
	struct file *file;
	struct sock *sk;
};

/* struct in6_addr, which has a UAPI header as well. */
struct core_in6_addr {
	__u8 bytes[16];
};

typedef struct {
	__s64 counter;
} atomic64_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num; /* host order */
	unsigned short skc_family;
	possible_net_t skc_net;
	struct core_in6_addr skc_v6_daddr;
	struct core_in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};

struct cgroup;

/* Before 5.15 a word whose lowest bit says that it is no cgroup. */
struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct sock_cgroup_data___word {
	__u64 val;
};

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	struct sock_cgroup_data sk_cgrp_data;
	__u32 sk_txhash;
	__u16 sk_protocol;
};

struct user_namespace {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct mount {
	struct mount *mnt_parent;
	struct mnt_namespace *mnt_ns; /* NULL once it is unmounted */
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
};

struct kernfs_node {
	struct kernfs_node *parent;
	const char *name;
};

/* Since 6.15. */
struct kernfs_node___renamed {
	struct kernfs_node *__parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	unsigned int flags;
	int tgid;
	__u64 start_boottime;
	__u64 self_exec_id;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	const struct cred *cred;
	struct mm_struct *mm;
	struct pid *thread_pid;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
	char comm[16];
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
