// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Events come from our own programs in the kernel, so their lengths are right;
 * they are bounded again all the same, for a newer or older object may say
 * more than we have room for. The bytes in them are those of strangers: they
 * are kept as they are, and whoever prints them escapes them.
 */
#include "processes.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "mem.h"

/* The longest path, what may stand in front of it, and the NUL. */
#define PATH_ROOM (SF_EXE_BYTES + SF_NAME_BYTES + 8)
#define BEGINNING_MISSING "..."

struct entry {
	struct sf_process_key key;
	struct process process;
	struct process_rendering rendering;
	UT_hash_handle hh;
};

struct processes {
	struct entry *table; /* in order of last use */
};

struct processes *processes_new(void)
{
	return calloc(1, sizeof(struct processes));
}

static void argv_done(struct process_argv *argv)
{
	free(argv->words);
	*argv = (struct process_argv){};
}

static void process_done(struct process *process)
{
	free(process->exe);
	free(process->cgroup);
	argv_done(&process->argv);
	for (size_t i = 0; i < process->n_parents; i++)
		argv_done(&process->parents[i].argv);
	*process = (struct process){};
}

static void drop_rendering(struct process *process)
{
	if (process->rendering)
		free(TAKE_PTR(process->rendering->text));
}

void process_keep_rendering(const struct process *process, const char *text, size_t len)
{
	struct process_rendering *rendering = process->rendering;
	char *copy = rendering ? malloc(len + 1) : NULL;

	if (!copy)
		return;
	memcpy(copy, text, len);
	free(rendering->text);
	rendering->text = copy;
	rendering->len = len;
}

static struct entry *find(struct processes *processes, const struct sf_process_key *key)
{
	struct entry *entry = NULL;

	HASH_FIND(hh, processes->table, key, sizeof(*key), entry);
	if (!entry)
		return NULL;
	/* to the young end */
	HASH_DEL(processes->table, entry);
	HASH_ADD(hh, processes->table, key, sizeof(entry->key), entry);
	return entry;
}

/* A fresh entry, which may be the oldest one's. */
static struct entry *make(struct processes *processes)
{
	struct entry *entry = processes->table;

	if (HASH_COUNT(processes->table) < PROCESSES_MAX)
		return calloc(1, sizeof(*entry));
	HASH_DEL(processes->table, entry);
	drop_rendering(&entry->process);
	process_done(&entry->process);
	memset(entry, 0, sizeof(*entry));
	return entry;
}

struct process *processes_add(struct processes *processes, const struct sf_process_key *key)
{
	struct entry *entry = find(processes, key);

	if (entry)
		return &entry->process;
	entry = make(processes);
	if (!entry)
		return NULL;
	entry->key = *key;
	entry->process.identity.key = *key;
	entry->process.rendering = &entry->rendering;
	HASH_ADD(hh, processes->table, key, sizeof(entry->key), entry);
	return &entry->process;
}

struct process *processes_find(struct processes *processes, const struct sf_process_key *key)
{
	struct entry *entry = find(processes, key);

	return entry ? &entry->process : NULL;
}

/*
 * Names from the last to the first, each with its NUL, to a path. Returns its
 * length without the NUL that follows; room is enough for whatever len allows.
 */
static size_t turn_round(const char *names, size_t len, char *path)
{
	size_t at = 0;

	while (len) {
		size_t end = names[len - 1] ? len : len - 1;

		len = end;
		while (len && names[len - 1])
			len--;
		/* the root of a hierarchy stands alone, as one NUL */
		if (end == len && at)
			continue;
		path[at++] = '/';
		memcpy(path + at, names + len, end - len);
		at += end - len;
	}
	path[at] = '\0';
	return at;
}

void process_set_cgroup(struct process *process, const char *path, size_t len)
{
	char *copy = strndup(path, len);

	if (!copy)
		return;
	free(process->cgroup);
	process->cgroup = copy;
	cgroup_path_parse(copy, strlen(copy), &process->ident);
}

static void take_cgroup(struct process *process, const struct sf_opener_event *event)
{
	size_t len = event->cgroup_len < sizeof(event->cgroup) ? event->cgroup_len
							       : sizeof(event->cgroup);
	char path[PATH_ROOM];

	/* one whose beginning is missing would be read as another */
	if (!len || event->flags & SF_PROCESS_CGROUP_CUT)
		return;
	process_set_cgroup(process, path, turn_round(event->cgroup, len, path));
}

static void take_identity(struct process *process, const struct sf_identity *identity)
{
	process->identity = *identity;
	process->identity.comm[SF_COMM_BYTES - 1] = '\0';
	process->has_ids = true;
}

struct process *processes_note_opener(struct processes *processes,
				      const struct sf_opener_event *event)
{
	struct process *process = processes_add(processes, &event->identity.key);

	if (!process || process->is_whole)
		return process;
	drop_rendering(process);
	take_identity(process, &event->identity);
	if (!process->cgroup)
		take_cgroup(process, event);
	return process;
}

/* A file without a place has a name and no path: memfd_create(2) makes them. */
static void take_exe(struct process *process, const struct sf_process_event *event)
{
	size_t len = event->exe_len < sizeof(event->exe) ? event->exe_len : sizeof(event->exe);
	char path[PATH_ROOM];
	bool is_cut = event->head.flags & SF_PROCESS_EXE_CUT;
	bool is_unplaced = event->head.flags & SF_PROCESS_EXE_UNPLACED;

	free(TAKE_PTR(process->exe));
	if (!len)
		return;
	memcpy(path, BEGINNING_MISSING, sizeof(BEGINNING_MISSING));
	turn_round(event->exe, len, path + strlen(BEGINNING_MISSING));
	if (is_cut)
		process->exe = strdup(path);
	else
		process->exe = strdup(path + strlen(BEGINNING_MISSING) + is_unplaced);
	process->is_exe_deleted = event->head.flags & SF_PROCESS_EXE_DELETED;
}

void process_set_argv(struct process_argv *argv, enum argv_mode mode, const char *bytes, size_t len,
		      bool is_cut)
{
	/* a word may grow by its redaction */
	size_t room = 2 * len + sizeof(ARGV_REDACTION);
	struct argv_words words = {};
	cleanup_free char *out = malloc(room);

	argv_done(argv);
	if (!out || mode == ARGV_NONE)
		return;
	argv_decode(mode, bytes, len, is_cut, out, room, &words);
	argv->is_cut = words.is_cut;
	argv->len = words.len;
	argv->words = TAKE_PTR(out);
}

static void take_parents(struct process *process, const struct sf_process_event *event)
{
	size_t n = event->n_parents < SF_PARENTS_MAX ? event->n_parents : SF_PARENTS_MAX;

	for (size_t i = 0; i < process->n_parents; i++)
		argv_done(&process->parents[i].argv);
	process->n_parents = n;
	for (size_t i = 0; i < n; i++) {
		struct process_parent *parent = &process->parents[i];

		parent->key = event->parents[i].key;
		memcpy(parent->comm, event->parents[i].comm, sizeof(parent->comm));
		parent->comm[SF_COMM_BYTES - 1] = '\0';
	}
}

struct process *processes_note(struct processes *processes, enum argv_mode mode,
			       const struct sf_process_event *event)
{
	struct process *process = processes_add(processes, &event->head.identity.key);
	size_t argv_len =
		event->argv_len < sizeof(event->argv) ? event->argv_len : sizeof(event->argv);

	if (!process)
		return NULL;
	drop_rendering(process);
	take_identity(process, &event->head.identity);
	take_cgroup(process, &event->head);
	take_exe(process, event);
	if (argv_len)
		process_set_argv(&process->argv, mode, event->argv, argv_len,
				 event->head.flags & SF_PROCESS_ARGV_CUT);
	take_parents(process, event);
	process->is_whole = true;
	return process;
}

void processes_drop_argv(struct processes *processes)
{
	for (struct entry *entry = processes->table; entry; entry = entry->hh.next) {
		struct process *process = &entry->process;

		drop_rendering(process);
		process->is_looked_up = false;
		argv_done(&process->argv);
		for (size_t i = 0; i < process->n_parents; i++)
			argv_done(&process->parents[i].argv);
	}
}

void processes_free(struct processes *processes)
{
	struct entry *entry, *next;

	if (!processes)
		return;
	HASH_ITER (hh, processes->table, entry, next) {
		HASH_DEL(processes->table, entry);
		drop_rendering(&entry->process);
		process_done(&entry->process);
		free(entry);
	}
	free(processes);
}
