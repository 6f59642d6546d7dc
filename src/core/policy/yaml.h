/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * YAML text to a tree that knows its places: libfyaml reads the syntax, this
 * keeps what a person may be told about, and bounds what a stranger may make
 * of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

#define YAML_VALUES_MAX 1000000 /* in the file, and after its aliases are followed */
#define YAML_DEPTH_MAX 32
#define YAML_ANCHORS_MAX 256

enum yaml_kind {
	YAML_NULL,
	YAML_SCALAR,
	YAML_LIST,
	YAML_MAP, /* its children are key, value, key, value ... */
	YAML_ALIAS, /* first is what it stands for */
};

struct yaml_node {
	enum yaml_kind kind;
	uint32_t at; /* where in the text, in bytes */
	uint32_t width; /* bytes, 0 when nothing is written there */
	uint32_t n_children;
	uint32_t weight; /* nodes in here, aliases followed */
	uint32_t len;
	const char *text; /* of a scalar, with a NUL behind len bytes */
	struct yaml_node *first;
	struct yaml_node *last;
	struct yaml_node *next; /* sibling */
};

struct yaml_block;

struct yaml {
	const char *text; /* the caller's */
	size_t len;
	struct yaml_node *root; /* NULL when nothing is written */
	struct yaml_block *blocks;
};

/*
 * Parses one document. text must stay while the tree is used. Returns 0 with
 * a new *ret, -EINVAL with errors in diag, -ENOMEM; ret is untouched on failure.
 */
int yaml_parse(const char *text, size_t len, struct diag *diag, struct yaml **ret);

/* NULL is fine. */
void yaml_free(struct yaml *yaml);

/* The node, or what it is an alias of. */
const struct yaml_node *yaml_value(const struct yaml_node *node);

bool yaml_is(const struct yaml_node *node, const char *word);

/* Line and column, counted in characters, of the node; width ends with its line. */
struct diag_place yaml_place(const struct yaml *yaml, const struct yaml_node *node);
