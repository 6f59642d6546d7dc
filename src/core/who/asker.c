// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "asker.h"

static int weight_of(const struct asker *asker)
{
	if (asker->kind == SF_OWNER_USER)
		return asker->opener.pid || asker->user.pid ? 4 : 3;
	if (asker->kind != SF_OWNER_UNKNOWN)
		return 2;
	return asker->is_lost ? 0 : 1;
}

bool asker_knows_more(const struct asker *asker, const struct asker *than)
{
	return weight_of(asker) > weight_of(than);
}

static bool is_same(const struct sf_process_key *a, const struct sf_process_key *b)
{
	return a->pid == b->pid && a->started_ns == b->started_ns;
}

bool asker_contradicts(const struct asker *a, const struct asker *b)
{
	if (a->kind != SF_OWNER_USER || b->kind != SF_OWNER_USER)
		return false;
	if (a->uid != b->uid)
		return true;
	return a->opener.pid && b->opener.pid && !is_same(&a->opener, &b->opener);
}
