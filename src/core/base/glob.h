/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Patterns for paths: "*" is any text, slashes included, "?" any one byte, "\"
 * takes the next byte as it is. Letters match in either case. Time is bounded
 * by the product of the two lengths, without recursion.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define GLOB_MAX 255 /* bytes of a pattern */

/* Not too long, no "[" (sets are not known here), no "\" at the end. */
bool glob_is_valid(const char *glob, size_t len);

/* Neither needs to end in NUL; glob is valid. */
bool glob_matches(const char *glob, size_t glob_len, const char *text, size_t len);
