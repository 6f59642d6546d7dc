/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arguments of "watch". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_IFACES_MAX 64

enum decisions {
	DECISIONS_NONE,
	DECISIONS_FLOW, /* the first of a flow and each change */
	DECISIONS_PACKET,
	DECISIONS_ALL, /* also what was rejected */
};

enum color {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER,
};

struct options {
	const char *config; /* NULL: /etc, then the built-in profile */
	const char *ifaces[OPTIONS_IFACES_MAX];
	size_t n_ifaces;
	const char *cgroup; /* NULL: the root cgroup2 */
	uint64_t count; /* 0: no end */
	uint64_t duration_s; /* 0: no end */
	uint64_t heartbeat_s;
	enum decisions decisions;
	bool has_decisions; /* they were asked for */
	enum color color;
	bool is_demo; /* by the demo's own profile, whatever is in /etc */
	int ready_fd; /* -1, or gets a byte once everything is attached */
	bool json;
	bool packets; /* these too, and not only what they were for */
	bool verbose;
	bool quiet;
};

/* Returns EXIT_NOT_YET to go on, or the exit code: help was shown, or the usage was wrong. */
int options_parse(int argc, char **argv, struct options *ret);
