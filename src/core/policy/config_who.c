/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whom an endpoint shows: users and groups, looked up on the host, and processes by their program,
 * unit, container or cgroup; each also negated.
 */
#include "config_walk.h"

#include <errno.h>
#include <string.h>

#include "cgroup_path.h"
#include "mem.h"
#include "suggest.h"

#define ID_LEN 64

/* What is written behind "not:". */
struct entry {
	struct config_walk *walk;
	const struct yaml_node *node;
	const char *text;
	size_t len;
};

static bool offer_name(void *suggest, const char *name)
{
	return suggest_offer(suggest, name);
}

/* group is also the number of bytes that "@" takes. */
static const char *suggest_who(const struct entry *entry, bool group, char *hint)
{
	const struct config_host *host = entry->walk->host;
	struct suggest suggest;

	/* asking for every name is slow, and nobody would see the answer */
	if (entry->walk->diag->n_messages == DIAG_KEPT_MAX)
		return NULL;
	suggest_init(&suggest, entry->text + group, entry->len - group);
	if (group)
		host->group_names(host->ctx, offer_name, &suggest);
	else
		host->user_names(host->ctx, offer_name, &suggest);
	return suggest_hint(&suggest, hint);
}

static void report_who(const struct entry *entry, bool group, int err)
{
	const char *kind = group ? "group" : "user";
	const char *name = entry->text + group;
	int len = config_cut_len(name, entry->len - group);
	char hint[SUGGEST_HINT_MAX];

	if (err == -ENOENT)
		config_error(entry->walk, entry->node, suggest_who(entry, group, hint),
			     "unknown %s '%.*s'", kind, len, name);
	else
		config_error(entry->walk, entry->node, NULL, "cannot look up %s '%.*s': %s", kind,
			     len, name, strerror(-err));
}

struct members {
	const struct entry *entry;
	struct config_who *who;
	int err;
};

static bool add_member(void *arg, uint32_t uid)
{
	struct members *members = arg;
	struct config_who *who = members->who;
	struct config_walk *walk = members->entry->walk;

	if (!config_has_room(walk, members->entry->node, &walk->n_users, CONFIG_USERS_MAX, "users"))
		return false;
	uint32_t *uids = config_grow(who->members, who->n_members, sizeof(*uids));
	if (!uids) {
		members->err = -ENOMEM;
		return false;
	}
	who->members = uids;
	uids[who->n_members++] = uid;
	return true;
}

static int resolve_group(const struct entry *entry, struct config_who *who)
{
	const struct config_host *host = entry->walk->host;
	struct members members = {.entry = entry, .who = who};

	int err = host->gid_of(host->ctx, who->name + 1, &who->id);
	if (err == 0)
		err = host->members_of(host->ctx, who->name + 1, add_member, &members);
	if (err == -ENOMEM || members.err)
		return -ENOMEM;
	if (err)
		report_who(entry, true, err);
	return 0;
}

static int resolve_user(const struct entry *entry, struct config_who *who)
{
	/* 4294967295 is "no user" to the kernel */
	const uint64_t max = UINT32_MAX - 1;
	const struct config_host *host = entry->walk->host;

	if (strspn(entry->text, "0123456789") == entry->len) {
		uint64_t uid = config_parse_number(entry->text, max);
		if (uid > max)
			config_error(entry->walk, entry->node, "a uid is 0 to 4294967294",
				     "'%.*s' is not a uid", config_cut_len(entry->text, entry->len),
				     entry->text);
		who->id = uid;
		return 0;
	}
	int err = host->uid_of(host->ctx, who->name, &who->id);
	if (err && err != -ENOMEM)
		report_who(entry, false, err);
	return err == -ENOMEM ? err : 0;
}

/* Absolute, and as the kernel would write it: nothing else can ever be equal to it. */
static bool is_path(const struct entry *entry)
{
	const char *text = entry->text;

	if (text[0] != '/' || entry->len > CONFIG_PATH_MAX || strstr(text, "//"))
		return false;
	for (const char *name = text + 1; name; name = strchr(name, '/')) {
		name += *name == '/';
		size_t len = strcspn(name, "/");
		if (len > 0 && len <= 2 && strspn(name, ".") >= len)
			return false;
	}
	return true;
}

static bool read_exe(const struct entry *entry, struct config_who *who)
{
	who->kind = CONFIG_WHO_EXE;
	return is_path(entry) && entry->text[entry->len - 1] != '/';
}

static bool read_cgroup(const struct entry *entry, struct config_who *who)
{
	who->kind = CONFIG_WHO_CGROUP;
	return is_path(entry) && !strchr(entry->text, '*');
}

static bool read_unit(const struct entry *entry, struct config_who *who)
{
	static const char *const suffixes[] = {".service", ".scope", ".slice", ".socket",
					       ".mount",   ".swap",  "*"};

	who->kind = CONFIG_WHO_UNIT;
	if (entry->len >= CGROUP_UNIT_MAX || strchr(entry->text, '/'))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t len = strlen(suffixes[i]);
		if (entry->len >= len && strcmp(entry->text + entry->len - len, suffixes[i]) == 0)
			return true;
	}
	return false;
}

static bool read_container(const struct entry *entry, struct config_who *who)
{
	who->kind = CONFIG_WHO_CONTAINER;
	if (strcmp(entry->text, "*") == 0)
		return true;
	for (enum cgroup_runtime runtime = 1; runtime < CGROUP_RUNTIMES; runtime++) {
		if (strcmp(entry->text, cgroup_runtime_to_str(runtime)) == 0) {
			who->kind = CONFIG_WHO_RUNTIME;
			who->id = runtime;
			return true;
		}
	}
	who->kind = CONFIG_WHO_ID;
	return entry->len >= CONFIG_ID_MIN && entry->len <= ID_LEN &&
	       strspn(entry->text, "0123456789abcdef") == entry->len;
}

static const struct kind {
	const char *prefix;
	const char *what;
	const char *hint;
	bool (*read)(const struct entry *entry, struct config_who *who);
} kinds[] = {
	{"exe:", "a program's path", "write the whole path, as in exe:/usr/bin/curl or exe:/opt/*",
	 read_exe},
	{"unit:", "a unit's name", "write unit:nginx.service, with its ending, or unit:nginx*",
	 read_unit},
	{"container:", "a container",
	 "it is \"*\", a runtime (docker, containerd, cri-o, podman, lxc, nspawn, machine) or 8 to "
	 "64 hex digits of its id",
	 read_container},
	{"cgroup:", "a cgroup's path",
	 "write it from the root, as in cgroup:/system.slice; it stands for all below as well",
	 read_cgroup},
};

/* NULL when the text is a user, a group, or nothing known. */
static const struct kind *kind_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return &kinds[i];
	}
	return NULL;
}

static void report_kind(const struct entry *entry)
{
	size_t len = strcspn(entry->text, ":") + 1;
	struct suggest suggest;
	char hint[SUGGEST_HINT_MAX];

	suggest_init(&suggest, entry->text, len);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		suggest_offer(&suggest, kinds[i].prefix);
	suggest_offer(&suggest, "not:");
	const char *help = suggest_hint(&suggest, hint);
	config_error(entry->walk, entry->node,
		     help ? help : "before a colon stands exe, unit, container, cgroup or not",
		     "unknown word '%.*s'", config_cut_len(entry->text, len), entry->text);
}

/* kind is NULL for a user or group. Returns 0, right or wrong, or -ENOMEM. */
static int resolve(const struct entry *entry, const struct kind *kind, struct config_who *who)
{
	if (!kind && *entry->text == '@')
		return resolve_group(entry, who);
	if (!kind)
		return resolve_user(entry, who);
	if (!config_is_printable(entry->text, entry->len) || !kind->read(entry, who))
		config_error(entry->walk, entry->node, kind->hint, "'%.*s' is not %s",
			     config_cut_len(entry->text, entry->len), entry->text, kind->what);
	return 0;
}

static bool has_room(const struct entry *entry, const struct kind *kind)
{
	struct config_walk *walk = entry->walk;

	if (kind)
		return config_has_room(walk, entry->node, &walk->n_patterns, CONFIG_PATTERNS_MAX,
				       "programs, units, containers and cgroups");
	return config_has_room(walk, entry->node, &walk->n_users, CONFIG_USERS_MAX, "users");
}

/* Adds what the entry says to the list; with an error, what is known of it. */
static int add_who(struct entry *entry, struct config_endpoint *endpoint, bool is_negated)
{
	const struct kind *kind = kind_of(entry->text);
	struct config_who who = {.kind = CONFIG_WHO_USER, .is_negated = is_negated};

	if (strcmp(entry->text, "*") == 0)
		who.kind = CONFIG_WHO_ANY;
	else if (!has_room(entry, kind))
		return 0;
	if (*entry->text == '@')
		who.kind = CONFIG_WHO_GROUP;
	if (kind) {
		entry->text += strlen(kind->prefix);
		entry->len -= strlen(kind->prefix);
	}
	struct config_who *list = config_grow(endpoint->who, endpoint->n_who, sizeof(*list));
	if (!list)
		return -ENOMEM;
	endpoint->who = list;
	who.name = strdup(entry->text);
	if (!who.name)
		return -ENOMEM;
	/* from here on it is freed with the configuration */
	list[endpoint->n_who++] = who;
	return who.kind == CONFIG_WHO_ANY ? 0 : resolve(entry, kind, &list[endpoint->n_who - 1]);
}

int config_read_who(struct config_walk *walk, struct config_endpoint *endpoint,
		    const struct yaml_node *node)
{
	struct entry entry = {walk, node, node->text, node->len};
	bool is_negated = strncmp(node->text, "not:", 4) == 0;

	if (is_negated) {
		entry.text += 4;
		entry.len -= 4;
	}
	if (entry.len == 0 || strlen(node->text) != node->len) {
		config_error(walk, node,
			     "a user, a uid, \"@group\", \"*\" or exe:, unit:, container:, cgroup:",
			     "'%.*s' is not a name", config_quote_len(node), node->text);
		return 0;
	}
	if (is_negated && strcmp(entry.text, "*") == 0) {
		config_error(walk, node, "name whom not to show", "'not:*' shows nothing");
		return 0;
	}
	if (is_negated && strncmp(entry.text, "not:", 4) == 0) {
		config_error(walk, node, "write not: once, or not at all", "'not:not:'");
		return 0;
	}
	if (*entry.text != '@' && strchr(entry.text, ':') && !kind_of(entry.text)) {
		report_kind(&entry);
		return 0;
	}
	return add_who(&entry, endpoint, is_negated);
}
