/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections that were open before the watch began, and whose they are. One
 * that several processes have open is nobody's: which of them made it, nobody
 * saw.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

#ifndef OPEN_SOCKETS_MAX
#define OPEN_SOCKETS_MAX 32768
#endif

struct open_socket {
	struct sf_flow_key flow; /* as it sends */
	struct sf_process_key process; /* pid 0: several have it open */
	uint32_t uid; /* who opened it */
	uint32_t gid;
	uint32_t hash; /* as in struct sf_flow */
	uint64_t cookie; /* 0: it had none */
};

struct open_sockets;

/* NULL when out of memory. */
struct open_sockets *open_sockets_new(void);

/* 0, -ENOSPC beyond the bound, -ENOMEM. */
int open_sockets_add(struct open_sockets *sockets, const struct sf_open_socket *found);

/* The connection that sends on this flow; NULL if it was not open. */
const struct open_socket *open_sockets_find(const struct open_sockets *sockets,
					    const struct sf_flow_key *flow);

/* One after the other: NULL asks for the first, NULL ends it. */
const struct open_socket *open_sockets_next(const struct open_sockets *sockets,
					    const struct open_socket *last);

/* NULL is fine. */
void open_sockets_free(struct open_sockets *sockets);
