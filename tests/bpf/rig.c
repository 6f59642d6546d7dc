// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "clock.h"
#include "fake_host.h"
#include "mem.h"
#include "skeleton.h"

static bool skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return false;
}

static bool may_load(void)
{
	struct loader_options options = {.with_cgroup = true};
	struct sockfilter *skel = NULL;
	int err = loader_open(&options, &skel);

	loader_close(skel);
	if (err == -EPERM || err == -EACCES)
		return skip_all(
			"may not load BPF programs: be root, or have cap_bpf, cap_perfmon and "
			"cap_net_admin");
	/* any other failure is for the tests to tell */
	return true;
}

bool rig_begin(void)
{
	if (unshare(CLONE_NEWNET))
		return skip_all("may not make a network namespace: be root, or have cap_sys_admin");
	if (!may_load())
		return false;
	/* quiet interfaces: without IPv6 nobody looks for neighbours */
	if (system("PATH=$PATH:/sbin:/usr/sbin; ip link set lo up && "
		   "ip link add name " RIG_NEAR " type veth peer name " RIG_FAR " && "
		   "for i in " RIG_NEAR " " RIG_FAR "; do "
		   "{ echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6; } 2>/dev/null; "
		   "ip link set $i up mtu 9000 || exit 1; done"))
		return skip_all("cannot make a pair of veth interfaces (iproute2?)");
	return true;
}

uint32_t rig_near(void)
{
	return if_nametoindex(RIG_NEAR);
}

uint32_t rig_far(void)
{
	return if_nametoindex(RIG_FAR);
}

uint32_t rig_netns(void)
{
	struct stat stat_of;

	assert_int_equal(stat("/proc/thread-self/ns/net", &stat_of), 0);
	return (uint32_t)stat_of.st_ino;
}

static void keep_event(void *arg, const void *bytes)
{
	const struct sf_event *event = bytes;
	struct rig *rig = arg;

	if (event->type != SF_EVENT_VERDICT)
		return;
	if (rig->n_events < RIG_EVENTS_MAX)
		rig->events[rig->n_events] = *event;
	rig->n_events++;
}

static void enter_iface(struct rig *rig, const char *name, uint32_t ifindex)
{
	struct sf_mask mask = policy_iface_mask(rig->config, name);

	if (mask.bits)
		assert_int_equal(policy_set_iface(&rig->policy->tables, ifindex, mask), 0);
}

struct sockfilter *rig_load(const struct policy *policy, const struct loader_options *options)
{
	struct loader_options sized = *options;
	struct sockfilter *skel = NULL;
	int err;

	sized.prefixes = policy->n_v4 + policy->n_v6;
	err = loader_open(&sized, &skel);
	if (err)
		fail_msg("load: %s: %s", strerror(-err), loader_last_words());
	assert_int_equal(loader_fill(skel, policy, RIG_GENERATION), 0);
	loader_settle(skel, RIG_GENERATION);
	return skel;
}

int rig_tap_fd(const struct rig *rig)
{
	return loader_tap_fd(rig->skel, SF_TAP_SINGLE);
}

struct sf_policy *rig_tables(struct rig *rig)
{
	return loader_tables(rig->skel, RIG_GENERATION);
}

void rig_open(struct rig *rig, const char *yaml, bool report_rejected)
{
	struct loader_options options = {
		.report_rejected = report_rejected,
		.with_cgroup = true,
	};
	struct diag diag = {};

	memset(rig, 0, sizeof(*rig));
	if (fake_parse(yaml, &diag, &rig->config))
		fail_msg("%s", diag.n_messages ? diag.messages[0].text : "out of memory");
	diag_done(&diag);
	assert_int_equal(policy_compile(rig->config, &rig->policy), 0);
	enter_iface(rig, "lo", RIG_LOOPBACK);
	enter_iface(rig, RIG_NEAR, rig_near());
	enter_iface(rig, RIG_FAR, rig_far());
	rig->skel = rig_load(rig->policy, &options);
	assert_int_equal(ring_open(rig->skel, keep_event, rig, &rig->ring), 0);
}

void rig_close(struct rig *rig)
{
	ring_close(rig->ring);
	loader_close(rig->skel);
	policy_free(rig->policy);
	config_free(rig->config);
}

void rig_look(struct rig *rig, uint64_t counted[SF_COUNTERS])
{
	uint64_t now[SF_COUNTERS];

	rig->n_events = 0;
	assert_int_equal(ring_drain(rig->ring), 0);
	assert_int_equal(loader_counters(rig->skel, now), 0);
	for (int i = 0; i < SF_COUNTERS; i++) {
		counted[i] = now[i] - rig->counters[i];
		rig->counters[i] = now[i];
	}
}

struct rig_result rig_run(struct rig *rig, const void *bytes, size_t len, uint32_t ifindex,
			  uint32_t ingress)
{
	struct __sk_buff ctx = {.ifindex = ifindex, .ingress_ifindex = ingress};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = (uint32_t)len,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1);
	struct rig_result result = {};
	int err = bpf_prog_test_run_opts(rig_tap_fd(rig), &opts);

	if (err)
		fail_msg("test run of %zu bytes: %s", len, strerror(-err));
	rig_look(rig, result.counted);
	result.verdict = (int32_t)opts.retval;
	result.n_events = rig->n_events;
	if (rig->n_events)
		result.event = rig->events[rig->n_events - 1];
	return result;
}

void rig_set_owner(struct rig *rig, uint64_t cookie, const struct sf_owner *owner)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(rig->skel->maps.sf_owners), &cookie, owner,
					     BPF_ANY),
			 0);
}

void rig_set_flow(struct rig *rig, const struct sf_flow_key *key, const struct sf_flow *flow)
{
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(rig->skel->maps.sf_flows), key, flow, BPF_ANY), 0);
}

void rig_put_trace(struct rig *rig, const struct sf_flow_key *key, const struct sf_trace *trace)
{
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(rig->skel->maps.sf_traces), key, trace, BPF_ANY),
		0);
}

void rig_set_trace(struct rig *rig, const struct sf_flow_key *key, uint32_t kind)
{
	struct sf_trace trace = {
		.seen_ns = clock_monotonic_ns(),
		.kind = kind,
		.is_asking = true,
	};

	rig_put_trace(rig, key, &trace);
}

bool rig_get_flow(struct rig *rig, const struct sf_flow_key *key, struct sf_flow *ret)
{
	return !bpf_map_lookup_elem(bpf_map__fd(rig->skel->maps.sf_flows), key, ret);
}

bool rig_get_trace(struct rig *rig, const struct sf_flow_key *key, struct sf_trace *ret)
{
	return !bpf_map_lookup_elem(bpf_map__fd(rig->skel->maps.sf_traces), key, ret);
}

static void clear_map(const struct bpf_map *map)
{
	uint8_t key[sizeof(struct sf_flow_key)];

	while (!bpf_map_get_next_key(bpf_map__fd(map), NULL, key))
		assert_int_equal(bpf_map_delete_elem(bpf_map__fd(map), key), 0);
}

void rig_forget(struct rig *rig)
{
	clear_map(rig->skel->maps.sf_owners);
	clear_map(rig->skel->maps.sf_flows);
	clear_map(rig->skel->maps.sf_traces);
}
