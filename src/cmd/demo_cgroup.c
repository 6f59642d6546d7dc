/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one thing of the demo that does not vanish by itself: a SIGKILL leaves an
 * empty directory, which the next demo removes.
 */
#include "demo_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "mem.h"

#define PREFIX "sock-filter-demo."
#define DRAIN_TIMEOUT_MS 1000

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* A group of ours whose maker has gone. */
static bool is_left_over(const char *name)
{
	char *end;
	long pid;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return false;
	errno = 0;
	pid = strtol(name + strlen(PREFIX), &end, 10);
	if (errno || *end || pid <= 0 || pid > INT_MAX)
		return false;
	return kill((pid_t)pid, 0) && errno == ESRCH;
}

static void remove_left_over(const char *root)
{
	cleanup(close_dir) DIR *dir = opendir(root);
	struct dirent *entry;

	if (!dir)
		return;
	/* The kernel refuses while a process is inside: nothing in use is lost. */
	while ((entry = readdir(dir))) {
		if (is_left_over(entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
}

static int make(struct demo_cgroup *cgroup, const char *root)
{
	int n;

	cgroup->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->root < 0)
		return -errno;
	snprintf(cgroup->name, sizeof(cgroup->name), PREFIX "%d", getpid());
	n = snprintf(cgroup->path, sizeof(cgroup->path), "%s/%s", root, cgroup->name);
	if (n >= (int)sizeof(cgroup->path))
		return -ENAMETOOLONG;
	if (mkdirat(cgroup->root, cgroup->name, 0755))
		return -errno;
	cgroup->dir = openat(cgroup->root, cgroup->name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->dir >= 0)
		return 0;
	n = -errno;
	unlinkat(cgroup->root, cgroup->name, AT_REMOVEDIR);
	return n;
}

int demo_cgroup_open(struct demo_cgroup *ret_cgroup)
{
	struct demo_cgroup cgroup = DEMO_CGROUP_NONE;
	char root[PATH_MAX];
	int err;

	err = cgroup_find_root(root, sizeof(root));
	if (err)
		return err;
	remove_left_over(root);
	err = make(&cgroup, root);
	if (err) {
		close_fd(&cgroup.root);
		return err;
	}
	*ret_cgroup = cgroup;
	return 0;
}

int demo_cgroup_join(const struct demo_cgroup *cgroup)
{
	cleanup_close int procs = -1;

	if (cgroup->dir < 0)
		return 0;
	procs = openat(cgroup->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (procs < 0)
		return -errno;
	/* "0" is the writer itself, in whatever pid namespace it is. */
	return write(procs, "0", 1) == 1 ? 0 : -errno;
}

/* An ended process leaves its group a moment later; the kernel tells when. */
static bool wait_until_empty(int dir)
{
	cleanup_close int events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd wait = {.fd = events, .events = POLLPRI};
	char text[256] = "";

	while (pread(events, text, sizeof(text) - 1, 0) > 0) {
		if (strstr(text, "populated 0"))
			return true;
		if (poll(&wait, 1, DRAIN_TIMEOUT_MS) <= 0)
			return false;
	}
	return false;
}

void demo_cgroup_close(struct demo_cgroup *cgroup)
{
	if (cgroup->root < 0)
		return;
	if (unlinkat(cgroup->root, cgroup->name, AT_REMOVEDIR) && errno == EBUSY &&
	    wait_until_empty(cgroup->dir))
		unlinkat(cgroup->root, cgroup->name, AT_REMOVEDIR);
	close_fd(&cgroup->dir);
	close_fd(&cgroup->root);
}
