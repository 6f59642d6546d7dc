/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requests are built in place and sent one by one. The answers come from the
 * kernel alone: no other sender can reach a NETLINK_ROUTE socket.
 */
#include "demo_rtnl.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Makes room for len bytes and returns where they start. */
static size_t grow(struct demo_rtnl *msg, size_t len)
{
	size_t start = NLMSG_ALIGN(msg->header.nlmsg_len);

	assert(start + len <= sizeof(*msg));
	msg->header.nlmsg_len = (uint32_t)(start + len);
	return start;
}

void demo_rtnl_init(struct demo_rtnl *msg, uint16_t type, uint16_t flags, const void *head,
		    size_t len)
{
	memset(msg, 0, sizeof(*msg));
	msg->header.nlmsg_type = type;
	msg->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	msg->header.nlmsg_len = NLMSG_HDRLEN;
	demo_rtnl_put_raw(msg, head, len);
}

void demo_rtnl_put_raw(struct demo_rtnl *msg, const void *data, size_t len)
{
	memcpy((unsigned char *)msg + grow(msg, len), data, len);
}

void demo_rtnl_put(struct demo_rtnl *msg, uint16_t type, const void *data, size_t len)
{
	size_t nest = demo_rtnl_nest(msg, type);

	demo_rtnl_put_raw(msg, data, len);
	demo_rtnl_nest_end(msg, nest);
}

size_t demo_rtnl_nest(struct demo_rtnl *msg, uint16_t type)
{
	struct rtattr attr = {.rta_type = type};
	size_t start = grow(msg, RTA_LENGTH(0));

	memcpy((unsigned char *)msg + start, &attr, sizeof(attr));
	return start;
}

void demo_rtnl_nest_end(struct demo_rtnl *msg, size_t nest)
{
	unsigned short len = (unsigned short)(msg->header.nlmsg_len - nest);

	memcpy((unsigned char *)msg + nest + offsetof(struct rtattr, rta_len), &len, sizeof(len));
}

int demo_rtnl_send(int fd, struct demo_rtnl *msg)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr result;
		unsigned char echo[sizeof(*msg)];
	} answer;
	ssize_t n;

	if (send(fd, msg, msg->header.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(answer.result)) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.result.error;
}
