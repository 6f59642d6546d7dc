/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether an endpoint shows the packets of an owner, by all that is known of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "cgroup_path.h"
#include "config.h"

/* What is known of the owner of a packet; what is not is NULL or empty, or has its flag unset. */
struct who_facts {
	bool has_uid;
	bool has_gid;
	uint32_t uid; /* as the host counts */
	uint32_t gid;
	/* The process is in the watcher's own user and pid namespaces. */
	bool is_host;
	const char *exe; /* the path of its program */
	const char *unit; /* as cgroup_ident.unit, never a user's own */
	const char *container; /* id or name */
	enum cgroup_runtime runtime;
	bool is_claimed; /* container and runtime, as cgroup_ident.is_claimed */
	const char *cgroup; /* the whole path, from the root */
};

/*
 * Shown is what matches any positive entry and no negative one; if all are negative, what matches
 * none of them. Doubt goes up to the reader:
 *
 *  - What is not known matches no entry, neither a positive nor a negative one: without any fact,
 *    "*" and negatives alone show a packet.
 *  - A program's path counts on the host only. In a container or user namespace anyone may give any
 *    file any path, so there it is not known.
 *  - A container that is claimed matches positive entries only: nobody hides by claiming to be one
 *    that is not shown.
 */
bool who_shows(const struct config_endpoint *endpoint, const struct who_facts *facts);

/*
 * Of the endpoints whose bits are set in delivered, those that show it. The bits of endpoints that
 * the kernel has decided (config_needs_process() is false) stay as they are.
 */
struct sf_mask who_shown(const struct config *config, struct sf_mask delivered,
			 const struct who_facts *facts);
