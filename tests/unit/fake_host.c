/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fake_host.h"

#include <errno.h>
#include <string.h>

#include "guard.h"
#include "mem.h"

struct entry {
	const char *name;
	uint32_t id;
};

static const struct entry users[] = {
	{"root", 0},
	{"daemon", 1},
	{"testuser", 1000},
	{"alice", 1001},
};
static const struct entry groups[] = {{"adm", 4}, {"empty", 5}, {"crowd", 6}};

static int find(const struct entry *entries, size_t n, const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(entries[i].name, name) == 0) {
			*ret = entries[i].id;
			return 0;
		}
	}
	return strcmp(name, "broken") == 0 ? -EIO : -ENOENT;
}

static int uid_of(void *ctx, const char *user, uint32_t *ret_uid)
{
	(void)ctx;
	return find(users, ARRAY_SIZE(users), user, ret_uid);
}

static int gid_of(void *ctx, const char *group, uint32_t *ret_gid)
{
	(void)ctx;
	return find(groups, ARRAY_SIZE(groups), group, ret_gid);
}

static int members_of(void *ctx, const char *group, config_id_fn fn, void *arg)
{
	(void)ctx;
	if (strcmp(group, "adm") == 0)
		(void)(fn(arg, 1001) && fn(arg, 1000));
	for (uint32_t i = 0; strcmp(group, "crowd") == 0 && i < 10000 && fn(arg, 5000 + i); i++)
		;
	return 0;
}

static void user_names(void *ctx, config_name_fn fn, void *arg)
{
	(void)ctx;
	for (size_t i = 0; i < ARRAY_SIZE(users) && fn(arg, users[i].name); i++)
		;
}

static void group_names(void *ctx, config_name_fn fn, void *arg)
{
	(void)ctx;
	for (size_t i = 0; i < ARRAY_SIZE(groups) && fn(arg, groups[i].name); i++)
		;
}

const struct config_host fake_host = {
	.uid_of = uid_of,
	.gid_of = gid_of,
	.members_of = members_of,
	.user_names = user_names,
	.group_names = group_names,
};

int fake_parse(const char *text, struct diag *diag, struct config **ret)
{
	struct guard guard;
	guard_init(&guard, text, strlen(text));
	int err = config_parse(guard.bytes, guard.len, &fake_host, diag, ret);
	guard_done(&guard);
	return err;
}
