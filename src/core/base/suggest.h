/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* "Did you mean": the known word that is nearest to what was written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Longer words are never suggested, nor is anything suggested for them. */
#define SUGGEST_WORD_MAX 32

struct suggest {
	char wanted[SUGGEST_WORD_MAX + 1]; /* empty: too long to be compared */
	char best[SUGGEST_WORD_MAX + 1]; /* empty: nothing is near */
	unsigned int distance; /* only nearer words replace best */
};

/* Starts the search for a word near text, which need not end in NUL. */
void suggest_init(struct suggest *suggest, const char *text, size_t len);

/* Offers a word. Returns true, so that it can end as a visitor that wants more. */
bool suggest_offer(struct suggest *suggest, const char *word);

/* "did you mean 'best'?", kept in hint; NULL when nothing is near. */
#define SUGGEST_HINT_MAX (SUGGEST_WORD_MAX + 24)
const char *suggest_hint(const struct suggest *suggest, char *hint);
