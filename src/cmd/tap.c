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
#include "link.h"
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
		return -1;
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

/* Every interface that an endpoint names, once, if it exists. */
static int enter_ifaces(const struct config *config, struct sf_policy *tables,
			uint32_t *ifindexes, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_endpoints; i++) {
		for (size_t j = 0; j < config->endpoints[i].n_ifaces; j++) {
			const char *name = config->endpoints[i].ifaces[j];
			uint32_t ifindex = if_nametoindex(name);
			bool is_known = false;

			for (size_t k = 0; k < n; k++)
				is_known |= ifindexes[k] == ifindex;
			if (!ifindex)
				log_warning("endpoint %s: there is no interface %s; "
					    "it is not watched",
					    config->endpoints[i].name, name);
			if (!ifindex || is_known)
				continue;
			if (policy_set_iface(tables, ifindex, policy_iface_mask(config, name)))
				return -ENOSPC;
			ifindexes[n++] = ifindex;
		}
	}
	*ret_n = n;
	return 0;
}

static bool wants_every_iface(const struct config *config)
{
	bool any = false;

	for (size_t i = 0; i < config->n_endpoints; i++)
		any |= config->endpoints[i].any_iface;
	return any;
}

/* tc needs a place on each interface, those that "*" stands for included. */
static int attach_by_tc(struct tap *tap, const uint32_t *ifindexes, size_t n, bool every)
{
	cleanup_free uint32_t *all = NULL;
	struct if_nameindex *list;
	size_t n_all = 0;

	if (!every)
		return attach_tc(tap->skel, ifindexes, n, &tap->attach);
	list = if_nameindex();
	if (!list)
		return -errno;
	while (list[n_all].if_index)
		n_all++;
	all = calloc(n_all + 1, sizeof(*all));
	for (size_t i = 0; all && i < n_all; i++)
		all[i] = list[i].if_index;
	if_freenameindex(list);
	return all ? attach_tc(tap->skel, all, n_all, &tap->attach) : -ENOMEM;
}

static int attach_owner(struct tap *tap, const char *cgroup, const uint32_t *ifindexes, size_t n,
			bool every)
{
	int err;

	if (tap->has_cgroup) {
		err = attach_cgroup(tap->skel, cgroup, &tap->attach);
		if (err)
			log_error("cannot attach to the cgroup %s: %s\n  %s", cgroup,
				  strerror(-err), loader_last_words());
	} else {
		err = attach_by_tc(tap, ifindexes, n, every);
		if (err)
			log_error("cannot attach to tc egress: %s\n  %s", strerror(-err),
				  loader_last_words());
	}
	return err ? EXIT_MISSING : -1;
}

static int open_captures(struct tap *tap, const uint32_t *ifindexes, size_t n)
{
	tap->captures = calloc(n, sizeof(*tap->captures));
	if (!tap->captures)
		return EXIT_RUNTIME;
	for (size_t i = 0; i < n; i++) {
		int err = capture_open(loader_tap_fd(tap->skel), ifindexes[i], QUEUE_BYTES,
				       &tap->captures[i]);

		if (err) {
			log_error("cannot open a packet socket on interface %u: %s", ifindexes[i],
				  strerror(-err));
			return EXIT_RUNTIME;
		}
		tap->n_captures++;
	}
	return -1;
}

static int find_cgroup(struct tap *tap, const struct options *options, char *path, size_t size)
{
	if (options->cgroup) {
		snprintf(path, size, "%s", options->cgroup);
		tap->has_cgroup = true;
		return -1;
	}
	tap->has_cgroup = !cgroup_find_root(path, size);
	if (!tap->has_cgroup)
		log_warning("no cgroup2 is mounted here: owners are learnt by tc egress, in this "
			    "network namespace only, and a killed process leaves its filters");
	return -1;
}

static int load(struct tap *tap, const struct options *options, const struct policy *policy)
{
	struct loader_options loader = {
		.report_rejected = options->decisions == DECISIONS_ALL,
		.with_cgroup = tap->has_cgroup,
	};
	int err = loader_open(policy, &loader, &tap->skel);

	return err ? explain_load(err) : -1;
}

static int compile(const struct config *config, uint32_t *ifindexes, size_t *n,
		   struct policy **ret)
{
	int err = policy_compile(config, ret);

	if (!err)
		err = enter_ifaces(config, &(*ret)->tables, ifindexes, n);
	if (!err)
		return -1;
	log_error("the policy does not fit its tables: %s", strerror(-err));
	return err == -ENOSPC ? EXIT_USAGE : EXIT_RUNTIME;
}

int tap_open(struct tap *tap, const struct options *options, const struct config *config,
	     ring_event_fn on_event, void *arg)
{
	struct policy *policy cleanup(free_policy) = NULL;
	uint32_t ifindexes[CONFIG_IFACES_MAX + 1] = {};
	bool every = wants_every_iface(config);
	char cgroup[4096];
	size_t n = 0;
	int code, err;

	code = check_privilege();
	if (code < 0)
		code = compile(config, ifindexes, &n, &policy);
	if (code < 0 && !n && !every) {
		log_error("none of the configured interfaces exists; see sock-filter check");
		code = EXIT_RUNTIME;
	}
	if (code < 0)
		code = find_cgroup(tap, options, cgroup, sizeof(cgroup));
	err = code < 0 ? privilege_limit() : 0;
	if (err)
		log_warning("cannot give up other capabilities: %s", strerror(-err));
	if (code < 0)
		code = load(tap, options, policy);
	if (code < 0)
		code = attach_owner(tap, cgroup, ifindexes, n, every);
	if (code >= 0)
		return code;
	err = ring_open(tap->skel, on_event, arg, &tap->ring);
	if (err) {
		log_error("cannot open the ring buffer: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	/* one socket for all interfaces, with a mask for each, or one for each */
	if (every)
		return open_captures(tap, (const uint32_t[]){0}, 1);
	return open_captures(tap, ifindexes, n);
}

bool tap_check(struct tap *tap)
{
	bool is_whole = true;

	tap->n_hooks = attach_status(tap->attach, tap->hooks, RECORD_HOOKS_MAX);
	for (size_t i = 0; i < tap->n_captures && tap->n_hooks < RECORD_HOOKS_MAX; i++) {
		struct record_hook *hook = &tap->hooks[tap->n_hooks++];
		uint32_t ifindex = tap->captures[i].ifindex;

		snprintf(hook->name, sizeof(hook->name), "tap %s",
			 ifindex ? link_name(ifindex) : "*");
		hook->attached = capture_is_bound(&tap->captures[i]);
	}
	for (size_t i = 0; i < tap->n_hooks; i++)
		is_whole &= tap->hooks[i].attached;
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
	ring_close(tap->ring);
	attach_free(tap->attach);
	loader_close(tap->skel);
	*tap = (struct tap){};
}
