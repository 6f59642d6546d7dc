/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A request's target as it was sent, as far as it may be shown. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes len bytes of a target into text, as escape_bytes() does, with
 * ARGV_REDACTION in place of the user of an absolute target, and in its query
 * of what is named or formed like a secret. False when it had to be cut.
 */
bool metadata_raw_write(const char *target, size_t len, char *text, size_t size);

/* Decodes once into ret; a percent sign without its digits stands for itself. Returns its length. */
size_t metadata_decode_percent(const char *bytes, size_t len, char *ret, size_t size);
