/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All that must exist before the demo can begin, in one owner: whatever way the
 * demo ends, demo_stage_close takes it away.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "demo_cgroup.h"
#include "demo_child.h"
#include "demo_net.h"
#include "demo_service.h"
#include "demo_user.h"
#include "exit.h"

struct demo_stage {
	struct demo_net net;
	struct demo_service service;
	struct demo_cgroup cgroup;
	struct demo_children children;
	struct demo_user users[2];
};

#define DEMO_STAGE_NONE                         \
	((struct demo_stage){                   \
		.net = DEMO_NET_NONE,           \
		.service = DEMO_SERVICE_NONE,   \
		.cgroup = DEMO_CGROUP_NONE,     \
		.children = DEMO_CHILDREN_NONE, \
	})

/*
 * Fills stage, which is DEMO_STAGE_NONE, up to the running service. Returns
 * EXIT_NOT_YET, or the exit code once the reason has been said. Close it in both cases.
 */
int demo_stage_open(struct demo_stage *stage);
void demo_stage_close(struct demo_stage *stage);

/* A line on stderr, in one write, so that it does not mix with what the watcher writes. */
void demo_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
