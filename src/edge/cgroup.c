// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cgroup.h"

#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>

static void end_mounts(FILE **mounts)
{
	if (*mounts)
		endmntent(*mounts);
}

int cgroup_find_root(char *path, size_t size)
{
	/* getmntent undoes the escapes; self/mounts lists what this process can reach */
	FILE *mounts __attribute__((cleanup(end_mounts))) = setmntent("/proc/self/mounts", "re");
	const struct mntent *mount;

	if (!mounts)
		return -errno;
	while ((mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2") != 0)
			continue;
		if (strlen(mount->mnt_dir) >= size)
			return -ENAMETOOLONG;
		snprintf(path, size, "%s", mount->mnt_dir);
		return 0;
	}
	return -ENOENT;
}
