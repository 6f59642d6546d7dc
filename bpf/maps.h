/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables that more than one program uses; maps.bpf.c holds them.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

/* Room for two generations; memory is taken as prefixes are entered. */
struct sf_lpm4_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct sf_lpm4_key);
	__type(value, struct sf_mask);
	__uint(max_entries, SF_GENERATIONS *SF_PREFIXES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
};

struct sf_lpm6_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct sf_lpm6_key);
	__type(value, struct sf_mask);
	__uint(max_entries, SF_GENERATIONS *SF_PREFIXES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
};

struct sf_counters_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct sf_counts);
	__uint(max_entries, 1);
};

struct sf_flows_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct sf_flow_key);
	__type(value, struct sf_flow);
	__uint(max_entries, SF_FLOWS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
};

/* Cloned into the sockets that a listener accepts. */
struct sf_openers_map {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__type(key, int);
	__type(value, struct sf_opener);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
};

/* Verdicts and processes, in the order in which they came about. */
struct sf_events_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
};

/* Programs that were told of, and when. */
struct sf_told {
	__u64 at_ns;
	__u64 is_whole; /* not only what a socket tells */
};

struct sf_told_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct sf_process_key);
	__type(value, struct sf_told);
	__uint(max_entries, SF_TOLD_MAX);
};

struct sf_owners_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u64);
	__type(value, struct sf_owner);
	__uint(max_entries, SF_OWNERS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
};

/* What has no owner may not crowd out what has: a table of its own, the oldest go. */
struct sf_traces_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct sf_flow_key);
	__type(value, struct sf_trace);
	__uint(max_entries, SF_TRACES_MAX);
};

/* The program that judges what a tap of this kind has let through. */
struct sf_judges_map {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, SF_TAPS);
};

extern struct sf_lpm4_map sf_prefixes4 SEC(".maps");
extern struct sf_lpm6_map sf_prefixes6 SEC(".maps");
extern struct sf_counters_map sf_counters SEC(".maps");
extern struct sf_flows_map sf_flows SEC(".maps");
extern struct sf_owners_map sf_owners SEC(".maps");
extern struct sf_traces_map sf_traces SEC(".maps");
extern struct sf_openers_map sf_openers SEC(".maps");
extern struct sf_events_map sf_events SEC(".maps");
extern struct sf_told_map sf_told SEC(".maps");
extern struct sf_judges_map sf_judges SEC(".maps");
extern struct sf_policy sf_policies[SF_GENERATIONS];
extern __u64 sf_turn; /* SF_TURN */
extern __u64 sf_turn_monotonic; /* the same instant by CLOCK_MONOTONIC */
extern const volatile bool sf_report_rejected; /* set before loading */
extern const volatile __u32 sf_mntns; /* the inode number of our mount namespace, 0: not known */
extern __u32 sf_conntrack_tuple; /* where a connection of conntrack keeps its tuple, 0: not known */

/* Read once a packet: whoever judges it goes by one policy to the end. */
static __always_inline __u64 current_turn(void)
{
	return *(volatile __u64 *)&sf_turn;
}

static __always_inline void count(enum sf_counter counter)
{
	__u32 zero = 0;
	struct sf_counts *counts = bpf_map_lookup_elem(&sf_counters, &zero);

	/* masked for the verifier, which has lost sight of the enum's bounds */
	if (counts)
		counts->of[counter & (SF_COUNTERS_ROOM - 1)]++;
}
