/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A record as one JSON object on one line (docs/record.schema.json). */
#pragma once

#include "buffer.h"
#include "record.h"

/* Appends record, with its newline. Text that is not UTF-8 and control characters are escaped. */
void json_emit(struct buffer *buffer, const struct record *record);
