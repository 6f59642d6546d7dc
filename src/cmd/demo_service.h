/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A metadata service in the manner of AWS, with a handful of paths and nothing
 * real in any answer. It lives in the demo's "service" namespace.
 */
#pragma once

#include "demo_net.h"

enum {
	DEMO_SERVICE_TCP4,
	DEMO_SERVICE_TCP6,
	DEMO_SERVICE_SOCKETS,
};

struct demo_service {
	int sockets[DEMO_SERVICE_SOCKETS]; /* -1: none, as without IPv6 */
};

#define DEMO_SERVICE_NONE ((struct demo_service){.sockets = {-1, -1}})

/*
 * Binds and listens: from here on a client can connect, even though nobody
 * answers before demo_service_run. 0 or -errno; service is then untouched.
 */
int demo_service_open(struct demo_service *ret_service, const struct demo_net *net);

/* Answers until the process is ended, or returns -errno. */
int demo_service_run(const struct demo_service *service);

void demo_service_close(struct demo_service *service);
