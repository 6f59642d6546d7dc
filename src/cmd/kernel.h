/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel of this host has of all that the watch is made of. */
#pragma once

/* Say why the programs did not load, and what mends it; that there is no seccomp. Return EXIT_MISSING. */
int kernel_explain_load(int err);
int kernel_explain_seccomp(void);

/*
 * Tries it, as far as the capabilities allow, which are dropped on the way:
 * nothing is attached, nothing stays. Prints what is lacking and what follows.
 * config is the file that was asked for, or NULL. Returns EXIT_OK, or
 * EXIT_MISSING where the watch cannot run.
 */
int kernel_check(const char *config);
