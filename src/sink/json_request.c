// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Texts of requests are printable ASCII already; what is not known is absent. */
#include "json_request.h"

#include "json_part.h"
#include "mem.h"

/* Names of headers that tell one version or client from another; their values are not told. */
static const struct {
	enum http_field field;
	const char *name;
} headers[] = {
	{HTTP_AWS_TOKEN, "x-aws-ec2-metadata-token"},
	{HTTP_AWS_TTL, "x-aws-ec2-metadata-token-ttl-seconds"},
	{HTTP_ALIBABA_TOKEN, "x-aliyun-ecs-metadata-token"},
	{HTTP_ALIBABA_TTL, "x-aliyun-ecs-metadata-token-ttl-seconds"},
	{HTTP_METADATA, "metadata"},
	{HTTP_METADATA_FLAVOR, "metadata-flavor"},
	{HTTP_AUTHORIZATION, "authorization"},
	{HTTP_FORWARDED, "x-forwarded"},
};

/* Adds a word to a list that is open, or opens it. */
static void add_listed(struct buffer *buffer, const char *list, size_t index, const char *word)
{
	if (index) {
		JSON_ADD(buffer, ",");
	} else {
		json_add_key(buffer, list);
		JSON_ADD(buffer, "[");
	}
	json_add_word(buffer, word);
}

static void add_headers(struct buffer *buffer, uint32_t fields)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		if (fields & 1U << headers[i].field)
			add_listed(buffer, "headers", n++, headers[i].name);
	if (n)
		JSON_ADD(buffer, "]");
}

static void add_anomalies(struct buffer *buffer, uint32_t anomalies)
{
	size_t n = 0;

	for (unsigned int i = 0; i < HTTP_ANOMALIES; i++)
		if (anomalies & 1U << i)
			add_listed(buffer, "anomalies", n++, http_anomaly_name(i));
	if (n)
		JSON_ADD(buffer, "]");
}

static void add_http(struct buffer *buffer, const struct exchange_request *asked)
{
	json_add_text(buffer, "method", asked->method);
	json_add_text(buffer, "path", asked->path);
	json_add_text(buffer, "raw_path", asked->raw);
	json_add_filled(buffer, "http_host", asked->host);
	json_add_filled(buffer, "user_agent", asked->agent);
	if (asked->major) {
		json_add_key(buffer, "http_version");
		buffer_printf(buffer, "\"%u.%u\"", asked->major, asked->minor);
	}
	if (asked->is_cut)
		JSON_ADD(buffer, ",\"cut\":true");
	add_headers(buffer, asked->fields);
	add_anomalies(buffer, asked->anomalies);
}

static void add_named(struct buffer *buffer, const struct exchange_request *asked)
{
	json_add_filled(buffer, "name", asked->name);
	if (asked->protocol == EXCHANGE_DNS)
		json_add_number(buffer, "question_type", asked->question_type);
	if (asked->has_ech)
		JSON_ADD(buffer, ",\"ech\":true");
}

static void add_answer(struct buffer *buffer, const struct exchange_request *asked)
{
	JSON_ADD(buffer, ",\"answer\":{\"state\":");
	json_add_word(buffer, exchange_answer_name(asked->answer));
	if (asked->status) {
		json_add_number(buffer, "status", asked->status);
		json_add_number(buffer, "length", asked->answer_bytes);
	}
	if (asked->has_latency)
		json_add_number(buffer, "latency_ns", asked->latency_ns);
	json_add_filled(buffer, "server", asked->server);
	JSON_ADD(buffer, "}");
	if (asked->is_hop_limit)
		JSON_ADD(buffer, ",\"hop_limit\":true");
}

/* Never a secret: what a credential holds of these is public. */
static void add_credential(struct buffer *buffer, const struct credential *credential)
{
	const struct {
		const char *name;
		const char *text;
	} parts[] = {
		{"key_id", credential->key_id},
		{"expires", credential->expiry},
		{"lifetime", credential->lifetime},
		{"role", credential->role},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].text[0])
			continue;
		buffer_add_str(buffer, n++ ? "," : ",\"credential\":{");
		JSON_ADD(buffer, "\"");
		buffer_add_str(buffer, parts[i].name);
		JSON_ADD(buffer, "\":");
		json_add_string(buffer, parts[i].text);
	}
	if (n)
		JSON_ADD(buffer, "}");
}

void json_add_request(struct buffer *buffer, const struct exchange_request *asked)
{
	const struct metadata *metadata = &asked->metadata;

	json_add_text(buffer, "protocol", exchange_protocol_name(asked->protocol));
	json_add_filled(buffer, "cloud", metadata_cloud_name(metadata->cloud));
	json_add_filled(buffer, "version", metadata_version_name(metadata->version));
	json_add_text(buffer, "class", metadata_class_name(metadata->class));
	json_add_filled(buffer, "reason", metadata_reason_name(metadata->reason));
	json_add_filled(buffer, "role", metadata->role);
	if (asked->protocol == EXCHANGE_HTTP)
		add_http(buffer, asked);
	else
		add_named(buffer, asked);
	json_add_number(buffer, "views", asked->n_views);
	add_answer(buffer, asked);
	add_credential(buffer, &asked->credential);
}
