// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The shared tables, in an object of their own that is linked first: two
 * objects that each import maps from the other do not link.
 */
#include "maps.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct sf_policy sf_policies[SF_GENERATIONS];
__u64 sf_turn;
__u64 sf_turn_monotonic;
const volatile bool sf_report_rejected = false;
const volatile __u32 sf_mntns = 0;
__u32 sf_conntrack_tuple;

struct sf_lpm4_map sf_prefixes4 SEC(".maps");
struct sf_lpm6_map sf_prefixes6 SEC(".maps");
struct sf_judges_map sf_judges SEC(".maps");
struct sf_counters_map sf_counters SEC(".maps");
struct sf_flows_map sf_flows SEC(".maps");
struct sf_owners_map sf_owners SEC(".maps");
struct sf_traces_map sf_traces SEC(".maps");
struct sf_openers_map sf_openers SEC(".maps");
struct sf_events_map sf_events SEC(".maps");
struct sf_told_map sf_told SEC(".maps");
