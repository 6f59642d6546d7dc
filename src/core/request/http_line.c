// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The first line: method, target and version, or version and status (RFC 9112,
 * 3 and 4).
 *
 * A client may write it so that its server finds another target in it than we
 * do: with spaces or tabs inside, without a version, with a version that is
 * none. The target is all between the first white space and the last word, if
 * that is a version, and the anomaly is told.
 */
#include "http_line.h"

#include <string.h>
#include <strings.h>

#include "mem.h"

static const char *const methods[] = {"GET",	 "HEAD",  "PUT",     "POST", "DELETE",
				      "OPTIONS", "PATCH", "CONNECT", "TRACE"};

bool http_is_token(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

static bool is_version(const char *word, size_t len)
{
	return len == 8 && strncmp(word, "HTTP/", 5) == 0 && word[6] == '.' && word[5] >= '0' &&
	       word[5] <= '9' && word[7] >= '0' && word[7] <= '9';
}

/* "HTTP/1.1" and its like; false when the word is something else. */
static bool read_version(struct http_scan *scan)
{
	struct http_head *head = &scan->head;

	if (scan->word_len < 5 || strncasecmp(scan->word, "HTTP/", 5) != 0)
		return false;
	if (is_version(scan->word, scan->word_len)) {
		head->major = (uint8_t)(scan->word[5] - '0');
		head->minor = (uint8_t)(scan->word[7] - '0');
	}
	if (head->major != 2 && (head->major != 1 || head->minor > 1))
		head->anomalies |= HTTP_ODD_VERSION;
	return true;
}

static void add_to_word(struct http_scan *scan, uint8_t byte)
{
	if (scan->word_len < sizeof(scan->word))
		scan->word[scan->word_len++] = (char)byte;
}

static void add_to_target(struct http_scan *scan, uint8_t byte)
{
	struct http_head *head = &scan->head;

	if (head->target_bytes < HTTP_TARGET_MAX)
		head->target[head->target_bytes] = (char)byte;
	head->target_bytes++;
}

/* Behind the method: all is target, until the line's end shows what the last word is. */
static void target_byte(struct http_scan *scan, uint8_t byte)
{
	struct http_head *head = &scan->head;

	if (http_is_space(byte)) {
		if (byte == '\t' || !head->target_bytes || scan->n_spaces)
			head->anomalies |= HTTP_ODD_SPACING;
		scan->n_spaces += head->target_bytes > 0;
		return;
	}
	if (scan->n_spaces) {
		scan->before_word = head->target_bytes;
		for (; scan->n_spaces; scan->n_spaces--)
			add_to_target(scan, ' ');
		scan->word_at = head->target_bytes;
		scan->word_len = 0;
	}
	add_to_target(scan, byte);
	add_to_word(scan, byte);
}

static void check_method(struct http_head *head)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(head->method, methods[i]) == 0)
			return;
		if (strcasecmp(head->method, methods[i]) == 0) {
			head->anomalies |= HTTP_LOWER_METHOD;
			return;
		}
	}
	head->anomalies |= HTTP_UNKNOWN_METHOD;
}

/* "http://": letters are all that a scheme of HTTP is made of. */
static bool is_absolute(const struct http_head *head)
{
	const char *mark = memmem(head->target, head->target_len, "://", 3);

	for (const char *at = head->target; mark && at < mark; at++) {
		if (!(*at >= 'a' && *at <= 'z') && !(*at >= 'A' && *at <= 'Z'))
			return false;
	}
	return mark && mark > head->target;
}

/* RFC 9112, 3.2 */
static void check_target(struct http_head *head)
{
	if (head->target_bytes > HTTP_TARGET_MAX)
		head->anomalies |= HTTP_TEXT_CUT;
	for (uint32_t i = 0; i < head->target_len; i++) {
		if ((uint8_t)head->target[i] >= 0x80)
			head->anomalies |= HTTP_EIGHT_BIT;
	}
	if (memchr(head->target, ' ', head->target_len))
		head->anomalies |= HTTP_ODD_SPACING;
	if (head->target[0] == '/')
		return;
	if (is_absolute(head))
		head->anomalies |= HTTP_ABSOLUTE_FORM;
	else if (head->target[0] == '*' && head->target_bytes == 1)
		head->anomalies |= HTTP_ASTERISK_FORM;
	else if (http_has_method(head, "CONNECT"))
		head->anomalies |= HTTP_AUTHORITY_FORM;
	else
		head->anomalies |= HTTP_ODD_TARGET;
}

static enum http_result end_request(struct http_scan *scan)
{
	struct http_head *head = &scan->head;

	if (scan->n_spaces)
		head->anomalies |= HTTP_ODD_SPACING;
	if (!head->target_bytes)
		return HTTP_REFUSED;
	if (scan->word_at && read_version(scan)) {
		head->target_bytes = scan->before_word;
	} else {
		/* HTTP/0.9 knows no other method; what looks like it is another protocol */
		if (!http_has_method(head, "GET"))
			return HTTP_REFUSED;
		head->anomalies |= HTTP_NO_VERSION;
		head->minor = 9;
	}
	head->target_len =
		head->target_bytes < HTTP_TARGET_MAX ? head->target_bytes : HTTP_TARGET_MAX;
	memset(head->target + head->target_len, 0, HTTP_TARGET_MAX - head->target_len);
	check_method(head);
	check_target(head);
	return HTTP_MORE;
}

static void end_status(struct http_scan *scan)
{
	if (scan->word_len == 3 && !scan->is_odd_number)
		scan->head.status = (uint16_t)scan->number;
	else
		scan->head.anomalies |= HTTP_ODD_STATUS;
}

static enum http_result method_byte(struct http_scan *scan, uint8_t byte)
{
	size_t len = strlen(scan->head.method);

	if (http_is_space(byte)) {
		if (byte == '\t')
			scan->head.anomalies |= HTTP_ODD_SPACING;
		scan->state = HTTP_AT_TARGET;
		return HTTP_MORE;
	}
	if (!http_is_token(byte) || len >= HTTP_METHOD_MAX)
		return HTTP_REFUSED;
	scan->head.method[len] = (char)byte;
	return HTTP_MORE;
}

static enum http_result protocol_byte(struct http_scan *scan, uint8_t byte)
{
	if (http_is_space(byte)) {
		if (!read_version(scan))
			return HTTP_REFUSED;
		scan->word_len = 0;
		scan->state = HTTP_AT_STATUS;
		return HTTP_MORE;
	}
	add_to_word(scan, byte);
	if (scan->word_len <= 5 && strncasecmp(scan->word, "HTTP/", scan->word_len) != 0)
		return HTTP_REFUSED;
	return HTTP_MORE;
}

static void status_byte(struct http_scan *scan, uint8_t byte)
{
	if (http_is_space(byte)) {
		if (scan->word_len)
			scan->state = HTTP_AT_REASON;
		return;
	}
	add_to_word(scan, byte);
	if (byte < '0' || byte > '9')
		scan->is_odd_number = true;
	else if (scan->word_len <= 3)
		scan->number = scan->number * 10 + (byte - '0');
}

static enum http_result start_byte(struct http_scan *scan, uint8_t byte)
{
	if (http_is_space(byte)) {
		scan->head.anomalies |= HTTP_ODD_SPACING;
		return HTTP_MORE;
	}
	scan->state = scan->head.kind == HTTP_REQUEST ? HTTP_AT_METHOD : HTTP_AT_PROTOCOL;
	return scan->state == HTTP_AT_METHOD ? method_byte(scan, byte) : protocol_byte(scan, byte);
}

enum http_result http_line_byte(struct http_scan *scan, uint8_t byte)
{
	switch (scan->state) {
	case HTTP_AT_START:
		return start_byte(scan, byte);
	case HTTP_AT_METHOD:
		return method_byte(scan, byte);
	case HTTP_AT_PROTOCOL:
		return protocol_byte(scan, byte);
	case HTTP_AT_TARGET:
		target_byte(scan, byte);
		break;
	case HTTP_AT_STATUS:
		status_byte(scan, byte);
		break;
	}
	return HTTP_MORE;
}

enum http_result http_line_end(struct http_scan *scan)
{
	switch (scan->state) {
	case HTTP_AT_START:
		scan->head.anomalies |= HTTP_EMPTY_LINES;
		return HTTP_MORE;
	case HTTP_AT_TARGET:
		scan->state = HTTP_AT_LINE;
		scan->head.has_line = true;
		return end_request(scan);
	case HTTP_AT_STATUS:
	case HTTP_AT_REASON:
		scan->state = HTTP_AT_LINE;
		scan->head.has_line = true;
		end_status(scan);
		return HTTP_MORE;
	}
	return HTTP_REFUSED;
}

void http_line_cut(struct http_scan *scan)
{
	struct http_head *head = &scan->head;
	uint32_t len = scan->word_at ? scan->before_word : head->target_bytes;

	if (scan->state != HTTP_AT_TARGET)
		return;
	head->target_len = len < HTTP_TARGET_MAX ? len : HTTP_TARGET_MAX;
	memset(head->target + head->target_len, 0, HTTP_TARGET_MAX - head->target_len);
}
