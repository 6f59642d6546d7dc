// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Threat: a process ends, and another gets its pid while we read, so that
 * one's arguments are credited to the other. Hence everything is read through
 * one descriptor of /proc/PID: it stays with the process that it was opened
 * for, and is dead once that has gone. And hence the start time, compared
 * before and after: within its 10 ms a pid comes round again only if nearly
 * all others are taken.
 *
 * The name in /proc/PID/stat is the process's own choice, brackets, blanks and
 * newlines too: what follows is found from behind.
 */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"

#define STAT_STATE 3
#define STAT_STARTED 22

static int as_error(int err)
{
	if (err == ENOENT)
		return -ESRCH;
	return err == EPERM ? -EACCES : -err;
}

/* At most size bytes of one file of the process. */
static int read_file(int dir_fd, const char *name, char *bytes, size_t size, size_t *ret_len)
{
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;

	if (fd < 0)
		return as_error(errno);
	while (len < size) {
		ssize_t n = read(fd, bytes + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return as_error(errno);
		if (!n)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

struct start {
	unsigned long long ticks;
	char state;
	char name[PROCFS_NAME_SIZE];
};

/* False when text, which ends in NUL, is no line of stat. */
static bool parse_stat(const char *text, struct start *ret)
{
	const char *name = strchr(text, '('), *field = strrchr(text, ')');
	char *end;

	if (!name || !field || field < name || field[1] != ' ')
		return false;
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(field - name - 1), name + 1);
	field += 2;
	ret->state = *field;
	for (int i = STAT_STATE; field && i < STAT_STARTED; i++) {
		field = strchr(field, ' ');
		field = field ? field + 1 : NULL;
	}
	if (!field)
		return false;
	ret->ticks = strtoull(field, &end, 10);
	return end > field && *end == ' ';
}

static int read_start(int dir_fd, struct start *ret)
{
	char text[1024];
	size_t len;
	int err;

	err = read_file(dir_fd, "stat", text, sizeof(text) - 1, &len);
	if (err)
		return err;
	text[len] = '\0';
	return parse_stat(text, ret) ? 0 : -EBADMSG;
}

static int check_start(const struct start *start, uint64_t started_ns)
{
	uint64_t tick_ns = NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK);

	/* a zombie has no arguments any more, and its cgroup may be another */
	if (start->state == 'Z' || start->state == 'X')
		return -ESRCH;
	return start->ticks == started_ns / tick_ns ? 0 : -ESRCH;
}

/* What /proc does not show may be there: this call needs no permission to ask. */
static int gone_or_hidden(pid_t pid)
{
	cpu_set_t cpus;

	return sched_getaffinity(pid, sizeof(cpus), &cpus) && errno == ESRCH ? -ESRCH : -EACCES;
}

int procfs_open(pid_t pid, uint64_t started_ns, int *ret_fd)
{
	cleanup_close int fd = -1;
	struct start start = {};
	char path[32];
	int err;

	if (pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 ? as_error(errno) : read_start(fd, &start);
	if (err)
		return err == -ESRCH ? gone_or_hidden(pid) : err;
	err = check_start(&start, started_ns);
	if (err)
		return err;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int procfs_read(int fd, uint64_t started_ns, struct procfs *ret)
{
	struct start start = {};
	int err;

	err = read_file(fd, "cmdline", ret->cmdline, sizeof(ret->cmdline), &ret->cmdline_len);
	if (!err)
		err = read_file(fd, "cgroup", ret->cgroup, sizeof(ret->cgroup), &ret->cgroup_len);
	if (!err)
		err = read_start(fd, &start);
	if (err)
		return err;
	ret->cmdline_is_cut = ret->cmdline_len > PROCFS_CMDLINE_MAX;
	if (ret->cmdline_is_cut)
		ret->cmdline_len = PROCFS_CMDLINE_MAX;
	memcpy(ret->name, start.name, sizeof(ret->name));
	return check_start(&start, started_ns);
}
