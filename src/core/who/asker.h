/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who stands behind bytes that were sent to an endpoint, by the verdict on
 * their packet. It goes with the bytes until they have become a request.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

/* All zero: not known. */
struct asker {
	enum sf_owner_kind kind;
	bool is_lost; /* not known because its verdict was lost */
	struct sf_process_key opener; /* of the socket; pid 0: not known, as below */
	struct sf_process_key user; /* who used the socket last */
	uint64_t cookie; /* of the socket */
	uint32_t uid;
	uint32_t gid;
	uint32_t netns;
	uint8_t source; /* enum sf_source */
	uint8_t join; /* enum sf_join */
	uint32_t policy; /* the caller's number of the policy that endpoints belong to */
	struct sf_mask endpoints; /* that show it */
};

/* Of two that speak of the same bytes: does this one know more? */
bool asker_knows_more(const struct asker *asker, const struct asker *than);

/* Does each name a process, or a user, and not the same? */
bool asker_contradicts(const struct asker *a, const struct asker *b);
