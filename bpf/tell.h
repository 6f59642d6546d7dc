/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Telling user space of a process: once a minute, in front of the verdicts that name it. */
#pragma once

#include "maps.h"
#include "process.h"

static __always_inline bool was_told(const struct sf_process_key *key, bool is_whole)
{
	const struct sf_told *told = bpf_map_lookup_elem(&sf_told, key);

	return told && bpf_ktime_get_ns() - told->at_ns < SF_TOLD_NS &&
	       (told->is_whole || !is_whole);
}

static __always_inline void note_told(const struct sf_process_key *key, bool is_whole)
{
	struct sf_told told = {.at_ns = bpf_ktime_get_ns(), .is_whole = is_whole};

	bpf_map_update_elem(&sf_told, key, &told, BPF_ANY);
}

static __always_inline const struct cgroup *cgroup_of_sock(const struct sock *plain)
{
	const struct sock_cgroup_data *data =
		(const void *)plain + bpf_core_field_offset(struct sock, sk_cgrp_data);
	const struct sock_cgroup_data___word *word = (const void *)data;
	__u64 val;

	if (!bpf_core_field_exists(word->val))
		return BPF_CORE_READ(data, cgroup);
	val = BPF_CORE_READ(word, val);
	return val & 1 ? NULL : (const struct cgroup *)val;
}

/*
 * What the socket keeps of who made it, and its cgroup, which is where it was
 * made. Not in the context of that process, which may be gone.
 */
static __noinline void tell_opener(const struct sf_opener *opener, const struct sock *plain)
{
	struct sf_process_key key = opener->identity.key;
	struct sf_opener_event *event;
	const struct cgroup *cgroup;

	if (!key.pid || was_told(&key, false))
		return;
	event = bpf_ringbuf_reserve(&sf_events, sizeof(*event), 0);
	if (!event) {
		count(SF_PROCESSES_LOST);
		return;
	}
	begin_event(event, SF_EVENT_OPENER);
	event->identity = opener->identity;
	cgroup = cgroup_of_sock(plain);
	if (cgroup)
		read_cgroup(cgroup, event);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	note_told(&key, false);
}
