/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names in a record are chosen by strangers: a newline in one would forge a
 * record, ESC drive the terminal of who reads the log, a bidi override show
 * another name. These come out as \uXXXX, and a byte that is not UTF-8 as the
 * four characters \xNN, so that nothing is lost and the line is valid UTF-8.
 */
#include "json_part.h"

#include <string.h>
#include <time.h>

#include "utf8.h"

#define NS_PER_S 1000000000ULL

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Beyond 16 bits JSON wants a UTF-16 surrogate pair (RFC 8259, section 7). */
static void add_unicode(struct buffer *buffer, uint32_t code)
{
	if (code > 0xffff) {
		code -= 0x10000;
		buffer_printf(buffer, "\\u%04x\\u%04x", 0xd800 + (code >> 10),
			      0xdc00 + (code & 0x3ff));
		return;
	}
	buffer_printf(buffer, "\\u%04x", code);
}

/* Adds one character that is not plain ASCII; returns the bytes it took. */
static size_t add_special(struct buffer *buffer, const char *text)
{
	uint32_t code;
	size_t len = utf8_decode(text, strnlen(text, 4), &code);

	if (!len)
		buffer_printf(buffer, "\\\\x%02x", (uint8_t)*text);
	else if (!utf8_is_printable(code))
		add_unicode(buffer, code);
	else if (code == '"')
		JSON_ADD(buffer, "\\\"");
	else if (code == '\\')
		JSON_ADD(buffer, "\\\\");
	else
		buffer_add(buffer, text, len);
	return len ? len : 1;
}

/* Runs of plain ASCII, nearly all there is, are copied as they stand. */
void json_add_string(struct buffer *buffer, const char *text)
{
	JSON_ADD(buffer, "\"");
	for (size_t plain = 0; text && *text; plain = 0) {
		while (is_plain(text[plain]))
			plain++;
		buffer_add(buffer, text, plain);
		text += plain;
		if (*text)
			text += add_special(buffer, text);
	}
	JSON_ADD(buffer, "\"");
}

/* For our own words, which need no escape. */
void json_add_word(struct buffer *buffer, const char *word)
{
	JSON_ADD(buffer, "\"");
	buffer_add_str(buffer, word);
	JSON_ADD(buffer, "\"");
}

/* Writes right to left, and zeros in front, up to end. */
static void put_digits(char *end, unsigned int width, uint64_t value)
{
	while (width--) {
		*--end = (char)('0' + value % 10);
		value /= 10;
	}
}

/* strftime alone would take a third of what a record may cost. */
void json_add_time(struct buffer *buffer, uint64_t ts_ns)
{
	char text[] = "0000-00-00T00:00:00.000000000Z";
	time_t seconds = (time_t)(ts_ns / NS_PER_S);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	put_digits(text + 4, 4, (uint64_t)utc.tm_year + 1900);
	put_digits(text + 7, 2, (uint64_t)utc.tm_mon + 1);
	put_digits(text + 10, 2, (uint64_t)utc.tm_mday);
	put_digits(text + 13, 2, (uint64_t)utc.tm_hour);
	put_digits(text + 16, 2, (uint64_t)utc.tm_min);
	put_digits(text + 19, 2, (uint64_t)utc.tm_sec);
	put_digits(text + 29, 9, ts_ns % NS_PER_S);
	JSON_ADD(buffer, "\"");
	buffer_add(buffer, text, sizeof(text) - 1);
	JSON_ADD(buffer, "\"");
}

void json_add_key(struct buffer *buffer, const char *name)
{
	JSON_ADD(buffer, ",\"");
	buffer_add_str(buffer, name);
	JSON_ADD(buffer, "\":");
}

void json_add_number(struct buffer *buffer, const char *name, uint64_t value)
{
	json_add_key(buffer, name);
	buffer_add_u64(buffer, value);
}

/* Absent, not empty, where there is none: "" might be a name. */
void json_add_text(struct buffer *buffer, const char *name, const char *text)
{
	if (!text)
		return;
	json_add_key(buffer, name);
	json_add_string(buffer, text);
}

/* As json_add_text, for what cannot be empty. */
void json_add_filled(struct buffer *buffer, const char *name, const char *text)
{
	if (*text)
		json_add_text(buffer, name, text);
}

void json_add_strings(struct buffer *buffer, const char *const *strings, size_t n_strings)
{
	JSON_ADD(buffer, "[");
	for (size_t i = 0; i < n_strings; i++) {
		if (i)
			JSON_ADD(buffer, ",");
		json_add_string(buffer, strings[i]);
	}
	JSON_ADD(buffer, "]");
}
