/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What leaves the program: one record for each thing worth telling. Sinks
 * turn it into text or JSON; nothing else goes out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "exchange.h"
#include "processes.h"
#include "tally.h"

#define RECORD_SCHEMA 1

enum record_type {
	RECORD_START,
	RECORD_RELOAD, /* of the configuration, or the failure of it */
	RECORD_DECISION, /* from the kernel */
	RECORD_PACKET, /* from the socket */
	RECORD_REQUEST, /* what packets were for */
	RECORD_ALIVE,
	RECORD_LOSS,
	RECORD_COUNTERS, /* asked for by a signal */
	RECORD_SUMMARY,
	RECORD_TYPES,
};

/* A process as it stands behind a packet. */
struct record_process {
	struct sf_process_key key; /* pid 0: not known */
	const struct process *process; /* NULL: no more is known */
	uint64_t started_ns; /* CLOCK_REALTIME */
	const char *user; /* of its real uid; NULL: none, or it is not this host's to name */
};

struct record_owner {
	enum sf_owner_kind kind;
	uint32_t uid; /* these only for SF_OWNER_USER */
	uint32_t gid;
	const char *user; /* NULL: the uid has no name, or it is not this host's to name */
	uint32_t netns; /* inode number of the socket's network namespace, 0: not known */
	uint64_t cookie; /* of the socket */
	struct record_process by; /* who opened the socket */
	struct record_process sender; /* who used it last, where that is another; else pid 0 */
	enum sf_source source; /* how by was learnt */
	enum sf_source sender_source;
	enum sf_join join;
	bool lost; /* unknown because its event was lost */
	bool is_whole; /* nothing is missing of the process, or there is none behind it */
};

struct record_traffic {
	const char *endpoint; /* the first that matched, NULL if none did */
	const char *endpoints[SF_ENDPOINTS_MAX]; /* all of them */
	size_t n_endpoints;
	const char *iface; /* its name, or its number when it has gone */
	enum sf_direction direction;
	enum sf_verdict verdict;
	struct sf_packet packet;
	struct record_owner owner;
};

/* A request with its answer. */
struct record_request {
	struct record_traffic traffic; /* of its first view: who and where; of packet the ends */
	const struct exchange_request *asked;
};

/* A place where we are attached, and whether we still are. */
struct record_hook {
	char name[48]; /* "tap eth0", "cgroup_skb/egress" */
	bool attached;
};
#define RECORD_HOOKS_MAX 600

/*
 * produced = reported + lost, for packets and for decisions:
 *   kernel[SF_MATCHED] = packets_reported + packets_filtered + packets_dropped + packets_left
 *   kernel[SF_EVENTS] + kernel[SF_EVENTS_LOST] = events_read + kernel[SF_EVENTS_LOST]
 *   exchange.requests = requests_reported + requests_filtered + requests_left
 *   What is reported was handed to the output; output_lost of all records
 *   could not be written.
 */
struct record_counts {
	uint64_t kernel[SF_COUNTERS];
	uint64_t packets_reported; /* by a record of their own, or as part of a request */
	uint64_t packets_dropped; /* by the queues of our sockets */
	uint64_t packets_unseen; /* dropped before the filter: nobody knows whether they matched */
	uint64_t packets_filtered; /* their process is not one that is shown */
	uint64_t filtered_unknown; /* of these: it was not known, or not in full */
	uint64_t packets_left; /* read after COUNT was reached, not reported */
	uint64_t owners_lost; /* packets whose event was lost */
	uint64_t processes_unknown; /* records of a user whose process could not be named in full */
	uint64_t parents_unknown; /* of a user, without the arguments of a parent */
	uint64_t events_read;
	uint64_t decisions_reported;
	uint64_t requests_reported;
	uint64_t requests_filtered; /* none of those that their endpoints ask for */
	uint64_t requests_left; /* made after COUNT was reached, not reported */
	struct exchange_counts exchange;
	struct stream_counts streams;
	uint64_t output_lost; /* records that could not be written */
	uint64_t reloads;
	uint64_t reloads_failed; /* the policy before went on */
};

/*
 * The counters in the order in which they are told, by number: the name of one,
 * "seen", "packets_reported", and its value; NULL behind the last.
 */
const char *record_count(const struct record_counts *counts, size_t number, uint64_t *ret);

struct record_status {
	uint64_t uptime_ns;
	const struct record_hook *hooks; /* start, reload and alive */
	size_t n_hooks;
	struct record_counts counts; /* loss: what was lost since the last one */
	const struct tally *tally; /* counters, summary: the requests, by kind */
	const char *cloud; /* start, reload: by DMI, NULL when it does not tell */
	const char *configured_cloud; /* start, reload: of every endpoint, or NULL */
	const char *config; /* start, reload: file or profile name */
	bool failed; /* reload: the policy before goes on */
	const char *owner_hook; /* start: "cgroup" or "tc" */
	const char *version; /* start */
	const char *kernel; /* start: release */
	const char *const *endpoints; /* start, reload: names, in order */
	size_t n_endpoints;
};

struct record {
	enum record_type type;
	uint64_t seq;
	uint64_t ts_ns; /* CLOCK_REALTIME */
	const char *host;
	const char *boot_id;
	union {
		struct record_traffic traffic; /* decision, packet */
		struct record_request request;
		struct record_status status; /* the others */
	};
};

/* Words of the field for the enums; never NULL. */
const char *record_type_name(enum record_type type);
const char *record_owner_name(enum sf_owner_kind kind);
const char *record_source_name(enum sf_source source);
const char *record_join_name(enum sf_join join);
const char *record_direction_name(enum sf_direction direction);

/* "tcp", "udp", "icmp", "icmpv6", ... or the number; text has room for 8 bytes. */
const char *record_proto_name(uint8_t proto, char *text);

/* "SYN,ACK" or "" when none is set; text has room for RECORD_FLAGS_MAX bytes. */
#define RECORD_FLAGS_MAX 40
const char *record_tcp_flags(uint8_t flags, char *text);

/* The name of the index-th mark that packet carries, NULL past the last: "fragment", "truncated", "malformed", "extension_bound". */
const char *record_mark(const struct sf_packet *packet, size_t index);

/* Which of the fields that not every packet has were read and mean what they say. */
bool record_has_ports(const struct sf_packet *packet); /* not an ICMP echo's id */
bool record_has_quoted_ports(const struct sf_quote *quote);
bool record_has_tcp_flags(const struct sf_packet *packet);
bool record_has_icmp_type(const struct sf_packet *packet);
