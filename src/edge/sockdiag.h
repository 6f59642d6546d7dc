/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's lists of sockets. */
#pragma once

/*
 * Gives every TCP and UDP socket of this network namespace its cookie, which
 * it otherwise has only once somebody asks for it: listing them does. 0 or
 * -errno of the first list that cannot be had.
 */
int sockdiag_give_cookies(void);
