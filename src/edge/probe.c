// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe.h"

#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "mem.h"

enum kind {
	BTF,
	PROGRAM,
	MAP,
	HELPER,
};

static const struct {
	const char *name;
	enum kind kind;
	int what;
	enum bpf_func_id helper;
} features[] = {
	{"kernel BTF", BTF, 0, 0},
	{"program type socket_filter", PROGRAM, BPF_PROG_TYPE_SOCKET_FILTER, 0},
	{"program type cgroup_skb", PROGRAM, BPF_PROG_TYPE_CGROUP_SKB, 0},
	{"program type cgroup_sock", PROGRAM, BPF_PROG_TYPE_CGROUP_SOCK, 0},
	{"program type cgroup_sock_addr", PROGRAM, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 0},
	{"program type sched_cls (tc)", PROGRAM, BPF_PROG_TYPE_SCHED_CLS, 0},
	{"map type lpm_trie", MAP, BPF_MAP_TYPE_LPM_TRIE, 0},
	{"map type sk_storage", MAP, BPF_MAP_TYPE_SK_STORAGE, 0},
	{"map type ringbuf", MAP, BPF_MAP_TYPE_RINGBUF, 0},
	{"socket_filter: skb_load_bytes_relative", HELPER, BPF_PROG_TYPE_SOCKET_FILTER,
	 BPF_FUNC_skb_load_bytes_relative},
	{"socket_filter: get_socket_cookie", HELPER, BPF_PROG_TYPE_SOCKET_FILTER,
	 BPF_FUNC_get_socket_cookie},
	{"socket_filter: probe_read_kernel", HELPER, BPF_PROG_TYPE_SOCKET_FILTER,
	 BPF_FUNC_probe_read_kernel},
	{"cgroup_skb: sk_storage_get", HELPER, BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_sk_storage_get},
	{"cgroup_sock: sk_storage_get", HELPER, BPF_PROG_TYPE_CGROUP_SOCK, BPF_FUNC_sk_storage_get},
	{"cgroup_sock_addr: sk_storage_get", HELPER, BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
	 BPF_FUNC_sk_storage_get},
	{"cgroup_sock_addr: probe_read_user", HELPER, BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
	 BPF_FUNC_probe_read_user},
};

static bool is_there(size_t i)
{
	switch (features[i].kind) {
	case BTF:
		return access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	case PROGRAM:
		return libbpf_probe_bpf_prog_type((enum bpf_prog_type)features[i].what, NULL) == 1;
	case MAP:
		return libbpf_probe_bpf_map_type((enum bpf_map_type)features[i].what, NULL) == 1;
	case HELPER:
		return libbpf_probe_bpf_helper((enum bpf_prog_type)features[i].what,
					       features[i].helper, NULL) == 1;
	}
	return false;
}

size_t probe_kernel(struct probe *probes, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(features) && n < max; i++) {
		probes[n].name = features[i].name;
		probes[n++].is_there = is_there(i);
	}
	return n;
}
