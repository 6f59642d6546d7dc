/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What explicit_bzero() cannot reach. */
#pragma once

/*
 * Overwrites what functions that have returned left on the stack: copies that
 * the compiler made, and vector registers, which the dynamic linker saves there
 * when it looks up a function for the first time.
 */
void wipe_stack(void);
