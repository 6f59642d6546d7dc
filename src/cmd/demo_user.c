/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Nothing is created: what the system lacks, the demo does without or says. */
#include "demo_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mem.h"

#define OVERFLOW_ID 65534

static bool is_taken(const struct demo_user *users, size_t n_users, uid_t uid)
{
	for (size_t i = 0; i < n_users; i++) {
		if (users[i].uid == uid)
			return true;
	}
	return false;
}

int demo_user_find(struct demo_user *ret_users, size_t n_users)
{
	static const char *const names[] = {"www-data", "backup", "nobody", "daemon", "bin"};
	struct demo_user found[ARRAY_SIZE(names)] = {0};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && n < n_users; i++) {
		const struct passwd *entry = getpwnam(names[i]);

		/* A name that leads to root would make the demo prove nothing. */
		if (!entry || entry->pw_uid == 0 || is_taken(found, n, entry->pw_uid))
			continue;
		snprintf(found[n].name, sizeof(found[n].name), "%s", names[i]);
		found[n].uid = entry->pw_uid;
		found[n].gid = entry->pw_gid;
		n++;
	}
	if (n < n_users)
		return -ENOENT;
	memcpy(ret_users, found, n * sizeof(*found));
	return 0;
}

struct demo_user demo_user_overflow(void)
{
	return (struct demo_user){.name = "nobody", .uid = OVERFLOW_ID, .gid = OVERFLOW_ID};
}

int demo_user_become(const struct demo_user *user)
{
	if (setgroups(0, NULL))
		return -errno;
	if (setresgid(user->gid, user->gid, user->gid))
		return -errno;
	if (setresuid(user->uid, user->uid, user->uid))
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}
