/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A request's target, taken apart and made comparable (RFC 3986, 5.2.4 and 6.2.2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define METADATA_PATH_MAX 1024 /* with the NUL */
#define METADATA_SEGMENTS_MAX 64
#define METADATA_DIGEST_LEN 19 /* "sha256:" and 12 digits */

/*
 * A segment behind one that is called "credentials" is a secret (the task's id
 * of ECS): it stands as a digest of its own in both texts. An id that was
 * drawn at random cannot be found from it, and the same id looks the same.
 */
struct metadata_path {
	char path[METADATA_PATH_MAX]; /* normalised: percent-decoded once, without "//", "." and
					 ".."; begins with "/", ends without. Printable ASCII,
					 what is not stands as %XX */
	char raw[METADATA_PATH_MAX]; /* as it was sent, see metadata_raw.h, unless it held a secret */
	const char *segments[METADATA_SEGMENTS_MAX]; /* of path, behind their slashes */
	size_t lens[METADATA_SEGMENTS_MAX];
	size_t n_segments;
	bool is_cut; /* path is not the whole path */
	bool is_text_cut; /* raw or host is not the whole text */
	bool is_secret; /* it held one */
	bool is_recursive; /* ?recursive=, unless it says false */
	char host[256]; /* of an absolute target, escaped; else empty */
};

/*
 * Takes apart len bytes of a target of any form. Never fails. The segments
 * point into ret, which so must not be copied.
 */
void metadata_path_parse(const char *target, size_t len, struct metadata_path *ret);
