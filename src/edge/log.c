// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "mem.h"

static bool is_quiet;

void log_set_quiet(bool quiet)
{
	is_quiet = quiet;
}

/* A line of our own may break; what is quoted in it may not move the cursor. */
static void put_escaped(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f)
			fprintf(stderr, "\\x%02x", *c);
		else
			fputc(*c, stderr);
	}
}

__attribute__((format(printf, 2, 0))) static void put(const char *severity, const char *format,
						      va_list args)
{
	cleanup_free char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return;
	fprintf(stderr, "sock-filter: %s", severity);
	put_escaped(text);
	fputc('\n', stderr);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put("error: ", format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	if (is_quiet)
		return;
	va_start(args, format);
	put("warning: ", format, args);
	va_end(args);
}

void log_note(const char *format, ...)
{
	va_list args;

	if (is_quiet)
		return;
	va_start(args, format);
	put("", format, args);
	va_end(args);
}
