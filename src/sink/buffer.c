/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The byte buffer behind every formatter: it grows by doubling and never shrinks. */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE_MIN 1024

bool buffer_reserve(struct buffer *buffer, size_t extra)
{
	size_t size = buffer->size ? buffer->size : SIZE_MIN;
	char *bytes;

	if (buffer->failed)
		return false;
	if (extra <= buffer->size - buffer->len)
		return true;
	while (size - buffer->len < extra && size <= SIZE_MAX / 2)
		size *= 2;
	/* Beyond SIZE_MAX / 2 the size stays too small: let it fail as out of memory. */
	bytes = size - buffer->len < extra ? NULL : realloc(buffer->bytes, size);
	if (!bytes) {
		buffer->failed = true;
		return false;
	}
	buffer->bytes = bytes;
	buffer->size = size;
	return true;
}

void buffer_add_str(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_add_u64(struct buffer *buffer, uint64_t value)
{
	char digits[20];
	char *first = digits + sizeof(digits);

	do {
		*--first = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buffer_add(buffer, first, (size_t)(digits + sizeof(digits) - first));
}

/* Formats into the free space; returns the length it has, or would have had. */
__attribute__((format(printf, 2, 0))) static size_t print(struct buffer *buffer, const char *format,
							  va_list args)
{
	size_t room = buffer->size - buffer->len;
	int len = vsnprintf(buffer->bytes + buffer->len, room, format, args);

	if (len >= 0 && (size_t)len < room)
		buffer->len += (size_t)len;
	else if (len < 0)
		buffer->failed = true;
	return len < 0 ? 0 : (size_t)len;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	size_t before = buffer->len;
	va_list args;
	size_t len;

	/* One byte at least, so that there is an address to print to. */
	if (!buffer_reserve(buffer, 1))
		return;
	va_start(args, format);
	len = print(buffer, format, args);
	va_end(args);
	if (buffer->failed || buffer->len == before + len || !buffer_reserve(buffer, len + 1))
		return;
	va_start(args, format);
	print(buffer, format, args);
	va_end(args);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->failed = false;
}

void buffer_done(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){0};
}
