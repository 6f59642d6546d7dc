/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What we are allowed to do, and giving up the rest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Writes the names of the capabilities that are missing, with commas; "" when none is. Returns 0 or -errno. */
int privilege_missing(char *names, size_t size);

/*
 * Keeps the four capabilities of the work and no other; no exec gains any
 * (no_new_privs, and an empty bounding set where that is allowed). Lifts the
 * limit on locked memory first, where it may. 0 or -errno.
 */
int privilege_limit(void);

/*
 * Once everything is attached: drops every capability. What still needs one
 * is found by trying: works(arg) is called without CAP_BPF, which is kept
 * only when that fails (on older kernels map access by fd takes it).
 * keep_net_admin: filters on interfaces are to be removed in the end. 0 with
 * *ret_kept_bpf, or -errno.
 */
int privilege_drop(bool keep_net_admin, bool (*works)(void *arg), void *arg, bool *ret_kept_bpf);
