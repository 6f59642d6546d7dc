/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Our own append-only JSON: a packet record must cost less than the packet.
 * Keys come in the order of docs/record.schema.json, the same in every line.
 *
 * Names in a record are chosen by strangers: a newline in one would forge a
 * record, ESC drive the terminal of who reads the log, a bidi override show
 * another name. These come out as \uXXXX, and a byte that is not UTF-8 as the
 * four characters \xNN, so that nothing is lost and the line is valid UTF-8.
 */
#include "json.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "utf8.h"

#define NS_PER_S 1000000000ULL

/* Appends a literal, whose length the compiler knows. */
#define ADD(buffer, literal) buffer_add(buffer, "" literal, sizeof(literal) - 1)

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Beyond 16 bits JSON wants a UTF-16 surrogate pair (RFC 8259, section 7). */
static void add_unicode(struct buffer *buffer, uint32_t code)
{
	if (code > 0xffff) {
		code -= 0x10000;
		buffer_printf(buffer, "\\u%04x\\u%04x", 0xd800 + (code >> 10),
			      0xdc00 + (code & 0x3ff));
		return;
	}
	buffer_printf(buffer, "\\u%04x", code);
}

/* Adds one character that is not plain ASCII; returns the bytes it took. */
static size_t add_special(struct buffer *buffer, const char *text)
{
	uint32_t code;
	size_t len = utf8_decode(text, strnlen(text, 4), &code);

	if (!len)
		buffer_printf(buffer, "\\\\x%02x", (uint8_t)*text);
	else if (!utf8_is_printable(code))
		add_unicode(buffer, code);
	else if (code == '"')
		ADD(buffer, "\\\"");
	else if (code == '\\')
		ADD(buffer, "\\\\");
	else
		buffer_add(buffer, text, len);
	return len ? len : 1;
}

/* Runs of plain ASCII, nearly all there is, are copied as they stand. */
static void add_string(struct buffer *buffer, const char *text)
{
	ADD(buffer, "\"");
	for (size_t plain = 0; text && *text; plain = 0) {
		while (is_plain(text[plain]))
			plain++;
		buffer_add(buffer, text, plain);
		text += plain;
		if (*text)
			text += add_special(buffer, text);
	}
	ADD(buffer, "\"");
}

/* For our own words, which need no escape. */
static void add_word(struct buffer *buffer, const char *word)
{
	ADD(buffer, "\"");
	buffer_add_str(buffer, word);
	ADD(buffer, "\"");
}

/* Writes right to left, and zeros in front, up to end. */
static void put_digits(char *end, unsigned int width, uint64_t value)
{
	while (width--) {
		*--end = (char)('0' + value % 10);
		value /= 10;
	}
}

/* strftime alone would take a third of what a record may cost. */
static void add_time(struct buffer *buffer, uint64_t ts_ns)
{
	char text[] = "0000-00-00T00:00:00.000000000Z";
	time_t seconds = (time_t)(ts_ns / NS_PER_S);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	put_digits(text + 4, 4, (uint64_t)utc.tm_year + 1900);
	put_digits(text + 7, 2, (uint64_t)utc.tm_mon + 1);
	put_digits(text + 10, 2, (uint64_t)utc.tm_mday);
	put_digits(text + 13, 2, (uint64_t)utc.tm_hour);
	put_digits(text + 16, 2, (uint64_t)utc.tm_min);
	put_digits(text + 19, 2, (uint64_t)utc.tm_sec);
	put_digits(text + 29, 9, ts_ns % NS_PER_S);
	ADD(buffer, "\"");
	buffer_add(buffer, text, sizeof(text) - 1);
	ADD(buffer, "\"");
}

static void add_head(struct buffer *buffer, const struct record *record)
{
	ADD(buffer, "{\"schema\":");
	buffer_add_u64(buffer, RECORD_SCHEMA);
	ADD(buffer, ",\"type\":");
	add_word(buffer, record_type_name(record->type));
	ADD(buffer, ",\"seq\":");
	buffer_add_u64(buffer, record->seq);
	ADD(buffer, ",\"ts\":");
	add_time(buffer, record->ts_ns);
	ADD(buffer, ",\"host\":");
	add_string(buffer, record->host);
	ADD(buffer, ",\"boot_id\":");
	add_string(buffer, record->boot_id);
}

static void add_strings(struct buffer *buffer, const char *const *strings, size_t n_strings)
{
	ADD(buffer, "[");
	for (size_t i = 0; i < n_strings; i++) {
		if (i)
			ADD(buffer, ",");
		add_string(buffer, strings[i]);
	}
	ADD(buffer, "]");
}

static void add_endpoints(struct buffer *buffer, const struct record_traffic *traffic)
{
	if (traffic->endpoint) {
		ADD(buffer, ",\"endpoint\":");
		add_string(buffer, traffic->endpoint);
	}
	if (traffic->n_endpoints > 1) {
		ADD(buffer, ",\"endpoints\":");
		add_strings(buffer, traffic->endpoints, traffic->n_endpoints);
	}
}

static void add_address(struct buffer *buffer, const uint8_t *bytes)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	memcpy(addr.bytes, bytes, sizeof(addr.bytes));
	add_word(buffer, addr_to_str(&addr, text));
}

static void add_key(struct buffer *buffer, const char *name)
{
	ADD(buffer, ",\"");
	buffer_add_str(buffer, name);
	ADD(buffer, "\":");
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
	add_key(buffer, "src");
	add_address(buffer, ends->src);
	if (ends->has_ports) {
		add_key(buffer, "sport");
		buffer_add_u64(buffer, ntohs(ends->sport_be));
	}
	add_key(buffer, "dst");
	add_address(buffer, ends->dst);
	if (ends->has_ports) {
		add_key(buffer, "dport");
		buffer_add_u64(buffer, ntohs(ends->dport_be));
	}
}

/* The packet that an ICMP error is about. */
static void add_quote(struct buffer *buffer, const struct sf_quote *quote)
{
	const struct ends ends = {quote->src, quote->dst, quote->sport, quote->dport,
				  record_has_quoted_ports(quote)};
	char text[RECORD_FLAGS_MAX];

	ADD(buffer, ",\"quoted\":{\"proto\":");
	add_word(buffer, record_proto_name(quote->proto, text));
	add_ends(buffer, &ends);
	ADD(buffer, "}");
}

static void add_marks(struct buffer *buffer, const struct sf_packet *packet)
{
	const char *mark = record_mark(packet, 0);

	if (!mark)
		return;
	ADD(buffer, ",\"marks\":[");
	for (size_t i = 0; mark; mark = record_mark(packet, ++i)) {
		if (i)
			ADD(buffer, ",");
		add_word(buffer, mark);
	}
	ADD(buffer, "]");
}

static void add_packet(struct buffer *buffer, const struct sf_packet *packet)
{
	const struct ends ends = {packet->src, packet->dst, packet->sport, packet->dport,
				  record_has_ports(packet)};
	char text[RECORD_FLAGS_MAX];

	ADD(buffer, ",\"ip_version\":");
	buffer_add_u64(buffer, packet->ip_version);
	ADD(buffer, ",\"proto\":");
	add_word(buffer, record_proto_name(packet->proto, text));
	add_ends(buffer, &ends);
	if (record_has_icmp_type(packet)) {
		ADD(buffer, ",\"icmp_type\":");
		buffer_add_u64(buffer, packet->icmp_type);
		ADD(buffer, ",\"icmp_code\":");
		buffer_add_u64(buffer, packet->icmp_code);
	}
	ADD(buffer, ",\"hop_limit\":");
	buffer_add_u64(buffer, packet->hop_limit);
	ADD(buffer, ",\"len\":");
	buffer_add_u64(buffer, packet->len);
	if (record_has_tcp_flags(packet)) {
		ADD(buffer, ",\"tcp_flags\":");
		add_word(buffer, record_tcp_flags(packet->tcp_flags, text));
	}
	if (packet->flags & SF_PACKET_QUOTE)
		add_quote(buffer, &packet->quote);
	add_marks(buffer, packet);
}

/* The name is absent, not empty, where the uid has none: "" might be a name. */
static void add_user(struct buffer *buffer, const struct record_owner *owner)
{
	ADD(buffer, ",\"uid\":");
	buffer_add_u64(buffer, owner->uid);
	if (owner->user) {
		ADD(buffer, ",\"user\":");
		add_string(buffer, owner->user);
	}
	ADD(buffer, ",\"gid\":");
	buffer_add_u64(buffer, owner->gid);
	ADD(buffer, ",\"source\":");
	add_word(buffer, record_source_name(owner->source));
	ADD(buffer, ",\"join\":");
	add_word(buffer, record_join_name(owner->join));
}

static void add_owner(struct buffer *buffer, const struct record_owner *owner)
{
	ADD(buffer, ",\"owner\":{\"kind\":");
	add_word(buffer, record_owner_name(owner->kind));
	if (owner->kind == SF_OWNER_USER)
		add_user(buffer, owner);
	else if (owner->lost)
		ADD(buffer, ",\"lost\":true");
	ADD(buffer, "}");
}

static void add_traffic(struct buffer *buffer, const struct record_traffic *traffic)
{
	add_endpoints(buffer, traffic);
	ADD(buffer, ",\"iface\":");
	add_string(buffer, traffic->iface);
	if (traffic->direction != SF_DIRECTION_NONE) {
		ADD(buffer, ",\"direction\":");
		add_word(buffer, record_direction_name(traffic->direction));
	}
	add_packet(buffer, &traffic->packet);
	if (traffic->verdict == SF_DELIVER)
		ADD(buffer, ",\"decision\":-1");
	else
		ADD(buffer, ",\"decision\":0");
	add_owner(buffer, &traffic->owner);
}

/* All of them, each time: what is not listed as attached is not watched. */
static void add_hooks(struct buffer *buffer, const struct record_status *status)
{
	ADD(buffer, ",\"hooks\":[");
	for (size_t i = 0; i < status->n_hooks; i++) {
		const struct record_hook *hook = &status->hooks[i];

		if (i)
			ADD(buffer, ",");
		ADD(buffer, "{\"name\":");
		add_string(buffer, hook->name);
		ADD(buffer, ",\"attached\":");
		buffer_add_str(buffer, hook->attached ? "true}" : "false}");
	}
	ADD(buffer, "]");
}

static void add_count(struct buffer *buffer, const char *name, uint64_t value)
{
	add_key(buffer, name);
	buffer_add_u64(buffer, value);
}

/* Zeros too, so that a reader can subtract any record from any other. */
static void add_counts(struct buffer *buffer, const struct record_counts *counts)
{
	ADD(buffer, ",\"counters\":{\"");
	buffer_add_str(buffer, record_counter_name(0));
	ADD(buffer, "\":");
	buffer_add_u64(buffer, counts->kernel[0]);
	for (enum sf_counter counter = 1; counter < SF_COUNTERS; counter++)
		add_count(buffer, record_counter_name(counter), counts->kernel[counter]);
	add_count(buffer, "packets_reported", counts->packets_reported);
	add_count(buffer, "packets_dropped", counts->packets_dropped);
	add_count(buffer, "packets_unseen", counts->packets_unseen);
	add_count(buffer, "packets_left", counts->packets_left);
	add_count(buffer, "owners_lost", counts->owners_lost);
	add_count(buffer, "events_read", counts->events_read);
	add_count(buffer, "decisions_reported", counts->decisions_reported);
	add_count(buffer, "output_lost", counts->output_lost);
	add_count(buffer, "reloads", counts->reloads);
	add_count(buffer, "reloads_failed", counts->reloads_failed);
	ADD(buffer, "}");
}

static void add_start(struct buffer *buffer, const struct record_status *status)
{
	ADD(buffer, ",\"version\":");
	add_string(buffer, status->version);
	ADD(buffer, ",\"kernel\":");
	add_string(buffer, status->kernel);
	ADD(buffer, ",\"config\":");
	add_string(buffer, status->config);
	ADD(buffer, ",\"endpoints\":");
	add_strings(buffer, status->endpoints, status->n_endpoints);
	ADD(buffer, ",\"owner_hook\":");
	add_string(buffer, status->owner_hook);
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
		ADD(buffer, ",\"uptime_s\":");
		buffer_add_u64(buffer, record->status.uptime_ns / NS_PER_S);
		add_hooks(buffer, &record->status);
	}
	add_counts(buffer, &record->status.counts);
}

void json_emit(struct buffer *buffer, const struct record *record)
{
	add_head(buffer, record);
	if (record->type == RECORD_DECISION || record->type == RECORD_PACKET)
		add_traffic(buffer, &record->traffic);
	else
		add_status(buffer, record);
	ADD(buffer, "}\n");
}
