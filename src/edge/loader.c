// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "mem.h"
#include "skeleton.h"

/* libbpf explains itself by printing; the last of it is kept for whoever reports the failure. */
static char last_words[1024];

__attribute__((format(printf, 2, 0))) static int keep_words(enum libbpf_print_level level,
							    const char *format, va_list args)
{
	if (level == LIBBPF_WARN)
		vsnprintf(last_words, sizeof(last_words), format, args);
	return 0;
}

const char *loader_last_words(void)
{
	last_words[strcspn(last_words, "\n")] = '\0';
	return last_words;
}

static void close_skel(struct sockfilter **skel)
{
	loader_close(*skel);
}

static int set_size(struct bpf_map *map, size_t entries)
{
	return bpf_map__set_max_entries(map, entries ? (uint32_t)entries : 1);
}

static int fill_v4(const struct sockfilter *skel, const struct policy *policy)
{
	int fd = bpf_map__fd(skel->maps.sf_prefixes4);

	for (size_t i = 0; i < policy->n_v4; i++) {
		const struct policy_prefix *from = &policy->v4[i];
		struct sf_lpm4_key key = {.prefixlen = from->prefix.len};

		memcpy(key.addr, prefix_bytes(&from->prefix), sizeof(key.addr));
		if (bpf_map_update_elem(fd, &key, &from->mask, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_v6(const struct sockfilter *skel, const struct policy *policy)
{
	int fd = bpf_map__fd(skel->maps.sf_prefixes6);

	for (size_t i = 0; i < policy->n_v6; i++) {
		const struct policy_prefix *from = &policy->v6[i];
		struct sf_lpm6_key key = {.prefixlen = from->prefix.len};

		memcpy(key.addr, prefix_bytes(&from->prefix), sizeof(key.addr));
		if (bpf_map_update_elem(fd, &key, &from->mask, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int prepare(struct sockfilter *skel, const struct policy *policy,
		   const struct loader_options *options)
{
	int err;

	skel->rodata->sf_report_rejected = options->report_rejected;
	err = set_size(skel->maps.sf_prefixes4, policy->n_v4);
	if (!err)
		err = set_size(skel->maps.sf_prefixes6, policy->n_v6);
	if (!err)
		err = bpf_program__set_autoload(skel->progs.sf_egress, options->with_cgroup);
	if (!err)
		err = bpf_program__set_autoload(skel->progs.sf_sock_create, options->with_cgroup);
	if (!err)
		err = bpf_program__set_autoload(skel->progs.sf_sock_release, options->with_cgroup);
	if (!err)
		err = bpf_program__set_autoload(skel->progs.sf_egress_tc, !options->with_cgroup);
	return err;
}

int loader_open(const struct policy *policy, const struct loader_options *options,
		struct sockfilter **ret)
{
	struct sockfilter *skel cleanup(close_skel) = NULL;
	int err;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(keep_words);
	skel = sockfilter__open();
	if (!skel)
		return -errno;
	err = prepare(skel, policy, options);
	if (!err)
		err = sockfilter__load(skel);
	if (err)
		return err;
	err = fill_v4(skel, policy);
	if (!err)
		err = fill_v6(skel, policy);
	if (err)
		return err;
	skel->bss->sf_policy = policy->tables;
	*ret = TAKE_PTR(skel);
	return 0;
}

struct sf_policy *loader_tables(const struct sockfilter *skel)
{
	return &skel->bss->sf_policy;
}

int loader_tap_fd(const struct sockfilter *skel)
{
	return bpf_program__fd(skel->progs.sf_tap);
}

int loader_counters(const struct sockfilter *skel, uint64_t counters[SF_COUNTERS])
{
	int n_cpus = libbpf_num_possible_cpus();
	cleanup_free uint64_t(*of_cpu)[SF_COUNTERS] = NULL;
	uint32_t zero = 0;

	if (n_cpus < 0)
		return n_cpus;
	of_cpu = calloc((size_t)n_cpus, sizeof(*of_cpu));
	if (!of_cpu)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.sf_counters), &zero, of_cpu))
		return -errno;
	memset(counters, 0, SF_COUNTERS * sizeof(*counters));
	for (int cpu = 0; cpu < n_cpus; cpu++)
		for (int i = 0; i < SF_COUNTERS; i++)
			counters[i] += of_cpu[cpu][i];
	return 0;
}

void loader_close(struct sockfilter *skel)
{
	sockfilter__destroy(skel);
}
