/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was counted, and that it adds up. */
#pragma once

#include "line.h"
#include "record.h"

/* All of it: who asked for what, then a line for each sum. */
void reckoning_add(struct line *line, const struct record_status *status);

/* "120 packets seen = 31 matched + 89 rejected" */
void reckoning_add_seen(struct line *line, const struct record_counts *counts);

/* Adds what was lost, the greatest harm first, or a word that nothing was. */
void reckoning_add_losses(struct line *line, const struct record_counts *counts);

/* Packets that nobody stands behind, not shown by endpoints that name users. */
uint64_t reckoning_hidden(const struct record_counts *counts);
