// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "open_sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

struct entry {
	struct open_socket socket; /* first: an entry is found by it */
	UT_hash_handle hh;
};

struct open_sockets {
	struct entry *table;
};

struct open_sockets *open_sockets_new(void)
{
	return calloc(1, sizeof(struct open_sockets));
}

static struct entry *find(const struct open_sockets *sockets, const struct sf_flow_key *flow)
{
	struct entry *entry = NULL;

	HASH_FIND(hh, sockets->table, flow, sizeof(*flow), entry);
	return entry;
}

int open_sockets_add(struct open_sockets *sockets, const struct sf_open_socket *found)
{
	const struct sf_process_key *process = &found->process.head.identity.key;
	struct entry *entry = find(sockets, &found->flow);

	if (entry) {
		if (entry->socket.process.pid != process->pid ||
		    entry->socket.process.started_ns != process->started_ns)
			entry->socket.process = (struct sf_process_key){};
		return 0;
	}
	if (HASH_COUNT(sockets->table) >= OPEN_SOCKETS_MAX)
		return -ENOSPC;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->socket = (struct open_socket){
		.flow = found->flow,
		.process = *process,
		.uid = found->uid,
		.gid = found->gid,
		.hash = found->hash,
		.cookie = found->cookie,
	};
	HASH_ADD(hh, sockets->table, socket.flow, sizeof(entry->socket.flow), entry);
	return 0;
}

const struct open_socket *open_sockets_find(const struct open_sockets *sockets,
					    const struct sf_flow_key *flow)
{
	const struct entry *entry = find(sockets, flow);

	return entry ? &entry->socket : NULL;
}

const struct open_socket *open_sockets_next(const struct open_sockets *sockets,
					    const struct open_socket *last)
{
	const struct entry *entry = last ? ((const struct entry *)last)->hh.next : sockets->table;

	return entry ? &entry->socket : NULL;
}

void open_sockets_free(struct open_sockets *sockets)
{
	struct entry *entry, *next;

	if (!sockets)
		return;
	HASH_ITER (hh, sockets->table, entry, next) {
		HASH_DEL(sockets->table, entry);
		free(entry);
	}
	free(sockets);
}
