// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sweeping is never in a hurry to forget: an ended flow stays for two minutes,
 * twice a segment's life, so that a late reply is not taken for one that
 * nobody asked for. Connections whose socket is open stay as long as it is.
 */
#include "sweep.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#define uthash_fatal(message) abort()
#include <uthash.h>

#include "abi.h"
#include "clock.h"
#include "mem.h"
#include "skeleton.h"

#define ENDED_NS (120 * NS_PER_SECOND)
#define QUIET_NS (300 * NS_PER_SECOND)
#define QUIET_CROWDED_NS (30 * NS_PER_SECOND)
#define BATCH 1024

/* An owner as it stood when the sweep began. */
struct known {
	uint64_t cookie;
	uint64_t ended_ns;
	bool has_flow;
	UT_hash_handle hh;
};

static void free_known(struct known **table)
{
	struct known *known, *next;

	HASH_ITER (hh, *table, known, next) {
		HASH_DEL(*table, known);
		free(known);
	}
}

/* Calls fn for every entry of a hash map. 0 or -errno. */
static int each_entry(int fd, size_t key_size, size_t value_size,
		      int (*fn)(void *arg, const void *key, const void *value), void *arg)
{
	cleanup_free char *keys = malloc(BATCH * key_size);
	cleanup_free char *values = malloc(BATCH * value_size);
	uint32_t cursor, *from = NULL;
	bool is_last = false;

	if (!keys || !values)
		return -ENOMEM;
	while (!is_last) {
		uint32_t n = BATCH;

		if (bpf_map_lookup_batch(fd, from, &cursor, keys, values, &n, NULL)) {
			if (errno != ENOENT)
				return -errno;
			is_last = true;
		}
		from = &cursor;
		for (uint32_t i = 0; i < n; i++) {
			int err = fn(arg, keys + i * key_size, values + i * value_size);

			if (err)
				return err;
		}
	}
	return 0;
}

static int note_owner(void *arg, const void *key, const void *value)
{
	const struct sf_owner *owner = value;
	struct known **table = arg;
	struct known *known = calloc(1, sizeof(*known));

	if (!known)
		return -ENOMEM;
	memcpy(&known->cookie, key, sizeof(known->cookie));
	known->ended_ns = owner->ended_ns;
	HASH_ADD(hh, *table, cookie, sizeof(known->cookie), known);
	return 0;
}

struct flow_sweep {
	struct known *owners;
	uint64_t now_ns;
	size_t n_seen;
	bool is_crowded;
	bool knows_release;
	struct sf_flow_key *doomed;
	size_t n_doomed;
};

static bool is_over(const struct flow_sweep *sweep, const struct sf_flow_key *key,
		    const struct sf_flow *flow, const struct known *owner)
{
	/* seen_ns was read after now_ns for a flow in use */
	uint64_t quiet_ns = sweep->now_ns > flow->seen_ns ? sweep->now_ns - flow->seen_ns : 0;

	if (!owner || owner->ended_ns)
		return quiet_ns > ENDED_NS;
	if (key->proto == IPPROTO_TCP && sweep->knows_release)
		return false;
	return quiet_ns > (sweep->is_crowded ? QUIET_CROWDED_NS : QUIET_NS);
}

static int judge_flow(void *arg, const void *key, const void *value)
{
	const struct sf_flow *flow = value;
	struct flow_sweep *sweep = arg;
	struct known *owner = NULL;

	HASH_FIND(hh, sweep->owners, &flow->cookie, sizeof(flow->cookie), owner);
	sweep->n_seen++;
	if (sweep->n_doomed < SF_FLOWS_MAX && is_over(sweep, key, flow, owner)) {
		memcpy(&sweep->doomed[sweep->n_doomed++], key, sizeof(struct sf_flow_key));
		return 0;
	}
	if (owner)
		owner->has_flow = true;
	return 0;
}

/* An owner goes when it ended long ago, or when no flow is left that names it. */
static void remove_owners(int fd, struct known *owners, uint64_t now_ns)
{
	for (const struct known *known = owners; known; known = known->hh.next) {
		bool ended = known->ended_ns && now_ns > known->ended_ns &&
			     now_ns - known->ended_ns > ENDED_NS;

		if (ended || (!known->has_flow && !known->ended_ns))
			bpf_map_delete_elem(fd, &known->cookie);
	}
}

int sweep(const struct sockfilter *skel, bool knows_release)
{
	struct known *owners cleanup(free_known) = NULL;
	cleanup_free struct sf_flow_key *doomed = calloc(SF_FLOWS_MAX, sizeof(*doomed));
	struct flow_sweep flows = {
		.now_ns = clock_monotonic_ns(),
		.knows_release = knows_release,
		.doomed = doomed,
	};
	int owners_fd = bpf_map__fd(skel->maps.sf_owners);
	int flows_fd = bpf_map__fd(skel->maps.sf_flows);
	static size_t last_seen;
	int err;

	if (!doomed)
		return -ENOMEM;
	/* owners first: one that is entered later has its flow entered later still */
	err = each_entry(owners_fd, sizeof(uint64_t), sizeof(struct sf_owner), note_owner, &owners);
	if (err)
		return err;
	flows.owners = owners;
	flows.is_crowded = last_seen > SF_FLOWS_MAX / 4 * 3;
	err = each_entry(flows_fd, sizeof(struct sf_flow_key), sizeof(struct sf_flow), judge_flow,
			 &flows);
	if (err)
		return err;
	last_seen = flows.n_seen;
	for (size_t i = 0; i < flows.n_doomed; i++)
		bpf_map_delete_elem(flows_fd, &doomed[i]);
	remove_owners(owners_fd, owners, flows.now_ns);
	return 0;
}
