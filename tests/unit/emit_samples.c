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
	for (enum sf_source source = SF_SOURCE_NONE; source <= SF_SOURCE_BACKFILL; source++) {
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

static void emit_asked(struct buffer *buffer, const struct exchange_request *asked)
{
	struct record record = sample_request(asked);

	json_emit(buffer, &record);
}

/* The first of them has every member, to be spoilt. */
static void emit_full_request(struct buffer *buffer)
{
	struct exchange_request asked = sample_asked_all();
	struct record record = sample_request(&asked);
	struct record_owner *owner = &record.request.traffic.owner;
	struct process process = sample_process();

	record.request.traffic.endpoints[1] = "everything";
	record.request.traffic.n_endpoints = 2;
	sample_set_process(&owner->by, &process);
	owner->sender = owner->by;
	owner->sender_source = SF_SOURCE_SENDMSG;
	json_emit(buffer, &record);
	record.request.traffic.packet = sample_ipv6();
	record.request.traffic.iface = SAMPLE_HOSTILE;
	owner->by = owner->sender = (struct record_process){0};
	json_emit(buffer, &record);
}

static void emit_words(struct buffer *buffer)
{
	struct exchange_request asked = sample_asked();

	for (unsigned int i = 0; i < METADATA_CLOUDS; i++) {
		asked.metadata.cloud = (enum metadata_cloud)i;
		emit_asked(buffer, &asked);
	}
	for (unsigned int i = 0; i < METADATA_VERSIONS; i++) {
		asked.metadata.version = (enum metadata_version)i;
		emit_asked(buffer, &asked);
	}
	for (unsigned int i = 0; i < METADATA_CLASSES; i++) {
		asked.metadata.class = (enum metadata_class)i;
		emit_asked(buffer, &asked);
	}
	for (unsigned int i = 0; i < METADATA_REASONS; i++) {
		asked.metadata.reason = (enum metadata_reason)i;
		emit_asked(buffer, &asked);
	}
	for (unsigned int i = 0; i < EXCHANGE_ANSWERS; i++) {
		asked.answer = (enum exchange_answer)i;
		emit_asked(buffer, &asked);
	}
}

static void emit_requests(struct buffer *buffer)
{
	struct exchange_request asked = sample_asked_little();
	struct exchange_request http = {.n_views = 1, .protocol = EXCHANGE_HTTP, .proto = 6};

	emit_full_request(buffer);
	emit_words(buffer);
	emit_asked(buffer, &asked);
	emit_asked(buffer, &http);
	asked.protocol = EXCHANGE_TLS;
	asked.has_ech = true;
	emit_asked(buffer, &asked);
	strcpy(asked.name, "metadata.google.internal");
	emit_asked(buffer, &asked);
	asked.protocol = EXCHANGE_DNS;
	asked.has_ech = false;
	asked.question_type = UINT16_MAX;
	emit_asked(buffer, &asked);
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
		struct tally tally = sample_tally();

		record.status.cloud = "aws";
		if (types[i] == RECORD_COUNTERS || types[i] == RECORD_SUMMARY)
			record.status.tally = &tally;
		json_emit(buffer, &record);
		tally = (struct tally){0};
		record.status.cloud = NULL;
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
	emit_requests(&buffer);
	complete = !buffer.failed && fwrite(buffer.bytes, buffer.len, 1, stdout) == 1;
	buffer_done(&buffer);
	return complete && fflush(stdout) == 0 ? 0 : 1;
}
