/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Silence must be proof, so these lines say what is attached and what is not,
 * and every total stands beside the parts that make it up: the reader can add.
 */
#include "status.h"

#include <inttypes.h>
#include <string.h>

#include "mem.h"

/* Names in a list before "and N more". */
#define LIST_MAX 8

/* Adds the index-th name of a list, or closes the list; false when nothing more is to come. */
static bool add_listed(struct line *line, const char *between, size_t index, size_t n_names,
		       const char *name)
{
	if (index == LIST_MAX) {
		line_addf(line, " and %zu more", n_names - index);
		return false;
	}
	line_add(line, index ? between : " ");
	line_add_name(line, name, *between == ',');
	return true;
}

static size_t count_missing(const struct record_status *status)
{
	size_t n = 0;

	for (size_t i = 0; i < status->n_hooks; i++)
		n += !status->hooks[i].attached;
	return n;
}

static void add_missing(struct line *line, const struct record_status *status)
{
	size_t n_missing = count_missing(status);
	size_t n = 0;

	line_paint(line, COLOR_ALARM);
	line_add(line, "NOT attached:");
	for (size_t i = 0; i < status->n_hooks; i++) {
		const struct record_hook *hook = &status->hooks[i];

		if (!hook->attached && !add_listed(line, ", ", n++, n_missing, hook->name))
			break;
	}
	line_paint(line, COLOR_OFF);
}

/* The interface that a hook taps, NULL when it is another kind of hook. */
static const char *tapped(const struct record_hook *hook)
{
	return strncmp(hook->name, "tap ", 4) == 0 ? hook->name + 4 : NULL;
}

/* A tap on "*" sees every interface, so the others add nothing to it. */
static void add_ifaces(struct line *line, const struct record_status *status)
{
	size_t n_taps = 0;
	size_t n = 0;

	for (size_t i = 0; i < status->n_hooks; i++) {
		const char *iface = tapped(&status->hooks[i]);

		n_taps += iface != NULL;
		if (iface && strcmp(iface, "*") == 0) {
			line_add(line, " on every interface");
			return;
		}
	}
	line_add(line, n_taps ? " on" : " on no interface");
	for (size_t i = 0; i < status->n_hooks; i++) {
		const char *iface = tapped(&status->hooks[i]);

		if (iface && !add_listed(line, " ", n++, n_taps, iface))
			break;
	}
}

static void add_start(struct line *line, const struct record_status *status)
{
	line_add(line, "watching");
	for (size_t i = 0; i < status->n_endpoints; i++)
		if (!add_listed(line, " ", i, status->n_endpoints, status->endpoints[i]))
			break;
	add_ifaces(line, status);
	line_add(line, ", owner by ");
	line_add_name(line, status->owner_hook, true);
	line_add(line, " (config ");
	line_add_name(line, status->config, true);
	line_add(line, ")");
	line_end(line);
	if (count_missing(status)) {
		add_missing(line, status);
		line_end(line);
	}
}

/* What a failure leaves in force is told in the same words as a start. */
static void add_reload(struct line *line, const struct record *record)
{
	line_add_time(line, record->ts_ns);
	line_add(line, "  ");
	if (record->status.failed) {
		line_paint(line, COLOR_ALARM);
		line_add(line, "RELOAD FAILED, as before: ");
		line_paint(line, COLOR_OFF);
	} else {
		line_add(line, "reloaded: ");
	}
	add_start(line, &record->status);
}

/* Two units are enough to tell a fresh start from an old one. */
static void add_uptime(struct line *line, uint64_t uptime_ns)
{
	unsigned int seconds = (unsigned int)(uptime_ns / NS_PER_S);
	unsigned int minutes = seconds / 60;
	unsigned int hours = minutes / 60;

	if (hours >= 24)
		line_addf(line, "%ud%02uh", hours / 24, hours % 24);
	else if (hours)
		line_addf(line, "%uh%02um", hours, minutes % 60);
	else if (minutes)
		line_addf(line, "%um%02us", minutes, seconds % 60);
	else
		line_addf(line, "%us", seconds);
}

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

static void add_seen(struct line *line, const struct record_counts *counts)
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

/* Packets that nobody stands behind, not shown by endpoints that name users. */
static uint64_t hidden_ownerless(const struct record_counts *counts)
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
		  hidden_ownerless(counts));
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

static void add_summary(struct line *line, const struct record_counts *counts)
{
	static void (*const rows[])(struct line *, const struct record_counts *) = {
		add_seen, add_matched, add_ownerless, add_events, add_rest,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rows[i](line, counts);
		line_end(line);
	}
}

static void add_counters(struct line *line, const struct record *record)
{
	line_add_time(line, record->ts_ns);
	line_add(line, "  counters after ");
	add_uptime(line, record->status.uptime_ns);
	line_end(line);
	add_summary(line, &record->status.counts);
}

/* Adds what was lost, the greatest harm first, or a word that nothing was. */
static void add_losses(struct line *line, const struct record_counts *counts)
{
	const struct part losses[] = {
		{counts->packets_dropped, "packet"},
		{counts->packets_unseen, "unseen packet"},
		{counts->kernel[SF_EVENTS_LOST], "event"},
		{counts->owners_lost, "owner"},
		{counts->kernel[SF_PROCESSES_LOST], "process event"},
		{counts->kernel[SF_FLOWS_REFUSED], "flow"},
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

/* One line: first what would make the rest worthless, a hook that is gone. */
static void add_alive(struct line *line, const struct record *record)
{
	const struct record_status *status = &record->status;
	size_t n_missing = count_missing(status);
	uint64_t hidden;

	line_add_time(line, record->ts_ns);
	line_add(line, "  alive ");
	add_uptime(line, status->uptime_ns);
	if (n_missing) {
		line_add(line, ", ");
		add_missing(line, status);
		line_addf(line, " (%zu of %zu hooks attached); ", status->n_hooks - n_missing,
			  status->n_hooks);
	} else {
		line_addf(line, ", all %zu hooks attached; ", status->n_hooks);
	}
	add_seen(line, &status->counts);
	hidden = hidden_ownerless(&status->counts);
	if (hidden)
		line_addf(line, "; %" PRIu64 " without owner hidden", hidden);
	if (status->counts.filtered_unknown)
		line_addf(line, "; %" PRIu64 " of an unknown process filtered",
			  status->counts.filtered_unknown);
	line_add(line, "; lost ");
	add_losses(line, &status->counts);
	line_end(line);
}

static void add_loss(struct line *line, const struct record *record)
{
	line_add_time(line, record->ts_ns);
	line_add(line, "  ");
	line_paint(line, COLOR_ALARM);
	line_add(line, "LOST ");
	add_losses(line, &record->status.counts);
	line_paint(line, COLOR_OFF);
	line_end(line);
}

void status_emit(struct line *line, const struct record *record)
{
	if (record->type == RECORD_START)
		add_start(line, &record->status);
	else if (record->type == RECORD_RELOAD)
		add_reload(line, record);
	else if (record->type == RECORD_ALIVE)
		add_alive(line, record);
	else if (record->type == RECORD_LOSS)
		add_loss(line, record);
	else if (record->type == RECORD_COUNTERS)
		add_counters(line, record);
	else
		add_summary(line, &record->status.counts);
}
