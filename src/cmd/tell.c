// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tell.h"

#include <stddef.h>
#include <sys/utsname.h>

#include "clock.h"
#include "mem.h"

/* NULL: not every endpoint has one, or they have several. */
static const char *configured_cloud(const struct config *config)
{
	enum metadata_cloud cloud = METADATA_NO_CLOUD;

	for (size_t i = 0; i < config->n_endpoints; i++) {
		if (i && config->endpoints[i].cloud != cloud)
			return NULL;
		cloud = config->endpoints[i].cloud;
	}
	return cloud != METADATA_NO_CLOUD ? metadata_cloud_name(cloud) : NULL;
}

void tell_policy(struct tell *tell, enum record_type type, const struct settings *settings,
		 bool failed)
{
	const char *names[SF_ENDPOINTS_MAX];
	const struct config *config = settings->config;
	struct record record = {.type = type};
	struct record_status *status = &record.status;
	struct utsname kernel;

	uname(&kernel);
	for (size_t i = 0; i < config->n_endpoints; i++)
		names[i] = config->endpoints[i].name;
	status->failed = failed;
	status->config = settings->source;
	if (tell->report->requests.dmi != METADATA_NO_CLOUD)
		status->cloud = metadata_cloud_name(tell->report->requests.dmi);
	status->configured_cloud = configured_cloud(config);
	status->owner_hook = tell->tap->has_cgroup ? "cgroup" : "tc";
	status->version = SOCK_FILTER_VERSION;
	status->kernel = kernel.release;
	status->endpoints = names;
	status->n_endpoints = config->n_endpoints;
	status->hooks = tell->tap->hooks;
	status->n_hooks = tell->tap->n_hooks;
	report_status(tell->report, &record);
}

static struct record_counts count_all(const struct tell *tell)
{
	struct record_counts counts = tell->report->counts;

	tap_count(tell->tap, &counts);
	requests_count(&tell->report->requests, &counts);
	counts.output_lost = tell->report->out.records_lost;
	return counts;
}

void tell_counts(struct tell *tell, enum record_type type)
{
	struct record record = {.type = type};
	struct record_status *status = &record.status;

	status->uptime_ns = clock_monotonic_ns() - tell->started_ns;
	status->hooks = tell->tap->hooks;
	status->n_hooks = tell->tap->n_hooks;
	status->counts = count_all(tell);
	if (type != RECORD_ALIVE)
		status->tally = &tell->report->requests.tally;
	report_status(tell->report, &record);
}

/* What is lost: a record tells of them, and of nothing else. */
static const size_t losses[] = {
	offsetof(struct record_counts, packets_dropped),
	offsetof(struct record_counts, packets_unseen),
	offsetof(struct record_counts, owners_lost),
	offsetof(struct record_counts, output_lost),
	offsetof(struct record_counts, kernel[SF_EVENTS_LOST]),
	offsetof(struct record_counts, kernel[SF_PROCESSES_LOST]),
	offsetof(struct record_counts, kernel[SF_FLOWS_REFUSED]),
	offsetof(struct record_counts, exchange.no_memory),
	offsetof(struct record_counts, streams.no_memory),
	offsetof(struct record_counts, streams.evicted),
};

static uint64_t *counter_at(struct record_counts *counts, size_t offset)
{
	return (uint64_t *)((char *)counts + offset);
}

/* What came to it. An estimate may be corrected downwards later. */
static uint64_t grown(uint64_t now, uint64_t told)
{
	return now > told ? now - told : 0;
}

void tell_loss(struct tell *tell)
{
	struct record_counts now = count_all(tell);
	struct record record = {.type = RECORD_LOSS};
	uint64_t any = 0;

	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		uint64_t *lost = counter_at(&record.status.counts, losses[i]);
		*lost = grown(*counter_at(&now, losses[i]), *counter_at(&tell->told, losses[i]));
		any |= *lost;
	}
	if (!any)
		return;
	tell->told = now;
	record.status.uptime_ns = clock_monotonic_ns() - tell->started_ns;
	report_status(tell->report, &record);
}
