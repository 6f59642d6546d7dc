/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first line of a head, and the states of the machine. What http.c needs. */
#pragma once

#include "http.h"

/* Of http_scan.state; those before HTTP_AT_LINE are of the first line. */
enum http_state {
	HTTP_AT_START,
	HTTP_AT_METHOD,
	HTTP_AT_TARGET, /* and the version behind it: a target may hold spaces */
	HTTP_AT_PROTOCOL, /* the first word of a response */
	HTTP_AT_STATUS,
	HTTP_AT_REASON,
	HTTP_AT_LINE, /* at the beginning of a line behind the first */
	HTTP_AT_NAME,
	HTTP_AT_VALUE,
};

static inline bool http_is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

/* Is the byte part of a token (RFC 9110, 5.6.2)? */
bool http_is_token(uint8_t byte);

/* The next byte of the first line, and its end. HTTP_REFUSED when this is no HTTP. */
enum http_result http_line_byte(struct http_scan *scan, uint8_t byte);
enum http_result http_line_end(struct http_scan *scan);

/* The first line will not be read to its end: keeps what is there of the target. */
void http_line_cut(struct http_scan *scan);
