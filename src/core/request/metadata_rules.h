/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The facts about metadata services, as tables: to be read by who knows the clouds. */
#pragma once

#include "metadata.h"

/*
 * What a path asks for. A pattern goes by segments, letters in either case:
 *	*	stands for anything in a segment
 *	{date}	"latest" or a version such as 2009-04-04 or 1.0
 *	{role}	any segment; its name is reported
 *	{id}	any segment; it is a secret and so a digest by now
 *	/ **	any number of segments (written without the space)
 */
struct metadata_rule {
	enum metadata_cloud cloud; /* METADATA_CLOUDS: whichever it is */
	const char *method; /* NULL: any */
	const char *pattern;
	enum metadata_class class;
	bool is_recursive; /* only with ?recursive= */
};
extern const struct metadata_rule metadata_rules[];
extern const size_t metadata_n_rules;

/* How the version is told. */
enum metadata_scheme {
	METADATA_BY_TOKEN, /* v2 if there is the cloud's token header */
	METADATA_BY_BEARER, /* v2 if there is "Authorization: Bearer Oracle" */
	METADATA_ALWAYS_V1,
};

struct metadata_versioning {
	enum metadata_cloud cloud;
	const char *pattern;
	enum metadata_scheme scheme;
	enum http_field token; /* for METADATA_BY_TOKEN */
};
extern const struct metadata_versioning metadata_versionings[];
extern const size_t metadata_n_versionings;

/* Paths that one cloud alone has. None is AWS's: others serve the same tree. */
struct metadata_home {
	enum metadata_cloud cloud;
	const char *pattern;
};
extern const struct metadata_home metadata_homes[];
extern const size_t metadata_n_homes;

/* Whose service has this address. */
struct metadata_address {
	uint8_t addr[16];
	uint16_t port; /* 0: any */
	enum metadata_cloud clouds[8]; /* METADATA_NO_CLOUD behind the last */
};
extern const struct metadata_address metadata_addresses[];
extern const size_t metadata_n_addresses;

/*
 * Does the path match? Outputs are written if so; ret_role is the index of the
 * segment that {role} stands for, or path->n_segments without.
 */
bool metadata_pattern_matches(const char *pattern, const struct metadata_path *path,
			      size_t *ret_role);
