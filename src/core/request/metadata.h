/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a request asks of a metadata service: of which cloud's, by which
 * version of its protocol, and for what. Never more than is known: what was
 * not read to its end, or could be read in two ways, has no version.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "metadata_path.h"

enum metadata_cloud {
	METADATA_NO_CLOUD, /* not known; as a hint: find out */
	METADATA_AWS,
	METADATA_ECS, /* credentials of tasks */
	METADATA_EKS, /* credentials of pods */
	METADATA_AZURE,
	METADATA_AZURE_WIRE, /* 168.63.129.16 */
	METADATA_GCP,
	METADATA_OCI,
	METADATA_ALIBABA,
	METADATA_DIGITALOCEAN,
	METADATA_HETZNER,
	METADATA_OPENSTACK,
	METADATA_SCALEWAY,
	METADATA_AKAMAI,
	METADATA_CLOUDS,
};

enum metadata_version {
	METADATA_NONE, /* the cloud has no versions of its protocol */
	METADATA_UNKNOWN, /* it has, or may have; see the reason */
	METADATA_V1,
	METADATA_V2,
};
#define METADATA_VERSIONS 4

/* By rising weight: of several that fit the heaviest counts. */
enum metadata_class {
	METADATA_CLASS_UNKNOWN,
	METADATA_CLASS_METADATA,
	METADATA_CLASS_IDENTITY, /* a signed statement of who this machine is */
	METADATA_CLASS_SENSITIVE,
	METADATA_CLASS_USER_DATA,
	METADATA_CLASS_CREDENTIAL,
	METADATA_CLASS_TOKEN, /* a session's token is asked for: no read yet */
};
#define METADATA_CLASSES 7

/* Why the version is unknown, or would be if the cloud had any. */
enum metadata_reason {
	METADATA_SURE,
	/* said by who read the head: it is not all there, or not certain */
	METADATA_JOINED, /* the connection was older than the watch */
	METADATA_GAP, /* packets are missing */
	METADATA_NO_END, /* the connection ended within the head */
	METADATA_TOO_LONG, /* HTTP_HEAD_MAX; or its path is, where that decides */
	METADATA_DIFFERS, /* two copies of its bytes say different things */
	METADATA_URGENT, /* it holds TCP urgent data */
	METADATA_FRAMING, /* the body before it ends nobody knows where */
	METADATA_AFTER_LAST, /* the request before it said that it was the last one */
	METADATA_UPGRADED, /* the connection has become another protocol */
	METADATA_NOT_HTTP,
	METADATA_BOUND, /* a bound of ours was reached */
	/* found by metadata_classify() */
	METADATA_AMBIGUOUS, /* two readers may differ about what it says */
	METADATA_WHICH_CLOUD,
	METADATA_METHOD, /* neither a read nor a token's request */
	METADATA_NO_HEADER, /* OCI's v2 without what it demands */
};
#define METADATA_REASONS 16

/* Where the request went, and what is known of the host. */
struct metadata_place {
	uint8_t endpoint[16]; /* wire order; IPv4 as ::ffff:a.b.c.d */
	uint16_t port_be;
	enum metadata_cloud configured; /* it is believed */
	enum metadata_cloud dmi; /* where the address could be that cloud's */
};

struct metadata {
	enum metadata_cloud cloud;
	enum metadata_version version;
	enum metadata_class class;
	enum metadata_reason reason;
	char role[128]; /* the segment that names it; escaped, empty without */
};

/*
 * The cloud, by what is known without the request: the configuration, then an
 * address that is one cloud's alone, then DMI where the address could be that
 * cloud's. METADATA_NO_CLOUD when that is not enough.
 */
enum metadata_cloud metadata_cloud_of(const struct metadata_place *place);

/*
 * Classifies a head. path is its target, taken apart; doubt is METADATA_SURE,
 * or why the head cannot be relied on.
 */
void metadata_classify(const struct http_head *head, const struct metadata_path *path,
		       const struct metadata_place *place, enum metadata_reason doubt,
		       struct metadata *ret);

/* Words for the enums: "aws", "v1", "user-data", "joined". Never NULL; "" for what is none. */
const char *metadata_cloud_name(enum metadata_cloud cloud);
const char *metadata_version_name(enum metadata_version version);
const char *metadata_class_name(enum metadata_class class);
const char *metadata_reason_name(enum metadata_reason reason);

/* The cloud of that name; false, with ret untouched, when there is none. */
bool metadata_cloud_from_str(const char *name, enum metadata_cloud *ret);
