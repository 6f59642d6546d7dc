// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* http-parser, which Node.js read HTTP with until version 12. */
#include "oracle.h"

#ifdef HAVE_HTTP_PARSER
#include <http_parser.h>
#include <string.h>
#include <strings.h>

struct parsing {
	struct oracle_facts facts;
	char name[200];
	bool had_value;
};

static int take_url(http_parser *parser, const char *bytes, size_t len)
{
	struct parsing *parsing = parser->data;
	size_t at = strlen(parsing->facts.target);

	if (!parsing->facts.n)
		oracle_copy(parsing->facts.target + at, sizeof(parsing->facts.target) - at, bytes,
			    len);
	return 0;
}

static int take_name(http_parser *parser, const char *bytes, size_t len)
{
	struct parsing *parsing = parser->data;
	size_t at = parsing->had_value ? 0 : strlen(parsing->name);

	parsing->had_value = false;
	oracle_copy(parsing->name + at, sizeof(parsing->name) - at, bytes, len);
	return 0;
}

static int take_value(http_parser *parser, const char *bytes, size_t len)
{
	struct parsing *parsing = parser->data;

	(void)bytes;
	(void)len;
	parsing->had_value = true;
	if (!parsing->facts.n && strcasecmp(parsing->name, ORACLE_TOKEN) == 0)
		parsing->facts.has_token = true;
	return 0;
}

static int take_headers(http_parser *parser)
{
	struct parsing *parsing = parser->data;

	if (!parsing->facts.n++) {
		strcpy(parsing->facts.method, http_method_str((enum http_method)parser->method));
		parsing->facts.version = parser->http_major * 10 + parser->http_minor;
	}
	return 0;
}

bool oracle_ask_http_parser(const char *text, size_t len, char *said)
{
	static const http_parser_settings settings = {
		.on_url = take_url,
		.on_header_field = take_name,
		.on_header_value = take_value,
		.on_headers_complete = take_headers,
	};
	struct parsing parsing = {.had_value = true};
	http_parser parser = {.data = &parsing};

	http_parser_init(&parser, HTTP_REQUEST);
	http_parser_execute(&parser, &settings, text, len);
	oracle_write(&parsing.facts, said);
	return true;
}
#else
bool oracle_ask_http_parser(const char *text, size_t len, char *said)
{
	(void)text;
	(void)len;
	(void)said;
	return false;
}
#endif
