// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rawip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "mem.h"

/*
 * A socket that stands by is bound to an address that no packet is sent to:
 * multicast, set aside for documentation (RFC 6676). Without an address it
 * would be given a copy of every packet of its protocol, for its filter to
 * refuse.
 */
#define NOBODY4 "233.252.0.255"
#define NOBODY6 "ff0e::db8:0:ff"

static const struct {
	enum capture_kind kind;
	uint8_t proto;
} sockets[RAWIP_SOCKETS] = {
	{CAPTURE_INET4, IPPROTO_TCP}, {CAPTURE_INET4, IPPROTO_UDP}, {CAPTURE_INET4, IPPROTO_ICMP},
	{CAPTURE_INET6, IPPROTO_TCP}, {CAPTURE_INET6, IPPROTO_UDP}, {CAPTURE_INET6, IPPROTO_ICMPV6},
};

static int set_on(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) ? -errno : 0;
}

static int set_options(int fd, enum capture_kind kind, size_t queue_bytes)
{
	int bytes = (int)queue_bytes;
	int err = set_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);

	if (!err && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		err = -errno;
	if (!err && kind == CAPTURE_INET4)
		return set_on(fd, IPPROTO_IP, IP_PKTINFO);
	/* RFC 3542: the header in front of what an IPv6 socket hands over */
	if (!err)
		err = set_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	if (!err)
		err = set_on(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
	if (!err)
		err = set_on(fd, IPPROTO_IPV6, IPV6_RECVTCLASS);
	return err;
}

static int bind_v4(int fd, const char *addr)
{
	struct sockaddr_in place = {.sin_family = AF_INET};

	inet_pton(AF_INET, addr, &place.sin_addr);
	return bind(fd, (struct sockaddr *)&place, sizeof(place)) ? -errno : 0;
}

static int bind_v6(int fd, const char *addr)
{
	struct sockaddr_in6 place = {.sin6_family = AF_INET6};

	inet_pton(AF_INET6, addr, &place.sin6_addr);
	return bind(fd, (struct sockaddr *)&place, sizeof(place)) ? -errno : 0;
}

int rawip_listen(struct capture *capture, bool is_wanted)
{
	int err;

	if (capture->kind == CAPTURE_INET4)
		err = bind_v4(capture->fd, is_wanted ? "0.0.0.0" : NOBODY4);
	else
		err = bind_v6(capture->fd, is_wanted ? "::" : NOBODY6);
	if (!err)
		capture->is_bound = is_wanted;
	return err;
}

/*
 * Protocol and filter come in the wrong order here: a raw IP socket has its
 * protocol from the start. What came in between is read and thrown away.
 */
static void discard(int fd)
{
	char byte;

	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == EINTR)
		continue;
}

int rawip_open(int tap_fd, size_t index, size_t queue_bytes, struct capture *ret)
{
	enum capture_kind kind = sockets[index].kind;
	int family = kind == CAPTURE_INET4 ? AF_INET : AF_INET6;
	cleanup_close int fd =
		socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, sockets[index].proto);
	struct capture capture = {.fd = fd, .kind = kind, .proto = sockets[index].proto};
	int err;

	if (fd < 0)
		return -errno;
	err = rawip_listen(&capture, false);
	if (err)
		return err;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &tap_fd, sizeof(tap_fd)))
		return -errno;
	err = set_options(fd, kind, queue_bytes);
	if (err)
		return err;
	discard(fd);
	*ret = capture;
	(void)TAKE_FD(fd);
	return 0;
}

void rawip_read_from(const struct capture *capture, const struct sockaddr_storage *from,
		     struct capture_frame *frame)
{
	if (capture->kind != CAPTURE_INET6)
		return;
	frame->v6.proto = capture->proto;
	memcpy(frame->v6.src, &((const struct sockaddr_in6 *)from)->sin6_addr,
	       sizeof(frame->v6.src));
}

void rawip_read_control(const struct cmsghdr *c, struct capture_frame *frame)
{
	struct in_pktinfo info4;
	struct in6_pktinfo info6;
	int number;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&info4, CMSG_DATA(c), sizeof(info4));
		frame->ifindex = (uint32_t)info4.ipi_ifindex;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&info6, CMSG_DATA(c), sizeof(info6));
		frame->ifindex = info6.ipi6_ifindex;
		memcpy(frame->v6.dst, &info6.ipi6_addr, sizeof(frame->v6.dst));
	} else if (c->cmsg_level == IPPROTO_IPV6 &&
		   (c->cmsg_type == IPV6_HOPLIMIT || c->cmsg_type == IPV6_TCLASS)) {
		memcpy(&number, CMSG_DATA(c), sizeof(number));
		if (c->cmsg_type == IPV6_HOPLIMIT)
			frame->v6.hop_limit = (uint8_t)number;
		else
			frame->v6.traffic_class = (uint8_t)number;
	}
}

static uint32_t meminfo(const struct capture *capture, int what)
{
	uint32_t values[SK_MEMINFO_VARS] = {};
	socklen_t len = sizeof(values);

	getsockopt(capture->fd, SOL_SOCKET, SO_MEMINFO, values, &len);
	return values[what];
}

void rawip_update_dropped(struct capture *capture)
{
	/* it wraps after four thousand million */
	capture->dropped +=
		(uint32_t)(meminfo(capture, SK_MEMINFO_DROPS) - (uint32_t)capture->dropped);
}

bool rawip_is_empty(const struct capture *capture)
{
	return meminfo(capture, SK_MEMINFO_RMEM_ALLOC) == 0;
}
