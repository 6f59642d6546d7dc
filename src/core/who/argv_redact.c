/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A word is read from its start to its end, once.
 *
 * Threat: who starts a program chooses every byte of it. No length in it may be believed, and
 * nothing may take more than linear time: what is looked for ahead is looked for within a bound, or
 * is dealt with when found.
 *
 * A name of a secret with "=" or ":" behind it hides the rest of its word; in the query of a URL,
 * all up to the next "&". With a blank behind it, as in the scripts of "sh -c", it hides the rest
 * as well. A name at the end of its word hides the next word.
 */
#include "argv_redact.h"

#include <string.h>
#include <strings.h>

/* Before the "@" of a URL: what is longer is no user, but a token. */
#define USER_MAX 16
/* No further is an "@" looked for, or a word of many colons would be read over and over. */
#define USERINFO_MAX 256

#define REDACTION_LEN (sizeof(ARGV_REDACTION) - 1)

static const char breaks[] = " \t\r\n\"'`";
static const char fillings[] = " \t\r\n\"'`\\]"; /* between a name and what assigns to it */

struct word {
	const char *text; /* no NUL in it, none behind it */
	size_t len;
	bool is_first; /* the program, whatever its name says */
	bool in_query; /* of a URL, where reading has come to */
	const struct argv_program *program; /* the same, in a script */
};

void argv_redact_put(struct argv_redact *redact, const char *bytes, size_t len)
{
	if (!redact->out)
		return;
	if (len > redact->size - redact->len) {
		redact->is_full = true;
		return;
	}
	memcpy(redact->out + redact->len, bytes, len);
	redact->len += len;
}

void argv_redact_hide(struct argv_redact *redact)
{
	argv_redact_put(redact, ARGV_REDACTION, REDACTION_LEN);
}

static bool is_in(char c, const char *chars)
{
	return c && strchr(chars, c);
}

/* The first place from at on that holds one of chars, or the end. */
static size_t find_any(const struct word *word, size_t at, const char *chars)
{
	while (at < word->len && !is_in(word->text[at], chars))
		at++;
	return at;
}

static size_t skip_any(const struct word *word, size_t at, const char *chars)
{
	while (at < word->len && is_in(word->text[at], chars))
		at++;
	return at;
}

static bool has_at(const struct word *word, size_t at, const char *what)
{
	size_t len = strlen(what);
	return word->len - at >= len && strncasecmp(word->text + at, what, len) == 0;
}

/* What ends at end, is hidden, and seems to be a name with its value behind, hides that as well. */
static size_t hidden_end(const struct word *word, size_t at, size_t end)
{
	return end > at && is_in(word->text[end - 1], "=:") ? word->len : end;
}

/* In the query of a URL a value ends at "&", or with the URL. */
static size_t value_end(const struct word *word, size_t at)
{
	if (!word->in_query)
		return word->len;
	size_t end = find_any(word, at, "&# \t\r\n\"'`");
	if (end < word->len && is_in(word->text[end], "&#"))
		return end;
	return hidden_end(word, at, end);
}

/* The name stands at at, what assigns to it ends at value. Returns the bytes dealt with. */
static size_t hide_value(struct argv_redact *redact, struct word *word, size_t at, size_t value)
{
	size_t start = skip_any(word, value, " \t\r\n\"'`\\");

	argv_redact_put(redact, word->text + at, start - at);
	if (start == word->len) {
		redact->expects = ARGV_SECRET;
		return start - at;
	}
	if (start > value)
		word->in_query = false;
	size_t end = value_end(word, start);
	if (end > start)
		argv_redact_hide(redact);
	return end - at;
}

/* The name stands at at, and only filling is between it and next. */
static size_t hide_next(struct argv_redact *redact, const struct word *word, size_t at, size_t next)
{
	argv_redact_put(redact, word->text + at, next - at);
	if (next == word->len)
		redact->expects = word->text[at] == '-' ? ARGV_SECRET : ARGV_MAYBE;
	else
		argv_redact_hide(redact);
	return word->len - at;
}

/* The last "@" between them; to when there is none. */
static size_t find_sign(const struct word *word, size_t from, size_t to)
{
	const char *sign = memrchr(word->text + from, '@', to - from);
	return sign ? (size_t)(sign - word->text) : to;
}

/*
 * Where what may be a user and a password ends at the latest: at a blank, at what is hidden
 * already, at the bound. at itself when there is no "@".
 */
static size_t userinfo_limit(const struct word *word, size_t at)
{
	struct word part = *word;

	if (part.len > at + USERINFO_MAX)
		part.len = at + USERINFO_MAX;
	if (!memchr(part.text + at, '@', part.len - at))
		return at;
	part.len = find_any(&part, at, breaks);
	const char *hidden = memmem(part.text + at, part.len - at, ARGV_REDACTION, REDACTION_LEN);
	return hidden ? (size_t)(hidden - part.text) : part.len;
}

static bool is_all_digits(const struct word *word, size_t from, size_t to)
{
	return skip_any(word, from, "0123456789") >= to;
}

/*
 * SCHEME://USER:PASSWORD@HOST and USER:PASSWORD@HOST; at is where the name begins behind which the
 * first colon stands. A "/" belongs to a password when what stands before it is no port. 0 when
 * there is nothing to hide.
 */
static size_t hide_userinfo(struct argv_redact *redact, const struct word *word, size_t at,
			    size_t colon)
{
	bool is_url = has_at(word, colon, "://");
	size_t start = is_url ? colon + 3 : colon + 1;
	struct word part = *word;

	part.len = userinfo_limit(word, start);
	if (!is_url && at && word->text[at - 1] == '@')
		return 0;
	size_t end = find_any(&part, start, "/?#");
	size_t password = is_url ? find_any(&part, start, ":") + 1 : start;
	size_t sign = find_sign(word, start, end);
	if (sign == end) {
		if (password > end || is_all_digits(word, password, end))
			return 0;
		sign = find_sign(word, end, part.len);
		if (sign == part.len)
			return 0;
	}
	/* the digest of an image has no password before it */
	if (sign == start || (!is_url && has_at(word, sign, "@sha256:")) ||
	    (password > sign && sign - start <= USER_MAX))
		return 0;
	argv_redact_put(redact, word->text + at, start - at);
	argv_redact_hide(redact);
	return sign - at;
}

/* Is the name a word, or one of a script? Options are; a part of a path is not. */
static bool is_word_name(const struct word *word, size_t at, size_t end)
{
	const char *name = word->text + at;

	if (*name == '-')
		return argv_names_secret(name, end - at);
	if (at == 0 ? word->is_first : !is_in(word->text[at - 1], " \t\r\n\"'`\\(;|&{,<"))
		return false;
	return argv_is_bare_name(name, end - at);
}

static size_t assignment_len(const struct word *word, size_t at)
{
	if (at == word->len)
		return 0;
	/* ">" ends a tag of XML */
	if (is_in(word->text[at], "=:>"))
		return 1;
	return has_at(word, at, "%3d") || has_at(word, at, "%3a") ? 3 : 0;
}

/* A name begins at at. Returns the bytes dealt with, 0 when it hides nothing. */
static size_t read_name(struct argv_redact *redact, struct word *word, size_t at)
{
	const char *name = word->text + at;
	size_t end = at;

	while (end < word->len && argv_is_name_char(word->text[end]))
		end++;
	size_t next = skip_any(word, end, fillings);
	size_t n = assignment_len(word, next);
	if (n && argv_names_secret(name, end - at))
		return hide_value(redact, word, at, next + n);
	if (n && next == end && word->text[end] == ':')
		return hide_userinfo(redact, word, at, end);
	if (!n && (next > end || end == word->len) && is_word_name(word, at, end))
		return hide_next(redact, word, at, next);
	return 0;
}

/* What has the form of a secret, and what might be assigned to it. */
static size_t hide_token(struct argv_redact *redact, const struct word *word, size_t at, size_t len)
{
	size_t next = skip_any(word, at + len, fillings);

	argv_redact_hide(redact);
	return assignment_len(word, next) ? value_end(word, next) - at : len;
}

/* The credentials of a task of ECS are a secret path: /v2/credentials/ID. */
static size_t hide_path(struct argv_redact *redact, const struct word *word, size_t at)
{
	size_t start = at + strlen("/credentials/");
	size_t end = hidden_end(word, start, find_any(word, start, "/?#& \t\r\n\"'`"));

	argv_redact_put(redact, word->text + at, start - at);
	if (end > start)
		argv_redact_hide(redact);
	return end - at;
}

/* A word of a script: a program, or an option of the one that it names. Hides as read_name does. */
static size_t read_part(struct argv_redact *redact, struct word *word, size_t at)
{
	const char *text = word->text + at;
	size_t len = find_any(word, at, " \t\r\n\"'`;|&()") - at;
	const struct argv_program *program = argv_find_program(text, len);

	if (program)
		word->program = program;
	size_t n = argv_option_len(word->program, text, len);
	if (!n || (n == len && word->program->is_attached))
		return 0;
	if (n == len)
		return hide_next(redact, word, at, skip_any(word, at + n, fillings));
	argv_redact_put(redact, text, n);
	argv_redact_hide(redact);
	return word->len - at;
}

/* Does another command begin behind it? A single one may as well be of a URL. */
static bool is_end_of_command(const struct word *word, size_t at)
{
	char c = word->text[at];

	return is_in(c, ";|&\n") &&
	       (c == '\n' || at + 1 == word->len || is_in(word->text[at + 1], " \t\n;|&"));
}

/* Returns the bytes dealt with, 1 at least. */
static size_t read_at(struct argv_redact *redact, struct word *word, size_t at)
{
	const char *text = word->text + at;
	size_t n = 0;

	if (is_end_of_command(word, at))
		word->program = NULL;
	if (at == 0 || is_in(text[-1], " \t\r\n\"'`;|&("))
		n = read_part(redact, word, at);
	if (n)
		return n;

	if (at == 0 || !argv_is_token_char(text[-1])) {
		n = argv_secret_len(text, word->len - at);
		if (n)
			return hide_token(redact, word, at, n);
	}
	if (*text == '/' && has_at(word, at, "/credentials/"))
		return hide_path(redact, word, at);
	if (*text == 'P' && has_at(word, at, "PRIVATE KEY")) {
		argv_redact_hide(redact);
		return word->len - at;
	}
	if (argv_is_name_char(*text) && (at == 0 || !argv_is_name_char(text[-1])))
		n = read_name(redact, word, at);
	if (n)
		return n;
	argv_redact_put(redact, text, 1);
	return 1;
}

static bool is_secret_option(const struct word *word)
{
	for (size_t at = 0; at < word->len; at++) {
		if (!argv_is_name_char(word->text[at]))
			return false;
	}
	return argv_names_secret(word->text, word->len);
}

/* -uUSER:PASSWORD of curl and its like. False when the word is no such option. */
static bool hide_option(struct argv_redact *redact, const struct word *word)
{
	size_t n = argv_option_len(redact->program, word->text, word->len);

	if (!n)
		return false;
	argv_redact_put(redact, word->text, n);
	if (n < word->len)
		argv_redact_hide(redact);
	/* "-password" may be a name all the same */
	if (n == word->len ? !redact->program->is_attached : is_secret_option(word))
		redact->expects = ARGV_SECRET;
	return true;
}

static void read_word(struct argv_redact *redact, struct word word)
{
	redact->expects = ARGV_NOTHING;
	if (hide_option(redact, &word))
		return;
	for (size_t at = 0; at < word.len;) {
		if (word.text[at] == '?')
			word.in_query = true;
		else if (is_in(word.text[at], breaks))
			word.in_query = false;
		at += read_at(redact, &word, at);
	}
	const struct argv_program *program = argv_find_program(word.text, word.len);
	if (program)
		redact->program = program;
}

static bool is_option(const struct word *word)
{
	if (word->len < 2 || word->text[0] != '-')
		return false;
	return word->len == 2 || (word->text[1] == '-' && argv_is_name_char(word->text[2]));
}

static bool is_expected(const struct argv_redact *redact, const struct word *word)
{
	if (word->len == 0 || redact->expects == ARGV_NOTHING)
		return false;
	return redact->expects == ARGV_SECRET || !is_option(word);
}

/* What stands in a secret's place may be the name of the next: "--password --token SECRET". */
static void hide_word(struct argv_redact *redact, const struct word *word)
{
	struct argv_redact trial = *redact;

	trial.out = NULL;
	read_word(&trial, *word);
	argv_redact_hide(redact);
	/* it may stand behind a scheme, or behind what assigns it */
	if (argv_is_scheme(word->text, word->len) || skip_any(word, 0, "=:") == word->len)
		redact->expects = ARGV_SECRET;
	else
		redact->expects = trial.expects;
}

void argv_redact_word(struct argv_redact *redact, const char *text, size_t len, bool is_first)
{
	struct word word = {.text = text, .len = len, .is_first = is_first};

	if (is_expected(redact, &word))
		hide_word(redact, &word);
	else
		read_word(redact, word);
}
