/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes to words, one after the other.
 *
 * Threat: people and programs write secrets into arguments, where every user of the host can read
 * them for a while; a log would keep them for years. And who starts a program, or overwrites its
 * arguments, chooses every byte: none may end a word but NUL.
 */
#include "argv.h"

#include <string.h>

#include "argv_redact.h"

static void write_word(struct argv_redact *redact, enum argv_mode mode, const char *text,
		       size_t len, bool is_first)
{
	if (mode == ARGV_FULL)
		argv_redact_put(redact, text, len);
	else
		argv_redact_word(redact, text, len, is_first);
}

/* Without the rest of it nobody can say what it was. */
static void write_cut(struct argv_redact *redact, enum argv_mode mode, const char *text, size_t len)
{
	if (mode == ARGV_FULL)
		argv_redact_put(redact, text, len);
	else
		argv_redact_hide(redact);
}

void argv_decode(enum argv_mode mode, const char *bytes, size_t len, bool is_cut, char *out,
		 size_t size, struct argv_words *ret)
{
	struct argv_redact redact = {.out = out, .size = size};
	struct argv_words words = {0};
	bool is_whole = !is_cut || (len && !bytes[len - 1]);
	size_t at = 0, n = 0;

	if (mode == ARGV_NONE)
		len = 0;
	while (len && !bytes[len - 1])
		len--;
	for (; at < len && n < ARGV_WORDS_MAX; n++) {
		const char *nul = memchr(bytes + at, '\0', len - at);
		size_t word_len = nul ? (size_t)(nul - bytes) - at : len - at;
		if (nul || is_whole)
			write_word(&redact, mode, bytes + at, word_len, at == 0);
		else
			write_cut(&redact, mode, bytes + at, word_len);
		argv_redact_put(&redact, "", 1);
		if (redact.is_full)
			break;
		at += word_len + 1;
		if (word_len == 0)
			continue;
		words.len = redact.len;
		words.n = n + 1;
	}
	words.is_cut = mode != ARGV_NONE && (is_cut || at < len);
	*ret = words;
}

const char *argv_mode_to_str(enum argv_mode mode)
{
	static const char *const words[ARGV_MODES] = {
		[ARGV_REDACTED] = "redacted",
		[ARGV_NONE] = "none",
		[ARGV_FULL] = "full",
	};
	return words[mode];
}
