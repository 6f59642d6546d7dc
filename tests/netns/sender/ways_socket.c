// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways that a process needs no privilege for. */
#include "sender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define TCP_FASTOPEN_CONNECT_OPTION 30

static void tcp(struct target *target, char **words)
{
	int fd;

	(void)words;
	say("user", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	target_port(target, PORT_HTTP);
	connect_to(fd, target);
	ask_http(fd);
}

/* ADDRESS as IPv4 inside of IPv6. */
static void mapped(const struct target *target, struct target *ret)
{
	char text[INET6_ADDRSTRLEN];

	snprintf(text, sizeof(text), "::ffff:%s", target->text);
	target_parse(ret, text);
	ret->text = target->text;
}

static void tcp_mapped(struct target *target, char **words)
{
	struct target as_v6;

	mapped(target, &as_v6);
	tcp(&as_v6, words);
}

static void udp(struct target *target, char **words)
{
	int fd;

	(void)words;
	say("user", target, "udp");
	fd = open_socket(target, SOCK_DGRAM, 0);
	target_port(target, PORT_ECHO);
	connect_to(fd, target);
	ask_echo(fd, NULL, 0);
}

static void udp_sendto(struct target *target, char **words)
{
	int fd;

	(void)words;
	say("user", target, "udp");
	fd = open_socket(target, SOCK_DGRAM, 0);
	target_port(target, PORT_ECHO);
	ask_echo(fd, &target->at.any, target->len);
}

static void udp_mapped(struct target *target, char **words)
{
	struct target as_v6;

	mapped(target, &as_v6);
	udp_sendto(&as_v6, words);
}

/* An address of IPv4, as such, at a socket of IPv6. */
static void udp_inet(struct target *target, char **words)
{
	int fd;

	(void)words;
	say("user", target, "udp");
	fd = check(socket(AF_INET6, SOCK_DGRAM, 0), "socket");
	target_port(target, PORT_ECHO);
	ask_echo(fd, &target->at.any, target->len);
}

/* Connected to another: udp-elsewhere ADDRESS OTHER. No answer comes to such a socket. */
static void udp_elsewhere(struct target *target, char **words)
{
	struct target other;
	int fd;

	target_parse(&other, word(words, 0, "OTHER"));
	say("user", target, "udp");
	fd = open_socket(target, SOCK_DGRAM, 0);
	target_port(&other, PORT_SINK);
	connect_to(fd, &other);
	target_port(target, PORT_SINK);
	check((int)sendto(fd, "who?", 4, 0, &target->at.any, target->len), "sendto");
}

/* To nobody who would answer. */
static void mark(struct target *target, char **words)
{
	int fd = open_socket(target, SOCK_DGRAM, 0);

	(void)words;
	target_port(target, PORT_SINK);
	check((int)sendto(fd, "mark", 4, 0, &target->at.any, target->len), "sendto");
}

static void tcp_device(struct target *target, char **words)
{
	const char *iface = word(words, 0, "IFACE");
	int fd;

	say("user", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	check(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface, (socklen_t)strlen(iface)),
	      "SO_BINDTODEVICE");
	target_port(target, PORT_HTTP);
	connect_to(fd, target);
	ask_http(fd);
}

static const char request[] = "GET / HTTP/1.0\r\n\r\n";

static void fastopen_sendto(struct target *target, char **words)
{
	int fd;

	(void)words;
	say("user", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	target_port(target, PORT_HTTP);
	if (sendto(fd, request, sizeof(request) - 1, MSG_FASTOPEN, &target->at.any, target->len) <
	    0)
		die("MSG_FASTOPEN");
	hear_http(fd);
}

static void fastopen_option(struct target *target, char **words)
{
	int fd, one = 1;

	(void)words;
	say("user", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	check(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT_OPTION, &one, sizeof(one)),
	      "TCP_FASTOPEN_CONNECT");
	target_port(target, PORT_HTTP);
	connect_to(fd, target);
	ask_http(fd);
}

static void mptcp(struct target *target, char **words)
{
	int fd = socket(target->at.any.sa_family, SOCK_STREAM, IPPROTO_MPTCP);

	(void)words;
	if (fd < 0)
		cannot("MPTCP");
	say("user", target, "tcp");
	target_port(target, PORT_HTTP);
	connect_to(fd, target);
	ask_http(fd);
}

const struct way socket_ways[] = {
	{"tcp", tcp},
	{"tcp-mapped", tcp_mapped},
	{"tcp-device", tcp_device},
	{"udp", udp},
	{"udp-sendto", udp_sendto},
	{"udp-mapped", udp_mapped},
	{"udp-inet", udp_inet},
	{"mark", mark},
	{"udp-elsewhere", udp_elsewhere},
	{"fastopen-sendto", fastopen_sendto},
	{"fastopen-option", fastopen_option},
	{"mptcp", mptcp},
	{NULL, NULL},
};
