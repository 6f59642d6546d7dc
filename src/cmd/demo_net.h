/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two network namespaces without a name, joined by one virtual cable: in
 * "client" live the clients and the watcher, in "service" the metadata service.
 * Nothing keeps them but these descriptors and the processes inside, so they
 * go when those go, whatever ended them.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#define DEMO_SERVICE_IP4 "169.254.169.254"
#define DEMO_SERVICE_IP6 "fd00:ec2::254"
#define DEMO_SERVICE_PORT 80

struct demo_net {
	int client;
	int service;
	bool has_ipv6;
};

#define DEMO_NET_NONE ((struct demo_net){.client = -1, .service = -1})

/*
 * Builds both namespaces and returns when packets can flow. 0 or -errno, with
 * the step that failed, in words; net is then untouched.
 */
int demo_net_open(struct demo_net *ret_net, const char **reterr_step);
void demo_net_close(struct demo_net *net);

/*
 * A socket (close-on-exec) that belongs to the namespace netns, made without staying there.
 * Returns the descriptor or -errno.
 */
int demo_net_socket(int netns, int family, int type, int protocol);

/* The service's address and port for AF_INET or AF_INET6; returns its length. */
socklen_t demo_net_service_addr(int family, struct sockaddr_storage *ret_addr);
