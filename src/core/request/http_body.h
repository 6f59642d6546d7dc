/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a message's body ends, so that the next head is found (RFC 9112, 6 and 7). */
#pragma once

#include "http.h"

enum http_framing {
	HTTP_NO_BODY,
	HTTP_BY_LENGTH,
	HTTP_IN_CHUNKS,
	HTTP_TO_END, /* of the connection; responses only */
	HTTP_UNFRAMED, /* readers will not agree where it ends */
};

struct http_body {
	enum http_framing framing;
	uint8_t state;
	uint32_t line_bytes; /* of the size line or of all trailers */
	uint64_t left_bytes; /* of the body or of the chunk */
};

/* Bytes of the body, framing taken off; they lie in the caller's buffer. */
struct http_data {
	const uint8_t *bytes;
	size_t len;
};

/*
 * By the head of the message and, for a response, the method of the request
 * that it answers; NULL for a request.
 */
void http_body_init(struct http_body *body, const struct http_head *head, const char *method);

/*
 * Reads on, at most to the end of one run of data, which may be empty:
 * HTTP_MORE until the body has ended, to be called again while bytes are left;
 * HTTP_DONE when it has, what is behind it not consumed; HTTP_REFUSED when
 * its end cannot be known. Without a body HTTP_DONE at once.
 */
enum http_result http_body_decode(struct http_body *body, const uint8_t *bytes, size_t len,
				  size_t *ret_consumed, struct http_data *ret_data);

/* len bytes will never be seen. False when the body's end is lost with them. */
bool http_body_skip(struct http_body *body, uint64_t len);
