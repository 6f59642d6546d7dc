/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The real skeleton, loaded by the real loader with a policy from YAML, in a
 * network namespace of its own. Packets go through the tap by
 * BPF_PROG_TEST_RUN, or by real sockets; what it says of them is kept.
 *
 * Failures of the rig itself fail the running cmocka test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "config.h"
#include "loader.h"
#include "policy.h"
#include "ring.h"

#define RIG_LOOPBACK 1
/* Where the policy is put; not where an empty one is from the start. */
#define RIG_GENERATION 1
#define RIG_EVENTS_MAX 256

/* A pair of interfaces: what leaves by one arrives at the other. */
#define RIG_NEAR "near"
#define RIG_FAR "far"

/* What a test run of the kernel's says of a packet. */
struct rig_result {
	int32_t verdict;
	uint64_t counted[SF_COUNTERS]; /* by this run alone */
	size_t n_events;
	struct sf_event event; /* the last, if any */
};

struct rig {
	struct config *config;
	struct policy *policy;
	struct sockfilter *skel;
	struct ring *ring;
	uint64_t counters[SF_COUNTERS]; /* at the last look */
	size_t n_events; /* since the last look */
	struct sf_event events[RIG_EVENTS_MAX];
};

/*
 * Enters a namespace of its own and tries to load. False, with the reason
 * printed as TAP's plan to skip all, when this process may not.
 */
bool rig_begin(void);

/* The interfaces' indices, once rig_begin() has made them. */
uint32_t rig_near(void);
uint32_t rig_far(void);
/* The inode number of the namespace we are in. */
uint32_t rig_netns(void);

/* Users and groups in yaml are those of fake_host.h. */
void rig_open(struct rig *rig, const char *yaml, bool report_rejected);
void rig_close(struct rig *rig);

/* The filter itself, and the policy as it reads it. */
int rig_tap_fd(const struct rig *rig);
struct sf_policy *rig_tables(struct rig *rig);

/* Loads policy as rig_open() does; for the loader's own sake. */
struct sockfilter *rig_load(const struct policy *policy, const struct loader_options *options);

/* Runs the tap on a frame that came in on ifindex; ingress is what skb->ingress_ifindex says. */
struct rig_result rig_run(struct rig *rig, const void *bytes, size_t len, uint32_t ifindex,
			  uint32_t ingress);

/* Reads what the ring and the counters have become; rig->events holds what came since. */
void rig_look(struct rig *rig, uint64_t counted[SF_COUNTERS]);

/* Play what the owner hooks do. */
void rig_set_owner(struct rig *rig, uint64_t cookie, const struct sf_owner *owner);
void rig_set_flow(struct rig *rig, const struct sf_flow_key *key, const struct sf_flow *flow);
void rig_put_trace(struct rig *rig, const struct sf_flow_key *key, const struct sf_trace *trace);

/* A trace of now, that replies may be due to. */
void rig_set_trace(struct rig *rig, const struct sf_flow_key *key, uint32_t kind);
bool rig_get_flow(struct rig *rig, const struct sf_flow_key *key, struct sf_flow *ret);
bool rig_get_trace(struct rig *rig, const struct sf_flow_key *key, struct sf_trace *ret);
/* Forgets every owner, flow and trace. */
void rig_forget(struct rig *rig);
