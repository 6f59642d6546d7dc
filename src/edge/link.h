/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces of this network namespace: their names, and news of them. */
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

/*
 * A socket that becomes readable when an interface comes, goes or changes.
 * Returns it, to be closed by the caller, or -errno.
 */
int link_monitor_open(void);

/* Reads away what it has to say. */
void link_monitor_drain(int fd);
