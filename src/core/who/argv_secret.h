/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What names a secret, and what looks like one. For argv_redact.c; all lengths are in bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What names are made of: letters, digits, "_", "-" and ".". */
bool argv_is_name_char(char c);

/* What tokens are made of: letters, digits, "_", "-", "+" and "/". */
bool argv_is_token_char(char c);

/* "--api-key", "AWS_SESSION_TOKEN", "accessToken": does a secret stand behind this name? */
bool argv_names_secret(const char *name, size_t len);

/* The same of a name that is a word by itself; stricter, for it may be meant otherwise. */
bool argv_is_bare_name(const char *name, size_t len);

/* "Bearer", "Basic": what may stand between the name Authorization and the secret. */
bool argv_is_scheme(const char *word, size_t len);

/*
 * The bytes at text, which begins a run of token characters, that are a secret by their form: a
 * JSON Web Token, a key with a known prefix, 32 or more characters as if drawn by lot, such as an
 * AWS secret key or a token of the metadata service. 0: none.
 */
size_t argv_secret_len(const char *text, size_t len);

#define ARGV_NAMES_MAX 3

/* Options that take a secret, of programs by whose name they are known. */
struct argv_program {
	const char *name;
	const char *secrets;
	const char *flags; /* letters that may stand before, in the same word, and take nothing */
	bool is_attached; /* only in the same word: "-p" alone asks for it */
	const char *names[ARGV_NAMES_MAX]; /* and long ones, which do not name it */
};

/* By its name, with or without a path; NULL when it is not known. */
const struct argv_program *argv_find_program(const char *word, size_t len);

/*
 * Of a word that is such an option, the bytes before its secret; all of them: it is in the next
 * word. 0: it is none. program may be NULL.
 */
size_t argv_option_len(const struct argv_program *program, const char *word, size_t len);
