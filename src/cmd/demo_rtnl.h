/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One rtnetlink request at a time, acknowledged by the kernel. What the demo
 * needs of `ip`, for machines that do not have it.
 */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <stddef.h>
#include <stdint.h>

struct demo_rtnl {
	struct nlmsghdr header;
	unsigned char body[512];
};

/* Starts a request; head is the family's own header (ifinfomsg, ifaddrmsg, rtmsg). */
void demo_rtnl_init(struct demo_rtnl *msg, uint16_t type, uint16_t flags, const void *head,
		    size_t len);

/* Appends an attribute; more than the body holds is a programmer's mistake. */
void demo_rtnl_put(struct demo_rtnl *msg, uint16_t type, const void *data, size_t len);

/* Appends bytes that are no attribute: the header in front of a nested link. */
void demo_rtnl_put_raw(struct demo_rtnl *msg, const void *data, size_t len);

/* What is appended between the two is inside the attribute; nest is its offset in msg. */
size_t demo_rtnl_nest(struct demo_rtnl *msg, uint16_t type);
void demo_rtnl_nest_end(struct demo_rtnl *msg, size_t nest);

/* Sends through a NETLINK_ROUTE socket and waits for the answer: 0 or -errno. */
int demo_rtnl_send(int fd, struct demo_rtnl *msg);
