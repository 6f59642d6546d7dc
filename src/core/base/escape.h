/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes of a stranger as printable ASCII, without loss. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes bytes into text, which has room for size bytes, at least 5, the NUL
 * included: "\" as "\\", what is not printable ASCII as "\xNN". False when it
 * had to be cut, at a whole character.
 */
bool escape_bytes(const char *bytes, size_t len, char *text, size_t size);
