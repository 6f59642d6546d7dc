// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Many short connections, each of which says who makes it: the first bytes are
 *	PID STARTED UID PARENT NUMBER
 * (STARTED in ticks since boot), and a server that writes down what it was told.
 *
 * usage: crowd serve PORT LOG READY		appends ADDRESS PORT and these words, in order
 *	  crowd one ADDRESS PORT NUMBER		one connection
 *	  crowd exec NUMBER ADDRESS PORT	one process and program a connection
 *	  crowd rate NUMBER RATE ADDRESS PORT	RATE a second, by four processes
 *	  crowd reuse NUMBER RATE PIDS ADDRESS PORT
 *						one process a connection, of about PIDS pids
 *						that come again and again; ended by a RST
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000ULL
#define LINE_BYTES 128
#define BACKLOG 4096
#define WORKERS 4
#define AT_ONCE 4 /* processes of "exec" and "reuse" */
#define FIRST_UID 20000
#define UIDS 50

struct goal {
	struct sockaddr_in at;
	bool ends_by_rst;
};

static void die(const char *what) __attribute__((noreturn));
static void die(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int check(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static long number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	errno = EINVAL;
	if (*end || value < 0)
		die(text);
	return value;
}

static unsigned long long own_start(void)
{
	unsigned long long started;
	char text[1024];
	int fd = check(open("/proc/self/stat", O_RDONLY | O_CLOEXEC), "/proc/self/stat");
	ssize_t len = check((int)read(fd, text, sizeof(text) - 1), "/proc/self/stat");
	const char *rest;

	close(fd);
	text[len] = '\0';
	rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 2,
		   "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &started) != 1)
		die("/proc/self/stat");
	return started;
}

static void connect_once(const struct goal *goal, long n)
{
	const struct linger linger = {.l_onoff = 1};
	int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"), one = 1;
	char line[LINE_BYTES], answer;
	int len = snprintf(line, sizeof(line), "%d %llu %u %d %ld\n", getpid(), own_start(),
			   getuid(), getppid(), n);

	check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), "TCP_NODELAY");
	while (connect(fd, (const struct sockaddr *)&goal->at, sizeof(goal->at))) {
		/* every port may be in use for a moment */
		if (errno != EADDRNOTAVAIL)
			die("connect");
		usleep(1000);
	}
	if (write(fd, line, (size_t)len) != len)
		die("write");
	if (read(fd, &answer, 1) != 1)
		die("read");
	if (goal->ends_by_rst)
		check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), "SO_LINGER");
	else if (read(fd, &answer, 1)) /* who closes first leaves the last ACK to the kernel */
		die("read");
	close(fd);
}

static void await_one(void)
{
	int status;

	check(wait(&status), "wait");
	errno = ECHILD;
	if (status)
		die("a child failed");
}

static void exec_many(long n, const struct goal *goal, char **words)
{
	char text[32];

	(void)goal;
	for (long i = 0; i < n; i++) {
		if (i >= AT_ONCE)
			await_one();
		if (check(fork(), "fork"))
			continue;
		snprintf(text, sizeof(text), "%ld", i);
		execl("/proc/self/exe", "crowd", "one", words[0], words[1], text, NULL);
		die("execl");
	}
	for (long i = 0; i < (n < AT_ONCE ? n : AT_ONCE); i++)
		await_one();
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Until the turn of number i has come. What a busy machine holds up is made up for. */
static void await_turn(uint64_t start_ns, long i, long rate)
{
	uint64_t due_ns = start_ns + (uint64_t)i * NS_PER_SECOND / (uint64_t)rate;
	struct timespec due = {(time_t)(due_ns / NS_PER_SECOND), (long)(due_ns % NS_PER_SECOND)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		;
}

static void connect_many(long first, long n, long rate, const struct goal *goal)
{
	uint64_t start_ns = now_ns();

	for (long i = 0; i < n; i++) {
		await_turn(start_ns, i, rate);
		connect_once(goal, first + i);
	}
}

static void say_rate(long n, uint64_t start_ns)
{
	printf("%ld connections, %llu a second\n", n,
	       (unsigned long long)((uint64_t)n * NS_PER_SECOND / (now_ns() - start_ns)));
}

static void rate_many(long n, long rate, const struct goal *goal)
{
	uint64_t start_ns = now_ns();

	for (int i = 0; i < WORKERS; i++) {
		if (check(fork(), "fork"))
			continue;
		connect_many(i * (n / WORKERS), n / WORKERS, rate / WORKERS, goal);
		exit(0);
	}
	for (int i = 0; i < WORKERS; i++)
		await_one();
	say_rate(n / WORKERS * WORKERS, start_ns);
}

/* The next process gets the pid after this one, if that is free. */
static void turn_back(int fd, pid_t last)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", last);

	if (pwrite(fd, text, (size_t)len, 0) != len)
		die("ns_last_pid");
}

static void reuse_many(long n, long rate, long pids, const struct goal *goal)
{
	int fd = check(open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC), "ns_last_pid");
	uint64_t start_ns = now_ns();
	pid_t first = getpid();

	for (long i = 0; i < n; i++) {
		uid_t uid = FIRST_UID + (uid_t)(i % UIDS);

		if (i >= AT_ONCE)
			await_one();
		if (i % pids == 0)
			turn_back(fd, first);
		await_turn(start_ns, i, rate);
		if (check(fork(), "fork"))
			continue;
		check(setresgid(uid, uid, uid), "setresgid");
		check(setresuid(uid, uid, uid), "setresuid");
		connect_once(goal, i);
		_exit(0);
	}
	for (long i = 0; i < (n < AT_ONCE ? n : AT_ONCE); i++)
		await_one();
	say_rate(n, start_ns);
}

static void answer_one(int fd, FILE *log)
{
	struct sockaddr_in peer;
	socklen_t peer_len = sizeof(peer);
	int connection =
		check(accept4(fd, (struct sockaddr *)&peer, &peer_len, SOCK_CLOEXEC), "accept4");
	char line[LINE_BYTES], address[INET_ADDRSTRLEN];
	ssize_t n, len = 0;

	do {
		n = read(connection, line + len, sizeof(line) - 1 - (size_t)len);
		len += n > 0 ? n : 0;
	} while (n > 0 && line[len - 1] != '\n');
	line[len] = '\0';
	inet_ntop(AF_INET, &peer.sin_addr, address, sizeof(address));
	fprintf(log, "%s %u %s%s", address, ntohs(peer.sin_port), line,
		len && line[len - 1] == '\n' ? "" : "\n");
	check((int)write(connection, ".", 1), "write");
	close(connection);
}

static FILE *server_log;

static void finish(int signal)
{
	(void)signal;
	fflush(server_log);
	_exit(0);
}

/* Until it is told to end, between two connections. */
static void serve(const char *port, const char *path, const char *ready)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(port))};
	int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"), one = 1;

	server_log = fopen(path, "we");
	if (!server_log)
		die(path);
	check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), "SO_REUSEADDR");
	check(bind(fd, (struct sockaddr *)&at, sizeof(at)), "bind");
	check(listen(fd, BACKLOG), "listen");
	signal(SIGTERM, finish);
	close(check(open(ready, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), ready));
	for (;;)
		answer_one(fd, server_log);
}

static void aim(struct goal *goal, char **words)
{
	goal->at = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)number(words[1])),
	};
	errno = EINVAL;
	if (inet_pton(AF_INET, words[0], &goal->at.sin_addr) != 1)
		die(words[0]);
}

int main(int argc, char **argv)
{
	const char *mode = argc >= 5 ? argv[1] : "";
	struct goal goal = {.ends_by_rst = false};

	if (strcmp(mode, "serve") == 0) {
		serve(argv[2], argv[3], argv[4]);
	} else if (strcmp(mode, "one") == 0) {
		aim(&goal, argv + 2);
		connect_once(&goal, number(argv[4]));
	} else if (strcmp(mode, "exec") == 0) {
		aim(&goal, argv + 3);
		exec_many(number(argv[2]), &goal, argv + 3);
	} else if (strcmp(mode, "rate") == 0 && argc == 6) {
		aim(&goal, argv + 4);
		rate_many(number(argv[2]), number(argv[3]), &goal);
	} else if (strcmp(mode, "reuse") == 0 && argc == 7) {
		aim(&goal, argv + 5);
		goal.ends_by_rst = true;
		reuse_many(number(argv[2]), number(argv[3]), number(argv[4]), &goal);
	} else {
		fprintf(stderr, "usage: crowd serve|one|exec|rate|reuse ...; see crowd.c\n");
		return 2;
	}
	return 0;
}
