// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The classifier. Its facts are in metadata_rules.c.
 *
 * The client wants to be taken for another: a v1 request for a v2 one, by the
 * token's name in a place where no server looks; a read of credentials for
 * something harmless, by the way the path is written. Or it wants an innocent
 * process to be accused. So "v1" and "v2" are said only of a head that was read
 * to its end and that no two readers would read differently in this.
 */
#include "metadata.h"

#include <arpa/inet.h>
#include <string.h>

#include "mem.h"
#include "metadata_rules.h"

static const char *const cloud_names[] = {
	"",    "aws",	  "ecs",	  "eks",     "azure",	  "azure-wire", "gcp",
	"oci", "alibaba", "digitalocean", "hetzner", "openstack", "scaleway",	"akamai",
};
_Static_assert(ARRAY_SIZE(cloud_names) == METADATA_CLOUDS, "each cloud has a name");

static const char *const version_names[] = {"", "unknown", "v1", "v2"};
_Static_assert(ARRAY_SIZE(version_names) == METADATA_VERSIONS, "each version has a name");

static const char *const class_names[] = {"unknown",   "metadata",   "identity", "sensitive",
					  "user-data", "credential", "token"};
_Static_assert(ARRAY_SIZE(class_names) == METADATA_CLASSES, "each class has a name");

static const char *const reason_names[] = {
	"",	     "joined",	"gap",	      "no_end",	   "too_long", "differs",
	"urgent",    "framing", "after_last", "upgraded",  "not_http", "bound",
	"ambiguous", "cloud",	"method",     "no_header",
};
_Static_assert(ARRAY_SIZE(reason_names) == METADATA_REASONS, "each reason has a name");

const char *metadata_cloud_name(enum metadata_cloud cloud)
{
	return cloud_names[cloud];
}

const char *metadata_version_name(enum metadata_version version)
{
	return version_names[version];
}

const char *metadata_class_name(enum metadata_class class)
{
	return class_names[class];
}

const char *metadata_reason_name(enum metadata_reason reason)
{
	return reason_names[reason];
}

bool metadata_cloud_from_str(const char *name, enum metadata_cloud *ret)
{
	for (unsigned int i = 1; i < METADATA_CLOUDS; i++) {
		if (strcmp(name, cloud_names[i]) == 0) {
			*ret = (enum metadata_cloud)i;
			return true;
		}
	}
	return false;
}

static const struct metadata_address *find_address(const struct metadata_place *place)
{
	for (size_t i = 0; i < metadata_n_addresses; i++) {
		const struct metadata_address *address = &metadata_addresses[i];

		if (memcmp(address->addr, place->endpoint, 16) == 0 &&
		    (!address->port || htons(address->port) == place->port_be))
			return address;
	}
	return NULL;
}

static bool is_home_of(const struct metadata_address *address, enum metadata_cloud cloud)
{
	for (size_t i = 0; i < ARRAY_SIZE(address->clouds); i++) {
		if (address->clouds[i] == cloud)
			return true;
	}
	return false;
}

/* A cloud's other services have addresses of their own. */
static enum metadata_cloud refine(enum metadata_cloud cloud, const struct metadata_address *address)
{
	if (!address)
		return cloud;
	if (cloud == METADATA_AWS && is_home_of(address, METADATA_ECS))
		return METADATA_ECS;
	if (cloud == METADATA_AWS && is_home_of(address, METADATA_EKS))
		return METADATA_EKS;
	if (cloud == METADATA_AZURE && is_home_of(address, METADATA_AZURE_WIRE))
		return METADATA_AZURE_WIRE;
	return cloud;
}

/* Headers that one cloud alone asks for. Of two clouds' they tell nothing. */
static enum metadata_cloud cloud_by_headers(const struct http_head *head)
{
	const uint32_t aws = 1U << HTTP_AWS_TOKEN | 1U << HTTP_AWS_TTL;
	const uint32_t alibaba = 1U << HTTP_ALIBABA_TOKEN | 1U << HTTP_ALIBABA_TTL;
	const struct {
		bool is_there;
		enum metadata_cloud cloud;
	} signs[] = {
		{head->fields & aws, METADATA_AWS},
		{head->fields & alibaba, METADATA_ALIBABA},
		{head->words & HTTP_METADATA_TRUE, METADATA_AZURE},
		{head->words & HTTP_FLAVOR_GOOGLE, METADATA_GCP},
		{head->words & HTTP_BEARER_ORACLE, METADATA_OCI},
	};
	enum metadata_cloud cloud = METADATA_NO_CLOUD;

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		if (!signs[i].is_there)
			continue;
		if (cloud != METADATA_NO_CLOUD)
			return METADATA_NO_CLOUD;
		cloud = signs[i].cloud;
	}
	return cloud;
}

static enum metadata_cloud cloud_by_path(const struct metadata_path *path)
{
	size_t role;

	for (size_t i = 0; i < metadata_n_homes; i++) {
		if (metadata_pattern_matches(metadata_homes[i].pattern, path, &role))
			return metadata_homes[i].cloud;
	}
	return METADATA_NO_CLOUD;
}

enum metadata_cloud metadata_cloud_of(const struct metadata_place *place)
{
	const struct metadata_address *address = find_address(place);

	if (place->configured != METADATA_NO_CLOUD)
		return refine(place->configured, address);
	if (address && address->clouds[1] == METADATA_NO_CLOUD)
		return address->clouds[0];
	if (place->dmi != METADATA_NO_CLOUD && (!address || is_home_of(address, place->dmi)))
		return place->dmi;
	return METADATA_NO_CLOUD;
}

/* The beginning of a path may be another path's: what was cut off may be "/../" and more. */
static bool is_cut(const struct http_head *head, const struct metadata_path *path)
{
	return path->is_cut || head->target_bytes > HTTP_TARGET_MAX;
}

static enum metadata_cloud find_cloud(const struct http_head *head,
				      const struct metadata_path *path,
				      const struct metadata_place *place)
{
	enum metadata_cloud cloud = metadata_cloud_of(place);

	if (cloud == METADATA_NO_CLOUD)
		cloud = cloud_by_headers(head);
	if (cloud == METADATA_NO_CLOUD && !is_cut(head, path))
		cloud = cloud_by_path(path);
	return cloud;
}

/* Rows for a cloud whose paths are not known would fit any path. */
static bool rule_applies(const struct metadata_rule *rule, enum metadata_cloud cloud)
{
	if (rule->cloud == METADATA_CLOUDS || rule->cloud == cloud)
		return true;
	return cloud == METADATA_NO_CLOUD && strcmp(rule->pattern, "/**") != 0;
}

static void find_class(const struct http_head *head, const struct metadata_path *path,
		       struct metadata *metadata)
{
	for (size_t i = 0; i < metadata_n_rules; i++) {
		const struct metadata_rule *rule = &metadata_rules[i];
		size_t role;

		if (rule->class <= metadata->class || !rule_applies(rule, metadata->cloud) ||
		    (rule->method && !http_has_method(head, rule->method)) ||
		    (rule->is_recursive && !path->is_recursive) ||
		    !metadata_pattern_matches(rule->pattern, path, &role))
			continue;
		metadata->class = rule->class;
		metadata->role[0] = 0;
		if (role < path->n_segments && path->lens[role] < sizeof(metadata->role)) {
			memcpy(metadata->role, path->segments[role], path->lens[role]);
			metadata->role[path->lens[role]] = 0;
		}
	}
}

/* Could another reader see a header here that we do not, or the other way round? */
static bool is_ambiguous(const struct http_head *head)
{
	const uint32_t odd = HTTP_MIXED_ENDS | HTTP_BARE_CR | HTTP_NUL;

	/* HTTP/0.9 has no headers, its reader stops before them */
	return head->anomalies & odd || (!head->major && head->n_lines);
}

static enum metadata_version by_token(const struct http_head *head, enum http_field token,
				      struct metadata *metadata)
{
	uint32_t bit = 1U << token;

	metadata->reason = METADATA_AMBIGUOUS;
	if (is_ambiguous(head) || head->doubtful & bit)
		return METADATA_UNKNOWN;
	/* a folded line may be a header of its own to a simple reader */
	if (!(head->fields & bit) && head->anomalies & HTTP_FOLDED)
		return METADATA_UNKNOWN;
	metadata->reason = METADATA_SURE;
	if (head->fields & bit || metadata->class == METADATA_CLASS_TOKEN)
		return METADATA_V2;
	if (http_has_method(head, "GET") || http_has_method(head, "HEAD"))
		return METADATA_V1;
	metadata->reason = METADATA_METHOD;
	return METADATA_UNKNOWN;
}

static enum metadata_version by_bearer(const struct http_head *head, struct metadata *metadata)
{
	bool has_bearer = head->words & HTTP_BEARER_ORACLE;

	if (is_ambiguous(head) || (has_bearer && head->doubtful & 1U << HTTP_AUTHORIZATION)) {
		metadata->reason = METADATA_AMBIGUOUS;
		return METADATA_UNKNOWN;
	}
	if (has_bearer)
		return METADATA_V2;
	metadata->reason = METADATA_NO_HEADER;
	return METADATA_UNKNOWN;
}

static enum metadata_version by_scheme(const struct http_head *head,
				       const struct metadata_versioning *versioning,
				       struct metadata *metadata)
{
	switch (versioning->scheme) {
	case METADATA_BY_TOKEN:
		return by_token(head, versioning->token, metadata);
	case METADATA_BY_BEARER:
		return by_bearer(head, metadata);
	case METADATA_ALWAYS_V1:
		if (!is_ambiguous(head))
			return METADATA_V1;
		metadata->reason = METADATA_AMBIGUOUS;
		break;
	}
	return METADATA_UNKNOWN;
}

static enum metadata_version find_version(const struct http_head *head,
					  const struct metadata_path *path,
					  struct metadata *metadata)
{
	bool is_sure = metadata->reason == METADATA_SURE;
	size_t role;

	if (metadata->cloud == METADATA_NO_CLOUD) {
		if (is_sure)
			metadata->reason = METADATA_WHICH_CLOUD;
		return METADATA_UNKNOWN;
	}
	for (size_t i = 0; i < metadata_n_versionings; i++) {
		const struct metadata_versioning *versioning = &metadata_versionings[i];

		if (versioning->cloud != metadata->cloud)
			continue;
		/* without the whole head not even its path is certain */
		if (!is_sure)
			return METADATA_UNKNOWN;
		if (is_cut(head, path) && strcmp(versioning->pattern, "/**") != 0) {
			metadata->reason = METADATA_TOO_LONG;
			return METADATA_UNKNOWN;
		}
		if (metadata_pattern_matches(versioning->pattern, path, &role))
			return by_scheme(head, versioning, metadata);
	}
	return METADATA_NONE;
}

void metadata_classify(const struct http_head *head, const struct metadata_path *path,
		       const struct metadata_place *place, enum metadata_reason doubt,
		       struct metadata *ret)
{
	*ret = (struct metadata){.reason = doubt};
	ret->cloud = find_cloud(head, path, place);
	if (head->has_line && !is_cut(head, path))
		find_class(head, path, ret);
	ret->version = find_version(head, path, ret);
}
