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
#include <stdalign.h>
#include <string.h>

#include <libfyaml.h>

#include "config.h"
#include "mem.h"
#include "utf8.h"

#define BLOCK_BYTES (64 << 10)
#define BLANKS_MAX 256 /* in a row, line ends included */
#define DIRECTIVES_MAX 16 /* lines that begin with % */

struct yaml_block {
	struct yaml_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char bytes[];
};

struct anchor {
	const char *name;
	struct yaml_node *node;
};

struct builder {
	struct yaml *yaml;
	struct diag *diag;
	struct yaml_node *open[YAML_DEPTH_MAX];
	size_t depth;
	struct anchor anchors[YAML_ANCHORS_MAX];
	size_t n_anchors;
	size_t n_documents;
	uint32_t n_values; /* aliases followed */
	uint32_t end; /* of the last token */
};

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

/* Zeroed memory that lives as long as the tree. */
static void *allocate(struct yaml *yaml, size_t size)
{
	struct yaml_block *block = yaml->blocks;
	size_t need = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

	if (!block || block->size - block->used < need) {
		size_t room = need > BLOCK_BYTES ? need : BLOCK_BYTES;
		block = calloc(1, sizeof(*block) + room);
		if (!block)
			return NULL;
		block->size = room;
		block->next = yaml->blocks;
		yaml->blocks = block;
	}
	void *memory = block->bytes + block->used;
	block->used += need;
	return memory;
}

static const char *copy_text(struct yaml *yaml, struct fy_token *token, uint32_t *ret_len)
{
	size_t len = 0;
	const char *text = token ? fy_token_get_text(token, &len) : "";
	char *copy = text ? allocate(yaml, len + 1) : NULL;
	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	*ret_len = len;
	return copy;
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

static int reject(struct builder *builder, const struct yaml_node *node, const char *hint,
		  const char *message)
{
	diag_add(builder->diag, DIAG_ERROR, yaml_place(builder->yaml, node), hint, "%s", message);
	return -EINVAL;
}

static void set_place(struct builder *builder, struct yaml_node *node, struct fy_token *token)
{
	const struct fy_mark *start = token ? fy_token_start_mark(token) : NULL;
	const struct fy_mark *end = token ? fy_token_end_mark(token) : NULL;
	size_t len = builder->yaml->len;

	node->at = builder->end;
	if (!start || !end || start->input_pos > len || end->input_pos > len ||
	    start->input_pos > end->input_pos)
		return;
	node->at = start->input_pos;
	node->width = end->input_pos - start->input_pos;
	builder->end = end->input_pos;
	if (token == NULL || fy_token_get_type(token) != FYTT_SCALAR || node->at == 0)
		return;

	/* libfyaml's marks leave out the quotes */
	enum fy_scalar_style style = fy_token_scalar_style(token);
	if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) {
		node->at--;
		node->width += 2;
	}
}

/* Past blanks and comments. */
static uint32_t skip_blank(const struct yaml *yaml, uint32_t at)
{
	bool comment = false;

	for (; at < yaml->len; at++) {
		char c = yaml->text[at];
		comment = c != '\n' && (comment || c == '#');
		if (!comment && !strchr(" \t\r\n", c))
			break;
	}
	return at;
}

/* Nothing is written for a null: it is shown at its key, or at its dash. */
static void place_null(struct builder *builder, struct yaml_node *node)
{
	const struct yaml_node *parent = builder->depth ? builder->open[builder->depth - 1] : NULL;
	const struct yaml *yaml = builder->yaml;
	uint32_t at = builder->end;

	if (parent && parent->kind == YAML_MAP && parent->last) {
		node->at = parent->last->at;
		return;
	}
	at = skip_blank(yaml, at);
	if (at < yaml->len && yaml->text[at] == '-')
		builder->end = at + 1;
	node->at = at < yaml->len ? at : builder->end;
}

static bool is_null(const struct yaml_node *node, struct fy_token *token)
{
	if (!token)
		return true;
	if (fy_token_scalar_style(token) != FYSS_PLAIN)
		return false;
	return yaml_is(node, "") || yaml_is(node, "~") || yaml_is(node, "null") ||
	       yaml_is(node, "Null") || yaml_is(node, "NULL");
}

static void add_child(struct builder *builder, struct yaml_node *node)
{
	if (builder->depth == 0) {
		builder->yaml->root = node;
		return;
	}
	struct yaml_node *parent = builder->open[builder->depth - 1];
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->n_children++;
}

static struct yaml_node *new_node(struct builder *builder, enum yaml_kind kind,
				  struct fy_token *token)
{
	struct yaml_node *node = allocate(builder->yaml, sizeof(*node));
	if (!node)
		return NULL;
	node->kind = kind;
	node->weight = 1;
	set_place(builder, node, token);
	return node;
}

/* A name may be given again; the later one counts from there on. */
static int add_anchor(struct builder *builder, struct fy_token *token, struct yaml_node *node)
{
	uint32_t len;
	if (!token)
		return 0;
	if (builder->n_anchors == YAML_ANCHORS_MAX)
		return reject(builder, node, NULL, "more than 256 anchors");

	const char *name = copy_text(builder->yaml, token, &len);
	if (!name)
		return -ENOMEM;
	builder->anchors[builder->n_anchors++] = (struct anchor){name, node};
	return 0;
}

static struct yaml_node *find_anchor(const struct builder *builder, const char *name)
{
	for (size_t i = builder->n_anchors; i > 0; i--) {
		if (strcmp(builder->anchors[i - 1].name, name) == 0)
			return builder->anchors[i - 1].node;
	}
	return NULL;
}

static bool is_open(const struct builder *builder, const struct yaml_node *node)
{
	for (size_t i = 0; i < builder->depth; i++) {
		if (builder->open[i] == node)
			return true;
	}
	return false;
}

static int count_values(struct builder *builder, const struct yaml_node *node, uint32_t n)
{
	if (n > YAML_VALUES_MAX - builder->n_values)
		return reject(builder, node, NULL,
			      node->kind == YAML_ALIAS
				      ? "the aliases stand for more than 1000000 values"
				      : "more than 1000000 values");
	builder->n_values += n;
	if (builder->depth)
		builder->open[builder->depth - 1]->weight += n;
	return 0;
}

/* fy_token_get_text() leaks memory on five escaped quotes in a row. */
static bool has_quote_run(const struct yaml *yaml, const struct yaml_node *node)
{
	static const char run[] = "''''''''";
	return memmem(yaml->text + node->at, node->width, run, sizeof(run) - 1);
}

static int on_scalar(struct builder *builder, struct fy_token *token, struct fy_token *anchor)
{
	struct yaml_node *node = new_node(builder, YAML_SCALAR, token);
	if (!node)
		return -ENOMEM;
	if (has_quote_run(builder->yaml, node))
		return reject(builder, node, NULL, "eight quotes in a row");
	node->text = copy_text(builder->yaml, token, &node->len);
	if (!node->text)
		return -ENOMEM;
	if (is_null(node, token))
		node->kind = YAML_NULL;
	if (node->kind == YAML_NULL && node->width == 0)
		place_null(builder, node);

	int err = add_anchor(builder, anchor, node);
	if (err == 0)
		err = count_values(builder, node, 1);
	if (err == 0)
		add_child(builder, node);
	return err;
}

static int on_alias(struct builder *builder, struct fy_token *token)
{
	static const char hint[] = "quote what begins with *: \"*\"";
	struct yaml_node *node = new_node(builder, YAML_ALIAS, token);
	if (!node)
		return -ENOMEM;
	node->text = copy_text(builder->yaml, token, &node->len);
	if (!node->text)
		return -ENOMEM;
	if (node->at) {
		node->at--;
		node->width++;
	}
	node->first = find_anchor(builder, node->text);
	if (!node->first)
		return reject(builder, node, hint, "an alias without an anchor before it");
	if (is_open(builder, node->first))
		return reject(builder, node, NULL, "an alias of the value that it stands in");
	int err = count_values(builder, node, node->first->weight);
	if (err == 0)
		add_child(builder, node);
	return err;
}

static int on_start(struct builder *builder, enum yaml_kind kind, struct fy_token *token,
		    struct fy_token *anchor)
{
	struct yaml_node *node = new_node(builder, kind, token);
	if (!node)
		return -ENOMEM;
	if (builder->depth == YAML_DEPTH_MAX)
		return reject(builder, node, NULL, "nested deeper than 32 levels");
	int err = add_anchor(builder, anchor, node);
	if (err == 0)
		err = count_values(builder, node, 1);
	if (err)
		return err;
	add_child(builder, node);
	builder->open[builder->depth++] = node;
	return 0;
}

static int on_end(struct builder *builder)
{
	const struct yaml_node *node = builder->open[--builder->depth];
	if (builder->depth)
		builder->open[builder->depth - 1]->weight += node->weight - 1;
	return 0;
}

static int on_document(struct builder *builder, struct fy_token *token)
{
	struct yaml_node node = {0};
	set_place(builder, &node, token);
	if (builder->n_documents++ == 0)
		return 0;
	return reject(builder, &node, NULL, "a second document; one file holds one");
}

static int on_event(struct builder *builder, struct fy_event *event)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		return on_document(builder, event->document_start.document_start);
	case FYET_MAPPING_START:
		return on_start(builder, YAML_MAP, event->mapping_start.mapping_start,
				event->mapping_start.anchor);
	case FYET_SEQUENCE_START:
		return on_start(builder, YAML_LIST, event->sequence_start.sequence_start,
				event->sequence_start.anchor);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return on_end(builder);
	case FYET_SCALAR:
		return on_scalar(builder, event->scalar.value, event->scalar.anchor);
	case FYET_ALIAS:
		return on_alias(builder, event->alias.anchor);
	default:
		return 0;
	}
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

static void report_syntax(struct builder *builder, struct fy_diag *fy_diag)
{
	struct fy_diag_error *error;
	void *prev = NULL;
	size_t n_errors = builder->diag->n_errors;

	while ((error = fy_diag_errors_iterate(fy_diag, &prev))) {
		struct yaml_node node = {0};
		set_place(builder, &node, error->fyt);
		if (!error->fyt)
			node.at = builder->end;
		step_back(builder->yaml, &node, error->msg);
		reject(builder, &node, quote_hint(builder->yaml, node.at), error->msg);
	}
	if (builder->diag->n_errors == n_errors)
		reject(builder, &(struct yaml_node){.at = builder->end}, NULL, "not valid YAML");
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

static int build(struct builder *builder)
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
		int err = on_event(builder, event);
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
	return code != 0x7f && (code < 0x80 || code > 0x9f || code == 0x85);
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

static int check_bytes(struct builder *builder)
{
	const struct yaml *yaml = builder->yaml;
	struct before before = {.line_end = true};

	for (size_t at = 0, n; at < yaml->len; at += n) {
		uint32_t code = 0;
		n = utf8_decode(yaml->text + at, yaml->len - at, &code);
		const char *message = check_char(&before, n, code);
		/* one is enough: a file of another kind is full of them */
		if (message)
			return reject(builder, &(struct yaml_node){.at = at}, NULL, message);
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

	struct builder builder = {.yaml = yaml, .diag = diag};
	int err = check_bytes(&builder);
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
