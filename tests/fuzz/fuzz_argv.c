/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arguments. The input is three bytes - how a secret is written, behind which name, how much room
 * there is - and words, between which the secret is put.
 *
 * Held: the secret never comes out; words are as many as before, and in their place; nothing is
 * written beyond the room; what was redacted is redacted the same once more.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argv.h"
#include "mem.h"

#define CANARY "c4nary"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"token",      "authorization", "secret",       "password",
	"passwd",     "key",	       "credential",   "apikey",
	"access-key", "bearer",	       "signature",    "cookie",
	"API_KEY",    "Secret",	       "x-auth-token", "AWS_SECRET_ACCESS_KEY",
	"dbPassword", "client_secret",
};

/* %s is the name; "^" ends a word. What ends in "^" begins a new word behind it. */
static const char *const styles[] = {
	"^--%s=" CANARY,
	"^--%s^" CANARY "^",
	"^-%s^" CANARY "^",
	"^%s^" CANARY "^",
	"^%s=" CANARY,
	"%s=" CANARY,
	"%s: " CANARY,
	"^-H^X-%s: " CANARY,
	"^-H^%s:^Bearer^" CANARY "^",
	"^http://h/?%s=" CANARY "&",
	"{\"%s\": \"" CANARY "\"}",
	"^http://%s:" CANARY "@h/",
	" --%s " CANARY,
	"^/v2/credentials/" CANARY,
};

static size_t build(const char *style, const char *name, const uint8_t *data, size_t size,
		    char *bytes, size_t room)
{
	char text[128];
	/* the words before are whole */
	size_t before = size / 2;
	int n = snprintf(text, sizeof(text), style, name);
	assert(n > 0 && (size_t)n < sizeof(text) && size + (size_t)n + 5 < room);

	memcpy(bytes, "prog", 5);
	memcpy(bytes + 5, data, before);
	for (int i = 0; i < n; i++)
		bytes[5 + before + (size_t)i] = text[i] == '^' ? '\0' : text[i];
	memcpy(bytes + 5 + before + (size_t)n, data + before, size - before);
	return 5 + size + (size_t)n;
}

static size_t count_words(const char *bytes, size_t len)
{
	size_t n = 0;
	while (len && !bytes[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		n += !bytes[i];
	return n + !!len;
}

static void check(const char *bytes, size_t len, bool is_cut, size_t room)
{
	/* of its own, so that writing beyond it is seen */
	char *out = calloc(1, room ? room : 1), *again = calloc(1, room ? room : 1);
	struct argv_words words, twice;
	if (!out || !again)
		abort();

	argv_decode(ARGV_REDACTED, bytes, len, is_cut, out, room, &words);
	assert(words.len <= room && !memmem(out, room, CANARY, strlen(CANARY)));
	assert(words.n == count_words(out, words.len) && words.n <= count_words(bytes, len));
	assert(words.is_cut == is_cut || words.n < count_words(bytes, len));
	assert(!words.len || !out[words.len - 1]);
	argv_decode(ARGV_REDACTED, out, words.len, is_cut, again, room, &twice);
	assert(twice.len == words.len && !memcmp(again, out, words.len));
	free(again);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[4096], *bytes = malloc(size + 256);
	struct argv_words words;

	if (!bytes)
		return 0;
	if (size >= 3 && !memmem(data, size, CANARY, strlen(CANARY))) {
		size_t len = build(styles[data[0] % ARRAY_SIZE(styles)],
				   names[data[1] % ARRAY_SIZE(names)], data + 3, size - 3, bytes,
				   size + 256);
		check(bytes, len, data[2] & 1, data[2] & 2 ? 4096 : data[2]);
	}
	if (size)
		memcpy(bytes, data, size);
	argv_decode(ARGV_FULL, bytes, size, false, out, sizeof(out), &words);
	assert(words.len <= size + 1 && words.n <= ARGV_WORDS_MAX);
	assert(words.is_cut || words.n == count_words(bytes, size));
	free(bytes);
	return 0;
}
