// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tell.h"

#include <sys/utsname.h>

#include "clock.h"

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
	report_status(tell->report, &record);
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
	struct record_counts *lost = &record.status.counts;
	const struct record_counts *told = &tell->told;

	lost->packets_dropped = grown(now.packets_dropped, told->packets_dropped);
	lost->packets_unseen = grown(now.packets_unseen, told->packets_unseen);
	lost->owners_lost = grown(now.owners_lost, told->owners_lost);
	lost->output_lost = grown(now.output_lost, told->output_lost);
	lost->kernel[SF_EVENTS_LOST] =
		grown(now.kernel[SF_EVENTS_LOST], told->kernel[SF_EVENTS_LOST]);
	lost->kernel[SF_FLOWS_REFUSED] =
		grown(now.kernel[SF_FLOWS_REFUSED], told->kernel[SF_FLOWS_REFUSED]);
	if (!(lost->packets_dropped | lost->packets_unseen | lost->owners_lost | lost->output_lost |
	      lost->kernel[SF_EVENTS_LOST] | lost->kernel[SF_FLOWS_REFUSED]))
		return;
	tell->told = now;
	record.status.uptime_ns = clock_monotonic_ns() - tell->started_ns;
	report_status(tell->report, &record);
}
