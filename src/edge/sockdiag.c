// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "mem.h"

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

static int ask(int fd, uint8_t family, uint8_t proto)
{
	struct request request = {
		.header =
			{
				.nlmsg_len = sizeof(request),
				.nlmsg_type = SOCK_DIAG_BY_FAMILY,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			},
		.body =
			{
				.sdiag_family = family,
				.sdiag_protocol = proto,
				.idiag_states = UINT32_MAX,
			},
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* Of one datagram of the answer: 1 when it is the last, 0 when more is to come, or -errno. */
static int read_part(const char *bytes, size_t len)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)bytes;

	for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(header))->error ?: 1;
	}
	return 0;
}

static int list(int fd, uint8_t family, uint8_t proto)
{
	char bytes[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	int err = ask(fd, family, proto);

	while (!err) {
		ssize_t len = recv(fd, bytes, sizeof(bytes), 0);

		if (len < 0 && errno == EINTR)
			continue;
		err = len < 0 ? -errno : read_part(bytes, (size_t)len);
	}
	return err < 0 ? err : 0;
}

int sockdiag_give_cookies(void)
{
	static const struct {
		uint8_t family;
		uint8_t proto;
	} lists[] = {
		{AF_INET, IPPROTO_TCP},
		{AF_INET6, IPPROTO_TCP},
		{AF_INET, IPPROTO_UDP},
		{AF_INET6, IPPROTO_UDP},
	};
	cleanup_close int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int err = 0;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		int failed = list(fd, lists[i].family, lists[i].proto);

		if (!err)
			err = failed;
	}
	return err;
}
