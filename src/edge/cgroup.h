/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where cgroup2 is mounted on this host. */
#pragma once

#include <stddef.h>

/* Writes the path of the root cgroup2. Returns 0, -ENOENT when there is none, -ENAMETOOLONG. */
int cgroup_find_root(char *path, size_t size);
