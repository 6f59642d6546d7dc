// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The machine that walks through a head. The first line is http_line.c's
 * business, what a header means http_field.c's; here are lines and bounds.
 *
 * Both sides of the connection are hostile. A client writes heads that its
 * server reads in another way than we do: line ends of both kinds, a CR or NUL
 * within a line, no version, a folded token. Such a head is walked through all
 * the same, so that the request is seen, and carries the anomaly, so that
 * nobody builds a certainty on it. No length is believed, none is read here
 * at all but HTTP_HEAD_MAX; state is of fixed size, whatever arrives.
 */
#include "http.h"

#include <string.h>
#include <strings.h>

#include "http_field.h"
#include "http_line.h"
#include "mem.h"

static const char *const anomaly_names[] = {
	"bare_lf",	 "mixed_ends",	   "bare_cr",	    "folded",
	"space_colon",	 "odd_name",	   "no_colon",	    "nul",
	"control",	 "eight_bit",	   "odd_spacing",   "empty_lines",
	"lower_method",	 "unknown_method", "absolute_form", "authority_form",
	"asterisk_form", "odd_target",	   "no_version",    "odd_version",
	"two_tokens",	 "two_hosts",	   "odd_length",    "length_and_coding",
	"odd_coding",	 "too_long",	   "no_end",	    "text_cut",
	"has_body",	 "odd_status",
};
_Static_assert(ARRAY_SIZE(anomaly_names) == HTTP_ANOMALIES, "each anomaly has a name");

const char *http_anomaly_name(unsigned int index)
{
	return anomaly_names[index];
}

void http_init(struct http_scan *scan, enum http_kind kind)
{
	memset(scan, 0, sizeof(*scan));
	scan->head.kind = kind;
	scan->field = HTTP_FIELDS;
}

bool http_has_method(const struct http_head *head, const char *method)
{
	return strcasecmp(head->method, method) == 0;
}

bool http_is_last(const struct http_head *head)
{
	if (head->words & HTTP_CLOSE)
		return true;
	if (head->major > 1 || (head->major == 1 && head->minor >= 1))
		return false;
	return !(head->words & HTTP_KEEP_ALIVE) || head->major == 0;
}

/* The empty line has come. */
static enum http_result end_head(struct http_scan *scan)
{
	struct http_head *head = &scan->head;
	bool has_body = head->fields & 1U << HTTP_TRANSFER_ENCODING || head->length_bytes;

	if (head->fields & 1U << HTTP_TRANSFER_ENCODING && head->fields & 1U << HTTP_CONTENT_LENGTH)
		head->anomalies |= HTTP_LENGTH_AND_CODING;
	if (head->kind == HTTP_REQUEST && has_body &&
	    (http_has_method(head, "GET") || http_has_method(head, "HEAD")))
		head->anomalies |= HTTP_HAS_BODY;
	return HTTP_DONE;
}

static void note_line_end(struct http_scan *scan, bool is_crlf)
{
	if (is_crlf)
		scan->has_crlf = true;
	else
		scan->head.anomalies |= HTTP_BARE_LF;
	if (scan->has_crlf && scan->head.anomalies & HTTP_BARE_LF)
		scan->head.anomalies |= HTTP_MIXED_ENDS;
}

static enum http_result end_line(struct http_scan *scan, bool is_crlf)
{
	note_line_end(scan, is_crlf);
	if (scan->state < HTTP_AT_LINE)
		return http_line_end(scan);
	if (scan->state == HTTP_AT_LINE) {
		http_value_end(scan);
		return end_head(scan);
	}
	if (scan->state == HTTP_AT_NAME) {
		scan->head.anomalies |= HTTP_NO_COLON;
		scan->field = HTTP_FIELDS;
	}
	scan->state = HTTP_AT_LINE;
	return HTTP_MORE;
}

static void name_byte(struct http_scan *scan, uint8_t byte)
{
	if (byte == ':') {
		if (scan->n_spaces) {
			scan->head.anomalies |= HTTP_SPACE_COLON;
			scan->is_doubtful = true;
		}
		if (!scan->match.len)
			scan->head.anomalies |= HTTP_ODD_NAME;
		http_name_end(scan);
		scan->state = HTTP_AT_VALUE;
		return;
	}
	if (http_is_space(byte)) {
		scan->n_spaces++;
		return;
	}
	if (!http_is_token(byte) || scan->n_spaces)
		scan->head.anomalies |= HTTP_ODD_NAME;
	/* a space within is part of a name that is none of ours */
	if (scan->n_spaces)
		http_name_byte(scan, ' ');
	scan->n_spaces = 0;
	http_name_byte(scan, byte);
}

static void line_byte(struct http_scan *scan, uint8_t byte)
{
	scan->head.n_lines++;
	if (http_is_space(byte)) {
		scan->head.anomalies |= HTTP_FOLDED;
		scan->is_doubtful = true;
		scan->state = HTTP_AT_VALUE;
		http_value_byte(scan, ' ');
		return;
	}
	http_value_end(scan);
	http_name_begin(scan);
	scan->state = HTTP_AT_NAME;
	name_byte(scan, byte);
}

/* A byte that is no part of a line's end. */
static enum http_result content_byte(struct http_scan *scan, uint8_t byte)
{
	if (!byte)
		scan->head.anomalies |= HTTP_NUL;
	else if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
		scan->head.anomalies |= HTTP_CONTROL;
	if (scan->state < HTTP_AT_LINE)
		return http_line_byte(scan, byte);
	if (scan->state == HTTP_AT_LINE)
		line_byte(scan, byte);
	else if (scan->state == HTTP_AT_NAME)
		name_byte(scan, byte);
	else
		http_value_byte(scan, byte);
	return HTTP_MORE;
}

/* Line ends are found here, so that no state has to know that they may be split. */
static enum http_result next_byte(struct http_scan *scan, uint8_t byte)
{
	enum http_result result = HTTP_MORE;
	bool had_cr = scan->has_cr;

	scan->has_cr = byte == '\r';
	if (byte == '\n')
		return end_line(scan, had_cr);
	if (had_cr) {
		/* not a line's end: some take it for one, some for a space */
		scan->head.anomalies |= HTTP_BARE_CR;
		result = content_byte(scan, ' ');
	}
	if (byte == '\r' || result != HTTP_MORE)
		return result;
	return content_byte(scan, byte);
}

/* Bytes at the front that change nothing: of a value that nothing more is asked of. */
static size_t count_idle(const struct http_scan *scan, const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	if (scan->state != HTTP_AT_VALUE || scan->has_cr || !http_value_is_idle(scan))
		return 0;
	if (len > HTTP_HEAD_MAX - scan->head.head_bytes)
		len = HTTP_HEAD_MAX - scan->head.head_bytes;
	while (n < len && bytes[n] >= 0x20 && bytes[n] != 0x7f)
		n++;
	return n;
}

enum http_result http_decode(struct http_scan *scan, const uint8_t *bytes, size_t len,
			     size_t *ret_consumed)
{
	enum http_result result = HTTP_MORE;
	size_t at = 0;

	while (at < len && result == HTTP_MORE) {
		size_t n = count_idle(scan, bytes + at, len - at);

		scan->head.head_bytes += (uint32_t)n;
		at += n;
		if (at == len)
			break;
		if (scan->head.head_bytes >= HTTP_HEAD_MAX) {
			scan->head.anomalies |= HTTP_TOO_LONG;
			http_line_cut(scan);
			result = HTTP_CUT;
			break;
		}
		scan->head.head_bytes++;
		result = next_byte(scan, bytes[at++]);
	}
	*ret_consumed = at;
	return result;
}

enum http_result http_end(struct http_scan *scan)
{
	if (scan->state == HTTP_AT_LINE && scan->head.anomalies & HTTP_NO_VERSION &&
	    !scan->head.n_lines)
		return end_head(scan);
	http_line_cut(scan);
	scan->head.anomalies |= HTTP_NO_END;
	return HTTP_CUT;
}
