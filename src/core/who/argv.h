/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arguments of a program, as the kernel keeps them, to what may be shown of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum argv_mode {
	ARGV_REDACTED, /* the default */
	ARGV_NONE,
	ARGV_FULL,
	ARGV_MODES,
};

#define ARGV_REDACTION "[redacted]" /* stands for a word, or for the part of one */
#define ARGV_WORDS_MAX 256

struct argv_words {
	size_t len; /* bytes written, each word with the NUL that ends it */
	size_t n;
	bool is_cut; /* there was more */
};

/*
 * Reads len bytes, words that end in NUL, the last one perhaps without; is_cut tells that the bytes
 * were cut off at a bound, and so maybe their last word. Writes words to out, of size bytes: none
 * with ARGV_NONE, all as they are with ARGV_FULL, and with ARGV_REDACTED secrets replaced. Words
 * stay words, in number and order, whatever bytes they hold: whoever shows them escapes them.
 * Empty ones at the end are left out (programs that change their title pad it with NULs), and so
 * is what does not fit as a whole. Redacting what was redacted changes nothing.
 *
 * Redacting is best effort. It knows values by the name before them and some by their form; what
 * is neither named nor formed like a secret stays, such as hex digits, or a password that a program
 * takes by its place.
 */
void argv_decode(enum argv_mode mode, const char *bytes, size_t len, bool is_cut, char *out,
		 size_t size, struct argv_words *ret);

/* "redacted", "none", "full". */
const char *argv_mode_to_str(enum argv_mode mode);
