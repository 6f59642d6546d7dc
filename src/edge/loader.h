/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs and tables in the kernel, attached to nothing, and the policy
 * in them. What is loaded goes when it is closed.
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
	size_t prefixes; /* of the first policy; a later one may have twice as many */
};

/* What libbpf had to say when something failed; "" if nothing. */
const char *loader_last_words(void);

/*
 * Opens and loads with an empty policy. Returns 0 with a new *ret, or -errno;
 * ret is untouched on failure.
 */
int loader_open(const struct loader_options *options, struct sockfilter **ret);

/*
 * Puts policy in place as this generation, which must not be the current one
 * once something is attached. 0 or -errno; then part of it is in place.
 */
int loader_fill(const struct sockfilter *skel, const struct policy *policy, uint32_t generation);

/* Takes policy's prefixes of this generation away again, as far as they are there. */
void loader_clear(const struct sockfilter *skel, const struct policy *policy, uint32_t generation);

/* Tells the programs where conntrack keeps what they read of it (conntrack.h). */
void loader_set_conntrack(const struct sockfilter *skel, uint32_t tuple_offset);

/* Returns once every program that began before has ended, where the kernel can tell. */
void loader_quiesce(void);
bool loader_can_quiesce(void);

/*
 * Hands over from the other generation to this one: at one instant, a few
 * milliseconds ahead, so that every socket that a packet reaches judges it by
 * the same. Returns when that has passed. Packets that the kernel stamped
 * before it, or by another clock, are judged by the other until loader_settle.
 */
void loader_turn(const struct sockfilter *skel, uint32_t generation);

/* This generation decides alone; on return no packet is judged by the other. */
void loader_settle(const struct sockfilter *skel, uint32_t generation);

/* A generation's tables as the kernel reads them; valid until loader_close. */
struct sf_policy *loader_tables(const struct sockfilter *skel, uint32_t generation);

/* The filter for sockets of this kind. */
int loader_tap_fd(const struct sockfilter *skel, enum sf_tap tap);

/* Sums each counter over the CPUs. 0 or -errno. */
int loader_counters(const struct sockfilter *skel, uint64_t counters[SF_COUNTERS]);

/* Can the tables be read with the capabilities of now? skel is a struct sockfilter. */
bool loader_can_read(void *skel);

/* NULL is fine. */
void loader_close(struct sockfilter *skel);
