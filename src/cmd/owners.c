// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "owners.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "clock.h"
#include "lineage.h"
#include "open_sockets.h"
#include "processes.h"
#include "users.h"
#include "who.h"

static uint32_t namespace_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (uint32_t)st.st_ino;
}

int owners_init(struct owners *owners)
{
	*owners = (struct owners){
		.processes = processes_new(),
		.lineage = lineage_new(),
		.userns = namespace_of("/proc/self/ns/user"),
		.pidns = namespace_of("/proc/self/ns/pid"),
		.boot_ns = (int64_t)(clock_real_ns() - clock_ns(CLOCK_BOOTTIME)),
	};
	return owners->processes && owners->lineage ? 0 : -ENOMEM;
}

static void look_up(struct owners *owners, struct process *process)
{
	lineage_fill(owners->lineage, owners->argv_mode, process);
	process->is_looked_up = true;
}

void owners_note(struct owners *owners, const void *event)
{
	struct process *process = NULL;
	uint16_t type;

	memcpy(&type, event, sizeof(type));
	if (type == SF_EVENT_PROCESS)
		process = processes_note(owners->processes, owners->argv_mode, event);
	else if (type == SF_EVENT_OPENER)
		process = processes_note_opener(owners->processes, event);
	if (process)
		look_up(owners, process);
}

void owners_note_open(struct owners *owners, const struct sf_open_socket *found)
{
	if (!owners->open)
		owners->open = open_sockets_new();
	if (owners->open && !open_sockets_add(owners->open, found))
		owners_note(owners, &found->process);
}

/* The flow that the verdict's owner sends on. */
static void flow_of(struct sf_flow_key *flow, const struct sf_event *event)
{
	const struct sf_packet *packet = &event->packet;
	bool is_sent = event->join != SF_JOIN_REPLY;

	memset(flow, 0, sizeof(*flow));
	memcpy(flow->src, is_sent ? packet->src : packet->dst, sizeof(flow->src));
	memcpy(flow->dst, is_sent ? packet->dst : packet->src, sizeof(flow->dst));
	flow->sport = is_sent ? packet->sport : packet->dport;
	flow->dport = is_sent ? packet->dport : packet->sport;
	flow->netns = event->netns;
	flow->proto = packet->proto;
}

/* A socket that nobody was seen to make is older than the watch, and was open at its start. */
static bool find_older(const struct owners *owners, const struct sf_event *event,
		       struct sf_process_key *ret)
{
	const struct open_socket *socket;
	struct sf_flow_key flow;

	if (!owners->open || event->opener.pid || event->user.pid)
		return false;
	flow_of(&flow, event);
	socket = open_sockets_find(owners->open, &flow);
	if (!socket || !socket->process.pid)
		return false;
	/* a raw socket sends on any flow, and a flow may come again */
	if (socket->cookie && socket->cookie != event->cookie)
		return false;
	*ret = socket->process;
	return true;
}

static bool same_process(const struct sf_process_key *a, const struct sf_process_key *b)
{
	return a->pid == b->pid && a->started_ns == b->started_ns;
}

static bool is_host(const struct owners *owners, const struct process *process)
{
	return process->has_ids && process->identity.userns == owners->userns &&
	       process->identity.pidns == owners->pidns;
}

/*
 * Has this host the right to name its users? A container has users of its own
 * by the same numbers, and so has a user namespace. Who is not known may be in
 * one. Where nobody is, he is taken for one of ours.
 */
static bool is_ours(const struct owners *owners, const struct process *process)
{
	if (!process || !process->has_ids)
		return !owners->has_processes;
	return is_host(owners, process) && !process->ident.container[0];
}

static void fill_process(struct owners *owners, const struct sf_process_key *key,
			 struct record_process *ret)
{
	struct process *process;

	ret->key = *key;
	if (!key->pid)
		return;
	/* if its telling was lost, or it was forgotten, what /proc has is all there is */
	process = processes_add(owners->processes, key);
	if (process && !process->is_looked_up)
		look_up(owners, process);
	ret->started_ns = (uint64_t)(owners->boot_ns + (int64_t)key->started_ns);
	if (process && process->has_ids && is_ours(owners, process))
		ret->user = users_name(process->identity.uid);
	ret->process = process;
}

/*
 * Did the one who uses the socket make it? If that was not seen he is taken for
 * its maker, unless they are two users.
 */
static bool is_maker(struct owners *owners, const struct asker *asker)
{
	const struct process *process;

	if (asker->opener.pid)
		return same_process(&asker->opener, &asker->user);
	if (!asker->user.pid || asker->source == SF_SOURCE_BACKFILL)
		return true;
	process = processes_find(owners->processes, &asker->user);
	return !process || !process->has_ids || process->identity.uid == asker->uid;
}

struct asker owners_ask(const struct owners *owners, const struct sf_event *event)
{
	struct asker asker = {
		.kind = event->owner_kind,
		.opener = event->opener,
		.user = event->user,
		.cookie = event->cookie,
		.uid = event->uid,
		.gid = event->gid,
		.netns = event->netns,
		.source = event->source,
		.join = event->join,
		.endpoints = event->endpoints,
	};

	if (asker.kind == SF_OWNER_USER && find_older(owners, event, &asker.user))
		asker.source = SF_SOURCE_BACKFILL;
	return asker;
}

void owners_fill(struct owners *owners, const struct asker *asker, struct record_owner *owner)
{
	bool is_one;

	owner->kind = asker->kind;
	owner->lost = asker->is_lost;
	owner->is_whole = owner->kind != SF_OWNER_USER;
	if (owner->is_whole)
		return;
	owner->uid = asker->uid;
	owner->gid = asker->gid;
	owner->netns = asker->netns;
	owner->cookie = asker->cookie;
	owner->join = asker->join;
	is_one = is_maker(owners, asker);
	owner->source = is_one ? asker->source : SF_SOURCE_SOCKET;
	if (is_one && asker->user.pid) {
		fill_process(owners, &asker->user, &owner->by);
	} else {
		fill_process(owners, &asker->opener, &owner->by);
		fill_process(owners, &asker->user, &owner->sender);
		owner->sender_source = asker->source;
	}
	owner->user = is_ours(owners, owner->by.process) ? users_name(asker->uid) : NULL;
	owner->is_whole = owner->by.process && owner->by.process->is_whole;
}

static struct who_facts facts_of(const struct owners *owners, const struct record_process *by)
{
	const struct process *process = by->process;
	struct who_facts facts = {};

	if (!process)
		return facts;
	facts.is_host = is_host(owners, process);
	facts.exe = process->exe;
	facts.unit = process->ident.unit;
	facts.container = process->ident.container;
	facts.runtime = process->ident.runtime;
	facts.is_claimed = process->ident.is_claimed;
	facts.cgroup = process->cgroup;
	return facts;
}

struct sf_mask owners_shown(const struct owners *owners, const struct config *config,
			    struct sf_mask delivered, const struct record_owner *owner)
{
	struct who_facts facts = facts_of(owners, &owner->by);
	struct sf_mask shown;

	facts.has_uid = facts.has_gid = owner->kind == SF_OWNER_USER;
	facts.uid = owner->uid;
	facts.gid = owner->gid;
	shown = who_shown(config, delivered, &facts);
	if (!owner->sender.key.pid)
		return shown;
	facts = facts_of(owners, &owner->sender);
	if (owner->sender.process && owner->sender.process->has_ids) {
		facts.has_uid = facts.has_gid = true;
		facts.uid = owner->sender.process->identity.uid;
		facts.gid = owner->sender.process->identity.gid;
	}
	shown.bits |= who_shown(config, delivered, &facts).bits;
	return shown;
}

void owners_use(struct owners *owners, enum argv_mode mode)
{
	if (owners->argv_mode == mode)
		return;
	owners->argv_mode = mode;
	processes_drop_argv(owners->processes);
	lineage_forget(owners->lineage);
}

void owners_done(struct owners *owners)
{
	processes_free(owners->processes);
	lineage_free(owners->lineage);
	open_sockets_free(owners->open);
}
