/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From libfyaml's events to the tree: what yaml.c and yaml_build.c share. */
#pragma once

#include <stdalign.h>

#include <libfyaml.h>

#include "yaml.h"

/* Memory of the tree, given back all at once. */
struct yaml_block {
	struct yaml_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char bytes[];
};

struct yaml_anchor {
	const char *name;
	struct yaml_node *node;
};

struct yaml_builder {
	struct yaml *yaml;
	struct diag *diag;
	struct yaml_node *open[YAML_DEPTH_MAX];
	size_t depth;
	struct yaml_anchor anchors[YAML_ANCHORS_MAX];
	size_t n_anchors;
	size_t n_documents;
	uint32_t n_values; /* aliases followed */
	uint32_t end; /* of the last token */
};

/* Says what is wrong at node. Returns -EINVAL. */
int yaml_reject(struct yaml_builder *builder, const struct yaml_node *node, const char *hint,
		const char *message);

/* Where the token stands; where the last one ended if it has no place. */
void yaml_set_place(struct yaml_builder *builder, struct yaml_node *node, struct fy_token *token);

/* Adds what the event tells. Returns 0, -EINVAL with an error in diag, -ENOMEM. */
int yaml_add_event(struct yaml_builder *builder, struct fy_event *event);
