/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Errors and warnings about a text that a person wrote: where, what, and what
 * to do. Collected by the parser, shown by whoever asked for the parsing.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Messages kept; the rest is only counted. */
#define DIAG_KEPT_MAX 100

enum diag_severity {
	DIAG_ERROR,
	DIAG_WARNING,
};

/* A place in the text: line and column from 1, line 0 for the whole file. */
struct diag_place {
	unsigned int line;
	unsigned int column;
	unsigned int length; /* characters to underline, at least 1 */
};

struct diag_message {
	enum diag_severity severity;
	struct diag_place place;
	char *text;
	char *hint; /* what to do, NULL without */
};

struct diag {
	struct diag_message messages[DIAG_KEPT_MAX];
	size_t n_messages;
	size_t n_errors; /* kept or not */
	size_t n_warnings;
};

/* Adds a message; hint may be NULL. Both are copied. */
void diag_add(struct diag *diag, enum diag_severity severity, struct diag_place place,
	      const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Renders message as
 *	FILE:LINE:COLUMN: error: TEXT; HINT
 *	   12 | the source line
 *	      |     ^~~~
 * with control characters and bad UTF-8 escaped, long lines cut. text and len are the whole
 * source. Returns lines, each with its newline, to be freed; NULL when out of memory.
 */
char *diag_render(const struct diag_message *message, const char *file, const char *text,
		  size_t len);

/* Frees the messages; an all-zero diag is empty. */
void diag_done(struct diag *diag);
