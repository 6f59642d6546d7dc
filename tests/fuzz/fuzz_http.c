// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Heads and bodies through the scanner, and the head through the classifier.
 * Input: one byte for the kind and where secrets are put, one for the pieces,
 * then the message.
 *
 * Held: the outcome does not depend on the pieces; no byte of a token's value
 * is stored; what is in doubt is never v1 or v2; bounds hold.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "http_body.h"
#include "metadata.h"
#include "request_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "kqzj7391wvxy5528"
#define LINE "\r\nX-aws-ec2-metadata-token: " SECRET "\r\n"

/* The message with a token's header in its middle: on a line of its own, wherever that is. */
static uint8_t *insert_secret(const uint8_t *data, size_t size, size_t at, size_t *ret_len)
{
	uint8_t *text = malloc(size + sizeof(LINE));

	assert(text);
	at = size ? at % size : 0;
	memcpy(text, data, at);
	memcpy(text + at, LINE, sizeof(LINE) - 1);
	memcpy(text + at + sizeof(LINE) - 1, data + at, size - at);
	*ret_len = size + sizeof(LINE) - 1;
	return text;
}

static enum http_result scan_all(struct http_scan *scan, enum http_kind kind, const uint8_t *text,
				 size_t len, size_t step, size_t *ret_at)
{
	enum http_result result = HTTP_MORE;
	size_t at = 0;

	http_init(scan, kind);
	while (at < len && result == HTTP_MORE) {
		size_t n = len - at < step ? len - at : step, consumed;
		/* of its own, so that reading beyond it is seen */
		uint8_t *piece = malloc(n);

		assert(piece);
		memcpy(piece, text + at, n);
		result = http_decode(scan, piece, n, &consumed);
		free(piece);
		assert(consumed <= n && (result != HTTP_MORE || consumed == n));
		at += consumed;
	}
	*ret_at = at;
	return result;
}

static void check_head(const struct http_head *head, enum http_result result)
{
	assert(head->head_bytes <= HTTP_HEAD_MAX);
	assert(head->target_len <= HTTP_TARGET_MAX && head->target_len <= head->target_bytes);
	assert(head->host_len <= HTTP_TEXT_MAX && head->agent_len <= HTTP_TEXT_MAX);
	assert(memchr(head->method, 0, sizeof(head->method)));
	assert(head->anomalies < 1U << HTTP_ANOMALIES);
	assert(!(head->doubtful & ~head->fields));
	if (result == HTTP_DONE)
		assert(head->has_line);
}

static bool is_sure(enum metadata_version version)
{
	return version == METADATA_V1 || version == METADATA_V2;
}

static void classify(const struct http_head *head, bool is_whole)
{
	static const struct request_filter any;
	static struct metadata_path path;
	struct metadata_place place = {.configured = METADATA_AWS};
	struct metadata metadata;

	metadata_path_parse(head->target, head->target_len, &path);
	assert(path.path[0] == '/' && strlen(path.path) < METADATA_PATH_MAX);
	assert(!strstr(path.path, "//") && !strstr(path.path, "/../"));
	for (const char *at = path.path; *at; at++)
		assert(*at > 0x20 && *at < 0x7f);
	for (const char *at = path.raw; *at; at++)
		assert(*at >= 0x20 && *at < 0x7f);
	metadata_classify(head, &path, &place, METADATA_SURE, &metadata);
	if (is_sure(metadata.version))
		assert(metadata.reason == METADATA_SURE);
	assert(request_filter_matches(&any, head->method, path.path, metadata.version,
				      metadata.class));
	if (!is_whole) {
		metadata_classify(head, &path, &place, METADATA_NO_END, &metadata);
		assert(!is_sure(metadata.version));
	}
	place.configured = METADATA_NO_CLOUD;
	metadata_classify(head, &path, &place, METADATA_GAP, &metadata);
	assert(metadata.version != METADATA_V1 && metadata.version != METADATA_V2);
}

static void read_body(const struct http_head *head, const uint8_t *text, size_t len)
{
	struct http_body body;
	enum http_result result = HTTP_MORE;
	size_t at = 0;

	http_body_init(&body, head, head->kind == HTTP_RESPONSE ? "GET" : NULL);
	while (at < len && result == HTTP_MORE) {
		struct http_data part;
		size_t consumed;

		result = http_body_decode(&body, text + at, len - at, &consumed, &part);
		assert(consumed <= len - at && part.len <= consumed);
		assert(consumed || result != HTTP_MORE);
		if (part.len)
			assert(part.bytes >= text + at && part.bytes + part.len <= text + len);
		at += consumed;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_scan whole, pieces;
	enum http_result result;
	enum http_kind kind;
	size_t len, at, other;
	uint8_t *text;

	/* a secret that the fuzzer writes into its own bytes is none */
	if (size < 2 || memmem(data, size, SECRET, 8) || memmem(data, size, &SECRET[8], 8))
		return 0;
	kind = data[0] & 1 ? HTTP_RESPONSE : HTTP_REQUEST;
	text = insert_secret(data + 2, size - 2, data[0] >> 1 | (size_t)data[1] << 7, &len);
	result = scan_all(&whole, kind, text, len, len, &at);
	assert(scan_all(&pieces, kind, text, len, 1 + data[1] % 32, &other) == result);
	assert(at == other && !memcmp(&whole, &pieces, sizeof(whole)));
	assert(!memmem(&whole, sizeof(whole), SECRET, 8));
	assert(!memmem(&whole, sizeof(whole), &SECRET[8], 8));
	if (result == HTTP_DONE)
		read_body(&whole.head, text + at, len - at);
	if (result == HTTP_MORE && http_end(&whole) == HTTP_DONE)
		result = HTTP_DONE;
	if (result != HTTP_REFUSED) {
		check_head(&whole.head, result);
		if (kind == HTTP_REQUEST)
			classify(&whole.head, result == HTTP_DONE);
	}
	free(text);
	return 0;
}
