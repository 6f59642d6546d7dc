/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the path of a cgroup says of the processes in it: systemd unit,
 * container, runtime, Kubernetes pod; and whether root says so, or only the
 * one to whom that part of the tree was handed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CGROUP_UNIT_MAX 256 /* with its NUL, as systemd's UNIT_NAME_MAX */
#define CGROUP_CONTAINER_MAX 65
#define CGROUP_POD_MAX 37

enum cgroup_runtime {
	CGROUP_NO_RUNTIME, /* no container, or one whose path does not tell by whom */
	CGROUP_DOCKER,
	CGROUP_CONTAINERD,
	CGROUP_CRIO,
	CGROUP_PODMAN,
	CGROUP_LXC,
	CGROUP_NSPAWN,
	CGROUP_MACHINE, /* known to systemd-machined, by whom is not */
	CGROUP_RUNTIMES,
};

/*
 * All strings are ASCII without blanks and control characters, and empty when the path does not
 * tell. unit is always root's word, for only root's systemd makes it: below user@UID.service it
 * is user@UID.service, and user_unit is what that user's own manager calls it.
 */
struct cgroup_ident {
	char unit[CGROUP_UNIT_MAX]; /* as systemctl(1) shows it, \x2d and all */
	char user_unit[CGROUP_UNIT_MAX]; /* the user's own word */
	char container[CGROUP_CONTAINER_MAX]; /* 64 hex digits; a name for lxc, nspawn, machine */
	char pod[CGROUP_POD_MAX]; /* uid with dashes; 32 hex digits for a static pod */
	enum cgroup_runtime runtime;
	bool is_claimed; /* container, runtime and pod: the word of who owns a part of the tree */
	bool has_uid;
	uint32_t uid; /* whose user-UID.slice it is */
};

/*
 * Reads a path that begins at the root of the hierarchy, as /proc/PID/cgroup and the kernel name
 * it, also with " (deleted)" at its end. Never fails: what is not understood is absent.
 */
void cgroup_path_parse(const char *path, size_t len, struct cgroup_ident *ret);

struct cgroup_line {
	const char *path; /* within the text */
	size_t len;
	struct cgroup_ident ident;
};

/*
 * Reads /proc/PID/cgroup, of cgroup v2, v1 or both, and picks the line that tells most: one with a
 * container that root vouches for, else that of v2, else that of systemd's own hierarchy. (Docker
 * on a hybrid host: v2 says containerd.service, only v1 names the container.) A last line without
 * its newline was cut and is left out. Returns false when there is no line, ret untouched.
 */
bool cgroup_path_parse_lines(const char *text, size_t len, struct cgroup_line *ret);

/* "docker", "containerd", "cri-o", "podman", "lxc", "nspawn", "machine"; NULL without one. */
const char *cgroup_runtime_to_str(enum cgroup_runtime runtime);
