// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The answer is a secret, and it is written by whoever answered. Only fields of
 * these names are taken, and only if they look like what they are called: a
 * secret key has other letters than a key's id, so that one that stands in the
 * wrong place is not told. The parser's memory is wiped when it is given back:
 * jansson allocates all it keeps by these functions, and nothing else in the
 * program uses it. Its depth and size are bounded by CREDENTIAL_BODY_MAX.
 */
#include "credential.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "wipe.h"

/* Jansson seeds its tables from files otherwise; no body is large enough to abuse a known seed. */
#define TABLE_SEED 1

/* Its size stands in front of each block, so that all of it can be wiped. */
union block {
	size_t size;
	max_align_t align;
};

static void *allocate(size_t size)
{
	union block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size = size;
	return block + 1;
}

static void wipe_and_free(void *memory)
{
	union block *block = memory;

	if (!block)
		return;
	block--;
	explicit_bzero(block + 1, block->size);
	free(block);
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct {
	const char *name;
	size_t offset; /* in struct credential */
	const char *letters; /* that it may be made of */
	size_t len_max;
} fields[] = {
	{"AccessKeyId", offsetof(struct credential, key_id), LETTERS DIGITS "._-", 36},
	{"client_id", offsetof(struct credential, key_id), LETTERS DIGITS "-", 36},
	{"Expiration", offsetof(struct credential, expiry), DIGITS "-:.TZ+ ", 40},
	{"expires_on", offsetof(struct credential, expiry), DIGITS, 20},
	{"expires_in", offsetof(struct credential, lifetime), DIGITS, 20},
	{"RoleArn", offsetof(struct credential, role), LETTERS DIGITS ":/_+=,.@-", 150},
	{"resource", offsetof(struct credential, role), LETTERS DIGITS ":/._-", 150},
};

static void take(struct credential *credential, size_t index, const char *text, size_t len)
{
	char *place = (char *)credential + fields[index].offset;

	if (*place || !len || len > fields[index].len_max ||
	    strspn(text, fields[index].letters) != len)
		return;
	memcpy(place, text, len);
}

static void take_field(struct credential *credential, size_t index, const json_t *value)
{
	char number[24];

	if (json_is_string(value)) {
		take(credential, index, json_string_value(value), json_string_length(value));
		return;
	}
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return;
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	take(credential, index, number, strlen(number));
}

static void read_object(const char *bytes, size_t len, struct credential *ret)
{
	/* a name twice is a trick: which of the two would the client believe? */
	json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(fields) && json_is_object(root); i++)
		take_field(ret, i, json_object_get(root, fields[i].name));
	json_decref(root);
}

bool credential_parse(const char *bytes, size_t len, struct credential *ret)
{
	static const struct credential empty;

	*ret = empty;
	if (!len || len > CREDENTIAL_BODY_MAX)
		return false;
	json_set_alloc_funcs(allocate, wipe_and_free);
	json_object_seed(TABLE_SEED);
	read_object(bytes, len, ret);
	wipe_stack();
	return memcmp(ret, &empty, sizeof(empty)) != 0;
}
