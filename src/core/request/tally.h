/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests counted by who asked, of which cloud, by which version, for what. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "metadata.h"

#define TALLY_ROWS_MAX 256 /* beyond, they are counted in one row without a name */
#define TALLY_NAME_MAX 64 /* with its NUL */

struct tally_row {
	char name[TALLY_NAME_MAX]; /* of the process, as it calls itself; empty: not known */
	enum metadata_cloud cloud;
	enum metadata_version version;
	enum metadata_class class;
	uint64_t n;
};

/* All zero is empty. */
struct tally {
	struct tally_row rows[TALLY_ROWS_MAX];
	size_t n_rows; /* in use, the most of a kind first */
	uint64_t n_others; /* requests for which there was no row */
	uint64_t n; /* of all */
	uint64_t n_v1;
};

/* name is cut to what a row holds. */
void tally_add(struct tally *tally, const char *name, const struct metadata *metadata);
