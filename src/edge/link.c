// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "link.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define KEPT 64

static struct {
	uint32_t ifindex;	/* 0: free */
	char name[IF_NAMESIZE];
} kept[KEPT];

const char *link_name(uint32_t ifindex)
{
	uint32_t at = ifindex % KEPT;

	if (ifindex && kept[at].ifindex == ifindex)
		return kept[at].name;
	if (!if_indextoname(ifindex, kept[at].name))
		snprintf(kept[at].name, sizeof(kept[at].name), "%u", ifindex);
	kept[at].ifindex = ifindex;
	return kept[at].name;
}

void link_forget(void)
{
	memset(kept, 0, sizeof(kept));
}
