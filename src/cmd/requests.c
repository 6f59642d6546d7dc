// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "requests.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "clockwatch.h"
#include "firmware.h"
#include "link.h"
#include "report.h"

static const struct config *policy_of(const struct report *report, const struct asker *asker)
{
	return policies_config(&report->policies, asker->policy);
}

/* Of the endpoints that show its asker, those whose "request" is this one, or any. */
static struct sf_mask wanted_by(const struct config *config, const struct exchange_request *asked)
{
	struct sf_mask wanted = {};

	for (size_t i = 0; i < config->n_endpoints; i++) {
		const struct request_filter *filter = config->endpoints[i].request;
		uint64_t bit = asked->asker.endpoints.bits & 1ULL << i;
		if (!filter ||
		    request_filter_matches(filter, asked->method, asked->path,
					   asked->metadata.version, asked->metadata.class))
			wanted.bits |= bit;
	}
	return wanted;
}

/* From the one who asks to the endpoint, where it was seen first. */
static void fill_ends(const struct exchange_request *asked, struct sf_packet *packet)
{
	static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct stream_key *key = &asked->view.key;

	memcpy(packet->src, key->peer, sizeof(packet->src));
	memcpy(packet->dst, key->endpoint, sizeof(packet->dst));
	packet->sport = key->peer_port_be;
	packet->dport = key->endpoint_port_be;
	packet->proto = asked->proto;
	packet->flags = SF_PACKET_PORTS;
	packet->ip_version = memcmp(packet->dst, v4_mapped, sizeof(v4_mapped)) ? 6 : 4;
}

static const char *name_of(const struct record_owner *owner)
{
	const struct record_process *by = owner->sender.key.pid ? &owner->sender : &owner->by;

	return by->process ? by->process->identity.comm : "";
}

static void tell(struct report *report, struct sf_mask wanted, const struct config *config,
		 const struct exchange_request *asked)
{
	struct record record = {
		.type = RECORD_REQUEST,
		.ts_ns = wallclock_real(clockwatch_wall(report->clock), asked->ts_ns),
		.request.asked = asked,
	};
	struct record_traffic *traffic = &record.request.traffic;

	traffic->iface = link_name(asked->view.ifindex);
	traffic->direction = SF_TO;
	traffic->verdict = SF_DELIVER;
	fill_ends(asked, &traffic->packet);
	owners_fill(&report->owners, &asked->asker, &traffic->owner);
	report_name_endpoints(config, wanted, traffic);
	report->counts.requests_reported++;
	report_count_owner(report, &traffic->owner);
	tally_add(&report->requests.tally, name_of(&traffic->owner), &asked->metadata);
	report_emit(report, &record);
}

static void on_request(void *ctx, const struct exchange_request *asked)
{
	struct report *report = ctx;
	const struct config *config = policy_of(report, &asked->asker);
	struct sf_mask wanted = asked->asker.endpoints;

	/* without its endpoints, for the verdict was lost, it is told: who knows what it is */
	if (config && wanted.bits)
		wanted = wanted_by(config, asked);
	if (asked->asker.endpoints.bits && !wanted.bits)
		report->counts.requests_filtered++;
	else if (report_is_complete(report))
		report->counts.requests_left++;
	else
		tell(report, wanted, config, asked);
}

int requests_init(struct requests *requests, struct report *report)
{
	struct exchange_settings settings = {.emit = on_request, .ctx = report};

	requests->report = report;
	requests->dmi = settings.dmi = firmware_cloud();
	requests->exchange = exchange_new(&settings);
	return requests->exchange ? 0 : -ENOMEM;
}

static bool is_of(const struct config *config, const uint8_t *address)
{
	struct prefix host = {.ip_version = 6, .len = 128};

	memcpy(host.addr.bytes, address, sizeof(host.addr.bytes));
	if (addr_is_v4(&host.addr)) {
		host.ip_version = 4;
		host.len = 32;
	}
	for (size_t i = 0; i < config->n_endpoints; i++)
		for (size_t j = 0; j < config->endpoints[i].n_ranges; j++)
			if (prefix_covers(&config->endpoints[i].ranges[j], &host))
				return true;
	return false;
}

/* Its verdict was lost, so the policy that is in force now says which side is the endpoint. */
static enum sf_direction direction_of(const struct report *report, const struct sf_packet *packet)
{
	const struct config *config = policies_config(&report->policies, report->policies.last);

	return config && !is_of(config, packet->dst) ? SF_FROM : SF_TO;
}

static enum metadata_cloud cloud_of(const struct config *config, struct sf_mask endpoints)
{
	for (size_t i = 0; config && i < config->n_endpoints; i++)
		if (endpoints.bits & 1ULL << i && config->endpoints[i].cloud != METADATA_NO_CLOUD)
			return config->endpoints[i].cloud;
	return METADATA_NO_CLOUD;
}

void requests_take(struct requests *requests, struct exchange_packet *packet)
{
	const struct report *report = requests->report;

	if (packet->direction == SF_DIRECTION_NONE)
		packet->direction = direction_of(report, packet->packet);
	packet->cloud = cloud_of(policy_of(report, &packet->asker), packet->asker.endpoints);
	exchange_take(requests->exchange, packet);
}

void requests_tick(struct requests *requests)
{
	exchange_tick(requests->exchange, clock_monotonic_ns());
}

void requests_flush(struct requests *requests)
{
	exchange_flush(requests->exchange);
}

void requests_count(const struct requests *requests, struct record_counts *ret)
{
	ret->exchange = *exchange_counts(requests->exchange);
	ret->streams = *exchange_stream_counts(requests->exchange);
}

void requests_done(struct requests *requests)
{
	exchange_free(requests->exchange);
}
