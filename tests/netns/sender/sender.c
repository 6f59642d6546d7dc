// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * usage: sender FACTS WAY ADDRESS [WORD...]
 * Turns to ADDRESS in this way, waits for the answer, and appends who it is to
 * the file FACTS. Exit 77: this way cannot be gone here.
 */
#include "sender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 120

void die(const char *what)
{
	fprintf(stderr, "sender: %s: %s\n", what, errno ? strerror(errno) : "not as expected");
	exit(1);
}

void cannot(const char *what)
{
	fprintf(stderr, "sender: not here: %s: %s\n", what, strerror(errno));
	exit(EXIT_CANNOT);
}

int check(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

const char *word(char **words, int place, const char *name)
{
	for (int i = 0; i <= place; i++) {
		if (!words[i]) {
			errno = 0;
			die(name);
		}
	}
	return words[place];
}

void target_parse(struct target *target, const char *text)
{
	*target = (struct target){.text = text, .is_v6 = strchr(text, ':')};
	target->at.any.sa_family = target->is_v6 ? AF_INET6 : AF_INET;
	target->len = target->is_v6 ? sizeof(target->at.v6) : sizeof(target->at.v4);
	errno = 0;
	if (inet_pton(target->at.any.sa_family, text,
		      target->is_v6 ? (void *)&target->at.v6.sin6_addr
				    : (void *)&target->at.v4.sin_addr) != 1)
		die(text);
}

void target_port(struct target *target, uint16_t port)
{
	if (target->is_v6)
		target->at.v6.sin6_port = htons(port);
	else
		target->at.v4.sin_port = htons(port);
}

int open_socket(const struct target *target, int type, int protocol)
{
	return check(socket(target->at.any.sa_family, type, protocol), "socket");
}

void connect_to(int fd, const struct target *target)
{
	check(connect(fd, &target->at.any, target->len), "connect");
}

void hear_http(int fd)
{
	char answer[1024];
	ssize_t n, all = 0;

	while ((n = read(fd, answer, sizeof(answer))) > 0)
		all += n;
	check((int)n, "read");
	errno = 0;
	if (!all)
		die("the answer");
}

void ask_http(int fd)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";

	if (write(fd, request, sizeof(request) - 1) != sizeof(request) - 1)
		die("write");
	hear_http(fd);
}

void ask_echo(int fd, const struct sockaddr *to, socklen_t len)
{
	char answer[64];

	check((int)sendto(fd, "who?", 4, 0, to, len), "sendto");
	check((int)recv(fd, answer, sizeof(answer), 0), "recv");
}

int open_sink(const struct target *elsewhere, uint16_t *port_be)
{
	struct target own = *elsewhere;
	int fd = open_socket(elsewhere, SOCK_DGRAM, 0);

	/* takes a port without bind(2) or connect(2), at which something might look */
	check((int)sendto(fd, "", 0, 0, &elsewhere->at.any, elsewhere->len), "sendto");
	check(getsockname(fd, &own.at.any, &own.len), "getsockname");
	*port_be = own.is_v6 ? own.at.v6.sin6_port : own.at.v4.sin_port;
	return fd;
}

static const struct way *find(const struct way *ways, const char *name)
{
	for (; ways->name; ways++) {
		if (strcmp(ways->name, name) == 0)
			return ways;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct way *const all[] = {socket_ways, raw_ways, process_ways, late_ways,
					 uring_ways};
	const struct way *way = NULL;
	struct target target;

	for (size_t i = 0; argc > 3 && !way && i < sizeof(all) / sizeof(*all); i++)
		way = find(all[i], argv[2]);
	if (!way) {
		fprintf(stderr, "usage: sender FACTS WAY ADDRESS [WORD...]\n");
		return 2;
	}
	alarm(PATIENCE_S);
	say_to(argv[1]);
	target_parse(&target, argv[3]);
	way->go(&target, argv + 4);
	return 0;
}
