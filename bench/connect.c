// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long does it take to get a socket, connect it and close it again?
 * usage: connect udp|tcp ADDRESS PORT N	prints nanoseconds for each
 *
 * UDP sends nothing: what is measured is what the hooks add. For TCP somebody
 * listens at that port; the connection is reset, so that ports do not run out.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void connect_once(int type, const struct sockaddr_in *to)
{
	const struct linger reset = {.l_onoff = 1};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to))) {
		perror("connect");
		exit(1);
	}
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	double start_ns;
	long n;
	int type;

	if (argc != 5 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: connect udp|tcp ADDRESS PORT N\n");
		return 2;
	}
	type = strcmp(argv[1], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
	to.sin_port = htons((uint16_t)atoi(argv[3]));
	n = atol(argv[4]);
	/* warm */
	for (long i = 0; i < n / 10; i++)
		connect_once(type, &to);
	start_ns = now_ns();
	for (long i = 0; i < n; i++)
		connect_once(type, &to);
	printf("%.0f\n", (now_ns() - start_ns) / (double)n);
	return 0;
}
