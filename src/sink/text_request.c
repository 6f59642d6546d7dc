// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What an engineer on call looks for stands out without colour: V1! and
 * CREDENTIAL are the only words in capitals.
 */
#include "text_request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"
#include "text_who.h"

enum stop {
	STOP_PROCESS = 10,
	STOP_WHO = 28,
	STOP_VERSION = 49,
	STOP_ASKED = 54,
	STOP_GOT = 96,
};

void text_request_header(struct line *line)
{
	static const struct {
		enum stop stop;
		const char *title;
	} titles[] = {
		{STOP_PROCESS, "PROCESS"}, {STOP_WHO, "WHO"}, {STOP_VERSION, "VER"},
		{STOP_ASKED, "ASKED"},	   {STOP_GOT, "GOT"},
	};

	line_paint(line, COLOR_TITLE);
	line_add(line, "TIME");
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		line_seek(line, titles[i].stop);
		line_add(line, titles[i].title);
	}
	line_paint(line, COLOR_OFF);
	line_end(line);
}

static void add_clock(struct line *line, uint64_t ts_ns)
{
	time_t seconds = (time_t)(ts_ns / NS_PER_S);
	struct tm local;

	localtime_r(&seconds, &local);
	line_addf(line, "%02d:%02d:%02d", local.tm_hour, local.tm_min, local.tm_sec);
}

static void add_painted(struct line *line, const char *color, const char *text)
{
	line_paint(line, color);
	line_add(line, text);
	line_paint(line, COLOR_OFF);
}

static void add_version(struct line *line, enum metadata_version version)
{
	switch (version) {
	case METADATA_V1:
		add_painted(line, COLOR_ALARM, "V1!");
		return;
	case METADATA_V2:
		line_add(line, "v2");
		return;
	case METADATA_UNKNOWN:
		line_add(line, "?");
		return;
	case METADATA_NONE:
		line_add(line, "-");
		return;
	}
}

static void add_http(struct line *line, const struct exchange_request *asked)
{
	const struct metadata *metadata = &asked->metadata;

	if (metadata->class == METADATA_CLASS_CREDENTIAL)
		add_painted(line, COLOR_ALARM, "CREDENTIAL");
	else if (metadata->class != METADATA_CLASS_UNKNOWN)
		line_add(line, metadata_class_name(metadata->class));
	else
		line_add(line, asked->method[0] ? asked->method : "?");
	if (metadata->role[0]) {
		line_add(line, " ");
		line_add(line, metadata->role);
	} else if (metadata->class != METADATA_CLASS_TOKEN && asked->path[0]) {
		line_add(line, " ");
		line_add(line, asked->path);
	}
}

/* Printable already; a blank in a server's name would end its column and forge the next ones. */
static void add_word(struct line *line, const char *text)
{
	for (; *text; text++) {
		if (*text == ' ')
			line_add(line, "\\x20");
		else
			line_addf(line, "%c", *text);
	}
}

static void add_asked(struct line *line, const struct exchange_request *asked)
{
	if (asked->protocol == EXCHANGE_HTTP) {
		add_http(line, asked);
		return;
	}
	line_add(line, exchange_protocol_name(asked->protocol));
	if (asked->name[0]) {
		line_add(line, " ");
		add_word(line, asked->name);
	}
}

/* "2030-05-17T15:09:54Z" or seconds since 1970. 0: neither. */
static time_t moment_of(const char *text)
{
	struct tm utc = {};
	char *end;
	long long seconds;

	if (strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc))
		return timegm(&utc);
	seconds = strtoll(text, &end, 10);
	return *text && !*end && seconds > 0 ? (time_t)seconds : 0;
}

/* One unit says how long somebody can use it. */
static void add_lifetime(struct line *line, uint64_t seconds)
{
	if (seconds >= 172800)
		line_addf(line, " %" PRIu64 "d", seconds / 86400);
	else if (seconds >= 3600)
		line_addf(line, " %" PRIu64 "h", seconds / 3600);
	else
		line_addf(line, " %" PRIu64 "m", seconds / 60);
}

static void add_credential(struct line *line, const struct credential *credential, uint64_t ts_ns)
{
	time_t expires = moment_of(credential->expiry);
	time_t now = (time_t)(ts_ns / NS_PER_S);
	long long lifetime = strtoll(credential->lifetime, NULL, 10);

	if (credential->key_id[0]) {
		line_add(line, " ");
		line_add(line, credential->key_id);
	}
	if (expires > now)
		add_lifetime(line, (uint64_t)(expires - now));
	else if (lifetime > 0)
		add_lifetime(line, (uint64_t)lifetime);
}

static const char *got_word(enum exchange_answer answer)
{
	switch (answer) {
	case EXCHANGE_WAITING:
		return "no answer";
	case EXCHANGE_NO_ANSWER:
		return "-";
	case EXCHANGE_UNREAD:
		return "answer not read";
	case EXCHANGE_FULL:
		return "answer not awaited";
	default:
		return exchange_answer_name(answer);
	}
}

static void add_got(struct line *line, const struct exchange_request *asked, uint64_t ts_ns)
{
	if (asked->is_hop_limit) {
		add_painted(line, COLOR_NOTE, "lost: hop limit 1");
	} else if (asked->status) {
		line_addf(line, "%u", asked->status);
		add_credential(line, &asked->credential, ts_ns);
	} else {
		line_add(line, got_word(asked->answer));
	}
}

/* What does not go without saying. */
static void add_notes(struct line *line, const struct record_request *request)
{
	const struct exchange_request *asked = request->asked;
	const char *reason = metadata_reason_name(asked->metadata.reason);
	const char *between = "! ";

	line_seek(line, STOP_PROCESS);
	line_paint(line, COLOR_NOTE);
	if (reason[0]) {
		line_addf(line, "%snot certain: %s", between, reason);
		between = ", ";
	}
	for (unsigned int i = 0; i < HTTP_ANOMALIES; i++) {
		if (!(asked->anomalies & 1U << i))
			continue;
		line_addf(line, "%s%s", between, http_anomaly_name(i));
		between = ", ";
	}
	if (asked->fields & 1U << HTTP_FORWARDED) {
		line_addf(line, "%sasked for somebody else (X-Forwarded)", between);
		between = ", ";
	}
	if (request->traffic.owner.sender.key.pid) {
		line_addf(line, "%ssent by ", between);
		text_add_process(line, &request->traffic.owner.sender);
	}
	line_paint(line, COLOR_OFF);
	line_end(line);
}

static bool has_notes(const struct record_request *request)
{
	const struct exchange_request *asked = request->asked;

	return asked->metadata.reason != METADATA_SURE || asked->anomalies ||
	       asked->fields & 1U << HTTP_FORWARDED || request->traffic.owner.sender.key.pid;
}

void text_request(struct line *line, const struct record *record)
{
	const struct record_request *request = &record->request;

	add_clock(line, record->ts_ns);
	line_seek(line, STOP_PROCESS);
	text_add_process(line, &request->traffic.owner.by);
	line_seek(line, STOP_WHO);
	text_add_place(line, &request->traffic.owner);
	line_seek(line, STOP_VERSION);
	add_version(line, request->asked->metadata.version);
	line_seek(line, STOP_ASKED);
	add_asked(line, request->asked);
	line_seek(line, STOP_GOT);
	add_got(line, request->asked, record->ts_ns);
	line_end(line);
	if (has_notes(request))
		add_notes(line, request);
}
