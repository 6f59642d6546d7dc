/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A record as a line for people. */
#pragma once

#include <stdbool.h>

#include "buffer.h"
#include "record.h"

struct text_style {
	bool color;
	bool quiet; /* no start, alive or summary */
};

/* Appends the column titles that stand above records of this type and its like. */
void text_header(struct buffer *buffer, const struct text_style *style, enum record_type type);

/* Appends record, one line or several, local time. */
void text_emit(struct buffer *buffer, const struct text_style *style, const struct record *record);
