/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Headers of a head: which one it is and what it says, without keeping it. What http.c needs. */
#pragma once

#include "http.h"

/* A header begins; then each byte of its name; then its name is whole. */
void http_name_begin(struct http_scan *scan);
void http_name_byte(struct http_scan *scan, uint8_t byte);
void http_name_end(struct http_scan *scan);

/* Each byte of the value, white space included; a folded line begins with a space. */
void http_value_byte(struct http_scan *scan, uint8_t byte);

/* Does no further byte of this line change what the value says? */
bool http_value_is_idle(const struct http_scan *scan);

/* The header is over: what it said is written into the head. */
void http_value_end(struct http_scan *scan);
