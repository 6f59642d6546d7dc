// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ClientHello.
 *
 * Written by a stranger: each length may lie, lists may hold each other's ends,
 * the message may be cut into records of one byte. Every read goes through
 * take(), which knows what is left of the part it stands in, so that no length
 * reaches beyond the one that holds it.
 */
#include "tls.h"

#include <string.h>

#include "escape.h"

#define RECORD_HANDSHAKE 22
#define RECORD_MAX 18432 /* RFC 5246, 6.2.3; RFC 8446 has less */
#define CLIENT_HELLO 1
#define EXTENSION_SERVER_NAME 0
#define EXTENSION_ECH 0xfe0d
#define HOST_NAME 0

struct part {
	const uint8_t *bytes;
	size_t len;
};

bool tls_is_hello(const uint8_t *bytes, size_t len)
{
	if (!len || bytes[0] != RECORD_HANDSHAKE)
		return false;
	return (len < 2 || bytes[1] == 3) && (len < 6 || bytes[5] == CLIENT_HELLO);
}

void tls_init(struct tls_scan *scan)
{
	memset(scan, 0, sizeof(*scan));
}

/* Takes len bytes off the front. */
static bool take(struct part *part, size_t len, struct part *ret)
{
	if (len > part->len)
		return false;
	*ret = (struct part){part->bytes, len};
	part->bytes += len;
	part->len -= len;
	return true;
}

/* Takes a part whose length stands in front of it, in n bytes. */
static bool take_sized(struct part *part, size_t n, struct part *ret)
{
	struct part number;
	size_t len = 0;

	if (!take(part, n, &number))
		return false;
	for (size_t i = 0; i < n; i++)
		len = len << 8 | number.bytes[i];
	return take(part, len, ret);
}

/* RFC 6066, 3: of the names the first host name counts. */
static bool read_names(struct part extension, struct tls_hello *hello)
{
	struct part list, type, name;

	if (!take_sized(&extension, 2, &list))
		return false;
	while (list.len) {
		if (!take(&list, 1, &type) || !take_sized(&list, 2, &name))
			return false;
		if (type.bytes[0] == HOST_NAME && !hello->server_name[0])
			escape_bytes((const char *)name.bytes, name.len, hello->server_name,
				     sizeof(hello->server_name));
	}
	return true;
}

static bool read_extensions(struct part extensions, struct tls_hello *hello)
{
	while (extensions.len) {
		struct part type, extension;
		unsigned int number;

		if (!take(&extensions, 2, &type) || !take_sized(&extensions, 2, &extension))
			return false;
		number = (unsigned int)(type.bytes[0] << 8 | type.bytes[1]);
		if (number == EXTENSION_ECH)
			hello->has_ech = true;
		if (number == EXTENSION_SERVER_NAME && !read_names(extension, hello))
			return false;
	}
	return true;
}

static bool read_hello(struct part body, struct tls_hello *hello)
{
	struct part skipped, extensions;

	/* version and random, session, cipher suites, compression */
	if (!take(&body, 34, &skipped) || !take_sized(&body, 1, &skipped) ||
	    !take_sized(&body, 2, &skipped) || !take_sized(&body, 1, &skipped))
		return false;
	if (!body.len)
		return true;
	return take_sized(&body, 2, &extensions) && read_extensions(extensions, hello);
}

/* Is the message whole, and what does it say? */
static enum tls_result read_message(const struct tls_scan *scan, struct tls_hello *ret)
{
	struct part message = {scan->message, scan->len};
	struct tls_hello hello = {.has_ech = false};
	struct part type, body;

	if (scan->len && scan->message[0] != CLIENT_HELLO)
		return TLS_REFUSED;
	if (scan->len == TLS_HELLO_MAX)
		return TLS_REFUSED;
	if (!take(&message, 1, &type) || !take_sized(&message, 3, &body))
		return TLS_MORE;
	if (!read_hello(body, &hello))
		return TLS_REFUSED;
	*ret = hello;
	return TLS_DONE;
}

static bool begin_record(struct tls_scan *scan, uint8_t byte)
{
	scan->header[scan->header_len++] = byte;
	if (scan->header_len < sizeof(scan->header))
		return true;
	scan->record_left = (uint16_t)(scan->header[3] << 8 | scan->header[4]);
	scan->header_len = 0;
	return scan->header[0] == RECORD_HANDSHAKE && scan->header[1] == 3 && scan->record_left &&
	       scan->record_left <= RECORD_MAX;
}

enum tls_result tls_decode(struct tls_scan *scan, const uint8_t *bytes, size_t len,
			   struct tls_hello *ret)
{
	while (len) {
		size_t n = len;

		if (!scan->record_left) {
			if (!begin_record(scan, *bytes))
				return TLS_REFUSED;
			bytes++;
			len--;
			continue;
		}
		if (n > scan->record_left)
			n = scan->record_left;
		if (n > TLS_HELLO_MAX - scan->len)
			n = TLS_HELLO_MAX - scan->len;
		if (!n)
			break;
		memcpy(scan->message + scan->len, bytes, n);
		scan->len += n;
		scan->record_left -= (uint16_t)n;
		bytes += n;
		len -= n;
	}
	return read_message(scan, ret);
}
