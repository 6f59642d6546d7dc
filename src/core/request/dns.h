/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The question of a DNS query (RFC 1035, 4.1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_MAX 1025 /* 255 bytes, each escaped, with the NUL */

struct dns_question {
	char name
		[DNS_NAME_MAX]; /* labels with dots between; other bytes as \DDD. "." for the root */
	uint16_t type; /* 1 A, 28 AAAA ... */
};

/*
 * Reads the first question of a query. False, with ret untouched, when the
 * message is an answer, has no question, or is not as it should be; a query
 * has nothing that a compressed name could refer to.
 */
bool dns_decode(const uint8_t *bytes, size_t len, struct dns_question *ret);
