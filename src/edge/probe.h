/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel can do, as far as it matters here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct probe {
	const char *name;
	bool is_there;
};

/* Tries each feature; needs the capabilities to load programs. Returns how many of max were filled. */
size_t probe_kernel(struct probe *probes, size_t max);
