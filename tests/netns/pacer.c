// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sends datagrams at a given rate, faster than a script could: a heap of them
 * each millisecond, on ports that take turns. What a busy machine holds up is
 * made up for; in the end exactly NUMBER were sent.
 * usage: pacer ADDRESS RATE NUMBER
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define NS_PER_SECOND 1000000000ULL
#define TICK_NS 1000000ULL
#define HEAP 64
#define FIRST_PORT 1000
#define PORTS 100

struct heap {
	struct mmsghdr messages[HEAP];
	struct sockaddr_in to[HEAP];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec until = {(time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* Returns how many were sent, at most want and at least one. */
static uint64_t send_heap(int fd, struct heap *heap, uint64_t sent, uint64_t want)
{
	unsigned int n = want < HEAP ? (unsigned int)want : HEAP;
	int done;

	for (unsigned int i = 0; i < n; i++)
		heap->to[i].sin_port = htons((uint16_t)(FIRST_PORT + (sent + i) % PORTS));
	do
		done = sendmmsg(fd, heap->messages, n, 0);
	while (done < 0 && (errno == EINTR || errno == ENOBUFS));
	if (done < 0) {
		perror("pacer: sendmmsg");
		exit(1);
	}
	return (uint64_t)done;
}

static void prepare(struct heap *heap, const char *address)
{
	static char payload[] = "0123456789";
	static struct iovec iov = {payload, sizeof(payload) - 1};

	for (int i = 0; i < HEAP; i++) {
		heap->to[i] = (struct sockaddr_in){.sin_family = AF_INET};
		if (inet_pton(AF_INET, address, &heap->to[i].sin_addr) != 1) {
			fprintf(stderr, "pacer: %s is no IPv4 address\n", address);
			exit(2);
		}
		heap->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &heap->to[i],
			.msg_namelen = sizeof(heap->to[i]),
			.msg_iov = &iov,
			.msg_iovlen = 1,
		};
	}
}

int main(int argc, char **argv)
{
	static struct heap heap;
	uint64_t rate, number, start_ns, sent = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 4 || fd < 0) {
		fprintf(stderr, "usage: pacer ADDRESS RATE NUMBER\n");
		return 2;
	}
	rate = strtoull(argv[2], NULL, 10);
	number = strtoull(argv[3], NULL, 10);
	prepare(&heap, argv[1]);
	start_ns = now_ns();
	for (uint64_t tick = 1; sent < number; tick++) {
		uint64_t due = tick * TICK_NS * rate / NS_PER_SECOND;

		if (due > number)
			due = number;
		while (sent < due)
			sent += send_heap(fd, &heap, sent, due - sent);
		sleep_until(start_ns + tick * TICK_NS);
	}
	printf("%llu sent, %llu a second\n", (unsigned long long)sent,
	       (unsigned long long)(sent * NS_PER_SECOND / (now_ns() - start_ns)));
	return 0;
}
