/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What connection tracking knows of a packet: the addresses that it had when
 * it came. The kernel's module may not be loaded yet when we are, so user space
 * finds out where it keeps them.
 */
#pragma once

#include <linux/in.h>
#include <linux/in6.h>

#include "abi.h"
#include "core.h"

#define NFCT_PTRMASK (~7UL)

/* struct nf_conntrack_tuple, whose shape is as old as conntrack's IPv6. */
struct conntrack_tuple {
	__u8 src[16];
	__be16 sport; /* the echo id for an ICMP echo */
	__u16 family;
	__u8 dst[16];
	__be16 dport; /* type and code of ICMP */
	__u8 proto;
	__u8 direction;
};
_Static_assert(sizeof(struct conntrack_tuple) == 40, "as the kernel has it");

static __always_inline void conntrack_addr(__u8 *addr, const __u8 *bytes, __u16 family)
{
	if (family == 2) { /* AF_INET */
		__builtin_memset(addr, 0, 10);
		__builtin_memset(addr + 10, 0xff, 2);
		__builtin_memcpy(addr + 12, bytes, 4);
	} else {
		__builtin_memcpy(addr, bytes, 16);
	}
}

/* The flow as it came, but for its namespace. False: it is not tracked, or that cannot be read. */
static __always_inline bool core_conntrack_key(const void *skb, __u32 tuple_offset,
					       struct sf_flow_key *key)
{
	const struct sk_buff *plain = core_address(skb);
	struct conntrack_tuple tuple;
	unsigned long nfct;

	if (!tuple_offset || !bpf_core_field_exists(plain->_nfct))
		return false;
	nfct = BPF_CORE_READ(plain, _nfct) & NFCT_PTRMASK;
	if (!nfct ||
	    bpf_probe_read_kernel(&tuple, sizeof(tuple), (const void *)nfct + tuple_offset))
		return false;
	__builtin_memset(key, 0, sizeof(*key));
	conntrack_addr(key->src, tuple.src, tuple.family);
	conntrack_addr(key->dst, tuple.dst, tuple.family);
	key->sport = tuple.sport;
	key->dport = tuple.dport;
	key->proto = tuple.proto;
	/* the echo id takes both port fields of our keys */
	if (tuple.proto == IPPROTO_ICMP || tuple.proto == IPPROTO_ICMPV6)
		key->dport = tuple.sport;
	return true;
}
