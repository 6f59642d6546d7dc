// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tally.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_of(const struct tally_row *row, const struct tally_row *other)
{
	return row->version == other->version && row->class == other->class &&
	       row->cloud == other->cloud && strcmp(row->name, other->name) == 0;
}

/* One more in a row: it changes places with the first that had as many, so that they stay in order. */
static void add_to(struct tally *tally, size_t at)
{
	struct tally_row row = tally->rows[at];
	size_t first = at;

	while (first && tally->rows[first - 1].n == row.n)
		first--;
	tally->rows[at] = tally->rows[first];
	row.n++;
	tally->rows[first] = row;
}

void tally_add(struct tally *tally, const char *name, const struct metadata *metadata)
{
	struct tally_row row = {
		.cloud = metadata->cloud,
		.version = metadata->version,
		.class = metadata->class,
		.n = 1,
	};

	snprintf(row.name, sizeof(row.name), "%s", name);
	tally->n++;
	tally->n_v1 += metadata->version == METADATA_V1;
	for (size_t i = 0; i < tally->n_rows; i++) {
		if (is_of(&tally->rows[i], &row)) {
			add_to(tally, i);
			return;
		}
	}
	if (tally->n_rows < TALLY_ROWS_MAX)
		tally->rows[tally->n_rows++] = row;
	else
		tally->n_others++;
}
