// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tap.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "cgroup.h"
#include "exit.h"
#include "loader.h"
#include "log.h"
#include "mem.h"
#include "policy.h"
#include "privilege.h"

/* Doubled by the kernel. Fewer packets fit than the ring has room for verdicts. */
#define QUEUE_BYTES (16 << 20)

static void free_policy(struct policy **policy)
{
	policy_free(*policy);
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

/* What failed while loading, and what mends it. */
static int explain_load(int err)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		log_error("this kernel has no BTF (/sys/kernel/btf/vmlinux); "
			  "it takes one built with CONFIG_DEBUG_INFO_BTF=y");
	else if (err == -EPERM)
		log_error("the kernel refuses to load BPF: %s\n"
			  "  before Linux 5.11 its memory counts against RLIMIT_MEMLOCK: "
			  "raise it with ulimit -l unlimited (LimitMEMLOCK=infinity in a unit)\n"
			  "  %s",
			  strerror(-err), loader_last_words());
	else
		log_error("cannot load the BPF programs: %s\n  %s", strerror(-err),
			  loader_last_words());
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
			if (ifaces_wants(&tap->ifaces, all[i].if_index))
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

/*
 * A renamed interface brings the socket along that is bound to it: bound
 * twice, its packets would come twice.
 */
static void take_over_bound(struct tap *tap, size_t i)
{
	for (size_t j = 0; j < tap->n_captures; j++) {
		struct capture other = tap->captures[j];

		if (j == i || !other.is_bound || other.ifindex != tap->ifaces.list[i].ifindex)
			continue;
		tap->captures[j] = tap->captures[i];
		tap->captures[i] = other;
	}
}

/* Each socket to the interface that has its name now. */
static void bind_captures(struct tap *tap)
{
	if (tap->ifaces.every) {
		if (!tap->captures[0].is_bound && capture_bind(&tap->captures[0], 0))
			log_error("cannot bind a packet socket: %s", strerror(errno));
		return;
	}
	for (size_t i = 0; i < tap->n_captures; i++) {
		const struct iface *iface = &tap->ifaces.list[i];
		struct capture *capture = &tap->captures[i];
		int err;

		if (!iface->ifindex || iface->is_alias)
			continue;
		take_over_bound(tap, i);
		if (capture->ifindex == iface->ifindex && capture_is_attached(capture))
			continue;
		err = capture_bind(capture, iface->ifindex);
		if (err)
			log_error("cannot watch interface %s: %s", iface->name, strerror(-err));
	}
}

/*
 * One socket for all interfaces, with a mask for each, or one for each name:
 * also for a name that no interface has yet, for it can be bound later
 * without any privilege, but not opened.
 */
static int open_captures(struct tap *tap)
{
	size_t n = tap->ifaces.every ? 1 : tap->ifaces.n;

	tap->captures = calloc(n, sizeof(*tap->captures));
	if (!tap->captures)
		return EXIT_RUNTIME;
	for (size_t i = 0; i < n; i++) {
		int err = capture_open(loader_tap_fd(tap->skel), QUEUE_BYTES, &tap->captures[i]);

		if (err) {
			log_error("cannot open a packet socket: %s", strerror(-err));
			return EXIT_RUNTIME;
		}
		tap->n_captures++;
	}
	bind_captures(tap);
	return EXIT_NOT_YET;
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
		log_warning("no cgroup2 is mounted here: owners are learnt by tc egress, in this "
			    "network namespace only, and a killed process leaves its filters");
	return EXIT_NOT_YET;
}

static int load(struct tap *tap, const struct options *options, const struct policy *policy)
{
	struct loader_options loader = {
		.report_rejected = options->decisions == DECISIONS_ALL,
		.with_cgroup = tap->has_cgroup,
	};
	int err = loader_open(policy, &loader, &tap->skel);

	return err ? explain_load(err) : EXIT_NOT_YET;
}

static int compile(struct tap *tap, const struct config *config, struct policy **ret)
{
	bool changed;
	int err = policy_compile(config, ret);

	if (!err)
		err = ifaces_init(&tap->ifaces, config);
	if (!err)
		err = ifaces_refresh(&tap->ifaces, &(*ret)->tables, &changed);
	if (err) {
		log_error("the policy does not fit its tables: %s", strerror(-err));
		return err == -ENOSPC ? EXIT_USAGE : EXIT_RUNTIME;
	}
	for (size_t i = 0; i < tap->ifaces.n; i++)
		if (!tap->ifaces.list[i].ifindex)
			log_warning("there is no interface %s now; it is watched once it appears",
				    tap->ifaces.list[i].name);
	return EXIT_NOT_YET;
}

static bool can_read_maps(void *arg)
{
	const struct tap *tap = arg;
	uint64_t counters[SF_COUNTERS];

	return loader_counters(tap->skel, counters) == 0;
}

int tap_open(struct tap *tap, const struct options *options, const struct config *config,
	     ring_event_fn on_event, void *arg)
{
	struct policy *policy cleanup(free_policy) = NULL;
	char cgroup[4096];
	int code, err;

	code = check_privilege();
	if (code == EXIT_NOT_YET)
		code = compile(tap, config, &policy);
	if (code == EXIT_NOT_YET)
		code = find_cgroup(tap, options, cgroup, sizeof(cgroup));
	err = code == EXIT_NOT_YET ? privilege_limit() : 0;
	if (err)
		log_warning("cannot give up other capabilities: %s", strerror(-err));
	if (code == EXIT_NOT_YET)
		code = load(tap, options, policy);
	if (code == EXIT_NOT_YET)
		code = attach_owner(tap, cgroup);
	if (code != EXIT_NOT_YET)
		return code;
	err = ring_open(tap->skel, on_event, arg, &tap->ring);
	if (err) {
		log_error("cannot open the ring buffer: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	code = open_captures(tap);
	err = code == EXIT_NOT_YET ? privilege_drop(!tap->has_cgroup, can_read_maps, tap) : 0;
	if (err) {
		log_error("cannot drop the capabilities: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	return code;
}

/* tc goes where new interfaces appear. */
static void follow_by_tc(struct tap *tap)
{
	struct if_nameindex *all = if_nameindex();

	for (size_t i = 0; all && all[i].if_index; i++) {
		int err = 0;

		if (ifaces_wants(&tap->ifaces, all[i].if_index))
			err = attach_tc_add(tap->skel, tap->attach, all[i].if_index);
		if (err)
			log_warning("cannot attach to tc egress of %s: %s", all[i].if_name,
				    strerror(-err));
	}
	if (all)
		if_freenameindex(all);
}

bool tap_follow_links(struct tap *tap)
{
	bool changed;

	if (ifaces_refresh(&tap->ifaces, loader_tables(tap->skel), &changed))
		log_error("no room for another interface");
	if (!tap->has_cgroup)
		follow_by_tc(tap);
	if (changed)
		bind_captures(tap);
	return changed;
}

static bool check_capture(const struct tap *tap, size_t i, struct record_hook *hook)
{
	const struct iface *iface = tap->ifaces.every ? NULL : &tap->ifaces.list[i];

	snprintf(hook->name, sizeof(hook->name), "tap %s", iface ? iface->name : "*");
	hook->attached = capture_is_attached(&tap->captures[i]) &&
			 (!iface || iface->ifindex == tap->captures[i].ifindex);
	/* what does not exist cannot be broken */
	return hook->attached || (iface && !iface->ifindex);
}

bool tap_check(struct tap *tap)
{
	bool is_whole = true;

	tap->n_hooks = attach_status(tap->attach, tap->hooks, RECORD_HOOKS_MAX);
	for (size_t i = 0; i < tap->n_hooks; i++)
		is_whole &= tap->hooks[i].attached;
	for (size_t i = 0; i < tap->n_captures && tap->n_hooks < RECORD_HOOKS_MAX; i++)
		if (tap->ifaces.every || !tap->ifaces.list[i].is_alias)
			is_whole &= check_capture(tap, i, &tap->hooks[tap->n_hooks++]);
	return is_whole;
}

void tap_count(struct tap *tap, struct record_counts *counts)
{
	counts->packets_dropped = 0;
	for (size_t i = 0; i < tap->n_captures; i++) {
		capture_update_dropped(&tap->captures[i]);
		counts->packets_dropped += tap->captures[i].dropped;
	}
	if (loader_counters(tap->skel, counts->kernel))
		log_warning("cannot read the kernel's counters");
}

void tap_shut(struct tap *tap)
{
	for (size_t i = 0; i < tap->n_captures; i++)
		capture_shut(&tap->captures[i]);
	/* a filter that still runs on another CPU ends before this returns */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void tap_close(struct tap *tap)
{
	for (size_t i = 0; i < tap->n_captures; i++)
		capture_close(&tap->captures[i]);
	free(tap->captures);
	ifaces_done(&tap->ifaces);
	ring_close(tap->ring);
	attach_free(tap->attach);
	loader_close(tap->skel);
	*tap = (struct tap){};
}
