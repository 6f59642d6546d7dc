/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A process that turns to an endpoint in one of many ways, and first writes
 * down who it is: what a record says of it is compared with that.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* This kernel, or this user on it, does not have that way. */
#define EXIT_CANNOT 77

#define PORT_HTTP 80
#define PORT_ECHO 53
#define PORT_SINK 9

struct target {
	const char *text;
	bool is_v6;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len;
};

struct way {
	const char *name;
	void (*go)(struct target *target, char **words);
};

extern const struct way socket_ways[];
extern const struct way raw_ways[];
extern const struct way process_ways[];
extern const struct way late_ways[];
extern const struct way uring_ways[];

/* Ends the process, with what failed and why. */
void die(const char *what) __attribute__((noreturn));
void cannot(const char *what) __attribute__((noreturn));
/* -1 ends the process. */
int check(int result, const char *what);

/* The word at this place; the process ends without it. */
const char *word(char **words, int place, const char *name);

void target_parse(struct target *target, const char *text);
void target_port(struct target *target, uint16_t port);

/* A socket of the target's family; type may hold SOCK_CLOEXEC. */
int open_socket(const struct target *target, int type, int protocol);
void connect_to(int fd, const struct target *target);

/* One HTTP request, or one datagram, and the whole answer. */
void ask_http(int fd);
void hear_http(int fd);
void ask_echo(int fd, const struct sockaddr *to, socklen_t len);

/* An ordinary UDP socket with a port of its own, which takes what is sent to that. */
int open_sink(const struct target *elsewhere, uint16_t *port_be);

/* Appends to the file of facts, as one line of JSON: who this process is now. */
void say_to(const char *path);
void say(const char *role, const struct target *target, const char *proto);
/* The same for the program that it is about to become. */
void say_as(const char *role, const struct target *target, const char *proto, const char *exe,
	    char *const *argv);
const char *facts_path(void);
