/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hangs each event of libfyaml into the tree. An alias becomes one node that
 * points at its anchor: a file whose aliases stand for billions of values
 * costs what it weighs on disk, and is refused by its count.
 */
#include "yaml_build.h"

#include <errno.h>
#include <string.h>

#include "mem.h"

#define QUOTES_MAX 8

#define BLOCK_BYTES (64 << 10)

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

int yaml_reject(struct yaml_builder *builder, const struct yaml_node *node, const char *hint,
		const char *message)
{
	diag_add(builder->diag, DIAG_ERROR, yaml_place(builder->yaml, node), hint, "%s", message);
	return -EINVAL;
}

void yaml_set_place(struct yaml_builder *builder, struct yaml_node *node, struct fy_token *token)
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
static void place_null(struct yaml_builder *builder, struct yaml_node *node)
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

static void add_child(struct yaml_builder *builder, struct yaml_node *node)
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

static struct yaml_node *new_node(struct yaml_builder *builder, enum yaml_kind kind,
				  struct fy_token *token)
{
	struct yaml_node *node = allocate(builder->yaml, sizeof(*node));
	if (!node)
		return NULL;
	node->kind = kind;
	node->weight = 1;
	yaml_set_place(builder, node, token);
	return node;
}

/* A name may be given again; the later one counts from there on. */
static int add_anchor(struct yaml_builder *builder, struct fy_token *token, struct yaml_node *node)
{
	uint32_t len;
	if (!token)
		return 0;
	if (builder->n_anchors == YAML_ANCHORS_MAX)
		return yaml_reject(builder, node, NULL, "more than 256 anchors");

	const char *name = copy_text(builder->yaml, token, &len);
	if (!name)
		return -ENOMEM;
	builder->anchors[builder->n_anchors++] = (struct yaml_anchor){name, node};
	return 0;
}

static struct yaml_node *find_anchor(const struct yaml_builder *builder, const char *name)
{
	for (size_t i = builder->n_anchors; i > 0; i--) {
		if (strcmp(builder->anchors[i - 1].name, name) == 0)
			return builder->anchors[i - 1].node;
	}
	return NULL;
}

static bool is_open(const struct yaml_builder *builder, const struct yaml_node *node)
{
	for (size_t i = 0; i < builder->depth; i++) {
		if (builder->open[i] == node)
			return true;
	}
	return false;
}

static int count_values(struct yaml_builder *builder, const struct yaml_node *node, uint32_t n)
{
	if (n > YAML_VALUES_MAX - builder->n_values)
		return yaml_reject(builder, node, NULL,
				   node->kind == YAML_ALIAS
					   ? "the aliases stand for more than 1000000 values"
					   : "more than 1000000 values");
	builder->n_values += n;
	if (builder->depth)
		builder->open[builder->depth - 1]->weight += n;
	return 0;
}

/* fy_token_get_text() leaks memory on a few escaped quotes; no name has any. */
static bool has_many_quotes(const struct yaml *yaml, const struct yaml_node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->width; i++)
		n += yaml->text[node->at + i] == '\'';
	return n >= QUOTES_MAX;
}

static int on_scalar(struct yaml_builder *builder, struct fy_token *token, struct fy_token *anchor)
{
	struct yaml_node *node = new_node(builder, YAML_SCALAR, token);
	if (!node)
		return -ENOMEM;
	if (has_many_quotes(builder->yaml, node))
		return yaml_reject(builder, node, NULL, "eight quotes in a value");
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

static int on_alias(struct yaml_builder *builder, struct fy_token *token)
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
		return yaml_reject(builder, node, hint, "an alias without an anchor before it");
	if (is_open(builder, node->first))
		return yaml_reject(builder, node, NULL, "an alias of the value that it stands in");
	int err = count_values(builder, node, node->first->weight);
	if (err == 0)
		add_child(builder, node);
	return err;
}

static int on_start(struct yaml_builder *builder, enum yaml_kind kind, struct fy_token *token,
		    struct fy_token *anchor)
{
	struct yaml_node *node = new_node(builder, kind, token);
	if (!node)
		return -ENOMEM;
	if (builder->depth == YAML_DEPTH_MAX)
		return yaml_reject(builder, node, NULL, "nested deeper than 32 levels");
	int err = add_anchor(builder, anchor, node);
	if (err == 0)
		err = count_values(builder, node, 1);
	if (err)
		return err;
	add_child(builder, node);
	builder->open[builder->depth++] = node;
	return 0;
}

static int on_end(struct yaml_builder *builder)
{
	const struct yaml_node *node = builder->open[--builder->depth];
	if (builder->depth)
		builder->open[builder->depth - 1]->weight += node->weight - 1;
	return 0;
}

static int on_document(struct yaml_builder *builder, struct fy_token *token)
{
	struct yaml_node node = {0};
	yaml_set_place(builder, &node, token);
	if (builder->n_documents++ == 0)
		return 0;
	return yaml_reject(builder, &node, NULL, "a second document; one file holds one");
}

int yaml_add_event(struct yaml_builder *builder, struct fy_event *event)
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
