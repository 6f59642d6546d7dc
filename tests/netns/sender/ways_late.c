// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways that stop half-way, until somebody lets them go on; and one that waits to be asked. */
#include "sender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 900

/* late ADDRESS GO, and its kin: says by which port, and waits until somebody has written to GO. */
static void pause_with(int fd, const struct target *target, char **words)
{
	const char *path = word(words, 0, "GO");
	struct target own = *target;
	char byte;
	int go;

	alarm(PATIENCE_S);

	check(getsockname(fd, &own.at.any, &own.len), "getsockname");
	printf("%u\n", ntohs(own.is_v6 ? own.at.v6.sin6_port : own.at.v4.sin_port));
	fflush(stdout);
	go = check(open(path, O_RDONLY | O_CLOEXEC), path);
	while (read(go, &byte, 1) > 0)
		;
	close(go);
}

static void late(struct target *target, char **words)
{
	int fd;

	say("user", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	target_port(target, PORT_HTTP);
	connect_to(fd, target);
	pause_with(fd, target, words);
	ask_http(fd);
}

/* A child has the connection open, too, for as long as its parent lives. */
static void late_shared(struct target *target, char **words)
{
	int fd, ends[2];
	char byte;

	check(pipe2(ends, O_CLOEXEC), "pipe2");
	say("user", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	target_port(target, PORT_HTTP);
	connect_to(fd, target);
	if (!check(fork(), "fork")) {
		close(ends[1]);
		exit((int)read(ends[0], &byte, 1));
	}
	pause_with(fd, target, words);
	ask_http(fd);
}

static void late_udp(struct target *target, char **words)
{
	int fd;

	say("user", target, "udp");
	fd = open_socket(target, SOCK_DGRAM, 0);
	target_port(target, PORT_ECHO);
	connect_to(fd, target);
	ask_echo(fd, NULL, 0);
	pause_with(fd, target, words);
	ask_echo(fd, NULL, 0);
}

/* Not connected: asks before and after. */
static void late_sendto(struct target *target, char **words)
{
	int fd;

	say("user", target, "udp");
	fd = open_socket(target, SOCK_DGRAM, 0);
	target_port(target, PORT_ECHO);
	ask_echo(fd, &target->at.any, target->len);
	pause_with(fd, target, words);
	ask_echo(fd, &target->at.any, target->len);
}

/* flood ADDRESS GO NUMBER: datagrams to nobody who would answer, as fast as they go. */
static void flood(struct target *target, char **words)
{
	int number = atoi(word(words, 1, "NUMBER")), fd;

	fd = open_socket(target, SOCK_DGRAM, 0);
	target_port(target, PORT_SINK);
	connect_to(fd, target);
	pause_with(fd, target, words);
	for (int i = 0; i < number; i++)
		check((int)send(fd, "who?", 4, 0), "send");
}

/* listen ADDRESS READY: answers one connection, which ADDRESS makes; makes the file READY before. */
static void listen_once(struct target *target, char **words)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	const char *ready = word(words, 0, "READY");
	struct target own = *target;
	char request[1024];
	int fd, connection;

	say("user", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	memset(&own.at.v4.sin_addr, 0, sizeof(own.at.v4.sin_addr));
	target_port(&own, PORT_HTTP);
	check(bind(fd, &own.at.any, own.len), "bind");
	check(listen(fd, 1), "listen");
	close(check(open(ready, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), ready));
	connection = check(accept(fd, NULL, NULL), "accept");
	check((int)read(connection, request, sizeof(request)), "read");
	check((int)write(connection, answer, sizeof(answer) - 1), "write");
	/* who closes first leaves the last ACK to the kernel */
	while (read(connection, request, sizeof(request)) > 0)
		;
}

const struct way late_ways[] = {
	{"late", late},		{"late-shared", late_shared},
	{"late-udp", late_udp}, {"late-sendto", late_sendto},
	{"flood", flood},	{"listen", listen_once},
	{NULL, NULL},
};
