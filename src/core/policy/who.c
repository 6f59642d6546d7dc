/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Threat: who wants to talk unseen chooses the path of a program, the name of a cgroup of its own,
 * the id of a container that it claims to be. None of it may match a negative entry unless it is
 * known to be true; see who.h.
 */
#include "who.h"

#include <string.h>

#define ID_LEN 64

static bool is_known(const char *fact)
{
	return fact && *fact;
}

/* "*" stands for any bytes, also none and also "/". */
static bool matches_pattern(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			/* the last star takes one byte more; those before have what they need */
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static bool matches_group(const struct config_who *who, const struct who_facts *facts)
{
	if (facts->has_gid && facts->gid == who->id)
		return true;
	for (size_t i = 0; facts->has_uid && i < who->n_members; i++) {
		if (who->members[i] == facts->uid)
			return true;
	}
	return false;
}

static bool matches_container(const struct config_who *who, const struct who_facts *facts)
{
	if (!is_known(facts->container) || (facts->is_claimed && who->is_negated))
		return false;
	if (who->kind == CONFIG_WHO_RUNTIME)
		return facts->runtime == (enum cgroup_runtime)who->id;
	return who->kind == CONFIG_WHO_CONTAINER ||
	       (strlen(facts->container) == ID_LEN &&
		strncmp(facts->container, who->name, strlen(who->name)) == 0);
}

/* That cgroup, or one below it. */
static bool matches_cgroup(const char *above, const char *path)
{
	size_t len = strlen(above);

	if (len && above[len - 1] == '/')
		len--;
	return strncmp(path, above, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool matches(const struct config_who *who, const struct who_facts *facts)
{
	switch (who->kind) {
	case CONFIG_WHO_ANY:
		return true;
	case CONFIG_WHO_USER:
		return facts->has_uid && facts->uid == who->id;
	case CONFIG_WHO_GROUP:
		return matches_group(who, facts);
	case CONFIG_WHO_EXE:
		return facts->is_host && is_known(facts->exe) &&
		       matches_pattern(who->name, facts->exe);
	case CONFIG_WHO_UNIT:
		return is_known(facts->unit) && matches_pattern(who->name, facts->unit);
	case CONFIG_WHO_CONTAINER:
	case CONFIG_WHO_RUNTIME:
	case CONFIG_WHO_ID:
		return matches_container(who, facts);
	case CONFIG_WHO_CGROUP:
		return is_known(facts->cgroup) && matches_cgroup(who->name, facts->cgroup);
	}
	return false;
}

bool who_shows(const struct config_endpoint *endpoint, const struct who_facts *facts)
{
	bool has_positive = false, has_match = false;

	for (size_t i = 0; i < endpoint->n_who; i++) {
		const struct config_who *who = &endpoint->who[i];
		bool is_match = matches(who, facts);
		if (who->is_negated && is_match)
			return false;
		has_positive |= !who->is_negated;
		has_match |= !who->is_negated && is_match;
	}
	return has_match || (endpoint->n_who && !has_positive);
}

struct sf_mask who_shown(const struct config *config, struct sf_mask delivered,
			 const struct who_facts *facts)
{
	for (size_t i = 0; i < config->n_endpoints; i++) {
		const struct config_endpoint *endpoint = &config->endpoints[i];
		uint64_t bit = 1ULL << i;
		if (delivered.bits & bit && config_needs_process(endpoint) &&
		    !who_shows(endpoint, facts))
			delivered.bits &= ~bit;
	}
	return delivered;
}
