// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A stranger writes labels that reach beyond the message, names without an end,
 * pointers that lead in a circle, and bytes that are no letters. Pointers are
 * refused, names are bounded by the 255 bytes that RFC 1035 gives them, each
 * byte is looked at before it is read.
 */
#include "dns.h"

#include <stdio.h>
#include <string.h>

#define HEADER 12
#define NAME_WIRE_MAX 255
#define LABEL_MAX 63

static uint16_t read_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* RFC 4343, 2.1 */
static size_t put_byte(char *text, uint8_t byte)
{
	if (byte > 0x20 && byte < 0x7f && byte != '.' && byte != '\\') {
		*text = (char)byte;
		return 1;
	}
	return (size_t)sprintf(text, "\\%03u", byte);
}

/* Writes the name at the beginning of bytes. Returns its bytes, 0 when it is none. */
static size_t read_name(const uint8_t *bytes, size_t len, char *text)
{
	size_t at = 0, n = 0;

	if (len > NAME_WIRE_MAX)
		len = NAME_WIRE_MAX;
	while (at < len && bytes[at]) {
		size_t label = bytes[at++];

		if (label > LABEL_MAX || label > len - at)
			return 0;
		if (n)
			text[n++] = '.';
		while (label--)
			n += put_byte(text + n, bytes[at++]);
	}
	if (at >= len)
		return 0;
	if (!n)
		text[n++] = '.';
	text[n] = 0;
	return at + 1;
}

bool dns_decode(const uint8_t *bytes, size_t len, struct dns_question *ret)
{
	struct dns_question question;
	size_t name_len;

	/* QR, and a question at all */
	if (len < HEADER || bytes[2] & 0x80 || !read_be16(bytes + 4))
		return false;
	name_len = read_name(bytes + HEADER, len - HEADER, question.name);
	if (!name_len || len - HEADER - name_len < 4)
		return false;
	question.type = read_be16(bytes + HEADER + name_len);
	strcpy(ret->name, question.name);
	ret->type = question.type;
	return true;
}
