/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keeps the kernel's flow and owner tables from filling up with what has ended. */
#pragma once

#include <stdbool.h>

struct sockfilter;

/*
 * Removes flows and owners that ended or went quiet. knows_release: the
 * sock_release hook is attached, so an open connection is known to be open.
 * 0 or -errno.
 */
int sweep(const struct sockfilter *skel, bool knows_release);
