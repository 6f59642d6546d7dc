/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Each step says what it lacks and, where the user can mend it, how; the next
 * step then never begins.
 */
#include "demo_stage.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mem.h"

void demo_say(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "demo: %s\n", line);
}

static int open_net(struct demo_stage *stage)
{
	const char *step;
	int err = demo_net_open(&stage->net, &step);

	if (!err) {
		if (!stage->net.has_ipv6)
			demo_say("this system has no IPv6: that part is left out");
		return EXIT_NOT_YET;
	}
	demo_say("%s: %s", step, strerror(-err));
	if (err == -EPERM) {
		demo_say(
			"CAP_SYS_ADMIN and CAP_NET_ADMIN are needed: run it on the host, not in a container: sudo sock-filter demo");
		return EXIT_MISSING;
	}
	if (err == -EOPNOTSUPP) {
		demo_say("the kernel's veth driver is needed: sudo modprobe veth");
		return EXIT_MISSING;
	}
	return EXIT_RUNTIME;
}

/* Without a group of its own the demo still works: the watcher has another way. */
static void open_cgroup(struct demo_stage *stage)
{
	int err = demo_cgroup_open(&stage->cgroup);

	if (err == -ENOENT)
		demo_say("no cgroup2 here: users are found at tc egress instead");
	else if (err)
		demo_say("cannot make a cgroup: %s: users are found by the watcher's other means",
			 strerror(-err));
}

static void __attribute__((noreturn)) be_service(const struct demo_stage *stage)
{
	struct demo_user nobody = demo_user_overflow();

	if (setns(stage->net.service, CLONE_NEWNET) || demo_user_become(&nobody))
		_exit(EXIT_RUNTIME);
	demo_children_bind(&stage->children);
	prctl(PR_SET_NAME, "demo-service");
	demo_service_run(&stage->service);
	_exit(EXIT_RUNTIME);
}

static int start_service(struct demo_stage *stage)
{
	int rc = demo_children_fork(&stage->children, DEMO_SERVICE);

	if (rc == 0)
		be_service(stage);
	if (rc < 0) {
		demo_say("cannot start the service: %s", strerror(-rc));
		return EXIT_RUNTIME;
	}
	/* From now on its end refuses connections rather than leave them waiting. */
	demo_service_close(&stage->service);
	return EXIT_NOT_YET;
}

int demo_stage_open(struct demo_stage *stage)
{
	int code, err;

	err = demo_children_init(&stage->children);
	if (err) {
		demo_say("cannot take over the signals: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	if (demo_user_find(stage->users, ARRAY_SIZE(stage->users))) {
		demo_say(
			"needs two of the users www-data, backup, nobody, daemon, bin: sudo useradd -r backup");
		return EXIT_MISSING;
	}
	code = open_net(stage);
	if (code != EXIT_NOT_YET)
		return code;
	err = demo_service_open(&stage->service, &stage->net);
	if (err) {
		demo_say("cannot listen on " DEMO_SERVICE_IP4 ":80: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	open_cgroup(stage);
	return start_service(stage);
}

void demo_stage_close(struct demo_stage *stage)
{
	demo_children_done(&stage->children);
	demo_cgroup_close(&stage->cgroup);
	demo_service_close(&stage->service);
	demo_net_close(&stage->net);
}
