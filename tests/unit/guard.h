/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A copy of bytes whose last one is followed by a page that cannot be read. */
#pragma once

#include <stddef.h>

struct guard {
	char *bytes;
	size_t len;
	void *map;
	size_t map_len;
};

/* Ends the test program when there is no memory. */
void guard_init(struct guard *guard, const void *bytes, size_t len);
void guard_done(struct guard *guard);
