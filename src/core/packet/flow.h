/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was last decided on each flow, so that only news is told. */
#pragma once

#include <stdbool.h>

#include "abi.h"

/* Flows remembered; beyond, the one that was quiet the longest is told anew. */
#ifndef FLOW_KEPT_MAX
#define FLOW_KEPT_MAX 65536
#endif

struct flow_table;

/* NULL when out of memory. */
struct flow_table *flow_table_new(void);

/*
 * Notes the verdict; both directions are one flow. True when it is news: the
 * flow's first delivered packet, or a change of verdict, endpoints or owner.
 */
bool flow_is_news(struct flow_table *table, const struct sf_event *event);

/* NULL is fine. */
void flow_table_free(struct flow_table *table);
