/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's events, read from the ring buffer. */
#pragma once

#include <stdint.h>

#include "abi.h"

struct ring;
struct sockfilter;

/*
 * event begins with its enum sf_event_type and is as long as that says; it is
 * read-only, and valid during the call only.
 */
typedef void (*ring_event_fn)(void *arg, const void *event);

/* 0 with a new *ret, or -errno. */
int ring_open(const struct sockfilter *skel, ring_event_fn fn, void *arg, struct ring **ret);

/* Becomes readable when an event asks for attention. Owned by the ring. */
int ring_fd(const struct ring *ring);

/* Hands over all events that are there. 0 or -errno. */
int ring_drain(struct ring *ring);

/* NULL is fine. */
void ring_close(struct ring *ring);
