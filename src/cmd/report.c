// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "clockwatch.h"
#include "file.h"
#include "flow.h"
#include "join.h"
#include "json.h"
#include "link.h"
#include "mem.h"

static bool wants_color(const struct options *options)
{
	const char *no_color;

	if (options->color != COLOR_AUTO)
		return options->color == COLOR_ALWAYS;
	no_color = getenv("NO_COLOR");
	return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

static void read_boot_id(char *boot_id, size_t size)
{
	struct file_text file = {};
	cleanup_free char *bytes = NULL;

	boot_id[0] = '\0';
	if (file_read("/proc/sys/kernel/random/boot_id", 64, &file))
		return;
	bytes = file.bytes;
	snprintf(boot_id, size, "%.*s", (int)strcspn(bytes, "\n"), bytes);
}

int report_init(struct report *report, const struct options *options)
{
	*report = (struct report){.options = options};
	report->style.color = wants_color(options);
	report->style.quiet = options->quiet;
	report->clock = clockwatch_new();
	if (!report->clock)
		return -errno;
	report->join = join_new();
	report->flows = flow_table_new();
	out_init(&report->out, STDOUT_FILENO);
	if (gethostname(report->host, sizeof(report->host) - 1))
		snprintf(report->host, sizeof(report->host), "unknown");
	read_boot_id(report->boot_id, sizeof(report->boot_id));
	if (!report->join || !report->flows || requests_init(&report->requests, report))
		return -ENOMEM;
	return owners_init(&report->owners);
}

/* Requests and packets have columns of their own; where both are told, titles stand at each change. */
static void head(struct report *report, enum record_type type)
{
	enum record_type like = type == RECORD_DECISION ? RECORD_PACKET : type;

	if ((like != RECORD_PACKET && like != RECORD_REQUEST) || report->headed == like)
		return;
	text_header(&report->line, &report->style, like);
	report->headed = like;
}

void report_emit(struct report *report, struct record *record)
{
	record->seq = report->seq++;
	record->host = report->host;
	record->boot_id = report->boot_id;
	buffer_clear(&report->line);
	if (report->options->json) {
		json_emit(&report->line, record);
	} else {
		head(report, record->type);
		text_emit(&report->line, &report->style, record);
	}
	if (report->line.failed)
		report->out.records_lost++;
	else if (report->line.len)
		out_queue(&report->out, report->line.bytes, report->line.len);
}

void report_use(struct report *report, uint32_t generation, struct config *config)
{
	uint64_t now_ns = clock_monotonic_ns();

	/* requests under way would lose the names of their endpoints */
	if (policies_are_full(&report->policies, now_ns))
		report_flush(report);
	policies_put(&report->policies, generation, config, now_ns);
	owners_use(&report->owners, config->argv);
}

/* Of a record that is told: what is missing of its owner. */
void report_count_owner(struct report *report, const struct record_owner *owner)
{
	report->counts.processes_unknown += !owner->is_whole;
	report->counts.parents_unknown += owner->by.process && owner->by.process->lacks_parents;
}

void report_name_endpoints(const struct config *config, struct sf_mask endpoints,
			   struct record_traffic *traffic)
{
	for (size_t i = 0; config && i < config->n_endpoints; i++)
		if (endpoints.bits & 1ULL << i)
			traffic->endpoints[traffic->n_endpoints++] = config->endpoints[i].name;
	traffic->endpoint = traffic->n_endpoints ? traffic->endpoints[0] : NULL;
}

static struct asker ask(const struct report *report, const struct sf_event *event)
{
	struct asker asker = owners_ask(&report->owners, event);

	asker.policy = policies_number(&report->policies, event->generation);
	return asker;
}

/*
 * False: every endpoint that the kernel delivered it for names processes, and
 * this is none of theirs. Then it is filled as the rejected packet that it is.
 * asker keeps the endpoints that show it.
 */
static bool fill_traffic(struct report *report, const struct sf_event *event, struct asker *asker,
			 struct record_traffic *traffic)
{
	const struct config *config = policies_config(&report->policies, asker->policy);
	struct sf_mask shown = asker->endpoints;

	traffic->iface = link_name(event->ifindex);
	traffic->direction = event->direction;
	traffic->verdict = event->verdict;
	traffic->packet = event->packet;
	owners_fill(&report->owners, asker, &traffic->owner);
	if (config && event->verdict == SF_DELIVER && shown.bits)
		shown = owners_shown(&report->owners, config, shown, &traffic->owner);
	if (asker->endpoints.bits && !shown.bits) {
		traffic->verdict = SF_REJECT;
		shown = asker->endpoints;
	}
	report_name_endpoints(config, shown, traffic);
	asker->endpoints = shown;
	return traffic->verdict == event->verdict;
}

static void count_filtered(struct report *report, const struct record_owner *owner)
{
	report->counts.packets_filtered++;
	/* the kernel is no process, and known */
	if (owner->kind != SF_OWNER_KERNEL && !(owner->by.process && owner->is_whole))
		report->counts.filtered_unknown++;
}

static bool wants_decision(struct report *report, const struct sf_event *event)
{
	/* asked in every mode, so that the table follows every flow */
	bool is_news = event->direction && flow_is_news(report->flows, event);

	switch (report->options->decisions) {
	case DECISIONS_NONE:
		return false;
	case DECISIONS_FLOW:
		return is_news;
	case DECISIONS_PACKET:
		return event->verdict == SF_DELIVER;
	case DECISIONS_ALL:
		return true;
	}
	return false;
}

void report_look_at_clock(struct report *report)
{
	clockwatch_look(report->clock);
}

static void report_verdict(struct report *report, const struct sf_event *event)
{
	struct record record = {.type = RECORD_DECISION};
	struct record_traffic *traffic = &record.traffic;
	struct asker asker;

	report->counts.events_read++;
	if (event->verdict == SF_DELIVER)
		join_event(report->join, event);
	if (!wants_decision(report, event) || report_is_complete(report))
		return;
	record.ts_ns = wallclock_real(clockwatch_wall(report->clock), event->ts_ns);
	asker = ask(report, event);
	if (!fill_traffic(report, event, &asker, traffic) &&
	    report->options->decisions != DECISIONS_ALL)
		return;
	report_count_owner(report, &traffic->owner);
	report->counts.decisions_reported++;
	report_emit(report, &record);
}

void report_event(struct report *report, const void *event)
{
	uint16_t type;

	memcpy(&type, event, sizeof(type));
	if (type == SF_EVENT_VERDICT)
		report_verdict(report, event);
	else
		owners_note(&report->owners, event);
}

void report_open(void *arg, const struct sf_open_socket *found)
{
	struct report *report = arg;

	owners_note_open(&report->owners, found);
}

/* Where requests are told, what nobody asked for is told beside them. */
static bool wants_packet(const struct report *report, const struct record_owner *owner)
{
	return report->options->packets || owner->kind == SF_OWNER_UNATTRIBUTED_REPLY;
}

/* What comes from outside to an endpoint on this host: who answers it is not who asked. */
static void disown(struct asker *asker)
{
	*asker = (struct asker){
		.kind = SF_OWNER_FORWARDED,
		.policy = asker->policy,
		.endpoints = asker->endpoints,
	};
}

/* What it carries becomes part of a request. */
static void take(struct report *report, const struct report_pending *from,
		 const struct sf_event *event, const struct asker *asker)
{
	struct exchange_packet packet = {
		.packet = &from->packet,
		.payload = from->payload,
		.direction = event->direction,
		.ifindex = from->place.ifindex,
		.ts_ns = from->place.seen.from_ns,
		.asker = *asker,
	};

	if (event->direction == SF_TO && asker->join == SF_JOIN_REPLY)
		disown(&packet.asker);
	if (exchange_wants(&from->packet))
		requests_take(&report->requests, &packet);
}

void report_packet(struct report *report, const struct report_pending *from,
		   const struct sf_event *event)
{
	struct sf_event unknown = {
		.ifindex = from->place.ifindex,
		.tap = from->place.is_inet ? SF_TAP_INET : SF_TAP_SINGLE,
		.verdict = SF_DELIVER,
		.packet = from->packet,
	};
	struct record record = {.type = RECORD_PACKET, .ts_ns = from->ts_ns};
	struct asker asker = {.is_lost = true};

	if (report_is_complete(report)) {
		report->counts.packets_left++;
		return;
	}
	if (event)
		asker = ask(report, event);
	else
		event = &unknown;
	if (!fill_traffic(report, event, &asker, &record.traffic)) {
		count_filtered(report, &record.traffic.owner);
		return;
	}
	report->counts.packets_reported++;
	report->counts.owners_lost += asker.is_lost;
	if (wants_packet(report, &record.traffic.owner)) {
		report_count_owner(report, &record.traffic.owner);
		report_emit(report, &record);
	}
	take(report, from, event, &asker);
}

void report_tick(struct report *report)
{
	requests_tick(&report->requests);
}

void report_flush(struct report *report)
{
	requests_flush(&report->requests);
}

void report_status(struct report *report, struct record *record)
{
	record->ts_ns = clock_real_ns();
	report_emit(report, record);
}

bool report_is_complete(const struct report *report)
{
	uint64_t n = report->options->packets ? report->counts.packets_reported
					      : report->counts.requests_reported;

	return report->options->count && n >= report->options->count;
}

void report_done(struct report *report)
{
	requests_done(&report->requests);
	report_drop_frames(report);
	out_done(&report->out);
	buffer_done(&report->line);
	join_free(report->join);
	flow_table_free(report->flows);
	clockwatch_free(report->clock);
	owners_done(&report->owners);
	policies_done(&report->policies);
}
