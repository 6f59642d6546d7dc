/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which requests are meant: a mapping of four keys, each with a word or a list of them. */
#include "config_walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "suggest.h"

static int read_version(struct config_walk *walk, struct request_filter *filter,
			const struct yaml_node *node)
{
	static const char *const words[METADATA_VERSIONS] = {
		[METADATA_NONE] = "none",
		[METADATA_UNKNOWN] = "unknown",
		[METADATA_V1] = "v1",
		[METADATA_V2] = "v2",
	};
	size_t i = config_read_word(walk, node, words, METADATA_VERSIONS, "a version",
				    "write v1, v2, unknown or none");
	if (i < METADATA_VERSIONS)
		filter->versions |= 1U << i;
	return 0;
}

static int read_class(struct config_walk *walk, struct request_filter *filter,
		      const struct yaml_node *node)
{
	const char *words[METADATA_CLASSES];
	char all[128] = "they are";

	for (size_t i = 0; i < METADATA_CLASSES; i++) {
		words[i] = metadata_class_name((enum metadata_class)i);
		strcat(strcat(all, i ? ", " : " "), words[i]);
	}
	size_t i =
		config_read_word(walk, node, words, METADATA_CLASSES, "a class of requests", all);
	if (i < METADATA_CLASSES)
		filter->classes |= 1U << i;
	return 0;
}

/* Once for each endpoint. */
static void report_full(struct config_walk *walk, const struct request_filter *filter,
			const struct yaml_node *node, int max, const char *what)
{
	if (walk->full == filter)
		return;
	walk->full = filter;
	config_error(walk, node, NULL, "more than %d %s in one endpoint", max, what);
}

static bool is_method(const struct yaml_node *node)
{
	return node->len && node->len <= HTTP_METHOD_MAX &&
	       strspn(node->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == node->len;
}

/* There may be others than the known ones, but who writes GTE means GET. */
static int read_method(struct config_walk *walk, struct request_filter *filter,
		       const struct yaml_node *node)
{
	static const char *const known[] = {
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT",
	};
	struct suggest suggest;
	char hint[SUGGEST_HINT_MAX];
	bool is_known = false;

	suggest_init(&suggest, node->text, node->len);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		is_known |= yaml_is(node, known[i]);
		suggest_offer(&suggest, known[i]);
	}
	const char *help = suggest_hint(&suggest, hint);
	if (!is_known && (!is_method(node) || help))
		config_error(walk, node,
			     help ? help : "write GET, PUT and so on, in capital letters",
			     "'%.*s' is not a method", config_quote_len(node), node->text);
	else if (request_filter_add_method(filter, node->text, node->len))
		report_full(walk, filter, node, REQUEST_FILTER_METHODS_MAX, "methods");
	return 0;
}

static int read_path(struct config_walk *walk, struct request_filter *filter,
		     const struct yaml_node *node)
{
	bool begins_well = node->text[0] == '/' || node->text[0] == '*';

	if (!begins_well || !glob_is_valid(node->text, node->len) ||
	    !config_is_printable(node->text, node->len))
		config_error(
			walk, node, "write /latest/user-data or /latest/meta-data/*, without query",
			"'%.*s' is not the path of a request", config_quote_len(node), node->text);
	else if (request_filter_add_path(filter, node->text, node->len))
		report_full(walk, filter, node, REQUEST_FILTER_PATHS_MAX, "paths");
	return 0;
}

enum key {
	VERSION,
	CLASS,
	METHOD,
	PATH,
	KEYS,
};

static const struct {
	const char *name;
	const char *expected;
	int (*read)(struct config_walk *walk, struct request_filter *filter,
		    const struct yaml_node *node);
} keys[KEYS] = {
	[VERSION] = {"version", "a version", read_version},
	[CLASS] = {"class", "a class", read_class},
	[METHOD] = {"method", "a method", read_method},
	[PATH] = {"path", "a path", read_path},
};

/* KEYS when it is none of them; diag is told then. */
static enum key read_name(struct config_walk *walk, const struct yaml_node *name)
{
	static const char all[] = "the keys of a request are version, class, method, path";
	struct suggest suggest;
	char hint[SUGGEST_HINT_MAX];
	enum key key = 0;

	if (name->kind != YAML_SCALAR) {
		config_error(walk, name, all, "expected a key, found %s", config_kind(name));
		return KEYS;
	}
	while (key < KEYS && !yaml_is(name, keys[key].name))
		key++;
	if (key < KEYS)
		return key;
	suggest_init(&suggest, name->text, name->len);
	for (enum key other = 0; other < KEYS; other++)
		suggest_offer(&suggest, keys[other].name);
	const char *help = suggest_hint(&suggest, hint);
	config_error(walk, name, help ? help : all, "unknown key '%.*s'", config_quote_len(name),
		     name->text);
	return KEYS;
}

static int read_list(struct config_walk *walk, struct request_filter *filter, enum key key,
		     const struct yaml_node *list)
{
	if (!list->first)
		config_error(walk, list, NULL, "'%s' holds an empty list; expected %s",
			     keys[key].name, keys[key].expected);
	for (const struct yaml_node *child = list->first; child; child = child->next) {
		const struct yaml_node *item = yaml_value(child);
		if (item->kind != YAML_SCALAR) {
			config_error(walk, item, NULL, "'%s' lists %s; expected %s", keys[key].name,
				     config_kind(item), keys[key].expected);
			continue;
		}
		int err = keys[key].read(walk, filter, item);
		if (err)
			return err;
	}
	return 0;
}

static int read_value(struct config_walk *walk, struct request_filter *filter, enum key key,
		      const struct yaml_node *value)
{
	if (value->kind == YAML_SCALAR)
		return keys[key].read(walk, filter, value);
	if (value->kind == YAML_LIST)
		return read_list(walk, filter, key, value);
	config_error(walk, value, NULL, "'%s' holds %s; expected %s or a list of them",
		     keys[key].name, config_kind(value), keys[key].expected);
	return 0;
}

int config_read_request(struct config_walk *walk, struct config_endpoint *endpoint,
			const struct yaml_node *map)
{
	const struct yaml_node *seen[KEYS] = {NULL};
	char hint[64];

	endpoint->request = calloc(1, sizeof(*endpoint->request));
	if (!endpoint->request)
		return -ENOMEM;
	if (!map->first)
		config_error(walk, map, NULL,
			     "'request' holds an empty mapping; expected version, class, method or "
			     "path below it");
	for (const struct yaml_node *node = map->first; node; node = node->next->next) {
		const struct yaml_node *name = yaml_value(node);
		enum key key = read_name(walk, name);
		if (key == KEYS)
			continue;
		if (seen[key]) {
			snprintf(hint, sizeof(hint), "first given in line %u",
				 config_place(walk, seen[key]).line);
			config_error(walk, name, hint, "duplicate key '%s'", keys[key].name);
		}
		seen[key] = name;
		int err = read_value(walk, endpoint->request, key, yaml_value(node->next));
		if (err)
			return err;
	}
	return 0;
}
