/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs and tables in the kernel: loaded with a policy in place,
 * attached to nothing. What is loaded goes when it is closed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "policy.h"

struct sockfilter;

struct loader_options {
	bool report_rejected;
	bool with_cgroup; /* the owner's cgroup hooks, else its tc hook */
};

/* What libbpf had to say when something failed; "" if nothing. */
const char *loader_last_words(void);

/*
 * Opens, sizes, loads, and fills the tables from policy. Returns 0 with a new
 * *ret, or -errno; ret is untouched on failure.
 */
int loader_open(const struct policy *policy, const struct loader_options *options,
		struct sockfilter **ret);

/* The tables as the kernel reads them; valid until loader_close. */
struct sf_policy *loader_tables(const struct sockfilter *skel);

int loader_tap_fd(const struct sockfilter *skel);

/* Sums each counter over the CPUs. 0 or -errno. */
int loader_counters(const struct sockfilter *skel, uint64_t counters[SF_COUNTERS]);

/* NULL is fine. */
void loader_close(struct sockfilter *skel);
