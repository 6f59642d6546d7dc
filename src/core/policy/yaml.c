/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The file may be anybody's: a program that runs with capabilities reads it.
 * So the bytes are checked before libfyaml sees them (no NUL, no control
 * characters, valid UTF-8, not over 16 MiB), libfyaml delivers events and
 * builds no document of its own, aliases are never expanded but weighed, and
 * depth, values and anchors are counted. What libfyaml 0.7.12 takes quadratic
 * time for (long runs of blanks, many %TAG lines) or leaks memory on (runs of
 * quotes) is refused: no policy needs it.
 */
#include "yaml.h"

#include <errno.h>
#include <string.h>

#include <libfyaml.h>

#include "config.h"
#include "mem.h"
#include "utf8.h"
#include "yaml_build.h"

#define BLANKS_MAX 256 /* in a row, line ends included */
#define DIRECTIVES_MAX 16 /* lines that begin with % */

static void free_yaml(struct yaml **yaml)
{
	yaml_free(*yaml);
}

static void destroy_parser(struct fy_parser **parser)
{
	if (*parser)
		fy_parser_destroy(*parser);
}

static void destroy_diag(struct fy_diag **diag)
{
	if (*diag)
		fy_diag_destroy(*diag);
}

static struct diag_place place_of(const struct yaml *yaml, size_t at, size_t width)
{
	struct diag_place place = {.line = 1, .column = 1, .length = 1};
	const char *line = yaml->text;
	const char *here = yaml->text + at;
	const char *end = yaml->text + (yaml->len - at < width ? yaml->len : at + width);
	const char *newline;

	while ((newline = memchr(line, '\n', here - line))) {
		line = newline + 1;
		place.line++;
	}
	newline = memchr(here, '\n', end - here);
	end = newline ? newline : end;
	for (uint32_t code; line < end;) {
		size_t n = utf8_decode(line, yaml->text + yaml->len - line, &code);
		if (line < here)
			place.column++;
		else if (line > here)
			place.length++;
		line += n ? n : 1;
	}
	return place;
}

struct diag_place yaml_place(const struct yaml *yaml, const struct yaml_node *node)
{
	return place_of(yaml, node->at, node->width);
}

const struct yaml_node *yaml_value(const struct yaml_node *node)
{
	return node->kind == YAML_ALIAS ? node->first : node;
}

bool yaml_is(const struct yaml_node *node, const char *word)
{
	return node->kind == YAML_SCALAR && strlen(word) == node->len &&
	       memcmp(node->text, word, node->len) == 0;
}

/* People write * and @group bare; YAML gives both a meaning of its own. */
static const char *quote_hint(const struct yaml *yaml, size_t at)
{
	switch (at < yaml->len ? yaml->text[at] : '\0') {
	case '*':
		return "quote it: \"*\"";
	case '@':
		return "quote it: \"@group\"";
	case '\t':
		return "indent with blanks";
	default:
		return NULL;
	}
}

/* libfyaml points behind these two characters. */
static void step_back(const struct yaml *yaml, struct yaml_node *node, const char *message)
{
	char before = node->at ? yaml->text[node->at - 1] : '\0';
	if ((before == '*' && strstr(message, "alias")) ||
	    (before == '\t' && strstr(message, "tab")))
		node->at--;
}

static void report_syntax(struct yaml_builder *builder, struct fy_diag *fy_diag)
{
	struct fy_diag_error *error;
	void *prev = NULL;
	size_t n_errors = builder->diag->n_errors;

	while ((error = fy_diag_errors_iterate(fy_diag, &prev))) {
		struct yaml_node node = {0};
		yaml_set_place(builder, &node, error->fyt);
		if (!error->fyt)
			node.at = builder->end;
		step_back(builder->yaml, &node, error->msg);
		yaml_reject(builder, &node, quote_hint(builder->yaml, node.at), error->msg);
	}
	if (builder->diag->n_errors == n_errors)
		yaml_reject(builder, &(struct yaml_node){.at = builder->end}, NULL,
			    "not valid YAML");
}

static void discard(struct fy_diag *diag, void *user, const char *buf, size_t len)
{
	(void)diag;
	(void)user;
	(void)buf;
	(void)len;
}

static struct fy_diag *new_fy_diag(void)
{
	struct fy_diag_cfg cfg;
	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.output_fn = discard;
	cfg.level = FYET_ERROR;
	struct fy_diag *diag = fy_diag_create(&cfg);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

static int build(struct yaml_builder *builder)
{
	cleanup(destroy_diag) struct fy_diag *fy_diag = new_fy_diag();
	if (!fy_diag)
		return -ENOMEM;
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
		.diag = fy_diag,
	};
	cleanup(destroy_parser) struct fy_parser *parser = fy_parser_create(&cfg);
	if (!parser)
		return -ENOMEM;
	if (fy_parser_set_string(parser, builder->yaml->text, builder->yaml->len) != 0)
		return -ENOMEM;

	struct fy_event *event;
	while ((event = fy_parser_parse(parser))) {
		int err = yaml_add_event(builder, event);
		fy_parser_event_free(parser, event);
		if (err)
			return err;
	}
	if (!fy_parser_get_stream_error(parser))
		return 0;
	report_syntax(builder, fy_diag);
	return -EINVAL;
}

static bool is_allowed(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	/* nor the line ends that only some take for such */
	return code != 0x7f && (code < 0x80 || code > 0x9f) && code != 0x2028 && code != 0x2029;
}

/* What stands before the byte that is checked. */
struct before {
	size_t blanks;
	size_t directives;
	bool line_end;
};

static const char *check_char(struct before *before, size_t n, uint32_t code)
{
	if (n == 0)
		return "not UTF-8";
	if (code == 0)
		return "a NUL byte";
	if (!is_allowed(code))
		return "a control character";
	before->blanks = code < 0x80 && strchr(" \t\r\n", code) ? before->blanks + 1 : 0;
	if (before->blanks > BLANKS_MAX)
		return "more than 256 blanks and line ends in a row";
	before->directives += before->line_end && code == '%';
	before->line_end = code == '\n' || code == '\r';
	return before->directives > DIRECTIVES_MAX ? "more than 16 lines that begin with %" : NULL;
}

static bool has_quote(const char *from, const char *end)
{
	for (; from < end; from++)
		if (*from == '"' || *from == '\'')
			return true;
	return false;
}

/* Where a comment surely begins: no quote near that could make the # a part of a text. */
static const char *find_comment(const char *line, const char *end)
{
	const char *hash = line;

	while ((hash = memchr(hash, '#', end - hash))) {
		size_t n_quotes = 0;

		if (hash > line && hash[-1] != ' ' && hash[-1] != '\t') {
			hash++;
			continue;
		}
		for (const char *c = line; c < hash; c++)
			n_quotes += has_quote(c, c + 1);
		return n_quotes % 2 == 0 && !has_quote(hash, end) ? hash : end;
	}
	return end;
}

/*
 * Complex keys ("? key") corrupt the memory of libfyaml 0.7.12, and no
 * configuration needs one.
 */
static int check_question_marks(struct yaml_builder *builder)
{
	const char *line = builder->yaml->text;
	const char *end = line + builder->yaml->len;

	while (line < end) {
		const char *line_end = line;

		while (line_end < end && *line_end != '\n' && *line_end != '\r')
			line_end++;
		const char *comment = find_comment(line, line_end);
		const char *mark = memchr(line, '?', comment - line);

		if (mark)
			return yaml_reject(builder,
					   &(struct yaml_node){.at = mark - builder->yaml->text},
					   NULL, "a '?' may stand in comments without quotes only");
		line = line_end < end ? line_end + 1 : end;
	}
	return 0;
}

static int check_bytes(struct yaml_builder *builder)
{
	const struct yaml *yaml = builder->yaml;
	struct before before = {.line_end = true};

	for (size_t at = 0, n; at < yaml->len; at += n) {
		uint32_t code = 0;
		n = utf8_decode(yaml->text + at, yaml->len - at, &code);
		const char *message = check_char(&before, n, code);
		/* one is enough: a file of another kind is full of them */
		if (message)
			return yaml_reject(builder, &(struct yaml_node){.at = at}, NULL, message);
	}
	return 0;
}

int yaml_parse(const char *text, size_t len, struct diag *diag, struct yaml **ret)
{
	if (len > CONFIG_BYTES_MAX) {
		diag_add(diag, DIAG_ERROR, (struct diag_place){0}, NULL,
			 "%zu bytes; the most is 16 MiB", len);
		return -EINVAL;
	}
	cleanup(free_yaml) struct yaml *yaml = calloc(1, sizeof(*yaml));
	if (!yaml)
		return -ENOMEM;
	yaml->text = text;
	yaml->len = len;

	struct yaml_builder builder = {.yaml = yaml, .diag = diag};
	int err = check_bytes(&builder);
	if (err == 0)
		err = check_question_marks(&builder);
	if (err == 0 && len)
		err = build(&builder);
	if (err)
		return err;
	*ret = TAKE_PTR(yaml);
	return 0;
}

void yaml_free(struct yaml *yaml)
{
	if (!yaml)
		return;
	for (struct yaml_block *next, *block = yaml->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(yaml);
}
