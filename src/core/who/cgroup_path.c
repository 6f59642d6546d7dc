/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path is read from the root down, and belief ends where root's hand ends.
 *
 * Threat: whoever has a cgroup delegated gives the cgroups below it any name: "nginx.service", or
 * "docker-" and the id of somebody else's container. So may users below user@UID.service, a service
 * with Delegate= and User=, and root of a container below its own cgroup. What stands above them
 * they cannot choose. Hence:
 *
 *  - Slices are systemd's alone, which delegates none (its docs/CGROUP_DELEGATION.md). The first
 *    name that is no slice is the unit (its src/basic/cgroup-util.c); root's systemd gave it.
 *  - The outermost container counts, whatever stands below it.
 *  - A container or pod is root's word when above it there are only slices, the service of a
 *    container manager, or the manager's own directory at the top.
 *  - Anywhere else, and below user-UID.slice always, it is a claim: told, and marked. Rootless
 *    podman and docker stand there, and quadlets, which nest the container in their service.
 *
 * Each name is looked at a fixed number of times.
 */
#include "cgroup_path.h"

#include <string.h>

#include "cgroup_name.h"
#include "mem.h"

/* A directory at the top that a container manager makes, and hands to nobody. */
struct dir {
	const char *name;
	enum cgroup_runtime runtime; /* of what stands there without a prefix */
	enum {
		IDS,
		NAMES,
		PREFIXED
	} holds;
	unsigned int between; /* directories that may stand before the container */
};

struct walk {
	struct cgroup_ident ident;
	/* Takes one name; false when all that counts has been seen. */
	bool (*step)(struct walk *walk, struct cgroup_name name);
	struct cgroup_name top; /* the first name */
	unsigned int depth; /* names passed */
	const struct dir *dir;
	unsigned int n_between;
	bool below_manager;
	bool wants_user_unit;
};

/* Somebody else's part of the tree. */
static bool step_claim(struct walk *walk, struct cgroup_name name)
{
	struct cgroup_ident *ident = &walk->ident;

	if (cgroup_name_take_container(name, ident) ||
	    cgroup_name_take_id(name, CGROUP_NO_RUNTIME, ident)) {
		ident->is_claimed = true;
		return false;
	}
	if (cgroup_name_take_pod(name, ident))
		ident->is_claimed = true;
	if (walk->wants_user_unit && !cgroup_name_is_slice(name)) {
		walk->wants_user_unit = false;
		if (cgroup_name_is_unit(name))
			cgroup_name_keep_unit(name, ident->user_unit);
	}
	return true;
}

static bool step_dir(struct walk *walk, struct cgroup_name name)
{
	const struct dir *dir = walk->dir;
	struct cgroup_ident *ident = &walk->ident;

	if (dir->holds == NAMES) {
		cgroup_name_take_plain(name, dir->runtime, ident);
		return false;
	}
	if (cgroup_name_take_container(name, ident) ||
	    (dir->holds == IDS && cgroup_name_take_id(name, dir->runtime, ident)))
		return false;
	if (walk->n_between++ == dir->between) {
		walk->step = step_claim;
		return step_claim(walk, name);
	}
	cgroup_name_take_pod(name, ident);
	return true;
}

static const struct dir *find_dir(struct cgroup_name name)
{
	static const struct dir dirs[] = {
		{"docker", CGROUP_DOCKER, IDS, 0},
		{"kubepods", CGROUP_NO_RUNTIME, IDS, 2}, /* QOS/podUID, or podUID */
		{"kubelet", CGROUP_NO_RUNTIME, IDS, 3}, /* kubepods below another root */
		{"ecs", CGROUP_NO_RUNTIME, IDS, 2}, /* CLUSTER/TASK, or TASK */
		{"libpod_parent", CGROUP_PODMAN, PREFIXED, 1}, /* a podman pod */
		{"lxc", CGROUP_LXC, NAMES, 0},
		{"lxc.payload", CGROUP_LXC, NAMES, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (cgroup_name_is(name, dirs[i].name))
			return &dirs[i];
	}
	return NULL;
}

/* Root's services that put containers below themselves, and let nobody else in. */
static bool is_manager(const struct walk *walk, struct cgroup_name name)
{
	static const char *const units[] = {
		"containerd.service",  "docker.service",     "crio.service",
		"kubelet.service",     "k3s.service",	     "k3s-agent.service",
		"rke2-server.service", "rke2-agent.service",
	};

	if (walk->depth != 1 || !cgroup_name_is(walk->top, "system.slice"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (cgroup_name_is(name, units[i]))
			return true;
	}
	return false;
}

static void keep_unit(struct walk *walk, struct cgroup_name name)
{
	if (!walk->below_manager)
		cgroup_name_keep_unit(name, walk->ident.unit);
}

static bool pass_slice(struct walk *walk, struct cgroup_name name)
{
	struct cgroup_ident *ident = &walk->ident;

	keep_unit(walk, name);
	cgroup_name_take_pod(name, ident);
	if (walk->depth == 1 && cgroup_name_is(walk->top, "user.slice"))
		ident->has_uid = cgroup_name_has_uid(name, "user-", ".slice", &ident->uid);
	return true;
}

static bool pass_unit(struct walk *walk, struct cgroup_name name)
{
	struct cgroup_ident *ident = &walk->ident;
	uint32_t uid;

	keep_unit(walk, name);
	if (walk->depth == 1 && cgroup_name_is(walk->top, "machine.slice") &&
	    cgroup_name_take_machine(name, ident))
		return false;
	if (is_manager(walk, name)) {
		walk->below_manager = true;
		return true;
	}
	walk->wants_user_unit =
		ident->has_uid && cgroup_name_has_uid(name, "user@", ".service", &uid);
	walk->step = step_claim;
	return true;
}

/* All names so far are slices, or end with a manager's service: this one is root's word. */
static bool step_root(struct walk *walk, struct cgroup_name name)
{
	struct cgroup_ident *ident = &walk->ident;

	if (cgroup_name_is_slice(name))
		return pass_slice(walk, name);
	if (cgroup_name_take_container(name, ident) ||
	    cgroup_name_take_id(name, CGROUP_NO_RUNTIME, ident)) {
		ident->is_claimed = ident->has_uid;
		if (cgroup_name_is_unit(name))
			keep_unit(walk, name);
		return false;
	}
	if (cgroup_name_is_unit(name))
		return pass_unit(walk, name);
	if (walk->depth == 0 || walk->below_manager)
		walk->dir = find_dir(name);
	walk->step = walk->dir ? step_dir : step_claim;
	return true;
}

/* The kernel's word for a cgroup that was removed under its last process. */
static void cut_deleted(struct cgroup_name *path)
{
	cgroup_name_cut_suffix(path, " (deleted)");
}

void cgroup_path_parse(const char *path, size_t len, struct cgroup_ident *ret)
{
	struct walk walk = {.step = step_root};
	struct cgroup_name rest = {path, len};
	bool goes_on = true;

	cut_deleted(&rest);
	while (goes_on && rest.len) {
		const char *slash = memchr(rest.text, '/', rest.len);
		struct cgroup_name name = {rest.text,
					   slash ? (size_t)(slash - rest.text) : rest.len};
		if (name.len) {
			goes_on = walk.step(&walk, name);
			if (walk.depth++ == 0)
				walk.top = name;
		}
		rest.text += name.len + !!slash;
		rest.len -= name.len + !!slash;
	}
	*ret = walk.ident;
}

/* The more it tells, the higher. */
static int rank(const struct cgroup_line *line, bool is_v2, bool is_systemd)
{
	bool is_top = line->len == 1;

	if (line->ident.container[0] && !line->ident.is_claimed)
		return 5;
	if (is_v2)
		return is_top ? 1 : 4;
	if (is_top)
		return 0;
	return is_systemd ? 3 : 2;
}

/* NUMBER:CONTROLLERS:PATH, as cgroups(7) has it; of v2 it begins with "0::". Its rank, or -1. */
static int parse_line(struct cgroup_name rest, struct cgroup_line *ret)
{
	const char *first = memchr(rest.text, ':', rest.len);
	if (!first)
		return -1;
	struct cgroup_name number = {rest.text, (size_t)(first - rest.text)};
	const char *second = memchr(first + 1, ':', rest.len - number.len - 1);
	if (!second)
		return -1;
	struct cgroup_name controllers = {first + 1, (size_t)(second - first - 1)};
	struct cgroup_name path = {second + 1, (size_t)(rest.text + rest.len - second - 1)};
	cut_deleted(&path);
	if (path.len == 0 || path.text[0] != '/')
		return -1;
	ret->path = path.text;
	ret->len = path.len;
	cgroup_path_parse(path.text, path.len, &ret->ident);
	return rank(ret, cgroup_name_is(number, "0") && controllers.len == 0,
		    cgroup_name_is(controllers, "name=systemd"));
}

bool cgroup_path_parse_lines(const char *text, size_t len, struct cgroup_line *ret)
{
	const char *newline;
	int best = -1;

	while (len && (newline = memchr(text, '\n', len))) {
		struct cgroup_name rest = {text, (size_t)(newline - text)};
		struct cgroup_line line;
		int found = parse_line(rest, &line);
		if (found > best) {
			best = found;
			*ret = line;
		}
		text += rest.len + 1;
		len -= rest.len + 1;
	}
	return best >= 0;
}

const char *cgroup_runtime_to_str(enum cgroup_runtime runtime)
{
	static const char *const words[CGROUP_RUNTIMES] = {
		[CGROUP_DOCKER] = "docker",   [CGROUP_CONTAINERD] = "containerd",
		[CGROUP_CRIO] = "cri-o",      [CGROUP_PODMAN] = "podman",
		[CGROUP_LXC] = "lxc",	      [CGROUP_NSPAWN] = "nspawn",
		[CGROUP_MACHINE] = "machine",
	};
	return words[runtime];
}
