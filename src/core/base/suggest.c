/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The longest common slip is two neighbours swapped; words are short, so the
 * whole table of distances fits the stack.
 */
#include "suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, replacements and swaps of neighbours, as typing errors go. */
static unsigned int edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int rows[SUGGEST_WORD_MAX + 1][SUGGEST_WORD_MAX + 1];

	for (size_t i = 0; i <= a_len; i++) {
		for (size_t j = 0; j <= b_len; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = i + j;
				continue;
			}
			bool same = is_same(a[i - 1], b[j - 1]);
			rows[i][j] = least(rows[i - 1][j - 1] + !same,
					   1 + least(rows[i - 1][j], rows[i][j - 1]));
			if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
			    is_same(a[i - 2], b[j - 1]))
				rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	}
	return rows[a_len][b_len];
}

void suggest_init(struct suggest *suggest, const char *text, size_t len)
{
	*suggest = (struct suggest){.distance = len < 6 ? 2 : len / 3 + 1};
	/* to suggest what is written, without the NUL that nobody sees, would be no help */
	if (len <= SUGGEST_WORD_MAX && !memchr(text, '\0', len))
		memcpy(suggest->wanted, text, len);
}

bool suggest_offer(struct suggest *suggest, const char *word)
{
	size_t len = strlen(word);
	size_t wanted_len = strlen(suggest->wanted);
	/* anything is near to one letter */
	if (wanted_len < 2 || len == 0 || len > SUGGEST_WORD_MAX)
		return true;

	unsigned int distance = edit_distance(suggest->wanted, wanted_len, word, len);
	if (distance >= suggest->distance || distance >= len)
		return true;
	suggest->distance = distance;
	memcpy(suggest->best, word, len + 1);
	return true;
}

const char *suggest_hint(const struct suggest *suggest, char *hint)
{
	if (!suggest->best[0])
		return NULL;
	snprintf(hint, SUGGEST_HINT_MAX, "did you mean '%s'?", suggest->best);
	return hint;
}
