/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every JSON record is put together from. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* Appends a literal, whose length the compiler knows. */
#define JSON_ADD(buffer, literal) buffer_add(buffer, "" literal, sizeof(literal) - 1)

/* A string of whatever bytes, in quotes; what is no plain text is escaped. */
void json_add_string(struct buffer *buffer, const char *text);

/* One of our own words, which needs no escape. */
void json_add_word(struct buffer *buffer, const char *word);

/* A list of strings. */
void json_add_strings(struct buffer *buffer, const char *const *strings, size_t n_strings);

/* UTC, with nanoseconds. */
void json_add_time(struct buffer *buffer, uint64_t ts_ns);

/* A member that is not its object's first: its key, and what follows it. */
void json_add_key(struct buffer *buffer, const char *name);
void json_add_number(struct buffer *buffer, const char *name, uint64_t value);

/* Absent, not empty, when text is NULL: "" might be a name. */
void json_add_text(struct buffer *buffer, const char *name, const char *text);

/* Absent when text is empty, which it cannot be where it is known. */
void json_add_filled(struct buffer *buffer, const char *name, const char *text);
