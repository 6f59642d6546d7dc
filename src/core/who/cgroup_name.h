/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One name in the path of a cgroup: what its form says, whoever gave it. For cgroup_path.c. */
#pragma once

#include "cgroup_path.h"

struct cgroup_name {
	const char *text; /* no slash, no NUL behind */
	size_t len;
};

bool cgroup_name_is(struct cgroup_name name, const char *word);

/* Take a prefix or suffix off; false, and name as it was, when it is not there. */
bool cgroup_name_cut_prefix(struct cgroup_name *name, const char *prefix);
bool cgroup_name_cut_suffix(struct cgroup_name *name, const char *suffix);

/*
 * A systemd unit's name. cgroup_name_is_unit() holds for every kind that has processes but for
 * slices. cgroup_name_keep_unit() stores it in CGROUP_UNIT_MAX bytes, without the "_" that systemd
 * puts before what could be a file of the kernel (cg_escape); name must be a unit's or slice's.
 */
bool cgroup_name_is_slice(struct cgroup_name name);
bool cgroup_name_is_unit(struct cgroup_name name);
void cgroup_name_keep_unit(struct cgroup_name name, char *ret);

/* The uid between prefix and suffix, "user-1000.slice"; ret is untouched when there is none. */
bool cgroup_name_has_uid(struct cgroup_name name, const char *prefix, const char *suffix,
			 uint32_t *ret);

/*
 * Each recognises one form and stores what it tells of container and runtime in ret; false, with
 * ret untouched, when it is not of that form. The first takes all forms that name their runtime
 * (and the pod, if the name holds one and ret has none), the second a bare id, the third any short
 * plain name, the fourth a unit in machine.slice.
 */
bool cgroup_name_take_container(struct cgroup_name name, struct cgroup_ident *ret);
bool cgroup_name_take_id(struct cgroup_name name, enum cgroup_runtime runtime,
			 struct cgroup_ident *ret);
bool cgroup_name_take_plain(struct cgroup_name name, enum cgroup_runtime runtime,
			    struct cgroup_ident *ret);
bool cgroup_name_take_machine(struct cgroup_name name, struct cgroup_ident *ret);

/* "podUID", or a slice of one; the first that is found stays. */
bool cgroup_name_take_pod(struct cgroup_name name, struct cgroup_ident *ret);
