/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs behind sockets: what the kernel told of each while it ran, kept
 * for the packets that come later. Bounded; who was not asked for the longest
 * goes first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "argv.h"
#include "cgroup_path.h"

/* More than the kernel remembers to have told of: it does not tell twice of what is kept here. */
#ifndef PROCESSES_MAX
#define PROCESSES_MAX 16384
#endif
_Static_assert(PROCESSES_MAX >= SF_TOLD_MAX, "what the kernel takes for told is known");

/* Words, each with the NUL that ends it; NULL when they are not known, or not to be shown. */
struct process_argv {
	char *words;
	size_t len;
	bool is_cut;
};

struct process_parent {
	struct sf_process_key key;
	char comm[SF_COMM_BYTES]; /* ends in a NUL */
	struct process_argv argv;
};

/* What a sink made of a process, so that it need not make it for every packet. */
struct process_rendering {
	char *text; /* NULL: not yet, or no longer true */
	size_t len;
};

/* What is not known is NULL, empty or 0. Names and paths hold whatever bytes a stranger chose. */
struct process {
	struct sf_identity identity; /* comm ends in a NUL */
	bool has_ids; /* those of identity but for its key */
	char *exe; /* a path of its mount namespace; a bare name for a file without a place */
	bool is_exe_deleted;
	struct process_argv argv;
	char *cgroup; /* a path from the root of cgroup2 */
	struct cgroup_ident ident; /* what that says */
	struct process_parent parents[SF_PARENTS_MAX]; /* its own first */
	size_t n_parents;
	bool lacks_parents; /* the arguments of one of them are to be shown, and not known */
	bool is_whole; /* all that the kernel can tell was told */
	bool is_looked_up; /* and what /proc can tell was looked up, as far as it was there */
	struct process_rendering *rendering; /* NULL: there is no room for one */
};

struct processes;

/* NULL when out of memory. */
struct processes *processes_new(void);

/*
 * Notes what an event tells. A socket's word (SF_EVENT_OPENER) adds to what is
 * not known yet and changes nothing else. Returns the program, to be changed
 * by the caller if he knows more before a sink sees it, NULL without memory.
 * Valid until the next program is noted.
 */
struct process *processes_note_opener(struct processes *processes,
				      const struct sf_opener_event *event);
struct process *processes_note(struct processes *processes, enum argv_mode mode,
			       const struct sf_process_event *event);

/* An entry for a program of which only the key is known: it has nothing else yet. */
struct process *processes_add(struct processes *processes, const struct sf_process_key *key);

/* NULL when it is not known (any more). Valid until the next is noted. */
struct process *processes_find(struct processes *processes, const struct sf_process_key *key);

/* Takes bytes as the kernel keeps them, words with NULs between, under mode. */
void process_set_argv(struct process_argv *argv, enum argv_mode mode, const char *bytes, size_t len,
		      bool is_cut);

/* Takes a copy of the path, and reads what it says. */
void process_set_cgroup(struct process *process, const char *path, size_t len);

/* Forgets the arguments of all, and of their parents. */
void processes_drop_argv(struct processes *processes);

/* Keeps a copy of what a sink made of it; without memory none is kept. */
void process_keep_rendering(const struct process *process, const char *text, size_t len);

/* NULL is fine. */
void processes_free(struct processes *processes);
