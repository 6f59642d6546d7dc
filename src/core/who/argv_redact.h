/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One word of the arguments, and what is secret in it. For argv.c. */
#pragma once

#include "argv.h"
#include "argv_secret.h"

enum argv_expects {
	ARGV_NOTHING,
	ARGV_MAYBE, /* a secret, unless it looks like an option: the name may have meant something else */
	ARGV_SECRET,
};

/* What was written, and what the words so far say of the next one. */
struct argv_redact {
	char *out; /* NULL: only to see what is expected afterwards */
	size_t size;
	size_t len;
	bool is_full; /* something found no room; what is in out is no whole word */
	enum argv_expects expects;
	const struct argv_program *program; /* whose options they are, as far as that is known */
};

/* Writes bytes as they are. */
void argv_redact_put(struct argv_redact *redact, const char *bytes, size_t len);

/* Writes ARGV_REDACTION. */
void argv_redact_hide(struct argv_redact *redact);

/*
 * Writes a word, which holds no NUL, with what is secret in it replaced, and says what is expected
 * of the next. is_first: it is the program, whatever its name says.
 */
void argv_redact_word(struct argv_redact *redact, const char *text, size_t len, bool is_first);
