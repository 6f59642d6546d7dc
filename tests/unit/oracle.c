// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "oracle.h"

#include <stdio.h>
#include <string.h>

void oracle_copy(char *text, size_t size, const void *bytes, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(text, bytes, len);
	text[len] = 0;
}

void oracle_write(const struct oracle_facts *facts, char *said)
{
	if (facts->n)
		snprintf(said, ORACLE_SAID_MAX, "%s %s %d.%d token=%d n=%d", facts->method,
			 facts->target, facts->version / 10, facts->version % 10, facts->has_token,
			 facts->n);
	else
		snprintf(said, ORACLE_SAID_MAX, "refused");
}
