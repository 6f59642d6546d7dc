/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections that were open before the hooks were there to see them made. */
#pragma once

#include "abi.h"

struct open_sockets;
struct sockfilter;

typedef void (*backfill_fn)(void *arg, const struct sf_open_socket *found);

/*
 * Walks the open files of all processes and calls fn for each connection to or
 * from a watched address, once for each file of each process. Once the hooks
 * are attached, so that none falls in between. 0 or -errno.
 */
int backfill_read(const struct sockfilter *skel, backfill_fn fn, void *arg);

/*
 * Enters them into the kernel's tables, as if they had just sent: so that what
 * they are answered is theirs. What is there already stays. 0 or -errno.
 */
int backfill_enter(const struct sockfilter *skel, const struct open_sockets *sockets);
