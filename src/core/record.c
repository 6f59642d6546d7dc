/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words for what a record holds. They are the stable names of the JSON
 * output: changing one needs a new RECORD_SCHEMA.
 */
#include "record.h"

#include <assert.h>
#include <linux/in.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

#define UDPLITE 136
#define ICMPV6 58

static const char *const counter_names[] = {
	[SF_SEEN] = "seen",
	[SF_MATCHED] = "matched",
	[SF_REJECTED] = "rejected",
	[SF_MALFORMED] = "malformed",
	[SF_NO_OWNER_UNKNOWN] = "no_owner_unknown",
	[SF_NO_OWNER_KERNEL] = "no_owner_kernel",
	[SF_NO_OWNER_FORWARDED] = "no_owner_forwarded",
	[SF_NO_OWNER_UNATTRIBUTED_REPLY] = "no_owner_unattributed_reply",
	[SF_HIDDEN_UNKNOWN] = "hidden_unknown",
	[SF_HIDDEN_KERNEL] = "hidden_kernel",
	[SF_HIDDEN_FORWARDED] = "hidden_forwarded",
	[SF_HIDDEN_UNATTRIBUTED_REPLY] = "hidden_unattributed_reply",
	[SF_EVENTS] = "events",
	[SF_EVENTS_LOST] = "events_lost",
	[SF_EVENTS_HELD_BACK] = "events_held_back",
	[SF_FLOWS_REFUSED] = "flows_refused",
	[SF_FRAGMENTS] = "fragments",
	[SF_FRAGMENTS_ALONE] = "fragments_alone",
	[SF_MATCHED_INET] = "matched_inet",
	[SF_PROCESSES_LOST] = "processes_lost",
};
_Static_assert(ARRAY_SIZE(counter_names) == SF_COUNTERS, "every counter has a name");

/* Those of user space, in the order in which they are told. */
static const struct {
	const char *name;
	size_t offset;
} counts_told[] = {
#define OWN(name)                                           \
	{                                                   \
#name, offsetof(struct record_counts, name) \
	}
#define AS(name, member)                                     \
	{                                                    \
		name, offsetof(struct record_counts, member) \
	}
	OWN(packets_reported),
	OWN(packets_filtered),
	OWN(filtered_unknown),
	OWN(packets_dropped),
	OWN(packets_unseen),
	OWN(packets_left),
	OWN(owners_lost),
	OWN(processes_unknown),
	OWN(parents_unknown),
	OWN(events_read),
	OWN(decisions_reported),
	AS("requests", exchange.requests),
	OWN(requests_reported),
	OWN(requests_filtered),
	OWN(requests_left),
	AS("requests_uncertain", exchange.uncertain),
	AS("requests_unanswered", exchange.without_answer),
	AS("requests_hop_limit", exchange.hop_limit),
	AS("requests_full", exchange.full),
	AS("requests_too_many", exchange.too_many),
	AS("requests_no_memory", exchange.no_memory),
	AS("answers_unread", exchange.unbuffered),
	AS("answers_unsolicited", exchange.unsolicited),
	AS("streams_joined", streams.joined),
	AS("streams_inward", streams.inward),
	AS("streams_idle", streams.idle),
	AS("streams_evicted", streams.evicted),
	AS("streams_differing", streams.differing),
	AS("streams_gaps", streams.gaps),
	AS("streams_gap_bytes", streams.gap_bytes),
	AS("streams_refused_bytes", streams.refused_bytes),
	AS("streams_unchecked_bytes", streams.unchecked_bytes),
	AS("streams_views", streams.merged),
	AS("streams_views_refused", streams.views_refused),
	AS("streams_strays", streams.strays),
	AS("streams_no_memory", streams.no_memory),
	OWN(output_lost),
	OWN(reloads),
	OWN(reloads_failed),
#undef OWN
#undef AS
};

static const char *const type_names[] = {
	[RECORD_START] = "start",   [RECORD_RELOAD] = "reload",	    [RECORD_DECISION] = "decision",
	[RECORD_PACKET] = "packet", [RECORD_REQUEST] = "request",   [RECORD_ALIVE] = "alive",
	[RECORD_LOSS] = "loss",	    [RECORD_COUNTERS] = "counters", [RECORD_SUMMARY] = "summary",
};
_Static_assert(ARRAY_SIZE(type_names) == RECORD_TYPES, "every record type has a name");

static const char *const owner_names[] = {
	[SF_OWNER_UNKNOWN] = "unknown",	    [SF_OWNER_KERNEL] = "kernel",
	[SF_OWNER_FORWARDED] = "forwarded", [SF_OWNER_UNATTRIBUTED_REPLY] = "unattributed_reply",
	[SF_OWNER_USER] = "user",
};

static const char *const source_names[] = {
	[SF_SOURCE_NONE] = "none",	 [SF_SOURCE_SOCKET] = "socket",
	[SF_SOURCE_CONNECT] = "connect", [SF_SOURCE_SENDMSG] = "sendmsg",
	[SF_SOURCE_BIND] = "bind",	 [SF_SOURCE_BACKFILL] = "backfill",
};

static const char *const join_names[] = {
	[SF_JOIN_NONE] = "none",
	[SF_JOIN_SOCKET] = "socket",
	[SF_JOIN_FLOW] = "flow",
	[SF_JOIN_REPLY] = "reply",
};

static const char *const direction_names[] = {
	[SF_DIRECTION_NONE] = "none",
	[SF_TO] = "to",
	[SF_FROM] = "from",
};

/* Events come from the kernel, but a newer one may know values that we do not. */
static const char *name_of(const char *const *names, size_t n_names, unsigned int value)
{
	return value < n_names && names[value] ? names[value] : "none";
}

const char *record_count(const struct record_counts *counts, size_t number, uint64_t *ret)
{
	if (number < SF_COUNTERS) {
		*ret = counts->kernel[number];
		return counter_names[number];
	}
	number -= SF_COUNTERS;
	if (number >= ARRAY_SIZE(counts_told))
		return NULL;
	memcpy(ret, (const char *)counts + counts_told[number].offset, sizeof(*ret));
	return counts_told[number].name;
}

const char *record_type_name(enum record_type type)
{
	assert(type < RECORD_TYPES);
	return type_names[type];
}

/* The one word that claims nothing serves a kind that we do not know. */
const char *record_owner_name(enum sf_owner_kind kind)
{
	return kind < ARRAY_SIZE(owner_names) ? owner_names[kind] : owner_names[SF_OWNER_UNKNOWN];
}

const char *record_source_name(enum sf_source source)
{
	return name_of(source_names, ARRAY_SIZE(source_names), source);
}

const char *record_join_name(enum sf_join join)
{
	return name_of(join_names, ARRAY_SIZE(join_names), join);
}

const char *record_direction_name(enum sf_direction direction)
{
	return name_of(direction_names, ARRAY_SIZE(direction_names), direction);
}

/* IANA's protocol keywords in lower case, of those that a host meets. */
static const char *const proto_names[256] = {
	[IPPROTO_ICMP] = "icmp", [IPPROTO_IGMP] = "igmp", [IPPROTO_IPIP] = "ipip",
	[IPPROTO_TCP] = "tcp",	 [IPPROTO_UDP] = "udp",	  [IPPROTO_DCCP] = "dccp",
	[IPPROTO_IPV6] = "ipv6", [IPPROTO_GRE] = "gre",	  [IPPROTO_ESP] = "esp",
	[IPPROTO_AH] = "ah",	 [ICMPV6] = "icmpv6",	  [IPPROTO_SCTP] = "sctp",
	[UDPLITE] = "udplite",
};

const char *record_proto_name(uint8_t proto, char *text)
{
	if (proto_names[proto])
		strcpy(text, proto_names[proto]);
	else
		snprintf(text, 8, "%u", proto);
	return text;
}

const char *record_tcp_flags(uint8_t flags, char *text)
{
	static const char names[8][4] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	char *end = text;

	for (size_t bit = 0; bit < ARRAY_SIZE(names); bit++) {
		if (!(flags & 1U << bit))
			continue;
		if (end != text)
			*end++ = ',';
		memcpy(end, names[bit], 3);
		end += 3;
	}
	*end = '\0';
	return text;
}

static const struct {
	uint16_t flags;
	const char *name;
} marks[] = {
	/* Either flag alone is enough to tell that ports may be missing. */
	{SF_PACKET_FRAGMENT | SF_PACKET_LATER_FRAGMENT, "fragment"},
	{SF_PACKET_TRUNCATED, "truncated"},
	{SF_PACKET_MALFORMED, "malformed"},
	{SF_PACKET_EXT_BOUND, "extension_bound"},
};

const char *record_mark(const struct sf_packet *packet, size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (packet->flags & marks[i].flags && index-- == 0)
			return marks[i].name;
	return NULL;
}

/* An echo keeps its id in sport: it makes a flow, but it is no port. */
static bool is_icmp(const struct sf_packet *packet)
{
	return packet->proto == IPPROTO_ICMP || packet->proto == ICMPV6;
}

bool record_has_ports(const struct sf_packet *packet)
{
	return packet->flags & SF_PACKET_PORTS && !is_icmp(packet);
}

bool record_has_quoted_ports(const struct sf_quote *quote)
{
	return quote->flags & SF_PACKET_PORTS;
}

/* They lie behind the ports: where these could not be read, neither could they. */
bool record_has_tcp_flags(const struct sf_packet *packet)
{
	return packet->flags & SF_PACKET_PORTS && packet->proto == IPPROTO_TCP;
}

bool record_has_icmp_type(const struct sf_packet *packet)
{
	return is_icmp(packet) && !(packet->flags & SF_PACKET_UNREAD);
}
