/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first message of a TLS client: whom it wants to talk to (RFC 8446, 4.1.2; RFC 6066, 3). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_HELLO_MAX 8192 /* bytes of the message; a longer one is refused */
#define TLS_NAME_MAX 256 /* with the NUL */

enum tls_result {
	TLS_MORE,
	TLS_DONE,
	TLS_REFUSED, /* no ClientHello, or one that is not as it should be */
};

/* Takes the records' headers off, as messages may be cut anywhere between records. */
struct tls_scan {
	uint8_t header[5];
	uint8_t header_len;
	uint16_t record_left;
	size_t len; /* of the message, so far */
	uint8_t message[TLS_HELLO_MAX];
};

struct tls_hello {
	char server_name[TLS_NAME_MAX]; /* escaped, see escape.h; empty without */
	bool has_ech; /* the true name is encrypted, this is an outer one */
};

/* Could a client's bytes that begin so be TLS? Of len bytes at least 1 is looked at. */
bool tls_is_hello(const uint8_t *bytes, size_t len);

void tls_init(struct tls_scan *scan);

/* Reads on, in any pieces. ret is filled for TLS_DONE, and for TLS_REFUSED untouched. */
enum tls_result tls_decode(struct tls_scan *scan, const uint8_t *bytes, size_t len,
			   struct tls_hello *ret);
