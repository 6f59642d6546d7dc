// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names and values are compared with the known ones while they pass: a set of
 * candidates shrinks with each byte. So nothing has to be kept to be compared,
 * and a token cannot be found in memory afterwards.
 *
 * A stranger writes these headers so that two readers understand them
 * differently: a name with a space behind it, a value on a folded line, a
 * length twice. Whatever was only seen in such a way is doubtful, and a length
 * or coding in doubt counts as odd, so that nobody relies on it.
 */
#include "http_field.h"

#include "mem.h"

static const struct {
	const char *text; /* lower case */
	enum http_field field;
} names[] = {
	{"host", HTTP_HOST},
	{"user-agent", HTTP_USER_AGENT},
	{"content-length", HTTP_CONTENT_LENGTH},
	{"transfer-encoding", HTTP_TRANSFER_ENCODING},
	{"connection", HTTP_CONNECTION},
	{"expect", HTTP_EXPECT},
	{"x-aws-ec2-metadata-token", HTTP_AWS_TOKEN},
	{"x-aws-ec2-metadata-token-ttl-seconds", HTTP_AWS_TTL},
	{"x-aliyun-ecs-metadata-token", HTTP_ALIBABA_TOKEN},
	{"x-aliyun-ecs-metadata-token-ttl-seconds", HTTP_ALIBABA_TTL},
	{"metadata", HTTP_METADATA},
	{"metadata-flavor", HTTP_METADATA_FLAVOR},
	{"authorization", HTTP_AUTHORIZATION},
	{"forwarded", HTTP_FORWARDED},
	{"x-forwarded-for", HTTP_FORWARDED},
	{"x-forwarded-host", HTTP_FORWARDED},
	{"x-forwarded-proto", HTTP_FORWARDED},
	{"server", HTTP_SERVER},
	{"content-type", HTTP_CONTENT_TYPE},
};
_Static_assert(ARRAY_SIZE(names) <= 32, "one bit a name");

static const struct {
	const char *text; /* lower case, unless it is compared to the letter */
	enum http_field field;
	enum http_word word;
	bool is_exact;
} words[] = {
	{"true", HTTP_METADATA, HTTP_METADATA_TRUE, false},
	{"google", HTTP_METADATA_FLAVOR, HTTP_FLAVOR_GOOGLE, false},
	{"Bearer Oracle", HTTP_AUTHORIZATION, HTTP_BEARER_ORACLE, true},
	{"close", HTTP_CONNECTION, HTTP_CLOSE, false},
	{"keep-alive", HTTP_CONNECTION, HTTP_KEEP_ALIVE, false},
	{"upgrade", HTTP_CONNECTION, HTTP_UPGRADE, false},
	{"chunked", HTTP_TRANSFER_ENCODING, HTTP_CHUNKED, false},
	{"100-continue", HTTP_EXPECT, HTTP_CONTINUE, false},
};
_Static_assert(ARRAY_SIZE(words) <= 32, "one bit a word");

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

void http_name_begin(struct http_scan *scan)
{
	scan->match.alive = (1U << ARRAY_SIZE(names)) - 1;
	scan->match.len = 0;
	scan->field = HTTP_FIELDS;
	scan->is_doubtful = false;
	scan->n_spaces = 0;
}

void http_name_byte(struct http_scan *scan, uint8_t byte)
{
	struct http_match *match = &scan->match;

	for (uint32_t left = match->alive; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(left);

		/* a NUL must not pass for the end of the name */
		if (!byte || (uint8_t)names[i].text[match->len] != lower(byte))
			match->alive &= ~(1U << i);
	}
	match->len++;
}

/* Candidates for the word that begins now. */
static void begin_word(struct http_scan *scan)
{
	scan->match = (struct http_match){0};
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		if (words[i].field == scan->field)
			scan->match.alive |= 1U << i;
	}
	scan->number = 0;
	scan->has_digits = false;
	scan->is_odd_number = false;
}

void http_name_end(struct http_scan *scan)
{
	const struct http_match *match = &scan->match;

	for (uint32_t left = match->alive; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(left);

		if (!names[i].text[match->len])
			scan->field = names[i].field;
	}
	scan->n_spaces = 0;
	scan->has_value = false;
	begin_word(scan);
}

static void store(struct http_scan *scan, char *text, uint16_t *len, uint8_t byte)
{
	/* of several the first counts; the head notes it at its end */
	if (scan->head.fields & 1U << scan->field)
		return;
	if (*len < HTTP_TEXT_MAX)
		text[(*len)++] = (char)byte;
	else
		scan->head.anomalies |= HTTP_TEXT_CUT;
}

static void narrow_word(struct http_match *match, uint8_t byte)
{
	for (uint32_t left = match->alive; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(left);
		uint8_t wanted = (uint8_t)words[i].text[match->len];

		if (!byte || wanted != (words[i].is_exact ? byte : lower(byte)))
			match->alive &= ~(1U << i);
	}
	match->len++;
}

static void add_digit(struct http_scan *scan, uint8_t byte)
{
	if (byte < '0' || byte > '9' || scan->number > UINT64_MAX / 20)
		scan->is_odd_number = true;
	else
		scan->number = scan->number * 10 + (byte - '0');
	scan->has_digits = true;
}

static void put(struct http_scan *scan, uint8_t byte)
{
	struct http_head *head = &scan->head;

	switch (scan->field) {
	case HTTP_HOST:
		store(scan, head->host, &head->host_len, byte);
		break;
	case HTTP_USER_AGENT:
		store(scan, head->agent, &head->agent_len, byte);
		break;
	case HTTP_SERVER:
		store(scan, head->server, &head->server_len, byte);
		break;
	case HTTP_CONTENT_TYPE:
		store(scan, head->type, &head->type_len, byte);
		break;
	case HTTP_CONTENT_LENGTH:
		add_digit(scan, byte);
		break;
	default:
		narrow_word(&scan->match, byte);
	}
}

static void end_length(struct http_scan *scan)
{
	struct http_head *head = &scan->head;

	if (!scan->has_digits || scan->is_odd_number ||
	    (head->has_length && head->length_bytes != scan->number)) {
		head->anomalies |= HTTP_ODD_LENGTH;
		return;
	}
	head->has_length = true;
	head->length_bytes = scan->number;
}

/* The last coding counts, and it must be chunked, once. */
static void end_coding(struct http_head *head, bool is_chunked)
{
	if (is_chunked && !(head->words & HTTP_CHUNKED)) {
		head->words |= HTTP_CHUNKED;
		head->anomalies &= ~(uint32_t)HTTP_ODD_CODING;
		return;
	}
	if (!is_chunked)
		head->words &= ~(uint32_t)HTTP_CHUNKED;
	head->anomalies |= HTTP_ODD_CODING;
}

static void end_word(struct http_scan *scan)
{
	const struct http_match *match = &scan->match;
	uint32_t found = 0;

	if (scan->field == HTTP_CONTENT_LENGTH) {
		end_length(scan);
		return;
	}
	for (uint32_t left = match->alive; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(left);

		if (!words[i].text[match->len])
			found = words[i].word;
	}
	if (scan->field == HTTP_TRANSFER_ENCODING) {
		/* between two commas stands nothing that readers would agree on */
		scan->is_doubtful |= !match->len;
		end_coding(&scan->head, found == HTTP_CHUNKED);
		return;
	}
	scan->head.words |= found;
}

static bool is_list(const struct http_scan *scan)
{
	return scan->field == HTTP_CONTENT_LENGTH || scan->field == HTTP_TRANSFER_ENCODING ||
	       scan->field == HTTP_CONNECTION;
}

/* White space counts between bytes of a value, not before or behind them. */
static void put_spaces(struct http_scan *scan)
{
	bool begins = is_list(scan) && !scan->match.len && !scan->has_digits;

	for (; scan->n_spaces; scan->n_spaces--) {
		if (scan->has_value && !begins)
			put(scan, ' ');
	}
}

bool http_value_is_idle(const struct http_scan *scan)
{
	switch (scan->field) {
	case HTTP_FIELDS:
		return true;
	case HTTP_AWS_TOKEN:
	case HTTP_AWS_TTL:
	case HTTP_ALIBABA_TOKEN:
	case HTTP_ALIBABA_TTL:
	case HTTP_AUTHORIZATION:
	case HTTP_FORWARDED:
		return scan->has_value && !scan->match.alive;
	}
	return false;
}

void http_value_byte(struct http_scan *scan, uint8_t byte)
{
	if (scan->field == HTTP_FIELDS)
		return;
	if (byte == ' ' || byte == '\t') {
		scan->n_spaces++;
		return;
	}
	if (byte == ',' && is_list(scan)) {
		scan->n_spaces = 0;
		scan->has_value = true;
		end_word(scan);
		begin_word(scan);
		return;
	}
	put_spaces(scan);
	put(scan, byte);
	scan->has_value = true;
}

/* What smuggles requests: readers who do not agree where the body ends. */
static void distrust_framing(struct http_scan *scan)
{
	if (!scan->is_doubtful)
		return;
	if (scan->field == HTTP_CONTENT_LENGTH)
		scan->head.anomalies |= HTTP_ODD_LENGTH;
	if (scan->field == HTTP_TRANSFER_ENCODING)
		scan->head.anomalies |= HTTP_ODD_CODING;
}

static void note_again(struct http_scan *scan)
{
	if (scan->field == HTTP_AWS_TOKEN || scan->field == HTTP_ALIBABA_TOKEN)
		scan->head.anomalies |= HTTP_TWO_TOKENS;
	if (scan->field == HTTP_HOST)
		scan->head.anomalies |= HTTP_TWO_HOSTS;
}

void http_value_end(struct http_scan *scan)
{
	struct http_head *head = &scan->head;
	uint32_t bit = 1U << scan->field;

	if (scan->field == HTTP_FIELDS)
		return;
	scan->n_spaces = 0;
	if (!scan->has_value)
		scan->is_doubtful = true;
	end_word(scan);
	distrust_framing(scan);
	if (head->fields & bit) {
		note_again(scan);
		if (!scan->is_doubtful)
			head->doubtful &= ~bit;
	} else if (scan->is_doubtful) {
		head->doubtful |= bit;
	}
	head->fields |= bit;
	scan->field = HTTP_FIELDS;
}
