/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where this kernel's connection tracking keeps what our programs read of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The bytes from the start of a connection (struct nf_conn) to the tuple of
 * its first packet, by the kernel's BTF or by that of its module. 0, -ENOENT
 * when there is no connection tracking now or it has another shape, or another
 * -errno. It takes a tenth of a second.
 */
int conntrack_find_tuple(uint32_t *ret_offset);

/* Is it there as a module, which may have been loaded since? Cheap. */
bool conntrack_has_module(void);
