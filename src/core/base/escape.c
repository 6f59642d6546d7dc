// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "escape.h"

#include <stdint.h>

static size_t escape_one(uint8_t byte, char *text)
{
	static const char digits[] = "0123456789abcdef";

	text[0] = '\\';
	if (byte == '\\') {
		text[1] = '\\';
		return 2;
	}
	if (byte < 0x20 || byte >= 0x7f) {
		text[1] = 'x';
		text[2] = digits[byte >> 4];
		text[3] = digits[byte & 0xf];
		return 4;
	}
	text[0] = (char)byte;
	return 1;
}

bool escape_bytes(const char *bytes, size_t len, char *text, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		char one[4];
		size_t n = escape_one((uint8_t)bytes[i], one);

		if (at + n >= size) {
			text[at] = 0;
			return false;
		}
		for (size_t j = 0; j < n; j++)
			text[at++] = one[j];
	}
	text[at] = 0;
	return true;
}
