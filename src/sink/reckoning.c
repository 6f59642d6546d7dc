// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The numbers for people: every total stands beside the parts that make it up,
 * so that the reader can add.
 */
#include "reckoning.h"

#include <inttypes.h>

#include "mem.h"

/* Where the columns of who asked for what begin. */
#define TALLY_CLOUD 28
#define TALLY_VERSION 42
#define TALLY_CLASS 51

static void add_count(struct line *line, uint64_t n, const char *noun)
{
	line_addf(line, "%" PRIu64 " %s%s", n, noun, n == 1 ? "" : "s");
}

struct part {
	uint64_t n;
	const char *name;
};

/* "= 31 reported + 0 dropped"; "!=" where the parts do not make up the total. */
static void add_parts(struct line *line, uint64_t total, const struct part *parts, size_t n_parts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n_parts; i++)
		sum += parts[i].n;
	line_add(line, sum == total ? " =" : " !=");
	for (size_t i = 0; i < n_parts; i++)
		line_addf(line, "%s %" PRIu64 " %s", i ? " +" : "", parts[i].n, parts[i].name);
}

void reckoning_add_seen(struct line *line, const struct record_counts *counts)
{
	const struct part parts[] = {
		{counts->kernel[SF_MATCHED], "matched"},
		{counts->kernel[SF_REJECTED], "rejected"},
	};

	add_count(line, counts->kernel[SF_SEEN], "packet");
	line_add(line, " seen");
	add_parts(line, counts->kernel[SF_SEEN], parts, ARRAY_SIZE(parts));
}

static void add_matched(struct line *line, const struct record_counts *counts)
{
	const struct part parts[] = {
		{counts->packets_reported, "reported"},
		{counts->packets_filtered, "filtered"},
		{counts->packets_dropped, "dropped"},
		{counts->packets_left, "left"},
	};

	add_count(line, counts->kernel[SF_MATCHED], "packet");
	line_add(line, " matched");
	add_parts(line, counts->kernel[SF_MATCHED], parts, ARRAY_SIZE(parts));
	if (counts->packets_unseen) {
		line_add(line, "; unseen: ");
		add_count(line, counts->packets_unseen, "packet");
	}
}

uint64_t reckoning_hidden(const struct record_counts *counts)
{
	uint64_t hidden = 0;

	for (enum sf_owner_kind kind = 0; kind < SF_OWNERLESS_KINDS; kind++)
		hidden += counts->kernel[SF_HIDDEN_UNKNOWN + kind];
	return hidden;
}

/* Kinds are counted in the order of enum sf_owner_kind, from the first counter of each row. */
static void add_ownerless(struct line *line, const struct record_counts *counts)
{
	static const char *const kind_words[] = {
		[SF_OWNER_UNKNOWN] = "unknown",
		[SF_OWNER_KERNEL] = "kernel",
		[SF_OWNER_FORWARDED] = "forwarded",
		[SF_OWNER_UNATTRIBUTED_REPLY] = "unattributed reply",
	};
	struct part parts[ARRAY_SIZE(kind_words)];
	uint64_t total = 0;

	for (enum sf_owner_kind kind = 0; kind < SF_OWNERLESS_KINDS; kind++) {
		parts[kind].n = counts->kernel[SF_NO_OWNER_UNKNOWN + kind];
		parts[kind].name = kind_words[kind];
		total += parts[kind].n;
	}
	add_count(line, total, "packet");
	line_add(line, " without owner");
	add_parts(line, total, parts, ARRAY_SIZE(parts));
	line_addf(line, "; %" PRIu64 " of them hidden where users are named",
		  reckoning_hidden(counts));
}

/* Held back are rejections beyond the bounded rate: never events, so no part of the sum. */
static void add_events(struct line *line, const struct record_counts *counts)
{
	const struct part parts[] = {
		{counts->events_read, "read"},
		{counts->kernel[SF_EVENTS_LOST], "lost"},
	};
	uint64_t total = counts->kernel[SF_EVENTS] + counts->kernel[SF_EVENTS_LOST];

	add_count(line, total, "event");
	add_parts(line, total, parts, ARRAY_SIZE(parts));
	line_add(line, "; ");
	add_count(line, counts->decisions_reported, "decision");
	line_addf(line, " reported, %" PRIu64 " held back", counts->kernel[SF_EVENTS_HELD_BACK]);
}

/* Nothing is looked for beyond the bounds; what that cost stands in the JSON record. */
static void add_requests(struct line *line, const struct record_counts *counts)
{
	const struct part parts[] = {
		{counts->requests_reported, "reported"},
		{counts->requests_filtered, "filtered"},
		{counts->requests_left, "left"},
	};

	add_count(line, counts->exchange.requests, "request");
	add_parts(line, counts->exchange.requests, parts, ARRAY_SIZE(parts));
	line_addf(line, "; %" PRIu64 " not certain, %" PRIu64 " without an answer",
		  counts->exchange.uncertain, counts->exchange.without_answer);
	if (counts->streams.gaps)
		line_addf(line, "; missing of them: %" PRIu64 " bytes", counts->streams.gap_bytes);
}

static void add_rest(struct line *line, const struct record_counts *counts)
{
	line_addf(line, "output lost: ");
	add_count(line, counts->output_lost, "record");
	line_addf(line, "; owner lost: ");
	add_count(line, counts->owners_lost, "packet");
	line_addf(line, "; malformed: ");
	add_count(line, counts->kernel[SF_MALFORMED], "packet");
	line_addf(line, "; no room: ");
	add_count(line, counts->kernel[SF_FLOWS_REFUSED], "flow");
	if (counts->kernel[SF_FRAGMENTS])
		line_addf(line, "; later fragments: %" PRIu64 ", %" PRIu64 " of any port",
			  counts->kernel[SF_FRAGMENTS], counts->kernel[SF_FRAGMENTS_ALONE]);
	if (counts->reloads || counts->reloads_failed)
		line_addf(line, "; reloads: %" PRIu64 ", failed: %" PRIu64, counts->reloads,
			  counts->reloads_failed);
}

/* Who asked for what: "4 requests, 2 by v1", and a line for each kind. */
static void add_tally(struct line *line, const struct tally *tally)
{
	if (!tally->n)
		return;
	add_count(line, tally->n, "request");
	if (tally->n_v1) {
		line_add(line, ", ");
		line_paint(line, COLOR_ALARM);
		line_addf(line, "%" PRIu64 " by v1", tally->n_v1);
		line_paint(line, COLOR_OFF);
	}
	line_end(line);
	for (size_t i = 0; i < tally->n_rows; i++) {
		const struct tally_row *row = &tally->rows[i];
		const char *version = metadata_version_name(row->version);
		line_addf(line, "%8" PRIu64 "  ", row->n);
		line_add_name(line, row->name[0] ? row->name : "-", false);
		line_seek(line, TALLY_CLOUD);
		line_add(line, row->cloud ? metadata_cloud_name(row->cloud) : "-");
		line_seek(line, TALLY_VERSION);
		line_add(line, version[0] ? version : "-");
		line_seek(line, TALLY_CLASS);
		line_add(line, metadata_class_name(row->class));
		line_end(line);
	}
	if (tally->n_others) {
		line_addf(line, "%8" PRIu64 "  others", tally->n_others);
		line_end(line);
	}
}

void reckoning_add(struct line *line, const struct record_status *status)
{
	static void (*const rows[])(struct line *, const struct record_counts *) = {
		add_requests, reckoning_add_seen, add_matched, add_ownerless, add_events, add_rest,
	};

	if (status->tally)
		add_tally(line, status->tally);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rows[i](line, &status->counts);
		line_end(line);
	}
}

void reckoning_add_losses(struct line *line, const struct record_counts *counts)
{
	const struct part losses[] = {
		{counts->packets_dropped, "packet"},
		{counts->packets_unseen, "unseen packet"},
		{counts->kernel[SF_EVENTS_LOST], "event"},
		{counts->owners_lost, "owner"},
		{counts->kernel[SF_PROCESSES_LOST], "process event"},
		{counts->kernel[SF_FLOWS_REFUSED], "flow"},
		{counts->exchange.no_memory, "request"},
		{counts->streams.no_memory, "segment"},
		{counts->streams.evicted, "connection"},
		{counts->output_lost, "output record"},
	};
	const char *between = "";

	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		if (!losses[i].n)
			continue;
		line_add(line, between);
		add_count(line, losses[i].n, losses[i].name);
		between = ", ";
	}
	if (!*between)
		line_add(line, "nothing");
}
