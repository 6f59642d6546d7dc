// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The text is a stranger's. Only the last star is ever taken back: an earlier
 * one that could match more would leave less for the later ones. So a path
 * made to be slow costs each of its bytes at most one walk over the pattern.
 */
#include "glob.h"

bool glob_is_valid(const char *glob, size_t len)
{
	if (len > GLOB_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (glob[i] == '[' || (glob[i] == '\\' && ++i == len))
			return false;
	}
	return true;
}

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

/* Does the element at glob match the byte? ret_len is the element's length. */
static bool matches_one(const char *glob, size_t len, char byte, size_t *ret_len)
{
	*ret_len = 1;
	if (!len || *glob == '*')
		return false;
	if (*glob == '?')
		return true;
	if (*glob == '\\' && len > 1) {
		*ret_len = 2;
		glob++;
	}
	return lower(*glob) == lower(byte);
}

bool glob_matches(const char *glob, size_t glob_len, const char *text, size_t len)
{
	size_t at = 0, i = 0, star = glob_len, star_text = 0, step;

	while (i < len) {
		if (at < glob_len && glob[at] == '*') {
			star = at++;
			star_text = i;
		} else if (matches_one(glob + at, glob_len - at, text[i], &step)) {
			at += step;
			i++;
		} else if (star < glob_len) {
			at = star + 1;
			i = ++star_text;
		} else {
			return false;
		}
	}
	while (at < glob_len && glob[at] == '*')
		at++;
	return at == glob_len;
}
