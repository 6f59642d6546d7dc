// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every fact here was read in the provider's documentation or in public
 * source. What could not be confirmed is not here: a path that no row knows is
 * "unknown", which is true, and not "metadata", which would be a guess.
 */
#include "metadata_rules.h"

#include <string.h>

#include "glob.h"
#include "mem.h"

#define TOKEN METADATA_CLASS_TOKEN
#define CREDENTIAL METADATA_CLASS_CREDENTIAL
#define USER_DATA METADATA_CLASS_USER_DATA
#define SENSITIVE METADATA_CLASS_SENSITIVE
#define IDENTITY METADATA_CLASS_IDENTITY
#define PLAIN METADATA_CLASS_METADATA

/* a row a rule, however long */
/* clang-format off */
const struct metadata_rule metadata_rules[] = {
	/* AWS instance metadata (EC2 user guide) */
	{METADATA_AWS, "PUT", "/{date}/api/token", TOKEN, false},
	{METADATA_AWS, NULL, "/{date}/api/token", PLAIN, false},
	{METADATA_AWS, NULL, "/{date}/meta-data/iam/security-credentials/{role}", CREDENTIAL, false},
	{METADATA_AWS, NULL, "/{date}/meta-data/identity-credentials/ec2/security-credentials/{role}", CREDENTIAL, false},
	{METADATA_AWS, NULL, "/{date}/user-data/**", USER_DATA, false},
	{METADATA_AWS, NULL, "/{date}/dynamic/instance-identity/**", IDENTITY, false},
	{METADATA_AWS, NULL, "/{date}/dynamic/**", PLAIN, false},
	{METADATA_AWS, NULL, "/{date}/meta-data/**", PLAIN, false},
	{METADATA_AWS, NULL, "/{date}", PLAIN, false},
	{METADATA_AWS, NULL, "/", PLAIN, false},

	/* ECS task credentials (amazon-ecs-local-container-endpoints) */
	{METADATA_ECS, NULL, "/v2/credentials/{id}", CREDENTIAL, false},
	{METADATA_ECS, NULL, "/v2/metadata/**", PLAIN, false},
	{METADATA_ECS, NULL, "/v3/**", PLAIN, false},

	/* EKS Pod Identity (eks-pod-identity-agent) */
	{METADATA_EKS, NULL, "/v1/credentials", CREDENTIAL, false},

	/* Azure instance metadata (azure-compute-docs) */
	{METADATA_AZURE, NULL, "/metadata/identity/oauth2/token", CREDENTIAL, false},
	{METADATA_AZURE, NULL, "/metadata/instance/compute/userData", USER_DATA, false},
	{METADATA_AZURE, NULL, "/metadata/instance/**", SENSITIVE, false},
	{METADATA_AZURE, NULL, "/metadata/attested/**", SENSITIVE, false},
	{METADATA_AZURE, NULL, "/metadata/**", PLAIN, false},

	/* Azure WireServer: no list of its paths was found, all of it is sensitive */
	{METADATA_AZURE_WIRE, NULL, "/**", SENSITIVE, false},

	/* GCP (k8s-metadata-proxy); what is asked for recursively may hold any of it */
	{METADATA_GCP, NULL, "/**/service-accounts/{role}/token", CREDENTIAL, false},
	{METADATA_GCP, NULL, "/**/service-accounts/{role}/identity", CREDENTIAL, false},
	{METADATA_GCP, NULL, "/**/attributes/kube-env", SENSITIVE, false},
	{METADATA_GCP, NULL, "/computeMetadata/**", SENSITIVE, true},
	{METADATA_GCP, NULL, "/0.1/**", SENSITIVE, true},
	{METADATA_GCP, NULL, "/computeMetadata/**", PLAIN, false},
	{METADATA_GCP, NULL, "/0.1/meta-data/**", PLAIN, false},
	{METADATA_GCP, NULL, "/", PLAIN, false},

	/* Oracle (getting instance metadata): the whole instance holds its metadata, too */
	{METADATA_OCI, NULL, "/opc/*/identity/**", CREDENTIAL, false},
	{METADATA_OCI, NULL, "/opc/*/instance/metadata/**", SENSITIVE, false},
	{METADATA_OCI, NULL, "/opc/*/instance", SENSITIVE, false},
	{METADATA_OCI, NULL, "/opc/**", PLAIN, false},
	{METADATA_OCI, NULL, "/openstack/**", PLAIN, false},

	/* Alibaba (view instance metadata) */
	{METADATA_ALIBABA, "PUT", "/{date}/api/token", TOKEN, false},
	{METADATA_ALIBABA, NULL, "/{date}/api/token", PLAIN, false},
	{METADATA_ALIBABA, NULL, "/{date}/meta-data/ram/security-credentials/{role}", CREDENTIAL, false},
	{METADATA_ALIBABA, NULL, "/{date}/user-data/**", USER_DATA, false},
	{METADATA_ALIBABA, NULL, "/{date}/dynamic/instance-identity/**", IDENTITY, false},
	{METADATA_ALIBABA, NULL, "/{date}/dynamic/**", PLAIN, false},
	{METADATA_ALIBABA, NULL, "/{date}/meta-data/**", PLAIN, false},
	{METADATA_ALIBABA, NULL, "/{date}", PLAIN, false},
	{METADATA_ALIBABA, NULL, "/", PLAIN, false},

	/* DigitalOcean */
	{METADATA_DIGITALOCEAN, NULL, "/metadata/v1/user-data", USER_DATA, false},
	{METADATA_DIGITALOCEAN, NULL, "/metadata/v1/vendor-data", SENSITIVE, false},
	{METADATA_DIGITALOCEAN, NULL, "/metadata/v1.json", SENSITIVE, false},
	{METADATA_DIGITALOCEAN, NULL, "/metadata/**", PLAIN, false},

	/* Hetzner */
	{METADATA_HETZNER, NULL, "/hetzner/v1/userdata", USER_DATA, false},
	{METADATA_HETZNER, NULL, "/hetzner/v1/metadata/userdata", USER_DATA, false},
	{METADATA_HETZNER, NULL, "/hetzner/**", PLAIN, false},

	/* OpenStack (nova); its EC2-compatible tree is not AWS's protocol */
	{METADATA_OPENSTACK, NULL, "/openstack/*/user_data", USER_DATA, false},
	{METADATA_OPENSTACK, NULL, "/openstack/*/vendor_data*.json", SENSITIVE, false},
	{METADATA_OPENSTACK, NULL, "/{date}/user-data/**", USER_DATA, false},
	{METADATA_OPENSTACK, NULL, "/openstack/**", PLAIN, false},
	{METADATA_OPENSTACK, NULL, "/{date}/meta-data/**", PLAIN, false},
	{METADATA_OPENSTACK, NULL, "/{date}", PLAIN, false},
	{METADATA_OPENSTACK, NULL, "/", PLAIN, false},

	/* Scaleway: a metadata service, no paths known */
	{METADATA_SCALEWAY, NULL, "/**", PLAIN, false},

	/* Akamai (cloud-init) */
	{METADATA_AKAMAI, "PUT", "/v1/token", TOKEN, false},
	{METADATA_AKAMAI, NULL, "/v1/user-data", USER_DATA, false},
	{METADATA_AKAMAI, NULL, "/v1/**", PLAIN, false},

	/* whatever the cloud, this is what such a name holds */
	{METADATA_CLOUDS, NULL, "/**/user-data", USER_DATA, false},
	{METADATA_CLOUDS, NULL, "/**/user_data", USER_DATA, false},
	{METADATA_CLOUDS, NULL, "/**/userdata", USER_DATA, false},
};
const size_t metadata_n_rules = ARRAY_SIZE(metadata_rules);

/* Clouds, and parts of them, that are not here have no versions. */
const struct metadata_versioning metadata_versionings[] = {
	{METADATA_AWS, "/**", METADATA_BY_TOKEN, HTTP_AWS_TOKEN},
	{METADATA_ALIBABA, "/**", METADATA_BY_TOKEN, HTTP_ALIBABA_TOKEN},
	{METADATA_OCI, "/opc/v2/**", METADATA_BY_BEARER, HTTP_AUTHORIZATION},
	{METADATA_OCI, "/opc/v1/**", METADATA_ALWAYS_V1, HTTP_FIELDS},
	{METADATA_OCI, "/openstack/**", METADATA_ALWAYS_V1, HTTP_FIELDS},
	{METADATA_GCP, "/computeMetadata/v1beta1/**", METADATA_ALWAYS_V1, HTTP_FIELDS},
	{METADATA_GCP, "/0.1/**", METADATA_ALWAYS_V1, HTTP_FIELDS},
};
const size_t metadata_n_versionings = ARRAY_SIZE(metadata_versionings);

const struct metadata_home metadata_homes[] = {
	{METADATA_GCP, "/computeMetadata/**"},
	{METADATA_GCP, "/0.1/meta-data/**"},
	{METADATA_OCI, "/opc/**"},
	{METADATA_HETZNER, "/hetzner/**"},
	{METADATA_OPENSTACK, "/openstack/**"},
	{METADATA_DIGITALOCEAN, "/metadata/v1/**"},
	{METADATA_DIGITALOCEAN, "/metadata/v1.json"},
	{METADATA_AZURE, "/metadata/instance/**"},
	{METADATA_AZURE, "/metadata/identity/**"},
	{METADATA_AZURE, "/metadata/attested/**"},
	{METADATA_AZURE, "/metadata/versions"},
};
const size_t metadata_n_homes = ARRAY_SIZE(metadata_homes);

#define V4(a, b, c, d) {[10] = 0xff, [11] = 0xff, (a), (b), (c), (d)}
#define V6(a, b, c, d, e, f, g, h) {(a), (b), (c), (d), (e), (f), [14] = (g), (h)}

const struct metadata_address metadata_addresses[] = {
	{V4(169, 254, 169, 254), 0, {METADATA_AWS, METADATA_AZURE, METADATA_GCP, METADATA_OCI,
	  METADATA_DIGITALOCEAN, METADATA_HETZNER, METADATA_OPENSTACK, METADATA_AKAMAI}},
	{V6(0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0x02, 0x54), 0, {METADATA_AWS}},
	{V4(169, 254, 170, 2), 0, {METADATA_ECS}},
	{V4(127, 0, 0, 1), 51679, {METADATA_ECS}}, /* where the host's NAT sends it */
	{V4(169, 254, 170, 23), 0, {METADATA_EKS}},
	{V6(0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0x00, 0x23), 0, {METADATA_EKS}},
	{V4(168, 63, 129, 16), 0, {METADATA_AZURE_WIRE}},
	{V4(169, 254, 169, 252), 988, {METADATA_GCP}}, /* where GKE's NAT sends it */
	{V4(100, 100, 100, 200), 0, {METADATA_ALIBABA}},
	{V4(169, 254, 42, 42), 0, {METADATA_SCALEWAY}},
	{V6(0xfd, 0x00, 0x00, 0x42, 0, 0, 0x00, 0x42), 0, {METADATA_SCALEWAY}},
	{V6(0xfd, 0x00, 0xa9, 0xfe, 0xa9, 0xfe, 0x00, 0x01), 0, {METADATA_AKAMAI}},
};
const size_t metadata_n_addresses = ARRAY_SIZE(metadata_addresses);
/* clang-format on */

/* "latest", "2009-04-04", "1.0" */
static bool is_date(const char *text, size_t len)
{
	if (glob_matches("latest", 6, text, len))
		return true;
	if (!len || text[0] < '0' || text[0] > '9')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!strchr("0123456789-.", text[i]))
			return false;
	}
	return true;
}

static bool segment_matches(const char *pattern, size_t pattern_len,
			    const struct metadata_path *path, size_t index)
{
	const char *text = path->segments[index];
	size_t len = path->lens[index];

	if (pattern[0] != '{')
		return glob_matches(pattern, pattern_len, text, len);
	return pattern[1] != 'd' || is_date(text, len);
}

static size_t count_segments(const char *pattern)
{
	size_t n = 0;

	if (strcmp(pattern, "/") == 0)
		return 0;
	for (; *pattern; pattern++)
		n += *pattern == '/';
	return n;
}

bool metadata_pattern_matches(const char *pattern, const struct metadata_path *path,
			      size_t *ret_role)
{
	size_t left = count_segments(pattern), at = 0, role = path->n_segments;

	while (left) {
		size_t len = strcspn(++pattern, "/");

		left--;
		if (len == 2 && memcmp(pattern, "**", 2) == 0) {
			/* one in a pattern: the rest of it is the rest of the path */
			if (path->n_segments < at + left)
				return false;
			at = path->n_segments - left;
		} else {
			if (at >= path->n_segments || !segment_matches(pattern, len, path, at))
				return false;
			if (memcmp(pattern, "{r", 2) == 0)
				role = at;
			at++;
		}
		pattern += len;
	}
	if (at != path->n_segments)
		return false;
	*ret_role = role;
	return true;
}
