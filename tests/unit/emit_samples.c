/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints a JSON record of every type and variety, for check/schema.sh. */
#include <stdio.h>

#include "json.h"
#include "samples.h"

static void emit_owners(struct buffer *buffer)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct record_owner *owner = &record.traffic.owner;

	for (enum sf_join join = SF_JOIN_NONE; join <= SF_JOIN_REPLY; join++) {
		owner->join = join;
		json_emit(buffer, &record);
	}
	owner->user = NULL;
	json_emit(buffer, &record);
	for (enum sf_owner_kind kind = 0; kind < SF_OWNERLESS_KINDS; kind++) {
		*owner = (struct record_owner){.kind = kind};
		json_emit(buffer, &record);
	}
	*owner = (struct record_owner){.kind = SF_OWNER_UNKNOWN, .lost = true};
	json_emit(buffer, &record);
}

static void emit_processes(struct buffer *buffer)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct record_owner *owner = &record.traffic.owner;
	struct process process = sample_process();

	owner->netns = 4026531840U;
	owner->cookie = UINT64_MAX;
	sample_set_process(&owner->by, &process);
	for (enum sf_source source = SF_SOURCE_SOCKET; source <= SF_SOURCE_BACKFILL; source++) {
		owner->source = source;
		json_emit(buffer, &record);
	}
	owner->sender = owner->by;
	owner->sender_source = SF_SOURCE_SENDMSG;
	process.argv.is_cut = process.is_exe_deleted = true;
	for (enum cgroup_runtime i = 0; i < CGROUP_RUNTIMES; i++) {
		process.ident.runtime = i;
		process.ident.is_claimed = i & 1;
		strcpy(process.ident.container, SAMPLE_HOSTILE);
		strcpy(process.ident.pod, "pod");
		strcpy(process.ident.user_unit, "app.service");
		json_emit(buffer, &record);
	}
	process = (struct process){.exe = (char *)SAMPLE_HOSTILE, .cgroup = (char *)SAMPLE_HOSTILE};
	json_emit(buffer, &record);
	sample_set_process(&owner->by, NULL);
	json_emit(buffer, &record);
}

static void emit_protocols(struct buffer *buffer)
{
	struct record record = sample_traffic(RECORD_PACKET);

	for (unsigned int proto = 0; proto < 256; proto++) {
		record.traffic.packet.proto = (uint8_t)proto;
		json_emit(buffer, &record);
	}
	record.traffic.packet = sample_ipv6();
	record.traffic.direction = SF_FROM;
	json_emit(buffer, &record);
	for (unsigned int flags = 0; flags < 256; flags++) {
		record.traffic.packet.tcp_flags = (uint8_t)flags;
		json_emit(buffer, &record);
	}
	for (uint16_t flags = 0; flags <= SF_PACKET_PORTS + SF_PACKET_UNREAD + SF_PACKET_FRAGMENT;
	     flags++) {
		record.traffic.packet.flags = flags;
		json_emit(buffer, &record);
	}
}

static void emit_names(struct buffer *buffer)
{
	struct record record = sample_rejected();

	json_emit(buffer, &record);
	record = sample_traffic(RECORD_DECISION);
	record.traffic.endpoints[1] = "everything";
	record.traffic.n_endpoints = 2;
	json_emit(buffer, &record);
	record.host = SAMPLE_HOSTILE;
	record.traffic.endpoint = SAMPLE_HOSTILE;
	record.traffic.iface = SAMPLE_HOSTILE;
	record.traffic.owner.user = SAMPLE_HOSTILE;
	record.seq = UINT64_MAX;
	record.ts_ns = UINT64_MAX;
	json_emit(buffer, &record);
}

static void emit_statuses(struct buffer *buffer)
{
	static const struct record_hook detached = {"tap " SAMPLE_HOSTILE, false};
	static const enum record_type types[] = {
		RECORD_START, RECORD_RELOAD,   RECORD_ALIVE,
		RECORD_LOSS,  RECORD_COUNTERS, RECORD_SUMMARY,
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct record record = sample_status(types[i]);

		json_emit(buffer, &record);
		record.status.hooks = &detached;
		record.status.n_hooks = 1;
		json_emit(buffer, &record);
	}
}

int main(void)
{
	struct buffer buffer = {0};
	bool complete;

	emit_processes(&buffer);
	emit_owners(&buffer);
	emit_protocols(&buffer);
	emit_names(&buffer);
	emit_statuses(&buffer);
	complete = !buffer.failed && fwrite(buffer.bytes, buffer.len, 1, stdout) == 1;
	buffer_done(&buffer);
	return complete && fflush(stdout) == 0 ? 0 : 1;
}
