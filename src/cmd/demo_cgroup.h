/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A cgroup for the clients alone: what the watcher attaches there sees them and
 * no other process of the host. Named after the process that made it.
 */
#pragma once

#include <limits.h>

struct demo_cgroup {
	int root; /* of cgroup2, -1: there is no group */
	int dir;
	char name[32]; /* below root */
	char path[PATH_MAX];
};

#define DEMO_CGROUP_NONE ((struct demo_cgroup){.root = -1, .dir = -1})

/*
 * Removes what a killed demo left, then makes the group. 0, -ENOENT without
 * cgroup2, or another -errno; cgroup is then untouched.
 */
int demo_cgroup_open(struct demo_cgroup *ret_cgroup);

/* Moves the calling process into the group, if there is one. 0 or -errno. */
int demo_cgroup_join(const struct demo_cgroup *cgroup);

/* Removes the group, waiting a moment for its last process to be gone. */
void demo_cgroup_close(struct demo_cgroup *cgroup);
