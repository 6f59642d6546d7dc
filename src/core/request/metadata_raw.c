// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whoever asks in a strange way tells a secret in a strange place: a token as
 * a parameter, as for other services, or a password before the host. No
 * metadata service looks there, but the secret is as good as in its header.
 */
#include "metadata_raw.h"

#include <string.h>

#include "argv_redact.h"
#include "escape.h"
#include "http.h"

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

size_t metadata_decode_percent(const char *bytes, size_t len, char *ret, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < size; i++) {
		int high = -1, low = -1;

		if (bytes[i] == '%' && i + 2 < len) {
			high = hex_digit(bytes[i + 1]);
			low = hex_digit(bytes[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			ret[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			ret[n++] = bytes[i];
		}
	}
	return n;
}

/* How many bytes there are before the first of these. */
static size_t len_before(const char *bytes, size_t len, const char *any)
{
	size_t n = 0;

	while (n < len && (!bytes[n] || !strchr(any, bytes[n])))
		n++;
	return n;
}

/* "http://user:password@host": returns how many bytes it was. */
static size_t put_place(struct argv_redact *redact, const char *target, size_t len)
{
	const char *mark = memmem(target, len, "://", 3);
	const char *user, *at;
	size_t n;

	if (!mark || target[0] == '/')
		return 0;
	user = mark + 3;
	n = len_before(user, len - (size_t)(user - target), "/?#");
	at = memrchr(user, '@', n);
	argv_redact_put(redact, target, (size_t)(user - target));
	if (at)
		argv_redact_hide(redact);
	else
		at = user;
	argv_redact_put(redact, at, (size_t)(user + n - at));
	return (size_t)(user + n - target);
}

static bool names_secret(const char *name, size_t len)
{
	char decoded[HTTP_TARGET_MAX];

	return argv_names_secret(decoded,
				 metadata_decode_percent(name, len, decoded, sizeof(decoded)));
}

/* "name=value" */
static void put_pair(struct argv_redact *redact, const char *pair, size_t len)
{
	size_t name_len = len_before(pair, len, "=");

	if (name_len < len && names_secret(pair, name_len)) {
		argv_redact_put(redact, pair, name_len + 1);
		argv_redact_hide(redact);
	} else if (memchr(pair, 0, len)) {
		argv_redact_hide(redact);
	} else {
		redact->expects = ARGV_NOTHING;
		argv_redact_word(redact, pair, len, false);
	}
}

bool metadata_raw_write(const char *target, size_t len, char *text, size_t size)
{
	char shown[HTTP_TARGET_MAX];
	struct argv_redact redact = {.out = shown, .size = sizeof(shown)};
	size_t at = put_place(&redact, target, len);
	size_t path_len = len_before(target + at, len - at, "?#");
	bool is_whole;

	argv_redact_put(&redact, target + at, path_len);
	at += path_len;
	while (at < len && !redact.is_full) {
		size_t pair_len = len_before(target + at + 1, len - at - 1, "?&;#");

		argv_redact_put(&redact, target + at, 1);
		put_pair(&redact, target + at + 1, pair_len);
		at += 1 + pair_len;
	}
	is_whole = escape_bytes(shown, redact.len, text, size) && !redact.is_full;
	explicit_bzero(shown, sizeof(shown));
	return is_whole;
}
