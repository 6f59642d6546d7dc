/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The owner hooks on their places: bpf links at a cgroup2, which go with this
 * process, or clsact filters on interfaces where there is no cgroup2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct attach;
struct sockfilter;

/* Attaches the hooks of sockets and egress at the cgroup2 folder. 0 with a new *ret, or -errno. */
int attach_cgroup(const struct sockfilter *skel, const char *path, struct attach **ret);

/* Attaches the tc egress hook to these interfaces. 0 with a new *ret, or -errno. */
int attach_tc(const struct sockfilter *skel, const uint32_t *ifindexes, size_t n,
	      struct attach **ret);

/* Attaches to one more interface, unless it is attached there already. 0 or -errno. */
int attach_tc_add(const struct sockfilter *skel, struct attach *attach, uint32_t ifindex);

/* Forgets the interfaces that exist no more; their filters went with them. */
void attach_tc_prune(struct attach *attach);

/* Writes up to max hooks and whether each is still attached. Returns how many. */
size_t attach_status(const struct attach *attach, struct record_hook *hooks, size_t max);

/* Detaches. NULL is fine. */
void attach_free(struct attach *attach);
