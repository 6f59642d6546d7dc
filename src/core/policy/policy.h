/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration turned into what the kernel compares: masks, one bit an
 * endpoint. A packet is wanted when the AND of all its masks is not zero.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "config.h"

/* A prefix with the bits of its endpoints and of every prefix that covers it. */
struct policy_prefix {
	struct prefix prefix;
	struct sf_mask mask;
};

struct policy {
	struct policy_prefix *v4; /* sorted, no two alike */
	size_t n_v4;
	struct policy_prefix *v6;
	size_t n_v6;
	struct sf_policy tables; /* no interface entered yet */
};

/*
 * Compiles config. Returns 0 with a new *ret, -ENOMEM, or -ENOSPC when a
 * table is full; ret is untouched on failure.
 */
int policy_compile(const struct config *config, struct policy **ret);

/* The endpoints that name this interface, without those for every one. */
struct sf_mask policy_iface_mask(const struct config *config, const char *name);

/*
 * Sets the endpoints of an interface; none removes it, and leaves its slot to
 * another. Safe while the kernel reads the table. -ENOSPC when it is full.
 */
int policy_set_iface(struct sf_policy *tables, uint32_t ifindex, struct sf_mask mask);

/* NULL is fine. */
void policy_free(struct policy *policy);
