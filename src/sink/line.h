/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A line for a terminal in the making: columns, colour, and names that strangers chose. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

#define NS_PER_S 1000000000ULL

#define COLOR_TITLE "\033[1m"
#define COLOR_NOTE "\033[33m"
#define COLOR_ALARM "\033[1;31m"
#define COLOR_OFF "\033[0m"

struct line {
	struct buffer *buffer;
	size_t column; /* where the next character will stand */
	bool color;
};

/* Our own text, in ASCII; what line_addf makes is cut at 127 bytes. */
void line_add(struct line *line, const char *text);
void line_addf(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A name that a stranger chose: what is no character of its own on a terminal
 * comes out as \xNN, byte by byte. So does a blank, or a user called
 * "root(0) packet" would add a column; keep_blanks is for sentences.
 */
void line_add_name(struct line *line, const char *name, bool keep_blanks);

/* Local time, HH:MM:SS.uuuuuu. */
void line_add_time(struct line *line, uint64_t ts_ns);

/* Takes no column, and nothing at all without colour. */
void line_paint(struct line *line, const char *color);

/* Pads with blanks, at least one, up to column. */
void line_seek(struct line *line, size_t column);

void line_end(struct line *line);
