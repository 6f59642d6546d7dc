/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which requests are to be told: by method, version, class and path. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glob.h"
#include "http.h"
#include "metadata.h"

#define REQUEST_FILTER_METHODS_MAX 16
#define REQUEST_FILTER_PATHS_MAX 64

/*
 * All zero lets everything through. Within one kind any of its entries will
 * do, a kind without entries is not asked; every kind that has some must agree.
 */
struct request_filter {
	uint32_t versions; /* 1 << enum metadata_version */
	uint32_t classes; /* 1 << enum metadata_class */
	size_t n_methods;
	size_t n_paths;
	char methods[REQUEST_FILTER_METHODS_MAX][HTTP_METHOD_MAX + 1];
	uint8_t path_lens[REQUEST_FILTER_PATHS_MAX];
	char paths[REQUEST_FILTER_PATHS_MAX][GLOB_MAX];
};

enum request_filter_error {
	REQUEST_FILTER_OK,
	REQUEST_FILTER_UNKNOWN, /* no such version or class; no method, no pattern */
	REQUEST_FILTER_FULL,
};

/*
 * Each adds one entry; text need not end in NUL, and on failure nothing is
 * added. Methods are matched in either case. Versions are "v1", "v2",
 * "unknown" and "none", classes as metadata_class_name() has them. A path is a
 * pattern of glob.h, matched with the whole normalised path.
 */
enum request_filter_error request_filter_add_method(struct request_filter *filter, const char *text,
						    size_t len);
enum request_filter_error request_filter_add_version(struct request_filter *filter,
						     const char *text, size_t len);
enum request_filter_error request_filter_add_class(struct request_filter *filter, const char *text,
						   size_t len);
enum request_filter_error request_filter_add_path(struct request_filter *filter, const char *text,
						  size_t len);

/* Is a request with these to be told? method and path end in NUL. */
bool request_filter_matches(const struct request_filter *filter, const char *method,
			    const char *path, enum metadata_version version,
			    enum metadata_class class);
