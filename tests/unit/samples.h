/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records that the tests of the sinks start from, and strings that strangers might choose. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "mem.h"
#include "record.h"

/* 2026-11-22 12:41:09.123456789 UTC */
#define SAMPLE_TS_NS 1795351269123456789ULL

/* One name with a newline, ESC, a quote, a bidi override and a byte that is not UTF-8. */
#define SAMPLE_HOSTILE "e\n\033[2J\"\\\xe2\x80\xae\xff"

static inline struct sf_packet sample_ipv4(void)
{
	struct sf_packet packet = {
		.sport = htons(40112),
		.dport = htons(80),
		.ip_version = 4,
		.proto = 6,
		.tcp_flags = 0x02,
		.hop_limit = 64,
		.flags = SF_PACKET_PORTS,
		.len = 74,
	};

	inet_pton(AF_INET6, "::ffff:192.168.178.1", packet.src);
	inet_pton(AF_INET6, "::ffff:169.254.169.254", packet.dst);
	return packet;
}

static inline struct sf_packet sample_ipv6(void)
{
	struct sf_packet packet = {
		.sport = htons(80),
		.dport = htons(41234),
		.ip_version = 6,
		.proto = 6,
		.tcp_flags = 0x12,
		.hop_limit = 255,
		.flags = SF_PACKET_PORTS,
		.len = 94,
	};

	inet_pton(AF_INET6, "fd00:ec2::254", packet.src);
	inet_pton(AF_INET6, "2001:db8::1", packet.dst);
	return packet;
}

/* A curl of the web server, and its shell; argv is that of a host without secrets. */
static inline struct process sample_process(void)
{
	static char words[] = "curl\0-s\0http://169.254.169.254/";
	struct process process = {
		.identity =
			{
				.key = {.started_ns = 5000000000ULL, .pid = 4121, .exec_id = 2},
				.uid = 33,
				.gid = 33,
				.euid = 33,
				.egid = 33,
				.comm = "curl",
			},
		.has_ids = true,
		.exe = (char *)"/usr/bin/curl",
		.argv = {.words = words, .len = sizeof(words)},
		.cgroup = (char *)"/system.slice/backup.service",
		.ident = {.unit = "backup.service"},
		.parents = {{.key = {.pid = 977}, .comm = "sh"},
			    {.key = {.pid = 1}, .comm = "systemd"}},
		.n_parents = 2,
		.is_whole = true,
	};

	return process;
}

/* Stands behind owner; process is NULL when nothing but its key is known. */
static inline void sample_set_process(struct record_process *by, const struct process *process)
{
	*by = (struct record_process){
		.key = {.started_ns = 5000000000ULL, .pid = 4121, .exec_id = 2},
		.process = process,
		.started_ns = SAMPLE_TS_NS,
	};
}

static inline struct record sample_traffic(enum record_type type)
{
	return (struct record){
		.type = type,
		.seq = 7,
		.ts_ns = SAMPLE_TS_NS,
		.host = "web-1",
		.boot_id = "5c1e4b0a-8f0d-4f3e-9a3c-0d6d3a5b7c11",
		.traffic =
			{
				.endpoint = "imdsv2",
				.endpoints = {"imdsv2"},
				.n_endpoints = 1,
				.iface = "eth0",
				.direction = SF_TO,
				.verdict = SF_DELIVER,
				.packet = sample_ipv4(),
				.owner =
					{
						.kind = SF_OWNER_USER,
						.uid = 33,
						.gid = 33,
						.user = "www-data",
						.source = SF_SOURCE_SOCKET,
						.join = SF_JOIN_FLOW,
					},
			},
	};
}

/* What a curl of the web server asked of AWS, and got. */
static inline struct exchange_request sample_asked(void)
{
	return (struct exchange_request){
		.n_views = 1,
		.proto = IPPROTO_TCP,
		.protocol = EXCHANGE_HTTP,
		.ts_ns = 1000000000ULL,
		.metadata =
			{
				.cloud = METADATA_AWS,
				.version = METADATA_V1,
				.class = METADATA_CLASS_CREDENTIAL,
				.role = "web-role",
			},
		.fields = 1U << HTTP_HOST | 1U << HTTP_USER_AGENT,
		.major = 1,
		.minor = 1,
		.method = "GET",
		.path = "/latest/meta-data/iam/security-credentials/web-role",
		.raw = "/latest/meta-data/iam//security-credentials/web-role",
		.host = "169.254.169.254",
		.agent = "curl/8.5.0",
		.answer = EXCHANGE_WHOLE,
		.has_latency = true,
		.status = 200,
		.latency_ns = 1500000,
		.answer_bytes = 1312,
		.server = "EC2ws",
		.credential =
			{
				.key_id = "ASIAIOSFODNN7EXAMPLE",
				.expiry = "2026-11-22T18:50:00Z",
			},
	};
}

/* Of what was asked next to nothing is known, and of who asked nothing. */
static inline struct exchange_request sample_asked_little(void)
{
	return (struct exchange_request){
		.n_views = 1,
		.proto = IPPROTO_UDP,
		.protocol = EXCHANGE_OTHER,
		.metadata = {.version = METADATA_UNKNOWN, .reason = METADATA_NOT_HTTP},
		.answer = EXCHANGE_NO_ANSWER,
	};
}

/* Every member that such a record can have. */
static inline struct exchange_request sample_asked_all(void)
{
	struct exchange_request asked = sample_asked();

	asked.metadata.reason = METADATA_DIFFERS;
	asked.metadata.version = METADATA_UNKNOWN;
	asked.n_views = 2;
	asked.anomalies = (1U << HTTP_ANOMALIES) - 1;
	asked.fields = (1U << HTTP_FIELDS) - 1;
	asked.is_cut = true;
	asked.is_hop_limit = true;
	strcpy(asked.credential.lifetime, "21600");
	strcpy(asked.credential.role, "arn:aws:iam::123456789012:role/web-role");
	return asked;
}

/* asked must stay. */
static inline struct record sample_request(const struct exchange_request *asked)
{
	struct record record = sample_traffic(RECORD_PACKET);
	struct record_traffic traffic = record.traffic;

	record.type = RECORD_REQUEST;
	traffic.packet.proto = asked->proto;
	record.request = (struct record_request){.traffic = traffic, .asked = asked};
	return record;
}

/* A rejected packet: no endpoint, nobody behind it. */
static inline struct record sample_rejected(void)
{
	struct record record = sample_traffic(RECORD_DECISION);

	record.traffic.endpoint = NULL;
	record.traffic.n_endpoints = 0;
	record.traffic.direction = SF_DIRECTION_NONE;
	record.traffic.verdict = SF_REJECT;
	record.traffic.owner = (struct record_owner){.kind = SF_OWNER_UNKNOWN};
	return record;
}

static inline struct record_counts sample_counts(void)
{
	struct record_counts counts = {
		.packets_reported = 26,
		.packets_filtered = 2,
		.filtered_unknown = 1,
		.packets_dropped = 2,
		.packets_left = 1,
		.owners_lost = 4,
		.events_read = 14,
		.decisions_reported = 9,
		.requests_reported = 3,
		.requests_filtered = 1,
		.requests_left = 1,
		.exchange =
			{
				.requests = 5,
				.uncertain = 2,
				.without_answer = 1,
				.hop_limit = 1,
				.full = 8,
				.too_many = 10,
				.unbuffered = 11,
				.unsolicited = 12,
				.no_memory = 13,
			},
		.streams =
			{
				.joined = 14,
				.inward = 15,
				.idle = 16,
				.evicted = 17,
				.differing = 18,
				.gaps = 19,
				.gap_bytes = 20,
				.refused_bytes = 21,
				.unchecked_bytes = 22,
				.merged = 23,
				.views_refused = 24,
				.strays = 25,
				.no_memory = 26,
			},
		.output_lost = 5,
		.reloads = 6,
		.reloads_failed = 7,
	};

	counts.kernel[SF_SEEN] = 120;
	counts.kernel[SF_MATCHED] = 31;
	counts.kernel[SF_REJECTED] = 89;
	counts.kernel[SF_MALFORMED] = 1;
	counts.kernel[SF_NO_OWNER_UNKNOWN] = 2;
	counts.kernel[SF_NO_OWNER_KERNEL] = 1;
	counts.kernel[SF_HIDDEN_KERNEL] = 1;
	counts.kernel[SF_EVENTS] = 14;
	counts.kernel[SF_EVENTS_LOST] = 3;
	counts.kernel[SF_EVENTS_HELD_BACK] = 6;
	return counts;
}

static inline struct record sample_status(enum record_type type)
{
	static const struct record_hook hooks[] = {
		{"tap eth0", true},
		{"cgroup_skb/egress", true},
	};
	static const char *const endpoints[] = {"imdsv2", "dns"};

	return (struct record){
		.type = type,
		.seq = 1,
		.ts_ns = SAMPLE_TS_NS,
		.host = "web-1",
		.boot_id = "5c1e4b0a-8f0d-4f3e-9a3c-0d6d3a5b7c11",
		.status =
			{
				.uptime_ns = 62000000000ULL,
				.hooks = hooks,
				.n_hooks = ARRAY_SIZE(hooks),
				.counts = sample_counts(),
				.config = "/etc/sock-filter.yml",
				.owner_hook = "cgroup",
				.version = "0.1.0",
				.kernel = "6.1.0-28-amd64",
				.endpoints = endpoints,
				.n_endpoints = ARRAY_SIZE(endpoints),
			},
	};
}

/* 3 requests of two kinds, and one for which there was no row. */
static inline struct tally sample_tally(void)
{
	static const struct metadata kinds[] = {
		{.cloud = METADATA_AWS, .version = METADATA_V1, .class = METADATA_CLASS_CREDENTIAL},
		{.version = METADATA_NONE},
	};
	struct tally tally = {.n = 1, .n_others = 1};

	tally_add(&tally, "curl", &kinds[0]);
	tally_add(&tally, "", &kinds[1]);
	tally_add(&tally, "curl", &kinds[0]);
	return tally;
}
