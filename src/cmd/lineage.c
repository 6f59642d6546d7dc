// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lineage.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "file.h"
#include "mem.h"
#include "procfs.h"

/* Parents remembered; beyond, the oldest is read again. */
#define KEPT_MAX 2048

/* Bytes of a parent's arguments that are shown: each record of each child repeats them. */
#define PARENT_ARGV_MAX 512

/* Of cgroup v1, that of one process. */
#define OWN_CGROUPS_MAX 65536

/* Without padding, and zero after the name's end. */
struct kept_key {
	struct sf_process_key process;
	char comm[SF_COMM_BYTES];
};

struct kept {
	struct kept_key key;
	struct process_argv argv; /* as it is to be shown */
	UT_hash_handle hh;
};

struct lineage {
	struct kept *table; /* in order of age */
	struct procfs read;
	bool has_v1; /* containers may be named by cgroup v1 only */
};

/* Only "0::PATH" on a host that has cgroup2 alone. */
static bool has_cgroup_v1(void)
{
	struct file_text file = {};
	cleanup_free char *bytes = NULL;

	if (file_read("/proc/self/cgroup", OWN_CGROUPS_MAX, &file))
		return false;
	bytes = file.bytes;
	return strncmp(bytes, "0::", 3) != 0 || strchr(bytes, '\n') != bytes + file.len - 1;
}

struct lineage *lineage_new(void)
{
	struct lineage *lineage = calloc(1, sizeof(*lineage));

	if (lineage)
		lineage->has_v1 = has_cgroup_v1();
	return lineage;
}

static bool read_proc(struct lineage *lineage, const struct sf_process_key *key)
{
	cleanup_close int fd = -1;

	return !procfs_open((pid_t)key->pid, key->started_ns, &fd) &&
	       !procfs_read(fd, key->started_ns, &lineage->read);
}

/*
 * Another program of the same process is told by its name only, so what has
 * another name by now, or none that we know, is not believed. Nor is what has
 * no arguments: that process is about to end.
 */
static bool is_of(const struct procfs *read, const char *comm)
{
	return read->cmdline_len && strcmp(read->name, comm) == 0;
}

static void forget(struct lineage *lineage, struct kept *kept)
{
	HASH_DEL(lineage->table, kept);
	free(kept->argv.words);
	free(kept);
}

/* NULL without memory. One that cannot be read is remembered as such. */
static const struct kept *find_or_read(struct lineage *lineage, enum argv_mode mode,
				       const struct process_parent *parent)
{
	struct kept_key key = {.process = parent->key};
	struct kept *kept = NULL;

	memcpy(key.comm, parent->comm, strnlen(parent->comm, sizeof(key.comm)));
	HASH_FIND(hh, lineage->table, &key, sizeof(key), kept);
	if (kept)
		return kept;
	if (HASH_COUNT(lineage->table) >= KEPT_MAX)
		forget(lineage, lineage->table);
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	kept->key = key;
	if (read_proc(lineage, &parent->key) && is_of(&lineage->read, parent->comm)) {
		size_t len = lineage->read.cmdline_len;
		bool is_long = len > PARENT_ARGV_MAX;
		process_set_argv(&kept->argv, mode, lineage->read.cmdline,
				 is_long ? PARENT_ARGV_MAX : len,
				 is_long || lineage->read.cmdline_is_cut);
	}
	HASH_ADD(hh, lineage->table, key, sizeof(kept->key), kept);
	return kept;
}

static void copy_argv(struct process_argv *to, const struct process_argv *from)
{
	if (!from->words || to->words)
		return;
	to->words = malloc(from->len + 1);
	if (!to->words)
		return;
	memcpy(to->words, from->words, from->len);
	to->len = from->len;
	to->is_cut = from->is_cut;
}

/* Docker and others on a host with both hierarchies name the container in v1 only. */
static void take_container(const struct lineage *lineage, struct process *process)
{
	struct cgroup_line line;

	if (cgroup_path_parse_lines(lineage->read.cgroup, lineage->read.cgroup_len, &line) &&
	    line.ident.container[0])
		process->ident = line.ident;
}

static void fill_own(struct lineage *lineage, enum argv_mode mode, struct process *process)
{
	bool wants_container = lineage->has_v1 && !process->ident.container[0];
	bool wants_argv = !process->argv.words && mode != ARGV_NONE;

	if (!(wants_container || wants_argv || !process->cgroup) ||
	    !read_proc(lineage, &process->identity.key))
		return;
	if (wants_argv && is_of(&lineage->read, process->identity.comm))
		process_set_argv(&process->argv, mode, lineage->read.cmdline,
				 lineage->read.cmdline_len, lineage->read.cmdline_is_cut);
	if (wants_container)
		take_container(lineage, process);
}

void lineage_fill(struct lineage *lineage, enum argv_mode mode, struct process *process)
{
	fill_own(lineage, mode, process);
	process->lacks_parents = false;
	for (size_t i = 0; i < process->n_parents; i++) {
		const struct kept *kept = find_or_read(lineage, mode, &process->parents[i]);

		if (kept)
			copy_argv(&process->parents[i].argv, &kept->argv);
		if (mode != ARGV_NONE && !process->parents[i].argv.words)
			process->lacks_parents = true;
	}
}

void lineage_forget(struct lineage *lineage)
{
	while (lineage->table)
		forget(lineage, lineage->table);
}

void lineage_free(struct lineage *lineage)
{
	if (!lineage)
		return;
	lineage_forget(lineage);
	free(lineage);
}
