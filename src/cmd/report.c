// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report.h"

#include <errno.h>
#include <stdio.h>
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

/* A verdict is written before its packet is queued; a busy record may hold it back this long. */
#define WAIT_NS (100 * 1000000ULL)

static bool wants_color(const struct options *options)
{
	if (options->color != COLOR_AUTO)
		return options->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
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
	return report->join && report->flows ? owners_init(&report->owners) : -ENOMEM;
}

static void emit(struct report *report, struct record *record)
{
	bool has_columns = record->type == RECORD_DECISION || record->type == RECORD_PACKET;

	record->seq = report->seq++;
	record->host = report->host;
	record->boot_id = report->boot_id;
	buffer_clear(&report->line);
	if (report->options->json) {
		json_emit(&report->line, record);
	} else {
		if (has_columns && !report->has_header) {
			text_header(&report->line, &report->style);
			report->has_header = true;
		}
		text_emit(&report->line, &report->style, record);
	}
	if (report->line.failed)
		report->out.records_lost++;
	else if (report->line.len)
		out_queue(&report->out, report->line.bytes, report->line.len);
}

void report_use(struct report *report, uint32_t generation, const struct config *config)
{
	report->configs[generation] = config;
	owners_use(&report->owners, config->argv);
}

static void name_endpoints(const struct config *config, struct sf_mask endpoints,
			   struct record_traffic *traffic)
{
	for (size_t i = 0; config && i < config->n_endpoints; i++)
		if (endpoints.bits & 1ULL << i)
			traffic->endpoints[traffic->n_endpoints++] = config->endpoints[i].name;
	traffic->endpoint = traffic->n_endpoints ? traffic->endpoints[0] : NULL;
}

/*
 * False: every endpoint that the kernel delivered it for names processes, and
 * this is none of theirs. Then it is filled as the rejected packet that it is.
 */
static bool fill_traffic(struct report *report, const struct sf_event *event,
			 struct record_traffic *traffic)
{
	const struct config *config = report->configs[event->generation % SF_GENERATIONS];
	struct sf_mask shown = event->endpoints;

	traffic->iface = link_name(event->ifindex);
	traffic->direction = event->direction;
	traffic->verdict = event->verdict;
	traffic->packet = event->packet;
	owners_fill(&report->owners, event, &traffic->owner);
	if (config && event->verdict == SF_DELIVER && shown.bits)
		shown = owners_shown(&report->owners, config, shown, &traffic->owner);
	if (event->endpoints.bits && !shown.bits) {
		traffic->verdict = SF_REJECT;
		shown = event->endpoints;
	}
	name_endpoints(config, shown, traffic);
	return traffic->verdict == event->verdict;
}

static void count_owner(struct report *report, const struct record_owner *owner)
{
	if (owner->lost)
		report->counts.owners_lost++;
	if (!owner->is_whole)
		report->counts.processes_unknown++;
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

	report->counts.events_read++;
	if (event->verdict == SF_DELIVER)
		join_event(report->join, event);
	if (!wants_decision(report, event) || report_is_complete(report))
		return;
	record.ts_ns = wallclock_real(clockwatch_wall(report->clock), event->ts_ns);
	if (!fill_traffic(report, event, &record.traffic) &&
	    report->options->decisions != DECISIONS_ALL)
		return;
	count_owner(report, &record.traffic.owner);
	report->counts.decisions_reported++;
	emit(report, &record);
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

static void emit_packet(struct report *report, const struct report_pending *from,
			const struct sf_event *event)
{
	struct sf_event unknown = {
		.ifindex = from->place.ifindex,
		.tap = from->place.is_inet ? SF_TAP_INET : SF_TAP_SINGLE,
		.verdict = SF_DELIVER,
		.packet = from->packet,
	};
	struct record record = {.type = RECORD_PACKET, .ts_ns = from->ts_ns};

	if (report_is_complete(report)) {
		report->counts.packets_left++;
		return;
	}
	if (!fill_traffic(report, event ? event : &unknown, &record.traffic)) {
		count_filtered(report, &record.traffic.owner);
		return;
	}
	record.traffic.owner.lost = !event;
	count_owner(report, &record.traffic.owner);
	report->counts.packets_reported++;
	emit(report, &record);
}

/* False: its verdict is not there yet. */
static bool join_and_emit(struct report *report, const struct report_pending *from)
{
	struct join_place place = from->place;
	struct sf_event event;

	place.seen = wallclock_when(clockwatch_wall(report->clock), from->ts_ns, from->read.from_ns,
				    from->read.to_ns);
	switch (join_packet(report->join, &place, &from->packet, &event)) {
	case JOIN_FOUND:
		emit_packet(report, from, &event);
		return true;
	case JOIN_AMBIGUOUS:
		emit_packet(report, from, NULL);
		return true;
	case JOIN_MISSING:
		return false;
	}
	return false;
}

void report_frame(struct report *report, const struct capture_frame *frame, uint64_t empty_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct report_pending from = {
		.place =
			{
				.is_inet = frame->kind != CAPTURE_PACKET,
				.ifindex = frame->ifindex,
			},
		.ts_ns = frame->ts_ns,
		.read = {empty_ns, now_ns},
		.until_ns = now_ns + WAIT_NS,
	};

	/* the tap delivers only what it could read, and its twin reads the same */
	if (!capture_decode(frame, &from.packet))
		from.packet.len = frame->frame.len;
	else if (join_and_emit(report, &from))
		return;
	if (report->n_pending == REPORT_PENDING_MAX)
		report_settle(report, true);
	report->pending[report->n_pending++] = from;
}

void report_settle(struct report *report, bool give_up)
{
	uint64_t now_ns = clock_monotonic_ns();
	size_t n_left = 0;

	for (size_t i = 0; i < report->n_pending; i++) {
		const struct report_pending *from = &report->pending[i];

		if (join_and_emit(report, from))
			continue;
		if (give_up || now_ns >= from->until_ns)
			emit_packet(report, from, NULL);
		else
			report->pending[n_left++] = *from;
	}
	report->n_pending = n_left;
}

void report_status(struct report *report, struct record *record)
{
	record->ts_ns = clock_real_ns();
	emit(report, record);
}

bool report_is_complete(const struct report *report)
{
	return report->options->count && report->counts.packets_reported >= report->options->count;
}

void report_done(struct report *report)
{
	out_done(&report->out);
	buffer_done(&report->line);
	join_free(report->join);
	flow_table_free(report->flows);
	clockwatch_free(report->clock);
	owners_done(&report->owners);
}
