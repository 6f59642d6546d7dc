/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way of a configuration file through the core, from bytes to masks and messages. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "policy.h"
#include "who.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find_id(void *ctx, const char *name, uint32_t *ret)
{
	(void)ctx;
	if (strcmp(name, "root") != 0 && strcmp(name, "adm") != 0)
		return name[0] == '!' ? -EIO : -ENOENT;
	*ret = 4;
	return 0;
}

static int list_members(void *ctx, const char *group, config_id_fn fn, void *arg)
{
	(void)ctx;
	(void)group;
	for (uint32_t uid = 1000; uid < 1010 && fn(arg, uid); uid++)
		;
	return 0;
}

static void list_names(void *ctx, config_name_fn fn, void *arg)
{
	(void)ctx;
	if (fn(arg, "root"))
		fn(arg, "adm");
}

static const struct config_host host = {
	.uid_of = find_id,
	.gid_of = find_id,
	.members_of = list_members,
	.user_names = list_names,
	.group_names = list_names,
};

static void render_all(const struct diag *diag, const char *text, size_t len)
{
	for (size_t i = 0; i < diag->n_messages; i++) {
		char *rendered = diag_render(&diag->messages[i], "fuzz.yml", text, len);
		assert(rendered && strlen(rendered) > 0);
		free(rendered);
	}
}

/* Who is not known is shown by "*" and by negatives alone; where the kernel decides, never hidden. */
static void check_who(const struct config *config)
{
	static const struct who_facts nobody;
	static const struct who_facts root = {
		.has_uid = true,
		.has_gid = true,
		.is_host = true,
		.exe = "/usr/bin/curl",
		.unit = "nginx.service",
		.container = "web",
		.runtime = CGROUP_LXC,
		.cgroup = "/system.slice/nginx.service",
	};
	const struct sf_mask all = {UINT64_MAX};

	for (size_t i = 0; i < config->n_endpoints; i++) {
		const struct config_endpoint *endpoint = &config->endpoints[i];
		bool has_any = false, has_positive = false;
		for (size_t j = 0; j < endpoint->n_who; j++) {
			has_any |= endpoint->who[j].kind == CONFIG_WHO_ANY;
			has_positive |= !endpoint->who[j].is_negated;
		}
		assert(who_shows(endpoint, &nobody) == (has_any || !has_positive));
		if (!config_needs_process(endpoint))
			assert(who_shown(config, all, &root).bits & 1ULL << i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = {0};
	struct config *config = NULL;
	/* of its own, so that reading beyond it is seen */
	char *text = malloc(size ? size : 1);
	if (!text)
		return 0;
	memcpy(text, data, size);

	int err = config_parse(text, size, &host, &diag, &config);
	assert(err == 0 ? config && diag.n_errors == 0 : !config);
	assert(err != -EINVAL || diag.n_errors > 0);
	render_all(&diag, text, size);
	if (config) {
		struct policy *policy = NULL;
		check_who(config);
		if (policy_compile(config, &policy) == 0)
			policy_free(policy);
	}
	config_free(config);
	diag_done(&diag);
	free(text);
	return 0;
}
