/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Our own append-only JSON: a packet record must cost less than the packet.
 * Keys come in the order of docs/record.schema.json, the same in every line.
 */
#include "json.h"

#include <arpa/inet.h>
#include <string.h>

#include "addr.h"
#include "json_owner.h"
#include "json_part.h"
#include "json_request.h"

#define NS_PER_S 1000000000ULL

static void add_head(struct buffer *buffer, const struct record *record)
{
	JSON_ADD(buffer, "{\"schema\":");
	buffer_add_u64(buffer, RECORD_SCHEMA);
	JSON_ADD(buffer, ",\"type\":");
	json_add_word(buffer, record_type_name(record->type));
	JSON_ADD(buffer, ",\"seq\":");
	buffer_add_u64(buffer, record->seq);
	JSON_ADD(buffer, ",\"ts\":");
	json_add_time(buffer, record->ts_ns);
	JSON_ADD(buffer, ",\"host\":");
	json_add_string(buffer, record->host);
	JSON_ADD(buffer, ",\"boot_id\":");
	json_add_string(buffer, record->boot_id);
}

static void add_endpoints(struct buffer *buffer, const struct record_traffic *traffic)
{
	if (traffic->endpoint) {
		JSON_ADD(buffer, ",\"endpoint\":");
		json_add_string(buffer, traffic->endpoint);
	}
	if (traffic->n_endpoints > 1) {
		JSON_ADD(buffer, ",\"endpoints\":");
		json_add_strings(buffer, traffic->endpoints, traffic->n_endpoints);
	}
}

static void add_address(struct buffer *buffer, const uint8_t *bytes)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	memcpy(addr.bytes, bytes, sizeof(addr.bytes));
	json_add_word(buffer, addr_to_str(&addr, text));
}

/* What a packet and a quoted packet say of where they come from and go to. */
struct ends {
	const uint8_t *src;
	const uint8_t *dst;
	uint16_t sport_be;
	uint16_t dport_be;
	bool has_ports;
};

static void add_ends(struct buffer *buffer, const struct ends *ends)
{
	json_add_key(buffer, "src");
	add_address(buffer, ends->src);
	if (ends->has_ports) {
		json_add_key(buffer, "sport");
		buffer_add_u64(buffer, ntohs(ends->sport_be));
	}
	json_add_key(buffer, "dst");
	add_address(buffer, ends->dst);
	if (ends->has_ports) {
		json_add_key(buffer, "dport");
		buffer_add_u64(buffer, ntohs(ends->dport_be));
	}
}

/* The packet that an ICMP error is about. */
static void add_quote(struct buffer *buffer, const struct sf_quote *quote)
{
	const struct ends ends = {quote->src, quote->dst, quote->sport, quote->dport,
				  record_has_quoted_ports(quote)};
	char text[RECORD_FLAGS_MAX];

	JSON_ADD(buffer, ",\"quoted\":{\"proto\":");
	json_add_word(buffer, record_proto_name(quote->proto, text));
	add_ends(buffer, &ends);
	JSON_ADD(buffer, "}");
}

static void add_marks(struct buffer *buffer, const struct sf_packet *packet)
{
	const char *mark = record_mark(packet, 0);

	if (!mark)
		return;
	JSON_ADD(buffer, ",\"marks\":[");
	for (size_t i = 0; mark; mark = record_mark(packet, ++i)) {
		if (i)
			JSON_ADD(buffer, ",");
		json_add_word(buffer, mark);
	}
	JSON_ADD(buffer, "]");
}

static void add_packet_ends(struct buffer *buffer, const struct sf_packet *packet)
{
	const struct ends ends = {packet->src, packet->dst, packet->sport, packet->dport,
				  record_has_ports(packet)};
	char text[RECORD_FLAGS_MAX];

	JSON_ADD(buffer, ",\"ip_version\":");
	buffer_add_u64(buffer, packet->ip_version);
	JSON_ADD(buffer, ",\"proto\":");
	json_add_word(buffer, record_proto_name(packet->proto, text));
	add_ends(buffer, &ends);
}

static void add_packet(struct buffer *buffer, const struct sf_packet *packet)
{
	char text[RECORD_FLAGS_MAX];

	add_packet_ends(buffer, packet);
	if (record_has_icmp_type(packet)) {
		JSON_ADD(buffer, ",\"icmp_type\":");
		buffer_add_u64(buffer, packet->icmp_type);
		JSON_ADD(buffer, ",\"icmp_code\":");
		buffer_add_u64(buffer, packet->icmp_code);
	}
	JSON_ADD(buffer, ",\"hop_limit\":");
	buffer_add_u64(buffer, packet->hop_limit);
	JSON_ADD(buffer, ",\"len\":");
	buffer_add_u64(buffer, packet->len);
	if (record_has_tcp_flags(packet)) {
		JSON_ADD(buffer, ",\"tcp_flags\":");
		json_add_word(buffer, record_tcp_flags(packet->tcp_flags, text));
	}
	if (packet->flags & SF_PACKET_QUOTE)
		add_quote(buffer, &packet->quote);
	add_marks(buffer, packet);
}

static void add_place(struct buffer *buffer, const struct record_traffic *traffic)
{
	add_endpoints(buffer, traffic);
	JSON_ADD(buffer, ",\"iface\":");
	json_add_string(buffer, traffic->iface);
}

static void add_traffic(struct buffer *buffer, const struct record_traffic *traffic)
{
	add_place(buffer, traffic);
	if (traffic->direction != SF_DIRECTION_NONE) {
		JSON_ADD(buffer, ",\"direction\":");
		json_add_word(buffer, record_direction_name(traffic->direction));
	}
	add_packet(buffer, &traffic->packet);
	if (traffic->verdict == SF_DELIVER)
		JSON_ADD(buffer, ",\"decision\":-1");
	else
		JSON_ADD(buffer, ",\"decision\":0");
	json_add_owner(buffer, &traffic->owner);
}

static void add_request(struct buffer *buffer, const struct record_request *request)
{
	add_place(buffer, &request->traffic);
	add_packet_ends(buffer, &request->traffic.packet);
	json_add_request(buffer, request->asked);
	json_add_owner(buffer, &request->traffic.owner);
}

/* All of them, each time: what is not listed as attached is not watched. */
static void add_hooks(struct buffer *buffer, const struct record_status *status)
{
	JSON_ADD(buffer, ",\"hooks\":[");
	for (size_t i = 0; i < status->n_hooks; i++) {
		const struct record_hook *hook = &status->hooks[i];

		if (i)
			JSON_ADD(buffer, ",");
		JSON_ADD(buffer, "{\"name\":");
		json_add_string(buffer, hook->name);
		JSON_ADD(buffer, ",\"attached\":");
		buffer_add_str(buffer, hook->attached ? "true}" : "false}");
	}
	JSON_ADD(buffer, "]");
}

/* Zeros too, so that a reader can subtract any record from any other. */
static void add_counts(struct buffer *buffer, const struct record_counts *counts)
{
	const char *before = ",\"counters\":{\"";
	const char *name;
	uint64_t value;

	for (size_t i = 0; (name = record_count(counts, i, &value)); i++) {
		buffer_add_str(buffer, before);
		buffer_add_str(buffer, name);
		JSON_ADD(buffer, "\":");
		buffer_add_u64(buffer, value);
		before = ",\"";
	}
	JSON_ADD(buffer, "}");
}

/* Who asked for what, how often. */
static void add_tally(struct buffer *buffer, const struct tally *tally)
{
	const char *before = "{";

	JSON_ADD(buffer, ",\"requests\":[");
	for (size_t i = 0; i < tally->n_rows; i++) {
		const struct tally_row *row = &tally->rows[i];
		buffer_add_str(buffer, before);
		JSON_ADD(buffer, "\"n\":");
		buffer_add_u64(buffer, row->n);
		json_add_filled(buffer, "comm", row->name);
		json_add_filled(buffer, "cloud", metadata_cloud_name(row->cloud));
		json_add_filled(buffer, "version", metadata_version_name(row->version));
		json_add_text(buffer, "class", metadata_class_name(row->class));
		JSON_ADD(buffer, "}");
		before = ",{";
	}
	JSON_ADD(buffer, "]");
	json_add_number(buffer, "requests_others", tally->n_others);
}

static void add_start(struct buffer *buffer, const struct record_status *status)
{
	JSON_ADD(buffer, ",\"version\":");
	json_add_string(buffer, status->version);
	JSON_ADD(buffer, ",\"kernel\":");
	json_add_string(buffer, status->kernel);
	JSON_ADD(buffer, ",\"config\":");
	json_add_string(buffer, status->config);
	JSON_ADD(buffer, ",\"endpoints\":");
	json_add_strings(buffer, status->endpoints, status->n_endpoints);
	json_add_text(buffer, "cloud", status->cloud);
	JSON_ADD(buffer, ",\"owner_hook\":");
	json_add_string(buffer, status->owner_hook);
	add_hooks(buffer, status);
}

static void add_status(struct buffer *buffer, const struct record *record)
{
	if (record->type == RECORD_RELOAD)
		buffer_add_str(buffer, record->status.failed ? ",\"ok\":false" : ",\"ok\":true");
	if (record->type == RECORD_START || record->type == RECORD_RELOAD) {
		add_start(buffer, &record->status);
		return;
	}
	if (record->type == RECORD_ALIVE) {
		JSON_ADD(buffer, ",\"uptime_s\":");
		buffer_add_u64(buffer, record->status.uptime_ns / NS_PER_S);
		add_hooks(buffer, &record->status);
	}
	add_counts(buffer, &record->status.counts);
	if (record->status.tally)
		add_tally(buffer, record->status.tally);
}

void json_emit(struct buffer *buffer, const struct record *record)
{
	add_head(buffer, record);
	if (record->type == RECORD_DECISION || record->type == RECORD_PACKET)
		add_traffic(buffer, &record->traffic);
	else if (record->type == RECORD_REQUEST)
		add_request(buffer, &record->request);
	else
		add_status(buffer, record);
	JSON_ADD(buffer, "}\n");
}
