/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IP addresses and prefixes: text to bytes and back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 16 bytes in wire order; IPv4 stands as ::ffff:a.b.c.d. */
struct addr {
	uint8_t bytes[16];
};

/* len counts in the family's own bits: 0..32 or 0..128. */
struct prefix {
	struct addr addr;
	uint8_t ip_version; /* 4 or 6 */
	uint8_t len;
};

enum prefix_error {
	PREFIX_OK,
	PREFIX_BAD_ADDRESS,
	PREFIX_BAD_LENGTH,
	PREFIX_HOST_BITS, /* bits beyond the length are set */
};

/* Longest text, with the closing NUL. */
#define ADDR_TEXT_MAX 46
#define PREFIX_TEXT_MAX 50

/* Is it an IPv4 address, i.e. in ::ffff:0:0/96? */
bool addr_is_v4(const struct addr *addr);

/*
 * Writes the address in its usual text (RFC 5952 for IPv6, dotted quad for
 * IPv4). text has room for ADDR_TEXT_MAX bytes. Returns text.
 */
const char *addr_to_str(const struct addr *addr, char *text);

/*
 * Reads "192.0.2.0/24", "2001:db8::/32" or a plain address, which stands for
 * itself alone. text need not end in NUL. An IPv4-mapped IPv6 prefix of at
 * least 96 bits becomes IPv4. On PREFIX_HOST_BITS ret still holds the prefix
 * with these bits cleared, to be suggested; otherwise ret is untouched on
 * failure.
 */
enum prefix_error prefix_parse(const char *text, size_t len, struct prefix *ret);

/* Writes "addr/len" into text, which has room for PREFIX_TEXT_MAX bytes. Returns text. */
const char *prefix_to_str(const struct prefix *prefix, char *text);

/* Does outer cover inner: same family, not longer, same leading bits? */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);

/* The prefix's address in its family's own bytes: 4 or 16 of them. */
const uint8_t *prefix_bytes(const struct prefix *prefix);
