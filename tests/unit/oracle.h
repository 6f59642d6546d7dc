/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parsers of HTTP that others wrote, to be asked what they see in a request. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ORACLE_SAID_MAX 600
#define ORACLE_TOKEN "x-aws-ec2-metadata-token"

/* Of the first request, and how many there are whose head was read. */
struct oracle_facts {
	char method[64];
	char target[400];
	int version; /* 11 for HTTP/1.1 */
	bool has_token;
	int n;
};

/* Cuts what is too long; ends in NUL. */
void oracle_copy(char *text, size_t size, const void *bytes, size_t len);

/* "GET /a 1.1 token=1 n=2", or "refused". */
void oracle_write(const struct oracle_facts *facts, char *said);

/* False when the library was not there at build time. */
bool oracle_ask_htp(const char *text, size_t len, char *said);
bool oracle_ask_http_parser(const char *text, size_t len, char *said);
