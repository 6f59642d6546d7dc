/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is left to whoever takes this process over through a packet: reading
 * some files, and the system calls of the loop. Nothing can be written,
 * executed or created beyond the descriptors that are open.
 */
#pragma once

#include <stdbool.h>

/*
 * Lets files be read only where names, time zones and the configuration are,
 * and none be written or executed (Landlock). config need not exist. 0, -ENOSYS
 * where the kernel has no Landlock (before 5.13, or switched off), or -errno.
 */
int sandbox_files(const char *config);

bool sandbox_has_landlock(void);

/* Refuses every system call that the loop has no use for, with EPERM. 0 or -errno. */
int sandbox_calls(void);
bool sandbox_has_seccomp(void);
