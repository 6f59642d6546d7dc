// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "mem.h"

#define KEPT 64

static struct {
	uint32_t ifindex; /* 0: free */
	char name[IF_NAMESIZE];
} kept[KEPT];

const char *link_name(uint32_t ifindex)
{
	uint32_t at = ifindex % KEPT;

	if (ifindex && kept[at].ifindex == ifindex)
		return kept[at].name;
	if (!if_indextoname(ifindex, kept[at].name))
		snprintf(kept[at].name, sizeof(kept[at].name), "%u", ifindex);
	kept[at].ifindex = ifindex;
	return kept[at].name;
}

void link_forget(void)
{
	memset(kept, 0, sizeof(kept));
}

int link_monitor_open(void)
{
	cleanup_close int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	struct sockaddr_nl place = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};

	if (fd < 0 || bind(fd, (struct sockaddr *)&place, sizeof(place)))
		return -errno;
	return TAKE_FD(fd);
}

void link_monitor_drain(int fd)
{
	char message[8192];

	/* what was missed (ENOBUFS) does not matter: every name is looked up again */
	while (recv(fd, message, sizeof(message), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
		continue;
}
