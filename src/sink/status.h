/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the program says of itself to people: start, alive, loss, counters, summary. */
#pragma once

#include "line.h"
#include "record.h"

/* Appends record, which is neither a decision nor a packet, one line or several. */
void status_emit(struct line *line, const struct record *record);
