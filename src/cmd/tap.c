// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tap.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cgroup.h"
#include "conntrack.h"
#include "exit.h"
#include "kernel.h"
#include "lack.h"
#include "loader.h"
#include "log.h"
#include "mem.h"
#include "policy.h"
#include "privilege.h"
#include "schedule.h"

/* No packet is on its way to our sockets for longer. */
#define LINGER_US 50000

static struct tap_generation *current(struct tap *tap)
{
	return &tap->generations[tap->generation];
}

static void generation_done(struct tap_generation *generation)
{
	policy_free(generation->policy);
	ifaces_done(&generation->ifaces);
	*generation = (struct tap_generation){};
}

static int check_privilege(void)
{
	char missing[80], path[4096];
	ssize_t len;

	if (privilege_missing(missing, sizeof(missing))) {
		log_error("cannot read the capabilities of this process");
		return EXIT_RUNTIME;
	}
	if (!missing[0])
		return EXIT_NOT_YET;
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	log_error("missing capability: %s\n"
		  "  run it as root, or once: sudo setcap "
		  "cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw=ep %s\n"
		  "  (setcap has no effect under no_new_privs, or on a file system mounted nosuid)",
		  missing, len > 0 ? path : "sock-filter");
	return EXIT_MISSING;
}

/* tc needs a place on each interface, those that "*" stands for included. */
static int attach_by_tc(struct tap *tap)
{
	cleanup_free uint32_t *ifindexes = NULL;
	struct if_nameindex *all = if_nameindex();
	size_t n = 0;

	if (!all)
		return -errno;
	while (all[n].if_index)
		n++;
	ifindexes = calloc(n + 1, sizeof(*ifindexes));
	if (ifindexes) {
		n = 0;
		for (size_t i = 0; all[i].if_index; i++)
			if (ifaces_wants(&current(tap)->ifaces, all[i].if_index))
				ifindexes[n++] = all[i].if_index;
	}
	if_freenameindex(all);
	return ifindexes ? attach_tc(tap->skel, ifindexes, n, &tap->attach) : -ENOMEM;
}

static int attach_owner(struct tap *tap, const char *cgroup)
{
	int err;

	if (tap->has_cgroup) {
		err = attach_cgroup(tap->skel, cgroup, &tap->attach);
		if (err)
			log_error("cannot attach to the cgroup %s: %s\n  %s", cgroup,
				  strerror(-err), loader_last_words());
	} else {
		err = attach_by_tc(tap);
		if (err)
			log_error("cannot attach to tc egress: %s\n  %s", strerror(-err),
				  loader_last_words());
	}
	return err ? EXIT_MISSING : EXIT_NOT_YET;
}

static int find_cgroup(struct tap *tap, const struct options *options, char *path, size_t size)
{
	if (options->cgroup) {
		snprintf(path, size, "%s", options->cgroup);
		tap->has_cgroup = true;
		return EXIT_NOT_YET;
	}
	tap->has_cgroup = !cgroup_find_root(path, size);
	if (!tap->has_cgroup)
		log_warning("%s", lack_text(LACK_CGROUP2));
	return EXIT_NOT_YET;
}

static int load(struct tap *tap, const struct options *options)
{
	const struct policy *policy = current(tap)->policy;
	struct loader_options loader = {
		.report_rejected = options->decisions == DECISIONS_ALL,
		.with_cgroup = tap->has_cgroup,
		.prefixes = policy->n_v4 > policy->n_v6 ? policy->n_v4 : policy->n_v6,
	};
	int err = loader_open(&loader, &tap->skel);

	if (!err)
		err = loader_fill(tap->skel, policy, tap->generation);
	if (!err && !loader_can_quiesce())
		log_note("%s", lack_text(LACK_MEMBARRIER));
	return err ? kernel_explain_load(err) : EXIT_NOT_YET;
}

static void warn_missing(const struct ifaces *ifaces)
{
	for (size_t i = 0; i < ifaces->n; i++)
		if (!ifaces->list[i].ifindex)
			log_warning("there is no interface %s now; it is watched once it appears",
				    ifaces->list[i].name);
}

static struct sf_mask active_now(const struct config *config)
{
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	return schedule_mask(config, &local);
}

/* 0 or -errno; what is there already is freed by generation_done. */
static int compile(struct tap_generation *generation, const struct config *config)
{
	bool changed;
	int err = policy_compile(config, &generation->policy);

	if (!err) {
		generation->policy->tables.active = active_now(config);
		err = ifaces_init(&generation->ifaces, config);
	}
	if (!err)
		err = ifaces_refresh(&generation->ifaces, &generation->policy->tables, &changed);
	return err;
}

static int compile_first(struct tap *tap, const struct config *config)
{
	struct tap_generation *generation = current(tap);
	int err = compile(generation, config);

	if (err) {
		log_error("the policy does not fit its tables: %s", strerror(-err));
		return err == -ENOSPC ? EXIT_USAGE : EXIT_RUNTIME;
	}
	warn_missing(&generation->ifaces);
	generation->every = generation->ifaces.every;
	generation->policy->tables.every = generation->every;
	return EXIT_NOT_YET;
}

static int open_sockets(struct tap *tap)
{
	const struct tap_generation *generation = current(tap);
	int err = sockets_open(&tap->sockets, tap->skel, &generation->ifaces);

	if (!err)
		err = sockets_bind(&tap->sockets, &generation->ifaces, NULL, generation->every);
	if (!err)
		return EXIT_NOT_YET;
	log_error("cannot open the packet sockets: %s", strerror(-err));
	return EXIT_RUNTIME;
}

static int drop_privilege(struct tap *tap)
{
	bool kept_bpf;
	int err = privilege_drop(!tap->has_cgroup, loader_can_read, tap->skel, &kept_bpf);

	if (err) {
		log_error("cannot drop the capabilities: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	if (kept_bpf)
		log_note("%s", lack_text(LACK_OPEN_MAPS));
	return EXIT_NOT_YET;
}

/* Its module may come later, with the first container. */
static void find_conntrack(struct tap *tap)
{
	uint32_t offset;

	if (tap->has_conntrack || (tap->ring && !conntrack_has_module()) ||
	    conntrack_find_tuple(&offset))
		return;
	loader_set_conntrack(tap->skel, offset);
	tap->has_conntrack = true;
}

int tap_attach(struct tap *tap, const struct options *options, const struct config *config)
{
	char cgroup[4096];
	int code, err;

	code = check_privilege();
	if (code == EXIT_NOT_YET)
		code = compile_first(tap, config);
	if (code == EXIT_NOT_YET)
		code = find_cgroup(tap, options, cgroup, sizeof(cgroup));
	err = code == EXIT_NOT_YET ? privilege_limit() : 0;
	if (err)
		log_warning("cannot give up other capabilities: %s", strerror(-err));
	if (code == EXIT_NOT_YET)
		code = load(tap, options);
	if (code != EXIT_NOT_YET)
		return code;
	find_conntrack(tap);
	return attach_owner(tap, cgroup);
}

int tap_listen(struct tap *tap, ring_event_fn on_event, void *arg)
{
	int err = ring_open(tap->skel, on_event, arg, &tap->ring);
	int code;

	if (err) {
		log_error("cannot open the ring buffer: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	code = open_sockets(tap);
	return code == EXIT_NOT_YET ? drop_privilege(tap) : code;
}

/* tc goes where new interfaces appear. */
static void follow_by_tc(struct tap *tap)
{
	struct if_nameindex *all = if_nameindex();

	attach_tc_prune(tap->attach);
	for (size_t i = 0; all && all[i].if_index; i++) {
		int err = 0;

		if (ifaces_wants(&current(tap)->ifaces, all[i].if_index))
			err = attach_tc_add(tap->skel, tap->attach, all[i].if_index);
		if (err)
			log_warning("cannot attach to tc egress of %s: %s", all[i].if_name,
				    strerror(-err));
	}
	if (all)
		if_freenameindex(all);
}

/* Fills the generation that is not read, and has its interfaces watched before it is. */
static int prepare_next(struct tap *tap, const struct config *config, uint32_t next)
{
	struct tap_generation *generation = &tap->generations[next];
	const struct ifaces *old = &current(tap)->ifaces;
	int err = compile(generation, config);

	if (err)
		return err;
	generation->every = sockets_needs_every(&tap->sockets, &generation->ifaces, old);
	generation->policy->tables.every = generation->every;
	err = loader_fill(tap->skel, generation->policy, next);
	if (err)
		loader_clear(tap->skel, generation->policy, next);
	if (!err)
		err = sockets_bind(&tap->sockets, &generation->ifaces, old, generation->every);
	return err;
}

/*
 * Packets that the kernel stamped before the turn may have waited in a queue
 * of the host since: until they are through, the old policy is theirs.
 */
static void switch_to(struct tap *tap, uint32_t generation)
{
	loader_turn(tap->skel, generation);
	usleep(LINGER_US);
	loader_settle(tap->skel, generation);
	tap->generation = generation;
}

int tap_reload(struct tap *tap, const struct config *config)
{
	uint32_t next = (tap->generation + 1) % SF_GENERATIONS;
	struct tap_generation *generation = &tap->generations[next];
	int err;

	/* nobody reads it since the last switch */
	if (generation->policy)
		loader_clear(tap->skel, generation->policy, next);
	generation_done(generation);
	err = prepare_next(tap, config, next);
	if (err) {
		if (generation->policy)
			loader_clear(tap->skel, generation->policy, next);
		generation_done(generation);
		return err;
	}
	warn_missing(&generation->ifaces);
	switch_to(tap, next);
	if (!tap->has_cgroup)
		follow_by_tc(tap);
	return 0;
}

void tap_follow_time(struct tap *tap, const struct config *config)
{
	struct sf_policy *tables = loader_tables(tap->skel, tap->generation);

	__atomic_store_n(&tables->active.bits, active_now(config).bits, __ATOMIC_RELEASE);
}

bool tap_follow_links(struct tap *tap)
{
	struct tap_generation *generation = current(tap);
	bool changed;
	int err = ifaces_refresh(&generation->ifaces, loader_tables(tap->skel, tap->generation),
				 &changed);

	if (!tap->has_cgroup)
		follow_by_tc(tap);
	find_conntrack(tap);
	/* also when no number changed: an interface may have gone and come back with its own */
	if (!err)
		err = sockets_bind(&tap->sockets, &generation->ifaces, NULL, generation->every);
	if (err)
		log_error("an interface cannot be watched: %s", strerror(-err));
	return changed;
}

bool tap_check(struct tap *tap)
{
	const struct tap_generation *generation = current(tap);
	bool is_whole = true;

	tap->n_hooks = attach_status(tap->attach, tap->hooks, RECORD_HOOKS_MAX);
	for (size_t i = 0; i < tap->n_hooks; i++)
		is_whole &= tap->hooks[i].attached;
	return sockets_status(&tap->sockets, &generation->ifaces, generation->every, tap->hooks,
			      &tap->n_hooks, RECORD_HOOKS_MAX) &&
	       is_whole;
}

void tap_count(struct tap *tap, struct record_counts *counts)
{
	if (loader_counters(tap->skel, counts->kernel))
		log_warning("cannot read the kernel's counters");
	sockets_count_lost(&tap->sockets, counts->kernel[SF_MATCHED_INET], &counts->packets_dropped,
			   &counts->packets_unseen);
}

void tap_shut(struct tap *tap)
{
	for (size_t i = 0; i < tap->sockets.n; i++)
		capture_shut(&tap->sockets.list[i]);
	/* a filter may still run on another CPU */
	loader_quiesce();
}

void tap_close(struct tap *tap)
{
	sockets_close(&tap->sockets);
	for (size_t i = 0; i < SF_GENERATIONS; i++)
		generation_done(&tap->generations[i]);
	ring_close(tap->ring);
	attach_free(tap->attach);
	loader_close(tap->skel);
	*tap = (struct tap){};
}
