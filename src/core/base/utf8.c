/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is printable is decided here and not by the locale, so that a message
 * reads the same everywhere and no byte of a stranger steers the terminal.
 */
#include "utf8.h"

#include "mem.h"

struct range {
	uint32_t first;
	uint32_t last;
};

/* Controls, invisible and reordering characters: a name made of these can pass for another. */
static const struct range unprintable[] = {
	{0x0, 0x1f},	    {0x7f, 0x9f},	 {0xad, 0xad},	   {0x61c, 0x61c},
	{0x180e, 0x180e},   {0x200b, 0x200f},	 {0x2028, 0x202e}, {0x2060, 0x206f},
	{0xd800, 0xf8ff},   {0xfeff, 0xfeff},	 {0xfff0, 0xfffb}, {0xfffe, 0xffff},
	{0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
};

static const struct range combining[] = {
	{0x300, 0x36f},	  {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
	{0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

static const struct range wide[] = {
	{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0xa4cf},   {0xac00, 0xd7a3},
	{0xf900, 0xfaff},   {0xfe30, 0xfe6f},	{0xff00, 0xff60},   {0xffe0, 0xffe6},
	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static bool is_in(const struct range *ranges, size_t n, uint32_t code)
{
	for (size_t i = 0; i < n; i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

static size_t sequence_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

size_t utf8_decode(const char *text, size_t len, uint32_t *ret)
{
	static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *bytes = (const uint8_t *)text;
	size_t n = len ? sequence_length(bytes[0]) : 0;
	if (n == 0 || n > len)
		return 0;

	uint32_t code = bytes[0] & lead_bits[n];
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret = code;
	return n;
}

bool utf8_is_printable(uint32_t code)
{
	return !is_in(unprintable, ARRAY_SIZE(unprintable), code);
}

unsigned int utf8_columns(uint32_t code)
{
	if (code < 0x300)
		return 1;
	if (is_in(combining, ARRAY_SIZE(combining), code))
		return 0;
	return is_in(wide, ARRAY_SIZE(wide), code) ? 2 : 1;
}
