/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whole files, bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct file_text {
	char *bytes; /* to be freed; a NUL follows the last */
	size_t len;
	bool others_may_write; /* its mode or owner lets someone else change it */
};

/*
 * Reads a regular file (or pipe) of at most max bytes. Returns 0 or -errno:
 * -EFBIG when it is larger, -EISDIR for a folder. ret is untouched on failure.
 */
int file_read(const char *path, size_t max, struct file_text *ret);
