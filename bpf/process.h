/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who runs: a process, read from the kernel's own structures at the moment in
 * which it acts, so that it need not live until somebody looks.
 *
 * Much of this the process chose itself: its name, its arguments (it may write
 * over them at any time), the names of its files and of cgroups that it may
 * make. Each is bounded here, and only bytes until somebody prints it. What
 * it cannot choose: its ids, pid, start, parents and namespaces.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "core.h"
#include "maps.h"

#define PF_KTHREAD 0x00200000
#define EXE_NAMES_MAX 24
#define CGROUP_NAMES_MAX 20
#define ARGV_CHUNK 128

static __always_inline bool same_process(const struct sf_process_key *a,
					 const struct sf_process_key *b)
{
	return a->pid == b->pid && a->started_ns == b->started_ns;
}

static __always_inline bool same_program(const struct sf_process_key *a,
					 const struct sf_process_key *b)
{
	return same_process(a, b) && a->exec_id == b->exec_id;
}

static __always_inline const struct task_struct *current_task(void)
{
	return (const struct task_struct *)bpf_get_current_task();
}

static __always_inline void read_key(const struct task_struct *task, struct sf_process_key *key)
{
	key->pid = BPF_CORE_READ(task, tgid);
	key->started_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	key->exec_id = BPF_CORE_READ(task, self_exec_id);
}

/*
 * Whose program asks? Not a thread of the kernel: io_uring's, up to 5.11, asks
 * for a process that it does not tell.
 */
static __always_inline bool read_current_key(struct sf_process_key *key)
{
	const struct task_struct *task = current_task();

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return false;
	read_key(task, key);
	return true;
}

/* The innermost pid namespace that the task is in. */
static __always_inline __u32 read_pidns(const struct task_struct *task)
{
	const struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	const void *numbers = (const void *)pid + bpf_core_field_offset(struct pid, numbers);
	const struct upid *upid = numbers + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(upid, ns, ns.inum);
}

/* identity->key is there. */
static __always_inline void read_identity(const struct task_struct *task,
					  struct sf_identity *identity)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	identity->uid = BPF_CORE_READ(cred, uid.val);
	identity->gid = BPF_CORE_READ(cred, gid.val);
	identity->euid = BPF_CORE_READ(cred, euid.val);
	identity->egid = BPF_CORE_READ(cred, egid.val);
	identity->userns = BPF_CORE_READ(cred, user_ns, ns.inum);
	identity->pidns = read_pidns(task);
	bpf_probe_read_kernel_str(identity->comm, sizeof(identity->comm),
				  BPF_CORE_READ(task, group_leader)->comm);
}

/*
 * Appends one name to a path in the making. False: there is no room for it, or
 * it cannot be read.
 */
static __always_inline bool add_name(char *bytes, __u16 *len, __u32 max, const void *name)
{
	__u32 at = *len;
	long n;

	if (at >= max)
		return false;
	/* for the verifier, which knows a power of two only by its mask */
	at &= max - 1;
	n = bpf_probe_read_kernel_str(bytes + at, SF_NAME_BYTES, name);
	if (n <= 0)
		return false;
	*len = at + n;
	return true;
}

static __always_inline const struct kernfs_node *kernfs_parent(const struct kernfs_node *node)
{
	const struct kernfs_node___renamed *renamed = (const void *)node;

	if (bpf_core_field_exists(renamed->__parent))
		return BPF_CORE_READ(renamed, __parent);
	return BPF_CORE_READ(node, parent);
}

/* The path below the root; the root itself has no names. */
static __always_inline void read_cgroup(const struct cgroup *cgroup, struct sf_opener_event *event)
{
	const struct kernfs_node *node = BPF_CORE_READ(cgroup, kn);
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < CGROUP_NAMES_MAX; i++) {
		const struct kernfs_node *parent = kernfs_parent(node);

		if (!parent)
			break;
		if (!add_name(event->cgroup, &event->cgroup_len, SF_CGROUP_BYTES,
			      BPF_CORE_READ(node, name))) {
			event->flags |= SF_PROCESS_CGROUP_CUT;
			break;
		}
		node = parent;
	}
	if (i == CGROUP_NAMES_MAX)
		event->flags |= SF_PROCESS_CGROUP_CUT;
	/* a byte of its own for the root: a path that is not known has none */
	if (!event->cgroup_len && node)
		event->cgroup_len = 1;
}

/* The mount that a vfsmount is a part of. */
static __always_inline const struct mount *mount_of(const struct vfsmount *part)
{
	return (const void *)part - bpf_core_field_offset(struct mount, mnt);
}

/*
 * Do the mounts up to this one, the topmost, lead to a file as the process or
 * as we find it? In a user namespace anyone mounts what he likes where he likes,
 * and what was unmounted lies nowhere; programs of both can be run from outside.
 */
static __always_inline bool is_mounted_here(const struct mount *top, const struct task_struct *task)
{
	const struct mnt_namespace *ns = BPF_CORE_READ(top, mnt_ns);
	__u32 inum = ns ? BPF_CORE_READ(ns, ns.inum) : 0;

	return inum && (inum == BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum) || inum == sf_mntns);
}

/* A path that leads there elsewhere, if anywhere: of it remains the name. */
static __always_inline void unplace_exe(struct sf_process_event *event, __u16 name_len)
{
	event->exe_len = name_len;
	event->head.flags |= SF_PROCESS_EXE_UNPLACED;
}

/*
 * From the file to the root of all mounts that lead to it: a process cannot
 * turn this aside by a root of its own (chroot).
 */
static __always_inline void read_exe(const struct file *exe, const struct task_struct *task,
				     struct sf_process_event *event)
{
	const struct mount *mount = mount_of(BPF_CORE_READ(exe, f_path.mnt));
	const struct dentry *dentry = BPF_CORE_READ(exe, f_path.dentry);
	__u16 name_len = 0;
	int i;

	if (!BPF_CORE_READ(exe, f_inode, i_nlink))
		event->head.flags |= SF_PROCESS_EXE_DELETED;
#pragma clang loop unroll(disable)
	for (i = 0; i < EXE_NAMES_MAX; i++) {
		const struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			const struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount) {
				if (!is_mounted_here(mount, task))
					unplace_exe(event, name_len);
				break;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		if (!add_name(event->exe, &event->exe_len, SF_EXE_BYTES,
			      BPF_CORE_READ(dentry, d_name.name))) {
			event->head.flags |= SF_PROCESS_EXE_CUT;
			break;
		}
		if (!name_len)
			name_len = event->exe_len;
		if (parent == dentry) {
			event->head.flags |= SF_PROCESS_EXE_UNPLACED;
			break;
		}
		dentry = parent;
	}
	if (i == EXE_NAMES_MAX)
		event->head.flags |= SF_PROCESS_EXE_CUT;
}

/* In pieces: one that is not in memory now must not hide those that are. */
static __always_inline void read_argv(const struct mm_struct *mm, struct sf_process_event *event)
{
	__u64 start = BPF_CORE_READ(mm, arg_start);
	__u64 len = BPF_CORE_READ(mm, arg_end) - start;
	__u32 at;

	if (len > SF_ARGV_BYTES) {
		len = SF_ARGV_BYTES;
		event->head.flags |= SF_PROCESS_ARGV_CUT;
	}
#pragma clang loop unroll(disable)
	for (at = 0; at < SF_ARGV_BYTES; at += ARGV_CHUNK) {
		__u32 n = ARGV_CHUNK;

		if (at >= len)
			break;
		if (len - at < ARGV_CHUNK)
			n = (len - at) & (ARGV_CHUNK - 1);
		if (bpf_probe_read_user(event->argv + at, n, (const void *)(start + at))) {
			event->head.flags |= SF_PROCESS_ARGV_CUT;
			break;
		}
		event->argv_len = at + n;
	}
}

static __always_inline void read_parents(const struct task_struct *task,
					 struct sf_process_event *event)
{
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < SF_PARENTS_MAX; i++) {
		const struct task_struct *parent = BPF_CORE_READ(task, group_leader, real_parent);

		/* the first process of all has itself, or the idle one */
		if (!parent || parent == task || !BPF_CORE_READ(parent, tgid))
			break;
		read_key(parent, &event->parents[i].key);
		bpf_probe_read_kernel_str(event->parents[i].comm, SF_COMM_BYTES,
					  BPF_CORE_READ(parent, group_leader)->comm);
		task = parent;
	}
	event->n_parents = i;
}

/* All that is to be told of a task but for its arguments. event->head.identity.key is there. */
static __always_inline void read_process(const struct task_struct *task, const struct mm_struct *mm,
					 struct sf_process_event *event)
{
	const struct file *exe = mm ? BPF_CORE_READ(mm, exe_file) : NULL;

	event->exe_len = 0;
	event->argv_len = 0;
	read_identity(task, &event->head.identity);
	read_cgroup(BPF_CORE_READ(task, cgroups, dfl_cgrp), &event->head);
	if (exe)
		read_exe(exe, task, event);
	read_parents(task, event);
}

static __always_inline void begin_event(struct sf_opener_event *event, enum sf_event_type type)
{
	event->type = type;
	event->flags = 0;
	event->cgroup_len = 0;
	event->pad = 0;
}
