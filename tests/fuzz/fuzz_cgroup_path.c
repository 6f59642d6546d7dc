/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths of cgroups and /proc/PID/cgroup. Held: what is told is plain text, and nothing that stands
 * below a user's manager or below a container changes what is told of who is above.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_path.h"

#define ID "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	assert(memchr(text, '\0', size));
	for (; *text; text++)
		assert(*text > ' ' && *text < 0x7f && *text != '/');
}

static void check(const struct cgroup_ident *ident)
{
	check_text(ident->unit, sizeof(ident->unit));
	check_text(ident->user_unit, sizeof(ident->user_unit));
	check_text(ident->container, sizeof(ident->container));
	check_text(ident->pod, sizeof(ident->pod));
	assert(ident->runtime < CGROUP_RUNTIMES);
	assert(ident->container[0] || !cgroup_runtime_to_str(ident->runtime));
	assert(ident->container[0] || ident->pod[0] || !ident->is_claimed);
	assert(!ident->user_unit[0] || ident->has_uid);
}

/* The input, below a path. */
static void parse_below(const char *above, const uint8_t *data, size_t size,
			struct cgroup_ident *ret)
{
	size_t len = strlen(above);
	char *path = malloc(len + size);
	if (!path)
		abort();
	memcpy(path, above, len);
	if (size)
		memcpy(path + len, data, size);
	cgroup_path_parse(path, len + size, ret);
	free(path);
	check(ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgroup_ident ident;
	struct cgroup_line line;
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (cgroup_path_parse_lines(text, size, &line)) {
		assert(line.path >= text && line.path + line.len <= text + size);
		check(&line.ident);
	}
	free(text);

	parse_below("", data, size, &ident);
	parse_below("/user.slice/user-1000.slice/user@1000.service/", data, size, &ident);
	assert(!strcmp(ident.unit, "user@1000.service") && ident.has_uid && ident.uid == 1000);
	assert(ident.is_claimed == (ident.container[0] || ident.pod[0]));
	parse_below("/system.slice/ci.service/", data, size, &ident);
	assert(!strcmp(ident.unit, "ci.service") && !ident.user_unit[0]);
	assert(ident.is_claimed == (ident.container[0] || ident.pod[0]));
	parse_below("/system.slice/docker-" ID ".scope/", data, size, &ident);
	assert(!strcmp(ident.container, ID) && ident.runtime == CGROUP_DOCKER);
	assert(!ident.is_claimed && !ident.pod[0]);
	return 0;
}
