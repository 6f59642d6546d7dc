// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One process makes the socket, another, or another program, uses it. */
#include "sender.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD_TEXT_BYTES 16

static void await(pid_t child)
{
	int status;

	check(waitpid(child, &status, 0), "waitpid");
	errno = 0;
	if (status)
		die("the child");
}

static void become(const char *id)
{
	uid_t uid = (uid_t)atoi(id);

	check(setgroups(0, NULL), "setgroups");
	check(setresgid(uid, uid, uid), "setresgid");
	check(setresuid(uid, uid, uid), "setresuid");
}

/* The program PROGRAM, a copy of this one, goes on with the socket. */
static void go_on(const char *program, const char *way, const struct target *target, int fd)
{
	char text[FD_TEXT_BYTES];

	snprintf(text, sizeof(text), "%d", fd);
	check(fcntl(fd, F_SETFD, 0), "F_SETFD");
	execl(program, program, facts_path(), way, target->text, text, NULL);
	die(program);
}

/* with ADDRESS FD: connects and asks. */
static void with(struct target *target, char **words)
{
	int fd = atoi(word(words, 0, "FD"));

	say("user", target, "tcp");
	target_port(target, PORT_HTTP);
	connect_to(fd, target);
	ask_http(fd);
}

/* on ADDRESS FD: it is connected. */
static void on(struct target *target, char **words)
{
	int fd = atoi(word(words, 0, "FD"));

	say("later", target, "tcp");
	ask_http(fd);
}

/* exec ADDRESS PROGRAM: between socket(2) and connect(2). */
static void exec_between(struct target *target, char **words)
{
	const char *program = word(words, 0, "PROGRAM");

	say("opener", target, "tcp");
	go_on(program, "with", target, open_socket(target, SOCK_STREAM, 0));
}

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void pass(int way, int fd)
{
	union control control = {.bytes = {0}};
	struct iovec iov = {.iov_base = (char[]){'.'}, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.head = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(fd)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	check((int)sendmsg(way, &message, 0), "sendmsg");
}

static int take(int way)
{
	union control control;
	struct iovec iov = {.iov_base = (char[1]){0}, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	check((int)recvmsg(way, &message, 0), "recvmsg");
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* One makes a socket, and connects it or not; another user's program takes it, and goes on. */
static void hand_over(struct target *target, char **words, bool is_connected)
{
	const char *program = word(words, 0, "PROGRAM"), *uid = word(words, 1, "UID");
	int ways[2], fd;
	pid_t child;

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ways), "socketpair");
	child = check(fork(), "fork");
	if (!child) {
		become(uid);
		go_on(program, is_connected ? "on" : "with", target, take(ways[1]));
	}
	say(is_connected ? "user" : "opener", target, "tcp");
	fd = open_socket(target, SOCK_STREAM, 0);
	target_port(target, PORT_HTTP);
	if (is_connected)
		connect_to(fd, target);
	pass(ways[0], fd);
	close(fd);
	await(child);
}

/* hand ADDRESS PROGRAM UID */
static void hand_new(struct target *target, char **words)
{
	hand_over(target, words, false);
}

/* hand-connected ADDRESS PROGRAM UID */
static void hand_connected(struct target *target, char **words)
{
	hand_over(target, words, true);
}

static void ask_tcp(struct target *target)
{
	int fd = open_socket(target, SOCK_STREAM, 0);

	target_port(target, PORT_HTTP);
	connect_to(fd, target);
	ask_http(fd);
	close(fd);
}

/* become ADDRESS FIRST UID: asks FIRST as who it is, then ADDRESS as another user. */
static void become_another(struct target *target, char **words)
{
	struct target first;

	target_parse(&first, word(words, 0, "FIRST"));
	say("first", target, "tcp");
	ask_tcp(&first);
	become(word(words, 1, "UID"));
	say("user", target, "tcp");
	ask_tcp(target);
}

/* rename ADDRESS FIRST NAME: the same, but that it takes another name. */
static void take_name(struct target *target, char **words)
{
	struct target first;

	target_parse(&first, word(words, 0, "FIRST"));
	say("first", target, "tcp");
	ask_tcp(&first);
	check(prctl(PR_SET_NAME, word(words, 1, "NAME")), "PR_SET_NAME");
	say("user", target, "tcp");
	ask_tcp(target);
}

/* move ADDRESS FIRST PROCS: the same, but that it goes to another cgroup. */
static void move(struct target *target, char **words)
{
	struct target first;
	int fd;

	target_parse(&first, word(words, 0, "FIRST"));
	say("first", target, "tcp");
	ask_tcp(&first);
	fd = check(open(word(words, 1, "PROCS"), O_WRONLY | O_CLOEXEC), "PROCS");
	check((int)write(fd, "0", 1), "PROCS");
	close(fd);
	say("user", target, "tcp");
	ask_tcp(target);
}

static void fork_sendto(struct target *target, char **words)
{
	pid_t child;
	int fd;

	(void)words;
	say("opener", target, "udp");
	fd = open_socket(target, SOCK_DGRAM, 0);
	target_port(target, PORT_ECHO);
	child = check(fork(), "fork");
	if (child) {
		await(child);
		return;
	}
	check(prctl(PR_SET_NAME, "child"), "PR_SET_NAME");
	say("user", target, "udp");
	ask_echo(fd, &target->at.any, target->len);
	exit(0);
}

static void *connect_in_thread(void *arg)
{
	check(prctl(PR_SET_NAME, "thread"), "PR_SET_NAME");
	ask_tcp(arg);
	return NULL;
}

static void thread(struct target *target, char **words)
{
	pthread_t other;

	(void)words;
	say("user", target, "tcp");
	errno = pthread_create(&other, NULL, connect_in_thread, target);
	if (errno)
		die("pthread_create");
	pthread_join(other, NULL);
}

/* A copy of this program that no name leads to. */
static void memfd(struct target *target, char **words)
{
	char *const argv[] = {"nameless", (char *)facts_path(), "tcp", (char *)target->text, NULL};
	int own = check(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "/proc/self/exe");
	int fd = check(memfd_create("nameless", MFD_CLOEXEC), "memfd_create");
	struct stat st;

	(void)words;
	check(fstat(own, &st), "fstat");
	while (st.st_size > 0)
		st.st_size -= check((int)sendfile(fd, own, NULL, (size_t)st.st_size), "sendfile");
	fexecve(fd, argv, environ);
	die("fexecve");
}

/* Its own file goes before it starts. */
static void unlinked(struct target *target, char **words)
{
	char path[256];

	path[check((int)readlink("/proc/self/exe", path, sizeof(path) - 1), "/proc/self/exe")] =
		'\0';
	check(unlink(path), path);
	socket_ways[0].go(target, words);
}

/* run ADDRESS PROGRAM WORD...: becomes that program, at a path of its own. */
static void run(struct target *target, char **words)
{
	const char *program = word(words, 0, "PROGRAM");

	say_as("user", target, "tcp", program, words);
	execv(program, words);
	die(program);
}

const struct way process_ways[] = {
	{"exec", exec_between},
	{"with", with},
	{"on", on},
	{"hand", hand_new},
	{"hand-connected", hand_connected},
	{"become", become_another},
	{"rename", take_name},
	{"move", move},
	{"fork", fork_sendto},
	{"thread", thread},
	{"memfd", memfd},
	{"unlinked", unlinked},
	{"run", run},
	{NULL, NULL},
};
