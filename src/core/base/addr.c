/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text to addresses. Strict on purpose: two programs that read "010.0.0.1"
 * or "::ffff:1.2.3.4" differently would watch different hosts.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool addr_is_v4(const struct addr *addr)
{
	return memcmp(addr->bytes, mapped, sizeof(mapped)) == 0;
}

const char *addr_to_str(const struct addr *addr, char *text)
{
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr->bytes + sizeof(mapped), text, ADDR_TEXT_MAX);
	else
		inet_ntop(AF_INET6, addr->bytes, text, ADDR_TEXT_MAX);
	return text;
}

static bool parse_address(const char *text, size_t len, struct prefix *ret)
{
	char copy[ADDR_TEXT_MAX] = "";
	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);

	struct prefix prefix = {.ip_version = 4, .len = 32};
	memcpy(prefix.addr.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, copy, prefix.addr.bytes + sizeof(mapped)) != 1) {
		if (inet_pton(AF_INET6, copy, prefix.addr.bytes) != 1)
			return false;
		prefix.ip_version = 6;
		prefix.len = 128;
	}
	*ret = prefix;
	return true;
}

/* Leading zeros are refused: some read them as octal. */
static bool parse_length(const char *text, size_t len, uint8_t max, uint8_t *ret)
{
	unsigned int value = 0;
	if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
		return false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}

/* Returns whether there were any. */
static bool clear_host_bits(struct prefix *prefix)
{
	uint8_t *bytes = prefix->addr.bytes + (prefix->ip_version == 4 ? sizeof(mapped) : 0);
	size_t size = prefix->ip_version == 4 ? 4 : 16;
	bool found = false;

	for (size_t i = prefix->len / 8; i < size; i++) {
		uint8_t host = i == prefix->len / 8 ? 0xff >> prefix->len % 8 : 0xff;
		found |= bytes[i] & host;
		bytes[i] &= ~host;
	}
	return found;
}

enum prefix_error prefix_parse(const char *text, size_t len, struct prefix *ret)
{
	const char *slash = len ? memchr(text, '/', len) : NULL;
	size_t addr_len = slash ? (size_t)(slash - text) : len;

	struct prefix prefix;
	if (!parse_address(text, addr_len, &prefix))
		return PREFIX_BAD_ADDRESS;
	if (slash && !parse_length(slash + 1, len - addr_len - 1, prefix.len, &prefix.len))
		return PREFIX_BAD_LENGTH;
	/* on the wire such a packet is IPv4 */
	if (prefix.ip_version == 6 && addr_is_v4(&prefix.addr) && prefix.len >= 96) {
		prefix.ip_version = 4;
		prefix.len -= 96;
	}
	bool host_bits = clear_host_bits(&prefix);
	*ret = prefix;
	return host_bits ? PREFIX_HOST_BITS : PREFIX_OK;
}

const char *prefix_to_str(const struct prefix *prefix, char *text)
{
	char addr[ADDR_TEXT_MAX];
	snprintf(text, PREFIX_TEXT_MAX, "%s/%u", addr_to_str(&prefix->addr, addr), prefix->len);
	return text;
}

/* IPv4 stands inside of ::/0 as bytes, but never as a packet: the families stay apart. */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	if (outer->ip_version != inner->ip_version || outer->len > inner->len)
		return false;

	const uint8_t *a = prefix_bytes(outer);
	const uint8_t *b = prefix_bytes(inner);
	size_t whole = outer->len / 8;
	uint8_t rest = ~(0xff >> outer->len % 8);
	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) & rest) == 0;
}

const uint8_t *prefix_bytes(const struct prefix *prefix)
{
	return prefix->addr.bytes + (prefix->ip_version == 4 ? sizeof(mapped) : 0);
}
