/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is behind a packet, as JSON: what is not known is absent. */
#include "json_owner.h"

#include <string.h>

#include "json_part.h"

static void add_argv(struct buffer *buffer, const struct process_argv *argv)
{
	const char *word = argv->words;

	if (!word)
		return;
	JSON_ADD(buffer, ",\"argv\":[");
	while (word < argv->words + argv->len) {
		if (word != argv->words)
			JSON_ADD(buffer, ",");
		json_add_string(buffer, word);
		word += strlen(word) + 1;
	}
	JSON_ADD(buffer, "]");
	if (argv->is_cut)
		JSON_ADD(buffer, ",\"argv_cut\":true");
}

static void add_parents(struct buffer *buffer, const struct process *process)
{
	if (!process->n_parents)
		return;
	JSON_ADD(buffer, ",\"parents\":[");
	for (size_t i = 0; i < process->n_parents; i++) {
		const struct process_parent *parent = &process->parents[i];

		buffer_add_str(buffer, i ? ",{\"pid\":" : "{\"pid\":");
		buffer_add_u64(buffer, parent->key.pid);
		json_add_text(buffer, "comm", parent->comm);
		add_argv(buffer, &parent->argv);
		JSON_ADD(buffer, "}");
	}
	JSON_ADD(buffer, "]");
}

/* What its cgroup says; claimed is the word of somebody other than root. */
static void add_place(struct buffer *buffer, const struct process *process)
{
	const struct cgroup_ident *ident = &process->ident;

	json_add_text(buffer, "cgroup", process->cgroup);
	json_add_filled(buffer, "unit", ident->unit);
	json_add_filled(buffer, "user_unit", ident->user_unit);
	if (!ident->container[0])
		return;
	JSON_ADD(buffer, ",\"container\":{\"id\":");
	json_add_string(buffer, ident->container);
	json_add_text(buffer, "runtime", cgroup_runtime_to_str(ident->runtime));
	json_add_filled(buffer, "pod", ident->pod);
	if (ident->is_claimed)
		JSON_ADD(buffer, ",\"claimed\":true");
	JSON_ADD(buffer, "}");
}

static void add_ids(struct buffer *buffer, const struct process *process)
{
	json_add_number(buffer, "euid", process->identity.euid);
	json_add_number(buffer, "egid", process->identity.egid);
}

/* All that is the same for each of its packets: made once, and then copied. */
static void add_program(struct buffer *buffer, const struct process *process)
{
	const struct process_rendering *made = process->rendering;
	size_t start = buffer->len;

	if (made && made->text) {
		buffer_add(buffer, made->text, made->len);
		return;
	}
	json_add_filled(buffer, "comm", process->identity.comm);
	json_add_text(buffer, "exe", process->exe);
	if (process->exe && process->is_exe_deleted)
		JSON_ADD(buffer, ",\"exe_deleted\":true");
	add_argv(buffer, &process->argv);
	add_parents(buffer, process);
	add_place(buffer, process);
	if (!buffer->failed)
		process_keep_rendering(process, buffer->bytes + start, buffer->len - start);
}

/* The process, from its pid on. */
static void add_process(struct buffer *buffer, const struct record_process *by)
{
	if (!by->key.pid)
		return;
	json_add_number(buffer, "pid", by->key.pid);
	JSON_ADD(buffer, ",\"started\":");
	json_add_time(buffer, by->started_ns);
	if (by->process)
		add_program(buffer, by->process);
}

/* Who used the socket last, where that is not who opened it. */
static void add_sender(struct buffer *buffer, const struct record_owner *owner)
{
	const struct record_process *sender = &owner->sender;

	JSON_ADD(buffer, ",\"sender\":{\"source\":");
	json_add_word(buffer, record_source_name(owner->sender_source));
	if (sender->process && sender->process->has_ids) {
		json_add_number(buffer, "uid", sender->process->identity.uid);
		json_add_text(buffer, "user", sender->user);
		json_add_number(buffer, "gid", sender->process->identity.gid);
		add_ids(buffer, sender->process);
	}
	add_process(buffer, sender);
	JSON_ADD(buffer, "}");
}

static void add_user(struct buffer *buffer, const struct record_owner *owner)
{
	json_add_number(buffer, "uid", owner->uid);
	json_add_text(buffer, "user", owner->user);
	json_add_number(buffer, "gid", owner->gid);
	if (owner->by.process && owner->by.process->has_ids)
		add_ids(buffer, owner->by.process);
	add_process(buffer, &owner->by);
	if (owner->netns)
		json_add_number(buffer, "netns", owner->netns);
	if (owner->cookie)
		json_add_number(buffer, "cookie", owner->cookie);
	JSON_ADD(buffer, ",\"source\":");
	json_add_word(buffer, record_source_name(owner->source));
	JSON_ADD(buffer, ",\"join\":");
	json_add_word(buffer, record_join_name(owner->join));
	if (owner->sender.key.pid)
		add_sender(buffer, owner);
}

void json_add_owner(struct buffer *buffer, const struct record_owner *owner)
{
	JSON_ADD(buffer, ",\"owner\":{\"kind\":");
	json_add_word(buffer, record_owner_name(owner->kind));
	if (owner->kind == SF_OWNER_USER)
		add_user(buffer, owner);
	else if (owner->lost)
		JSON_ADD(buffer, ",\"lost\":true");
	JSON_ADD(buffer, "}");
}
