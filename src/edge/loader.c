// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "mem.h"
#include "skeleton.h"

#define PREFIXES_ROOM_MIN 32768

/* How far ahead a switch is announced: every processor must have heard of it by then. */
#define AHEAD_NS (10 * 1000000ULL)

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

static struct sf_lpm4_key key_of_v4(const struct prefix *prefix, uint32_t generation)
{
	struct sf_lpm4_key key = {
		.prefixlen = SF_GENERATION_BITS + prefix->len,
		.generation = generation,
	};

	memcpy(key.addr, prefix_bytes(prefix), sizeof(key.addr));
	return key;
}

static struct sf_lpm6_key key_of_v6(const struct prefix *prefix, uint32_t generation)
{
	struct sf_lpm6_key key = {
		.prefixlen = SF_GENERATION_BITS + prefix->len,
		.generation = generation,
	};

	memcpy(key.addr, prefix_bytes(prefix), sizeof(key.addr));
	return key;
}

static int fill_v4(const struct sockfilter *skel, const struct policy *policy, uint32_t generation)
{
	int fd = bpf_map__fd(skel->maps.sf_prefixes4);

	for (size_t i = 0; i < policy->n_v4; i++) {
		struct sf_lpm4_key key = key_of_v4(&policy->v4[i].prefix, generation);

		if (bpf_map_update_elem(fd, &key, &policy->v4[i].mask, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_v6(const struct sockfilter *skel, const struct policy *policy, uint32_t generation)
{
	int fd = bpf_map__fd(skel->maps.sf_prefixes6);

	for (size_t i = 0; i < policy->n_v6; i++) {
		struct sf_lpm6_key key = key_of_v6(&policy->v6[i].prefix, generation);

		if (bpf_map_update_elem(fd, &key, &policy->v6[i].mask, BPF_ANY))
			return -errno;
	}
	return 0;
}

/*
 * Entries of each trie, which are fixed at load: memory is taken only for what
 * is entered, but before Linux 5.11 all of it counts against the limit.
 */
static uint32_t trie_entries(const struct loader_options *options)
{
	size_t room = options->prefixes * 2;

	if (room < PREFIXES_ROOM_MIN)
		room = PREFIXES_ROOM_MIN;
	if (room > SF_PREFIXES_MAX)
		room = SF_PREFIXES_MAX;
	return (uint32_t)(SF_GENERATIONS * room);
}

/* The hooks of owners: those at a cgroup, or the one at tc. */
static int choose_hooks(struct sockfilter *skel, bool with_cgroup)
{
	struct bpf_program *const hooks[] = {
		skel->progs.sf_sock_create, skel->progs.sf_sock_release, skel->progs.sf_connect4,
		skel->progs.sf_connect6,    skel->progs.sf_sendmsg4,	 skel->progs.sf_sendmsg6,
		skel->progs.sf_bind4,	    skel->progs.sf_bind6,	 skel->progs.sf_egress,
	};
	int err = bpf_program__set_autoload(skel->progs.sf_egress_tc, !with_cgroup);

	for (size_t i = 0; !err && i < ARRAY_SIZE(hooks); i++)
		err = bpf_program__set_autoload(hooks[i], with_cgroup);
	return err;
}

/* 0 if it cannot be told. */
static uint32_t mount_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/mnt", &st) ? 0 : (uint32_t)st.st_ino;
}

static int prepare(struct sockfilter *skel, const struct loader_options *options)
{
	int err = bpf_map__set_max_entries(skel->maps.sf_prefixes4, trie_entries(options));

	if (!err)
		err = bpf_map__set_max_entries(skel->maps.sf_prefixes6, trie_entries(options));
	skel->rodata->sf_report_rejected = options->report_rejected;
	skel->rodata->sf_mntns = mount_namespace();
	return err ? err : choose_hooks(skel, options->with_cgroup);
}

/* Each tap hands on to its judge. */
static int set_judges(const struct sockfilter *skel)
{
	const struct bpf_program *const judges[SF_TAPS] = {
		[SF_TAP_SINGLE] = skel->progs.sf_judge,
		[SF_TAP_EVERY] = skel->progs.sf_judge,
		[SF_TAP_INET] = skel->progs.sf_judge_inet,
	};

	for (uint32_t tap = 0; tap < SF_TAPS; tap++) {
		int fd = bpf_program__fd(judges[tap]);

		if (bpf_map_update_elem(bpf_map__fd(skel->maps.sf_judges), &tap, &fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

int loader_open(const struct loader_options *options, struct sockfilter **ret)
{
	struct sockfilter *skel cleanup(close_skel) = NULL;
	int err;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(keep_words);
	skel = sockfilter__open();
	if (!skel)
		return -errno;
	err = prepare(skel, options);
	if (!err)
		err = sockfilter__load(skel);
	if (!err)
		err = set_judges(skel);
	if (err)
		return err;
	*ret = TAKE_PTR(skel);
	return 0;
}

int loader_fill(const struct sockfilter *skel, const struct policy *policy, uint32_t generation)
{
	int err = fill_v4(skel, policy, generation);

	if (!err)
		err = fill_v6(skel, policy, generation);
	if (err)
		return err;
	skel->bss->sf_policies[generation] = policy->tables;
	return 0;
}

void loader_clear(const struct sockfilter *skel, const struct policy *policy, uint32_t generation)
{
	for (size_t i = 0; i < policy->n_v4; i++) {
		struct sf_lpm4_key key = key_of_v4(&policy->v4[i].prefix, generation);

		bpf_map_delete_elem(bpf_map__fd(skel->maps.sf_prefixes4), &key);
	}
	for (size_t i = 0; i < policy->n_v6; i++) {
		struct sf_lpm6_key key = key_of_v6(&policy->v6[i].prefix, generation);

		bpf_map_delete_elem(bpf_map__fd(skel->maps.sf_prefixes6), &key);
	}
}

void loader_set_conntrack(const struct sockfilter *skel, uint32_t tuple_offset)
{
	__atomic_store_n(&skel->bss->sf_conntrack_tuple, tuple_offset, __ATOMIC_RELEASE);
}

void loader_quiesce(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

bool loader_can_quiesce(void)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL);
}

static void set_turn(const struct sockfilter *skel, uint64_t turn)
{
	__atomic_store_n(&skel->bss->sf_turn, turn, __ATOMIC_RELEASE);
	/* a program that began before still goes by the last one */
	loader_quiesce();
}

void loader_turn(const struct sockfilter *skel, uint32_t generation)
{
	uint64_t until_ns = clock_monotonic_ns() + AHEAD_NS;
	struct timespec until = {
		.tv_sec = (time_t)(until_ns / NS_PER_SECOND),
		.tv_nsec = (long)(until_ns % NS_PER_SECOND),
	};

	skel->bss->sf_turn_monotonic = until_ns;
	set_turn(skel, SF_TURN(!generation, clock_real_ns() + AHEAD_NS));
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		continue;
}

void loader_settle(const struct sockfilter *skel, uint32_t generation)
{
	set_turn(skel, SF_TURN(generation, 0));
}

struct sf_policy *loader_tables(const struct sockfilter *skel, uint32_t generation)
{
	return &skel->bss->sf_policies[generation];
}

int loader_tap_fd(const struct sockfilter *skel, enum sf_tap tap)
{
	const struct bpf_program *const taps[SF_TAPS] = {
		[SF_TAP_SINGLE] = skel->progs.sf_tap,
		[SF_TAP_EVERY] = skel->progs.sf_tap_every,
		[SF_TAP_INET] = skel->progs.sf_tap_inet,
	};

	return bpf_program__fd(taps[tap]);
}

int loader_counters(const struct sockfilter *skel, uint64_t counters[SF_COUNTERS])
{
	int n_cpus = libbpf_num_possible_cpus();
	cleanup_free struct sf_counts *of_cpu = NULL;
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
			counters[i] += of_cpu[cpu].of[i];
	return 0;
}

bool loader_can_read(void *skel)
{
	uint64_t counters[SF_COUNTERS];

	return !loader_counters(skel, counters);
}

void loader_close(struct sockfilter *skel)
{
	sockfilter__destroy(skel);
}
