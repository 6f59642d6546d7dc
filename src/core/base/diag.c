/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeps what a parser says about a text, and draws it beside the line that it
 * is about. Both the text and the words quoted from it are a stranger's: only
 * printable characters reach the terminal, and a line of 16 MiB costs no more
 * than the part that is shown.
 */
#include "diag.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "utf8.h"

#define TAB_COLUMNS 8
#define GUTTER_COLUMNS 8 /* "12345 | " */
#define ELLIPSIS "..."
#define VIEW_COLUMNS (160 - GUTTER_COLUMNS - 2 * 3)
#define CONTEXT_COLUMNS 60 /* kept before the place when the line is cut */

/* A character of the source and how it is shown. */
struct glyph {
	size_t bytes;
	unsigned int columns;
	char shown[4 * 4 + 1];
};

/* The part of a line that is shown, and the columns to be underlined. */
struct view {
	char shown[4 * VIEW_COLUMNS + 32];
	size_t len;
	unsigned int columns;
	unsigned int mark_from;
	unsigned int mark_to;
};

static void escape(const char *bytes, size_t n, char *ret)
{
	for (size_t i = 0; i < n; i++)
		sprintf(ret + 4 * i, "\\x%02X", (unsigned char)bytes[i]);
}

static struct glyph read_glyph(const char *text, size_t len, unsigned int column)
{
	struct glyph glyph = {.bytes = 1};
	uint32_t code;

	if (text[0] == '\t') {
		glyph.columns = TAB_COLUMNS - column % TAB_COLUMNS;
		memset(glyph.shown, ' ', glyph.columns);
		return glyph;
	}
	size_t n = utf8_decode(text, len, &code);
	glyph.bytes = n ? n : 1;
	if (n && utf8_is_printable(code)) {
		memcpy(glyph.shown, text, n);
		glyph.columns = utf8_columns(code);
		return glyph;
	}
	escape(text, glyph.bytes, glyph.shown);
	glyph.columns = 4 * glyph.bytes;
	return glyph;
}

/* What is quoted in a message shall not speak to the terminal. NULL when out of memory. */
static char *printable(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(4 * len + 1);
	if (!copy)
		return NULL;

	size_t n = 0;
	for (size_t i = 0; i < len;) {
		struct glyph glyph = read_glyph(text + i, len - i, TAB_COLUMNS - 1);
		size_t shown = strlen(glyph.shown);
		memcpy(copy + n, glyph.shown, shown);
		n += shown;
		i += glyph.bytes;
	}
	copy[n] = '\0';
	return copy;
}

void diag_add(struct diag *diag, enum diag_severity severity, struct diag_place place,
	      const char *hint, const char *format, ...)
{
	if (severity == DIAG_ERROR)
		diag->n_errors++;
	else
		diag->n_warnings++;
	if (diag->n_messages == DIAG_KEPT_MAX)
		return;

	va_list args;
	char *raw = NULL;
	va_start(args, format);
	int n = vasprintf(&raw, format, args);
	va_end(args);
	if (n < 0)
		return;

	cleanup_free char *owned = raw;
	cleanup_free char *text = printable(owned);
	cleanup_free char *help = hint ? printable(hint) : NULL;
	if (!text || (hint && !help))
		return;
	diag->messages[diag->n_messages++] = (struct diag_message){
		.severity = severity,
		.place = place,
		.text = TAKE_PTR(text),
		.hint = TAKE_PTR(help),
	};
}

/* The line without its end; past the last one, an empty one. */
static const char *find_line(const char *text, size_t len, unsigned int line, size_t *ret_len)
{
	const char *end = text + len;
	const char *found;

	while (--line && (found = memchr(text, '\n', end - text)))
		text = found + 1;
	if (line)
		text = end;
	found = memchr(text, '\n', end - text);
	*ret_len = (found ? found : end) - text;
	if (*ret_len && text[*ret_len - 1] == '\r')
		--*ret_len;
	return text;
}

/* Characters to leave out at the start, so that the place can be seen. */
static unsigned int chars_to_cut(const char *line, size_t len, struct diag_place place)
{
	unsigned int columns = 0;
	unsigned int cut = 0;
	size_t at = 0;

	for (unsigned int i = 1; i < place.column && at < len; i++) {
		struct glyph glyph = read_glyph(line + at, len - at, columns);
		columns += glyph.columns;
		at += glyph.bytes;
	}
	if (columns < VIEW_COLUMNS && columns + place.length <= VIEW_COLUMNS)
		return 0;

	unsigned int dropped = 0;
	for (at = 0; columns - dropped > CONTEXT_COLUMNS && at < len; cut++) {
		struct glyph glyph = read_glyph(line + at, len - at, dropped);
		dropped += glyph.columns;
		at += glyph.bytes;
	}
	return cut;
}

static void append(struct view *view, const char *shown, unsigned int columns)
{
	size_t n = strlen(shown);
	memcpy(view->shown + view->len, shown, n + 1);
	view->len += n;
	view->columns += columns;
}

static bool is_full(const struct view *view)
{
	return view->columns >= VIEW_COLUMNS || view->len + 32 > sizeof(view->shown);
}

static void draw(struct view *view, const char *line, size_t len, struct diag_place place)
{
	unsigned int cut = chars_to_cut(line, len, place);
	unsigned int mark_end = place.column + place.length;
	unsigned int column = 1;
	size_t at = 0;

	*view = (struct view){0};
	for (; column <= cut && at < len; column++)
		at += read_glyph(line + at, len - at, 0).bytes;
	if (cut)
		append(view, ELLIPSIS, strlen(ELLIPSIS));
	for (; at < len && !is_full(view); column++) {
		if (column == place.column)
			view->mark_from = view->columns;
		struct glyph glyph = read_glyph(line + at, len - at, view->columns);
		append(view, glyph.shown, glyph.columns);
		at += glyph.bytes;
		if (column + 1 == mark_end)
			view->mark_to = view->columns;
	}
	if (column <= place.column)
		view->mark_from = view->columns;
	if (view->mark_to <= view->mark_from)
		view->mark_to = column < mark_end && column > place.column ? view->columns
									   : view->mark_from + 1;
	if (at < len)
		append(view, ELLIPSIS, strlen(ELLIPSIS));
}

static char *format_header(const struct diag_message *message, const char *file)
{
	cleanup_free char *name = printable(file);
	char place[32] = "";
	char *header = NULL;
	if (!name)
		return NULL;

	if (message->place.line)
		snprintf(place, sizeof(place), ":%u:%u", message->place.line,
			 message->place.column);
	if (asprintf(&header, "%s%s: %s: %s%s%s\n", name, place,
		     message->severity == DIAG_ERROR ? "error" : "warning", message->text,
		     message->hint ? "; " : "", message->hint ? message->hint : "") < 0)
		return NULL;
	return header;
}

char *diag_render(const struct diag_message *message, const char *file, const char *text,
		  size_t len)
{
	cleanup_free char *header = format_header(message, file);
	if (!header || message->place.line == 0)
		return TAKE_PTR(header);

	size_t line_len;
	const char *line = find_line(text, len, message->place.line, &line_len);
	struct view view;
	draw(&view, line, line_len, message->place);

	char tildes[VIEW_COLUMNS + 32];
	memset(tildes, '~', sizeof(tildes));
	char *rendered = NULL;
	if (asprintf(&rendered, "%s%5u | %s\n      | %*s^%.*s\n", header, message->place.line,
		     view.shown, (int)view.mark_from, "", (int)(view.mark_to - view.mark_from - 1),
		     tildes) < 0)
		return NULL;
	return rendered;
}

void diag_done(struct diag *diag)
{
	for (size_t i = 0; i < diag->n_messages; i++) {
		free(diag->messages[i].text);
		free(diag->messages[i].hint);
	}
	*diag = (struct diag){0};
}
