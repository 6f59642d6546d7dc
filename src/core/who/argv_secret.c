/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lists, and how to look into them. They err towards what is a secret: a harmless value that is
 * not shown is a nuisance, a password in a log is a leak.
 */
#include "argv_secret.h"

#include <string.h>
#include <strings.h>

#include "mem.h"

/* Shorter ones are words, identifiers and names of files. */
#define TOKEN_MIN 32
#define PREFIXED_MIN 16

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_upper(c) || is_digit(c);
}

bool argv_is_name_char(char c)
{
	return is_alnum(c) || c == '_' || c == '-' || c == '.';
}

bool argv_is_token_char(char c)
{
	return is_alnum(c) || c == '_' || c == '-' || c == '+' || c == '/';
}

static bool is_one_of(const char *const *words, size_t n, const char *text, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (words[i] && strlen(words[i]) == len && strncasecmp(words[i], text, len) == 0)
			return true;
	}
	return false;
}

static bool begins_with(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);
	return len >= word_len && strncasecmp(text, word, word_len) == 0;
}

static bool ends_with(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);
	return len >= word_len && begins_with(text + len - word_len, word_len, word);
}

/* Does a part of the name begin here? In "dbPassword", "APIKey" and "api_key" there are two. */
static bool is_part_start(const char *name, size_t len, size_t at)
{
	if (!is_alnum(name[at]))
		return false;
	if (at == 0 || !is_alnum(name[at - 1]))
		return true;
	if (!is_upper(name[at]))
		return false;
	return !is_upper(name[at - 1]) || (at + 1 < len && is_lower(name[at + 1]));
}

/* The part that begins at text[at], without digits at its end: "key2" is a key. */
static size_t part_len(const char *name, size_t len, size_t at)
{
	size_t end = at + 1;
	while (end < len && is_alnum(name[end]) && !is_part_start(name, len, end))
		end++;
	while (end > at + 1 && is_digit(name[end - 1]))
		end--;
	return end - at;
}

/* Whatever else the name says. */
static bool has_plain_word(const char *name, size_t len)
{
	static const char *const words[] = {
		"token",      "authorization", "secret",     "password", "passwd",
		"passphrase", "passcode",      "credential", "apikey",	 "accesskey",
		"privatekey", "bearer",	       "signature",  "cookie",
	};

	for (size_t at = 0; at < len; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			if (begins_with(name + at, len - at, words[i]))
				return true;
		}
	}
	return false;
}

bool argv_names_secret(const char *name, size_t len)
{
	static const char *const parts[] = {
		"pass", "passin", "passout", "pwd",  "pw",  "psk",  "auth",
		"sig",	"jwt",	  "creds",   "cred", "otp", "keys",
	};

	if (has_plain_word(name, len))
		return true;
	for (size_t at = 0; at < len; at++) {
		if (!is_part_start(name, len, at))
			continue;
		size_t n = part_len(name, len, at);
		/* monkeys are the price of sshkey */
		if (ends_with(name + at, n, "key") ||
		    is_one_of(parts, ARRAY_SIZE(parts), name + at, n))
			return true;
	}
	return false;
}

bool argv_is_bare_name(const char *name, size_t len)
{
	static const char *const parts[] = {
		"token",      "authorization", "secret", "password",  "passwd",	    "passphrase",
		"credential", "credentials",   "apikey", "accesskey", "privatekey", "bearer",
		"signature",  "cookie",	       "key",	 "pass",      "pwd",
	};
	size_t at = len;

	while (at && !is_part_start(name, len, at - 1))
		at--;
	/* "server.key" is a file */
	if (!at || (at > 1 && name[at - 2] == '.' && ends_with(name, len, "key")))
		return false;
	return is_one_of(parts, ARRAY_SIZE(parts), name + at - 1, len - at + 1);
}

bool argv_is_scheme(const char *word, size_t len)
{
	static const char *const schemes[] = {
		"basic",     "bearer",	      "digest",	     "negotiate", "ntlm",
		"token",     "apikey",	      "oauth",	     "aws",	  "aws4-hmac-sha256",
		"sharedkey", "sharedkeylite", "googlelogin", "hawk",	  "mac",
		"ssws",	     "splunk",
	};
	return is_one_of(schemes, ARRAY_SIZE(schemes), word, len);
}

enum kind {
	SIGN,
	LOWER,
	UPPER,
	DIGIT,
	KINDS
};

static enum kind kind_of(char c)
{
	return is_lower(c) ? LOWER : is_upper(c) ? UPPER : is_digit(c) ? DIGIT : SIGN;
}

/* The characters in a window that slides over a text. */
struct look {
	int n[KINDS];
	int n_changes; /* neighbours of two kinds, signs left out */
};

static bool is_change(char a, char b)
{
	return kind_of(a) && kind_of(b) && kind_of(a) != kind_of(b);
}

/* Drawn by lot, 6 neighbours of 10 are of two kinds; in paths and names of classes, 2 or 3. */
static bool is_random(const struct look *look)
{
	return look->n[LOWER] >= 4 && look->n[UPPER] >= 4 && look->n[DIGIT] &&
	       look->n_changes >= TOKEN_MIN / 3;
}

static bool has_random(const char *text, size_t len)
{
	struct look look = {0};

	for (size_t i = 0; i < len; i++) {
		look.n[kind_of(text[i])]++;
		look.n_changes += i && is_change(text[i - 1], text[i]);
		if (i + 1 < TOKEN_MIN)
			continue;
		if (is_random(&look))
			return true;
		const char *first = text + i + 1 - TOKEN_MIN;
		look.n[kind_of(first[0])]--;
		look.n_changes -= is_change(first[0], first[1]);
	}
	return false;
}

static size_t run_len(const char *text, size_t len, const char *more)
{
	size_t n = 0;
	while (n < len && text[n] && (argv_is_token_char(text[n]) || strchr(more, text[n])))
		n++;
	return n;
}

static bool has_known_prefix(const char *text, size_t len)
{
	static const char *const prefixes[] = {
		"eyJ",	 "ghp_",  "gho_",  "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
		"xoxa-", "xoxb-", "xoxp-", "sk-",  "sk_",  "rk_",  "hvs.",	  "AIza",
		"ya29.", "npm_",  "pypi-", "dop_", "IQoJ", "FwoG", "AQAEA",	  "Atza|",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);
		if (len >= n && memcmp(text, prefixes[i], n) == 0)
			return true;
	}
	return false;
}

size_t argv_secret_len(const char *text, size_t len)
{
	/* the prefix first, or a word of many dots would be read over and over */
	if (has_known_prefix(text, len)) {
		size_t known = run_len(text, len, ".=~|");
		if (known >= PREFIXED_MIN)
			return known;
	}
	size_t n = run_len(text, len, "");
	return has_random(text, n) ? n : 0;
}

const struct argv_program *argv_find_program(const char *word, size_t len)
{
	static const char curl_flags[] = "#012346aBfgGiIjJklLMnNOpqRsSvVZ";
	static const struct argv_program programs[] = {
		{"curl", "uUbE", curl_flags, false, {"--user", "--proxy-user", "--cert"}},
		{"http", "a", "", false, {}},
		{"https", "a", "", false, {}},
		{"mysql", "p", "", true, {}},
		{"mysqldump", "p", "", true, {}},
		{"mysqladmin", "p", "", true, {}},
		{"mysqlimport", "p", "", true, {}},
		{"mariadb", "p", "", true, {}},
		{"mariadb-dump", "p", "", true, {}},
		{"mariadb-admin", "p", "", true, {}},
		{"mongo", "p", "", false, {}},
		{"mongosh", "p", "", false, {}},
		{"mongodump", "p", "", false, {}},
		{"mongorestore", "p", "", false, {}},
		{"redis-cli", "a", "", false, {}},
		{"sqlcmd", "P", "", false, {}},
		{"sshpass", "p", "", false, {}},
		{"login", "p", "", false, {}}, /* docker login -p, az login -p */
		{"ldapsearch", "w", "xvnLZ", false, {}},
		{"ldapadd", "w", "xvnZ", false, {}},
		{"ldapmodify", "w", "xvnZ", false, {}},
		{"ldapdelete", "w", "xvnZ", false, {}},
		{"ldapwhoami", "w", "xvnZ", false, {}},
		{"ldappasswd", "wsa", "xvnZ", false, {}},
		{"smbclient", "U", "", false, {}},
		{"ipmitool", "P", "", false, {}},
		{"snmpget", "AXc", "", false, {}},
		{"snmpwalk", "AXc", "", false, {}},
		{"zip", "P", "", false, {}},
		{"unzip", "P", "", false, {}},
		{"7z", "p", "", true, {}},
		{"7za", "p", "", true, {}},
	};
	const char *slash = memrchr(word, '/', len);

	if (slash) {
		len -= (size_t)(slash + 1 - word);
		word = slash + 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		if (strlen(programs[i].name) == len && memcmp(programs[i].name, word, len) == 0)
			return &programs[i];
	}
	return NULL;
}

size_t argv_option_len(const struct argv_program *program, const char *word, size_t len)
{
	if (!program || len < 2 || word[0] != '-')
		return 0;
	if (word[1] == '-')
		return is_one_of(program->names, ARGV_NAMES_MAX, word, len) ? len : 0;
	size_t at = 1;
	while (at < len && word[at] && strchr(program->flags, word[at]))
		at++;
	return at < len && word[at] && strchr(program->secrets, word[at]) ? at + 1 : 0;
}
