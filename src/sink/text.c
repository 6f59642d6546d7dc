/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Traffic for people: who, what, where. Columns stand at fixed stops and a
 * long value only pushes its neighbours until there is room again; addresses,
 * the longest, come last, so that the rest lines up for IPv4 and IPv6 alike.
 */
#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "line.h"
#include "mem.h"
#include "status.h"
#include "text_request.h"
#include "text_who.h"

/* The widths hold what is usual: a system user, "unattributed reply", "tcp PSH,ACK". */
enum stop {
	STOP_TIME = 0,
	STOP_PROCESS = 17,
	STOP_WHO = 35,
	STOP_WHAT = 55,
	STOP_ENDPOINT = 64,
	STOP_NAME = 69,
	STOP_IFACE = 85,
	STOP_PROTO = 93,
	STOP_BYTES = 107,
	STOP_ADDRESSES = 114,
};

void text_header(struct buffer *buffer, const struct text_style *style, enum record_type type)
{
	static const struct {
		enum stop stop;
		const char *title;
	} titles[] = {
		{STOP_PROCESS, "PROCESS"}, {STOP_WHO, "WHO"},
		{STOP_WHAT, "WHAT"},	   {STOP_ENDPOINT, "ENDPOINT"},
		{STOP_IFACE, "IFACE"},	   {STOP_PROTO, "PROTO"},
		{STOP_BYTES, "BYTES"},	   {STOP_ADDRESSES, "SOURCE > DESTINATION"},
	};
	struct line line = {.buffer = buffer, .color = style->color};

	if (type == RECORD_REQUEST) {
		text_request_header(&line);
		return;
	}
	line_paint(&line, COLOR_TITLE);
	line_add(&line, "TIME");
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		line_seek(&line, titles[i].stop);
		line_add(&line, titles[i].title);
	}
	line_paint(&line, COLOR_OFF);
	line_end(&line);
}

/* The number beside the word is what the filter returned to the kernel. */
static const char *what_of(const struct record *record)
{
	if (record->type == RECORD_PACKET)
		return "packet";
	return record->traffic.verdict == SF_DELIVER ? "pass -1" : "skip  0";
}

/* "to imdsv2": read after WHO it makes a sentence; "+2" are endpoints that matched too. */
static void add_endpoint(struct line *line, const struct record_traffic *traffic)
{
	if (traffic->direction != SF_DIRECTION_NONE)
		line_add(line, record_direction_name(traffic->direction));
	line_seek(line, STOP_NAME);
	line_add_name(line, traffic->endpoint ? traffic->endpoint : "-", false);
	if (traffic->n_endpoints > 1)
		line_addf(line, "+%zu", traffic->n_endpoints - 1);
}

static void add_proto(struct line *line, const struct sf_packet *packet)
{
	char text[RECORD_FLAGS_MAX];

	line_add(line, record_proto_name(packet->proto, text));
	if (record_has_icmp_type(packet))
		line_addf(line, packet->icmp_code ? " %u/%u" : " %u", packet->icmp_type,
			  packet->icmp_code);
	if (record_has_tcp_flags(packet) && packet->tcp_flags)
		line_addf(line, " %s", record_tcp_flags(packet->tcp_flags, text));
}

static void add_address(struct line *line, const uint8_t *bytes, bool has_port, uint16_t port_be)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	memcpy(addr.bytes, bytes, sizeof(addr.bytes));
	addr_to_str(&addr, text);
	if (!has_port)
		line_add(line, text);
	else if (addr_is_v4(&addr))
		line_addf(line, "%s:%u", text, ntohs(port_be));
	else
		line_addf(line, "[%s]:%u", text, ntohs(port_be));
}

static void add_addresses(struct line *line, const struct sf_packet *packet)
{
	bool has_ports = record_has_ports(packet);

	add_address(line, packet->src, has_ports, packet->sport);
	line_add(line, " > ");
	add_address(line, packet->dst, has_ports, packet->dport);
}

/* An error is read for what it is about; who sent it stands in front. */
static void add_quote(struct line *line, const struct sf_quote *quote)
{
	bool has_ports = record_has_quoted_ports(quote);
	char text[RECORD_FLAGS_MAX];

	line_paint(line, COLOR_NOTE);
	line_addf(line, "  (about %s ", record_proto_name(quote->proto, text));
	add_address(line, quote->src, has_ports, quote->sport);
	line_add(line, " > ");
	add_address(line, quote->dst, has_ports, quote->dport);
	line_add(line, ")");
	line_paint(line, COLOR_OFF);
}

/* In parentheses at the end, where nothing usually stands: what is odd is seen at once. */
static void add_marks(struct line *line, const struct record_traffic *traffic)
{
	bool lost = traffic->owner.lost && traffic->owner.kind != SF_OWNER_USER;
	const char *mark = record_mark(&traffic->packet, 0);
	const char *between = "  (";

	if (!mark && !lost)
		return;
	line_paint(line, COLOR_NOTE);
	for (size_t i = 0; mark; mark = record_mark(&traffic->packet, ++i)) {
		line_addf(line, "%s%s", between, mark);
		between = ", ";
	}
	if (lost)
		line_addf(line, "%s%s", between, "owner lost");
	line_add(line, ")");
	line_paint(line, COLOR_OFF);
}

static void add_traffic(struct line *line, const struct record *record)
{
	const struct record_traffic *traffic = &record->traffic;
	const struct sf_packet *packet = &traffic->packet;

	line_add_time(line, record->ts_ns);
	line_seek(line, STOP_PROCESS);
	text_add_process(line, &traffic->owner.by);
	line_seek(line, STOP_WHO);
	text_add_user(line, &traffic->owner);
	line_seek(line, STOP_WHAT);
	line_add(line, what_of(record));
	line_seek(line, STOP_ENDPOINT);
	add_endpoint(line, traffic);
	line_seek(line, STOP_IFACE);
	line_add_name(line, traffic->iface, false);
	line_seek(line, STOP_PROTO);
	add_proto(line, packet);
	line_seek(line, STOP_BYTES);
	line_addf(line, "%5u", packet->len);
	line_seek(line, STOP_ADDRESSES);
	add_addresses(line, packet);
	if (packet->flags & SF_PACKET_QUOTE)
		add_quote(line, &packet->quote);
	add_marks(line, traffic);
	if (traffic->owner.sender.key.pid) {
		line_add(line, "  (sent by ");
		text_add_process(line, &traffic->owner.sender);
		line_add(line, ")");
	}
	line_end(line);
}

/* A loss is never hushed: it is the reason not to trust the silence. */
static bool is_hushed(const struct text_style *style, enum record_type type)
{
	return style->quiet &&
	       (type == RECORD_START || type == RECORD_RELOAD || type == RECORD_ALIVE ||
		type == RECORD_COUNTERS || type == RECORD_SUMMARY);
}

void text_emit(struct buffer *buffer, const struct text_style *style, const struct record *record)
{
	struct line line = {.buffer = buffer, .color = style->color};

	if (is_hushed(style, record->type))
		return;
	if (record->type == RECORD_DECISION || record->type == RECORD_PACKET)
		add_traffic(&line, record);
	else if (record->type == RECORD_REQUEST)
		text_request(&line, record);
	else
		status_emit(&line, record);
}
