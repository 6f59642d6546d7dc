/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A growing byte buffer that formatters append to; running out of memory is remembered. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
	char *bytes; /* not NUL-terminated */
	size_t len;
	size_t size;
	bool failed; /* out of memory: what is there is incomplete */
};

/* Makes room for extra bytes more; false, and failed, without memory. */
bool buffer_reserve(struct buffer *buffer, size_t extra);

/* All append nothing once failed. An all-zero buffer is empty. */
static inline void buffer_add(struct buffer *buffer, const char *bytes, size_t len)
{
	/* Inline, as the formatters append literals by the dozen. */
	if (buffer->failed || !len)
		return;
	if (len > buffer->size - buffer->len && !buffer_reserve(buffer, len))
		return;
	memcpy(buffer->bytes + buffer->len, bytes, len);
	buffer->len += len;
}

void buffer_add_str(struct buffer *buffer, const char *text);
void buffer_add_u64(struct buffer *buffer, uint64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Forgets the contents, and the failure; keeps the memory. */
void buffer_clear(struct buffer *buffer);
void buffer_done(struct buffer *buffer);
