/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces of this network namespace by number. */
#pragma once

#include <stdint.h>

/*
 * The interface's name, or its number when it has gone. Remembered until
 * link_forget, for asking the kernel takes three system calls; valid until
 * the next call.
 */
const char *link_name(uint32_t ifindex);

/* Names may have changed: call it once a second. */
void link_forget(void);
