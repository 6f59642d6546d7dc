/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only way from a record to a terminal. Whoever adds a string that is not
 * our own adds it as a name: a terminal obeys what is written to it, so ESC or
 * a newline in an interface's name would be a command or a forged record. Both
 * bytes and columns are counted, as a name in another script has more of the
 * one than of the other and the columns must still line up.
 */
#include "line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "utf8.h"

void line_add(struct line *line, const char *text)
{
	size_t len = strlen(text);

	buffer_add(line->buffer, text, len);
	line->column += len;
}

void line_addf(struct line *line, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_add(line, text);
}

void line_paint(struct line *line, const char *color)
{
	if (line->color)
		buffer_add_str(line->buffer, color);
}

void line_seek(struct line *line, size_t column)
{
	/* A blank at least, or a long value would run into the next one. */
	do {
		line_add(line, " ");
	} while (line->column < column);
}

void line_end(struct line *line)
{
	line_add(line, "\n");
	line->column = 0;
}

void line_add_name(struct line *line, const char *name, bool keep_blanks)
{
	while (name && *name) {
		uint32_t code;
		size_t len = utf8_decode(name, strnlen(name, 4), &code);

		if (len && utf8_is_printable(code) && (keep_blanks || code != ' ')) {
			buffer_add(line->buffer, name, len);
			line->column += utf8_columns(code);
			name += len;
		} else {
			/* What follows in a sequence is no character: escaped in its turn. */
			line_addf(line, "\\x%02x", (uint8_t)*name++);
		}
	}
}

void line_add_time(struct line *line, uint64_t ts_ns)
{
	time_t seconds = (time_t)(ts_ns / NS_PER_S);
	struct tm local;

	localtime_r(&seconds, &local);
	line_addf(line, "%02d:%02d:%02d.%06u", local.tm_hour, local.tm_min, local.tm_sec,
		  (unsigned int)(ts_ns % NS_PER_S / 1000));
}
