/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What only /proc tells of a process, and only of the one that is meant: pids
 * are used again, so that each process is known by pid and start time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCFS_CMDLINE_MAX 4096
#define PROCFS_CGROUP_MAX 8192
#define PROCFS_NAME_SIZE 16 /* with its NUL */

struct procfs {
	size_t cmdline_len;
	size_t cgroup_len;
	bool cmdline_is_cut;
	char name[PROCFS_NAME_SIZE]; /* as it calls itself; changes with its program */
	char cmdline[PROCFS_CMDLINE_MAX + 1]; /* its arguments, or what it wrote over them */
	char cgroup[PROCFS_CGROUP_MAX]; /* the lines of /proc/PID/cgroup; the last may be cut */
};

/*
 * Opens /proc/PID of the process that started then: started_ns counts from
 * the boot, as the kernel's task->start_boottime. /proc knows it to 10 ms.
 * Takes no privilege. Returns 0 and a new *ret_fd; -ESRCH when the process has
 * gone, is a zombie (also when only its first thread has ended), or is another one; -EACCES when /proc hides it
 * (hidepid=, see proc(5)); or another -errno. ret_fd is untouched on failure.
 */
int procfs_open(pid_t pid, uint64_t started_ns, int *ret_fd);

/*
 * Reads through that descriptor, which belongs to the process and not to its
 * pid, and looks at start and state again when all is read. Same errors; ret
 * then holds nothing that may be used. A process that called exec() meanwhile
 * is the same one: what is read is of its new program. One that is about to end
 * has an empty command line.
 */
int procfs_read(int fd, uint64_t started_ns, struct procfs *ret);
