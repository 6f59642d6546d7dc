/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ordinary users that every system has, for the demo's processes to run as. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct demo_user {
	char name[33];
	uid_t uid;
	gid_t gid;
};

/* Fills users with the first that exist, no uid twice. 0, or -ENOENT when they are too few. */
int demo_user_find(struct demo_user *ret_users, size_t n_users);

/* The user without a name, for what needs no identity. */
struct demo_user demo_user_overflow(void);

/* The calling process becomes user for good, without other groups. 0 or -errno. */
int demo_user_become(const struct demo_user *user);
