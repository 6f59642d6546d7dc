// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A client hides what it asks for by writing it in another way that its server
 * still understands: "%6d", "//", "/x/../", other case, an absolute target.
 * So paths are brought into one form before they are compared. It is decoded
 * once, as servers do: what is left after that is another path.
 *
 * A path may itself be a secret, and a client may write that in strange ways,
 * too. So whatever follows "credentials", before or after ".." is applied, is
 * never shown as it was sent.
 */
#include "metadata_path.h"

#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "escape.h"
#include "http.h"
#include "metadata_raw.h"

/* A part of the decoded path. */
struct part {
	size_t at;
	size_t len;
};

/* The path percent-decoded, before and after its dots were followed. */
struct decoded {
	char bytes[HTTP_TARGET_MAX];
	size_t len;
	struct part parts[METADATA_SEGMENTS_MAX];
	size_t n_parts;
	bool is_cut;
	bool has_place; /* some part of it is "credentials" */
	bool has_secret; /* something follows that, at whatever depth */
};

struct view {
	const char *bytes;
	size_t len;
};

static bool part_is(const struct decoded *decoded, struct part part, const char *text)
{
	return part.len == strlen(text) &&
	       strncasecmp(decoded->bytes + part.at, text, part.len) == 0;
}

/* RFC 3986, 5.2.4 */
static void add_part(struct decoded *decoded, struct part part)
{
	if (!part.len || part_is(decoded, part, "."))
		return;
	if (part_is(decoded, part, "..")) {
		decoded->n_parts -= decoded->n_parts > 0;
		return;
	}
	if (decoded->n_parts == METADATA_SEGMENTS_MAX) {
		decoded->is_cut = true;
		return;
	}
	decoded->parts[decoded->n_parts++] = part;
}

static void split(struct decoded *decoded, struct view path)
{
	struct part part = {0};

	decoded->len = metadata_decode_percent(path.bytes, path.len, decoded->bytes,
					       sizeof(decoded->bytes));
	for (size_t i = 0; i <= decoded->len; i++) {
		if (i < decoded->len && decoded->bytes[i] != '/')
			continue;
		part.len = i - part.at;
		decoded->has_secret |= decoded->has_place && part.len;
		decoded->has_place |= part_is(decoded, part, "credentials");
		add_part(decoded, part);
		part.at = i + 1;
	}
}

/* Appends; what has no room is cut. */
static void append(struct metadata_path *path, size_t *at, const char *text, size_t len)
{
	if (*at + len >= sizeof(path->path)) {
		path->is_cut = true;
		return;
	}
	memcpy(path->path + *at, text, len);
	*at += len;
}

static void append_encoded(struct metadata_path *path, size_t *at, const char *bytes, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len && !path->is_cut; i++) {
		uint8_t byte = (uint8_t)bytes[i];
		char coded[3] = {'%', digits[byte >> 4], digits[byte & 0xf]};

		if (byte <= 0x20 || byte >= 0x7f || strchr("%?#\"\\", byte))
			append(path, at, coded, 3);
		else
			append(path, at, bytes + i, 1);
	}
}

static void append_digest(struct metadata_path *path, size_t *at, const char *bytes, size_t len)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char text[METADATA_DIGEST_LEN + 1] = "sha256:";
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)bytes, len);
	SHA256Final(digest, &context);
	explicit_bzero(&context, sizeof(context));
	for (size_t i = 0; i < 6; i++)
		snprintf(text + 7 + 2 * i, 3, "%02x", digest[i]);
	append(path, at, text, METADATA_DIGEST_LEN);
}

static void begin_segment(struct metadata_path *path, size_t *at)
{
	append(path, at, "/", 1);
	if (!path->is_cut)
		path->segments[path->n_segments++] = path->path + *at;
}

static void end_segment(struct metadata_path *path, size_t at)
{
	path->lens[path->n_segments - 1] =
		(size_t)(path->path + at - path->segments[path->n_segments - 1]);
}

static void write_path(struct metadata_path *path, const struct decoded *decoded)
{
	size_t at = 0;

	for (size_t i = 0; i < decoded->n_parts && !path->is_cut; i++) {
		struct part part = decoded->parts[i];
		bool is_secret = i && part_is(decoded, decoded->parts[i - 1], "credentials");

		begin_segment(path, &at);
		if (path->is_cut)
			break;
		/* all that follows is one secret, however it is cut into segments */
		if (is_secret)
			append_digest(path, &at, decoded->bytes + part.at,
				      decoded->parts[decoded->n_parts - 1].at +
					      decoded->parts[decoded->n_parts - 1].len - part.at);
		else
			append_encoded(path, &at, decoded->bytes + part.at, part.len);
		end_segment(path, at);
		if (is_secret)
			break;
	}
	if (!decoded->n_parts)
		append(path, &at, "/", 1);
	path->path[at] = 0;
}

/* Takes what is before the first of these bytes from view. */
static struct view cut_at(struct view *view, const char *bytes)
{
	size_t n = 0;
	struct view head;

	while (n < view->len && (!view->bytes[n] || !strchr(bytes, view->bytes[n])))
		n++;
	head = (struct view){view->bytes, n};
	view->bytes += n;
	view->len -= n;
	return head;
}

/* "http://user@host/path": the host, and view is left with the rest. False when it was cut. */
static bool take_host(struct view *view, struct metadata_path *path)
{
	const char *mark = memmem(view->bytes, view->len, "://", 3);
	struct view host;
	const char *user;

	if (!view->len || view->bytes[0] == '/' || !mark)
		return true;
	view->len -= (size_t)(mark + 3 - view->bytes);
	view->bytes = mark + 3;
	host = cut_at(view, "/?#");
	user = memrchr(host.bytes, '@', host.len);
	if (user) {
		host.len -= (size_t)(user + 1 - host.bytes);
		host.bytes = user + 1;
	}
	return escape_bytes(host.bytes, host.len, path->host, sizeof(path->host));
}

static bool holds(struct view view, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= view.len; i++) {
		if (strncasecmp(view.bytes + i, word, len) == 0)
			return true;
	}
	return false;
}

/* "recursive", "recursive=true": anything but false. */
static bool asks_all(struct view pair)
{
	static const char name[] = "recursive";
	size_t len = sizeof(name) - 1;

	if (pair.len < len || strncasecmp(pair.bytes, name, len) != 0)
		return false;
	if (pair.len == len)
		return true;
	return pair.bytes[len] == '=' &&
	       !(pair.len == len + 6 && strncasecmp(pair.bytes + len + 1, "false", 5) == 0);
}

static bool is_recursive(struct view query)
{
	while (query.len) {
		/* over the mark that begins it, "?" or "&" */
		query.bytes++;
		query.len--;
		if (asks_all(cut_at(&query, "&#")))
			return true;
	}
	return false;
}

/* What was sent, as far as it may be shown. What is behind "credentials?" is no id, but who knows. */
static void write_raw(struct metadata_path *path, bool has_place, struct view target,
		      struct view query)
{
	char decoded[HTTP_TARGET_MAX];
	struct view view = {decoded, 0};

	view.len = metadata_decode_percent(query.bytes, query.len, decoded, sizeof(decoded));
	if (path->is_secret) {
		memcpy(path->raw, path->path, sizeof(path->raw));
	} else {
		path->is_secret = query.len && (has_place || holds(view, "credentials/"));
		if (path->is_secret)
			target.len -= query.len;
		path->is_text_cut |=
			!metadata_raw_write(target.bytes, target.len, path->raw, sizeof(path->raw));
	}
	explicit_bzero(decoded, sizeof(decoded));
}

void metadata_path_parse(const char *target, size_t len, struct metadata_path *ret)
{
	struct view whole = {target, len}, view = whole, path;
	struct decoded decoded = {.n_parts = 0};
	bool is_whole;

	memset(ret, 0, sizeof(*ret));
	is_whole = take_host(&view, ret);
	path = cut_at(&view, "?#");
	split(&decoded, path);
	ret->is_secret = decoded.has_secret;
	ret->is_recursive = is_recursive(view);
	write_path(ret, &decoded);
	/* the target itself was cut, and nothing shows that its path ended before */
	ret->is_cut |= decoded.is_cut || (len >= HTTP_TARGET_MAX && !view.len);
	ret->is_text_cut = !is_whole;
	write_raw(ret, decoded.has_place, whole, view);
	explicit_bzero(&decoded, sizeof(decoded));
}
