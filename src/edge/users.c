// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "mem.h"

/* Names remembered; a host with more users than this looks some up again. */
#define NAMES_MAX 4096

struct name {
	uint32_t uid;
	char *text; /* NULL: none */
	UT_hash_handle hh;
};

static struct name *names;

/* The name service tells "not there" in several ways (getpwnam(3)). */
static int not_found(int err)
{
	if (err == 0 || err == ENOENT || err == ESRCH || err == EBADF || err == EPERM)
		return -ENOENT;
	return -err;
}

static int uid_of(void *ctx, const char *user, uint32_t *ret_uid)
{
	const struct passwd *entry;

	(void)ctx;
	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return not_found(errno);
	*ret_uid = entry->pw_uid;
	return 0;
}

static int gid_of(void *ctx, const char *group, uint32_t *ret_gid)
{
	const struct group *entry;

	(void)ctx;
	errno = 0;
	entry = getgrnam(group);
	if (!entry)
		return not_found(errno);
	*ret_gid = entry->gr_gid;
	return 0;
}

static void primary_members(gid_t gid, config_id_fn fn, void *arg)
{
	const struct passwd *entry;

	setpwent();
	while ((entry = getpwent()))
		if (entry->pw_gid == gid && !fn(arg, entry->pw_uid))
			break;
	endpwent();
}

static int members_of(void *ctx, const char *group, config_id_fn fn, void *arg)
{
	const struct group *entry;

	(void)ctx;
	errno = 0;
	entry = getgrnam(group);
	if (!entry)
		return not_found(errno);
	for (char **member = entry->gr_mem; *member; member++) {
		const struct passwd *user = getpwnam(*member);

		if (user && !fn(arg, user->pw_uid))
			return 0;
	}
	primary_members(entry->gr_gid, fn, arg);
	return 0;
}

static void user_names(void *ctx, config_name_fn fn, void *arg)
{
	const struct passwd *entry;

	(void)ctx;
	setpwent();
	while ((entry = getpwent()) && fn(arg, entry->pw_name))
		continue;
	endpwent();
}

static void group_names(void *ctx, config_name_fn fn, void *arg)
{
	const struct group *entry;

	(void)ctx;
	setgrent();
	while ((entry = getgrent()) && fn(arg, entry->gr_name))
		continue;
	endgrent();
}

const struct config_host users_host = {
	.uid_of = uid_of,
	.gid_of = gid_of,
	.members_of = members_of,
	.user_names = user_names,
	.group_names = group_names,
};

const char *users_name(uint32_t uid)
{
	const struct passwd *entry;
	struct name *name = NULL;

	HASH_FIND(hh, names, &uid, sizeof(uid), name);
	if (name)
		return name->text;
	if (HASH_COUNT(names) >= NAMES_MAX)
		users_forget();
	name = calloc(1, sizeof(*name));
	if (!name)
		return NULL;
	entry = getpwuid(uid);
	name->uid = uid;
	name->text = entry ? strdup(entry->pw_name) : NULL;
	HASH_ADD(hh, names, uid, sizeof(name->uid), name);
	return name->text;
}

void users_forget(void)
{
	struct name *name, *next;

	HASH_ITER (hh, names, name, next) {
		HASH_DEL(names, name);
		free(name->text);
		free(name);
	}
}
