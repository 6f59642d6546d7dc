/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Diagnostics, on stderr. Control characters of whatever is quoted are escaped. */
#pragma once

#include <stdbool.h>

/* Leaves out warnings and notes. */
void log_set_quiet(bool quiet);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
