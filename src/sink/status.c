/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Silence must be proof, so these lines say what is attached and what is not. */
#include "status.h"

#include <inttypes.h>
#include <string.h>

#include "mem.h"
#include "reckoning.h"

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

/* What is configured for all endpoints is believed before the firmware. */
static void add_cloud(struct line *line, const struct record_status *status)
{
	if (status->configured_cloud)
		line_addf(line, ", cloud %s (config)", status->configured_cloud);
	else if (status->cloud)
		line_addf(line, ", cloud %s (DMI)", status->cloud);
	else
		line_add(line, ", cloud not known to DMI");
}

static void add_start(struct line *line, const struct record_status *status)
{
	line_add(line, "watching");
	for (size_t i = 0; i < status->n_endpoints; i++)
		if (!add_listed(line, " ", i, status->n_endpoints, status->endpoints[i]))
			break;
	add_ifaces(line, status);
	add_cloud(line, status);
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

static void add_counters(struct line *line, const struct record *record)
{
	line_add_time(line, record->ts_ns);
	line_add(line, "  counters after ");
	add_uptime(line, record->status.uptime_ns);
	line_end(line);
	reckoning_add(line, &record->status);
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
	reckoning_add_seen(line, &status->counts);
	hidden = reckoning_hidden(&status->counts);
	if (hidden)
		line_addf(line, "; %" PRIu64 " without owner hidden", hidden);
	if (status->counts.filtered_unknown)
		line_addf(line, "; %" PRIu64 " of an unknown process filtered",
			  status->counts.filtered_unknown);
	line_add(line, "; lost ");
	reckoning_add_losses(line, &status->counts);
	line_end(line);
}

static void add_loss(struct line *line, const struct record *record)
{
	line_add_time(line, record->ts_ns);
	line_add(line, "  ");
	line_paint(line, COLOR_ALARM);
	line_add(line, "LOST ");
	reckoning_add_losses(line, &record->status.counts);
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
		reckoning_add(line, &record->status);
}
