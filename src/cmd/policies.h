/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The policies that what is told may still speak of: those in the kernel, by
 * generation, and those before them, by number, for the requests that began
 * under them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "config.h"

/* As many as may be remembered besides those in the kernel. */
#define POLICIES_KEPT_MAX 64

/* After this time no request speaks of one that was replaced. */
#define POLICIES_KEPT_NS (30 * 1000000000ULL)

struct policy_kept {
	struct config *config; /* its own */
	uint32_t number; /* from 1 on */
	uint64_t until_ns; /* CLOCK_MONOTONIC, when it was replaced; 0: it is in the kernel */
};

/* All zero is empty. */
struct policies {
	struct policy_kept kept[POLICIES_KEPT_MAX]; /* oldest first */
	size_t n;
	uint32_t numbers[SF_GENERATIONS]; /* 0: none yet */
	uint32_t last; /* the newest number */
};

/* Is there no room for another one, unless what it has still is forgotten too early? */
bool policies_are_full(const struct policies *policies, uint64_t now_ns);

/* Takes config over: the policy of this generation from now on. */
void policies_put(struct policies *policies, uint32_t generation, struct config *config,
		  uint64_t now_ns);

/* The number of the policy that a verdict of this generation is by. */
uint32_t policies_number(const struct policies *policies, uint32_t generation);

/* NULL: it is forgotten. */
const struct config *policies_config(const struct policies *policies, uint32_t number);

void policies_done(struct policies *policies);
