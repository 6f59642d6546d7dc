/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What we are allowed to do, and giving up the rest. */
#pragma once

#include <stddef.h>

/* Writes the names of the capabilities that are missing, with commas; "" when none is. Returns 0 or -errno. */
int privilege_missing(char *names, size_t size);

/*
 * Keeps the four capabilities of the work and no other; no exec gains any
 * (no_new_privs). Lifts the limit on locked memory first, where it may. 0 or
 * -errno.
 */
int privilege_limit(void);
