// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The framing of bodies.
 *
 * Whoever makes two readers disagree about where a body ends can hide a
 * request in it, or invent one. So this is as strict as the heads are lenient:
 * a length in doubt, a coding that is not chunked, a chunk that is not to the
 * letter, and the end is not known; the rest of the connection is then not
 * understood, and said to be so.
 */
#include "http_body.h"

#include <strings.h>

#include "http_line.h"

#define SIZE_LINE_MAX 256 /* bytes, with its extensions */

enum state {
	AT_SIZE,
	AT_EXTENSION,
	AT_SIZE_LF,
	AT_DATA,
	AT_DATA_CR,
	AT_DATA_LF,
	AT_TRAILER, /* the beginning of its line */
	AT_TRAILER_NAME,
	AT_TRAILER_LINE,
	AT_TRAILER_LF, /* of a line of it */
	AT_LAST_LF,
	AT_END,
};

static bool has_no_body(const struct http_head *head, const char *method)
{
	if (!method)
		return false;
	return head->status / 100 == 1 || head->status == 204 || head->status == 304 ||
	       strcasecmp(method, "HEAD") == 0 ||
	       (strcasecmp(method, "CONNECT") == 0 && head->status / 100 == 2);
}

/* Without a coding. */
static enum http_framing by_length(const struct http_head *head, bool is_request)
{
	if (head->fields & 1U << HTTP_CONTENT_LENGTH)
		return HTTP_BY_LENGTH;
	return is_request ? HTTP_NO_BODY : HTTP_TO_END;
}

static enum http_framing framing_of(const struct http_head *head, const char *method)
{
	const uint32_t odd = HTTP_ODD_LENGTH | HTTP_LENGTH_AND_CODING;
	bool is_request = !method;

	if (has_no_body(head, method))
		return HTTP_NO_BODY;
	if (head->anomalies & odd)
		return HTTP_UNFRAMED;
	if (head->anomalies & HTTP_ODD_CODING)
		return is_request ? HTTP_UNFRAMED : HTTP_TO_END;
	/* RFC 9112, 6.1: HTTP/1.0 has no codings, so some of its readers see none */
	if (is_request && head->words & HTTP_CHUNKED && !(head->major == 1 && head->minor))
		return HTTP_UNFRAMED;
	if (head->words & HTTP_CHUNKED)
		return HTTP_IN_CHUNKS;
	return by_length(head, is_request);
}

void http_body_init(struct http_body *body, const struct http_head *head, const char *method)
{
	*body = (struct http_body){.framing = framing_of(head, method)};
	if (body->framing == HTTP_BY_LENGTH)
		body->left_bytes = head->length_bytes;
}

static int hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

static bool size_byte(struct http_body *body, uint8_t byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0) {
		if (body->left_bytes > UINT32_MAX)
			return false;
		body->left_bytes = body->left_bytes * 16 + (unsigned int)digit;
		return true;
	}
	/* at least one digit stands before what ends the number */
	if (body->line_bytes < 2)
		return false;
	if (byte == '\r')
		body->state = AT_SIZE_LF;
	else if (byte == ';')
		body->state = AT_EXTENSION;
	else
		return false;
	return true;
}

/* A line's end behind a chunk's size: data follows, or trailers behind the last one. */
static void end_size(struct http_body *body)
{
	body->state = body->left_bytes ? AT_DATA : AT_TRAILER;
	body->line_bytes = 0;
}

static bool trailer_byte(struct http_body *body, uint8_t byte)
{
	bool is_value = body->state == AT_TRAILER_LINE;

	if (++body->line_bytes > HTTP_HEAD_MAX || byte == '\n')
		return false;
	if (byte == '\r' && body->state != AT_TRAILER_NAME)
		body->state = is_value ? AT_TRAILER_LF : AT_LAST_LF;
	else if (byte == ':' && body->state == AT_TRAILER_NAME)
		body->state = AT_TRAILER_LINE;
	else if (!is_value && !http_is_token(byte))
		return false;
	else if (!is_value)
		body->state = AT_TRAILER_NAME;
	return true;
}

/* A byte of the framing. False when it cannot be one. */
static bool frame_byte(struct http_body *body, uint8_t byte)
{
	switch (body->state) {
	case AT_SIZE:
		return ++body->line_bytes <= SIZE_LINE_MAX && size_byte(body, byte);
	case AT_EXTENSION:
		if (byte == '\r')
			body->state = AT_SIZE_LF;
		return ++body->line_bytes <= SIZE_LINE_MAX && byte != '\n';
	case AT_SIZE_LF:
		end_size(body);
		return byte == '\n';
	case AT_DATA_CR:
		body->state = AT_DATA_LF;
		return byte == '\r';
	case AT_DATA_LF:
		body->state = AT_SIZE;
		return byte == '\n';
	case AT_TRAILER:
	case AT_TRAILER_NAME:
	case AT_TRAILER_LINE:
		return trailer_byte(body, byte);
	case AT_TRAILER_LF:
		body->state = AT_TRAILER;
		return byte == '\n';
	case AT_LAST_LF:
		body->state = AT_END;
		return byte == '\n';
	}
	return false;
}

/* Hands over data, as much as there is. */
static size_t take(struct http_body *body, const uint8_t *bytes, size_t len, struct http_data *data)
{
	if (body->framing != HTTP_TO_END && len > body->left_bytes)
		len = (size_t)body->left_bytes;
	if (body->framing != HTTP_TO_END)
		body->left_bytes -= len;
	*data = (struct http_data){bytes, len};
	return len;
}

static enum http_result decode_chunks(struct http_body *body, const uint8_t *bytes, size_t len,
				      size_t *ret_consumed, struct http_data *ret_data)
{
	size_t at = 0;

	while (at < len) {
		if (body->state == AT_DATA) {
			at += take(body, bytes + at, len - at, ret_data);
			if (!body->left_bytes)
				body->state = AT_DATA_CR;
			break;
		}
		if (!frame_byte(body, bytes[at++])) {
			*ret_consumed = at;
			return HTTP_REFUSED;
		}
		if (body->state == AT_END)
			break;
	}
	*ret_consumed = at;
	return body->state == AT_END ? HTTP_DONE : HTTP_MORE;
}

enum http_result http_body_decode(struct http_body *body, const uint8_t *bytes, size_t len,
				  size_t *ret_consumed, struct http_data *ret_data)
{
	*ret_data = (struct http_data){0};
	*ret_consumed = 0;
	switch (body->framing) {
	case HTTP_NO_BODY:
		return HTTP_DONE;
	case HTTP_BY_LENGTH:
		*ret_consumed = take(body, bytes, len, ret_data);
		return body->left_bytes ? HTTP_MORE : HTTP_DONE;
	case HTTP_IN_CHUNKS:
		return decode_chunks(body, bytes, len, ret_consumed, ret_data);
	case HTTP_TO_END:
		*ret_consumed = take(body, bytes, len, ret_data);
		return HTTP_MORE;
	case HTTP_UNFRAMED:
		break;
	}
	return HTTP_REFUSED;
}

bool http_body_skip(struct http_body *body, uint64_t len)
{
	if (body->framing == HTTP_TO_END)
		return true;
	/* within a chunk it is known where the next size stands */
	if (body->framing != HTTP_BY_LENGTH &&
	    !(body->framing == HTTP_IN_CHUNKS && body->state == AT_DATA))
		return false;
	if (len > body->left_bytes)
		return false;
	body->left_bytes -= len;
	if (body->framing == HTTP_IN_CHUNKS && !body->left_bytes)
		body->state = AT_DATA_CR;
	return true;
}
