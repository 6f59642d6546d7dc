/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes to code points, and which of them a terminal may be trusted with. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the code point at text. Returns its length in bytes, 0 when len is 0 or the bytes are
 * not UTF-8 as RFC 3629 defines it; ret is untouched then.
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *ret);

/* False for what moves the cursor, reorders the line or cannot be seen. */
bool utf8_is_printable(uint32_t code);

/* Columns that a terminal gives to a printable code point: 0 for a combining mark, 1 or 2. */
unsigned int utf8_columns(uint32_t code);
