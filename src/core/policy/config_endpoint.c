/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One endpoint: its name, and which keys stand below it. The usual slips
 * (keys beside the name, no name at all) are told as such, and what can still
 * be read is read on.
 */
#include "config_walk.h"

#include <stdio.h>
#include <string.h>

#include "suggest.h"

typedef int (*read_fn)(struct config_walk *walk, struct config_endpoint *endpoint,
		       const struct yaml_node *node);

enum key {
	KEY_RANGE,
	KEY_IFACE,
	KEY_FILTER,
	KEY_PORT,
	KEY_DIRECTION,
	KEY_SOCKET,
	KEY_WHEN,
	KEY_CLOUD,
	KEY_REQUEST,
	KEYS,
};

static const struct {
	const char *name;
	const char *expected;
	bool required;
	bool list;
	read_fn read;
} keys[KEYS] = {
	[KEY_RANGE] = {"range", "a prefix", true, true, config_read_range},
	[KEY_IFACE] = {"iface", "an interface", true, true, config_read_iface},
	[KEY_FILTER] = {"filter", "a user or process", true, true, config_read_who},
	[KEY_PORT] = {"port", "a port", false, true, config_read_port},
	[KEY_DIRECTION] = {"direction", "to, from or both", false, false, config_read_direction},
	[KEY_SOCKET] = {"socket", "packet or inet", false, false, config_read_socket},
	[KEY_WHEN] = {"when", "a time window", false, true, config_read_when},
	[KEY_CLOUD] = {"cloud", "a cloud", false, false, config_read_cloud},
	[KEY_REQUEST] = {"request", "version, class, method or path below it", false, false,
			 config_read_request},
};

/* Longer than the names of all keys. */
#define HINT_MAX 512

static const char *list_keys(char *hint)
{
	size_t n = (size_t)snprintf(hint, HINT_MAX, "the keys are");
	for (enum key key = 0; key < KEYS; key++)
		n += (size_t)snprintf(hint + n, HINT_MAX - n, "%s %s", key ? "," : "",
				      keys[key].name);
	return hint;
}

/* KEYS when it is none of them. */
static enum key key_of(const struct yaml_node *node)
{
	enum key key = 0;
	while (key < KEYS && !yaml_is(node, keys[key].name))
		key++;
	return key;
}

/* Returns the key that was probably meant, KEYS without. */
static enum key report_unknown(struct config_walk *walk, const struct yaml_node *node)
{
	struct suggest suggest;
	char hint[SUGGEST_HINT_MAX], all[HINT_MAX];
	enum key meant = 0;

	if (yaml_is(node, "allow")) {
		config_error(walk, node, NULL, "the key 'allow' is reserved for a later version");
		return KEYS;
	}
	suggest_init(&suggest, node->text, node->len);
	for (enum key key = 0; key < KEYS; key++)
		suggest_offer(&suggest, keys[key].name);
	const char *help = suggest_hint(&suggest, hint);
	config_error(walk, node, help ? help : list_keys(all), "unknown key '%.*s'",
		     config_quote_len(node), node->text);
	while (meant < KEYS && strcmp(suggest.best, keys[meant].name) != 0)
		meant++;
	return meant;
}

/* A blank behind the colon of "exe:/usr/bin/curl" makes a mapping of it. */
static const char *shape_hint(enum key key, const struct yaml_node *node)
{
	if (key != KEY_FILTER || node->kind != YAML_MAP)
		return NULL;
	return "no blank behind the colon, as in exe:/usr/bin/curl";
}

static int read_list(struct config_walk *walk, struct config_endpoint *endpoint, enum key key,
		     const struct yaml_node *list)
{
	if (!list->first)
		config_error(walk, list, NULL, "'%s' holds an empty list; expected %s",
			     keys[key].name, keys[key].expected);

	for (const struct yaml_node *child = list->first; child; child = child->next) {
		const struct yaml_node *item = yaml_value(child);
		if (item->kind != YAML_SCALAR) {
			config_error(walk, item, shape_hint(key, item),
				     "'%s' lists %s; expected %s", keys[key].name,
				     config_kind(item), keys[key].expected);
			continue;
		}
		int err = keys[key].read(walk, endpoint, item);
		if (err)
			return err;
	}
	return 0;
}

static int read_key(struct config_walk *walk, struct config_endpoint *endpoint, enum key key,
		    const struct yaml_node *value)
{
	if (value->kind == (key == KEY_REQUEST ? YAML_MAP : YAML_SCALAR))
		return keys[key].read(walk, endpoint, value);
	if (value->kind == YAML_LIST && keys[key].list)
		return read_list(walk, endpoint, key, value);
	config_error(walk, value, shape_hint(key, value), "'%s' holds %s; expected %s%s",
		     keys[key].name, config_kind(value), keys[key].expected,
		     keys[key].list ? " or a list of them" : "");
	return 0;
}

/* A key given twice is read twice: what is wrong in the second is told too. */
static int read_pair(struct config_walk *walk, struct config_endpoint *endpoint,
		     const struct yaml_node *key_node, const struct yaml_node **seen)
{
	const struct yaml_node *name = yaml_value(key_node);
	char hint[HINT_MAX];

	if (name->kind != YAML_SCALAR) {
		config_error(walk, name, list_keys(hint), "expected a key, found %s",
			     config_kind(name));
		return 0;
	}
	enum key key = key_of(name);
	if (key == KEYS) {
		enum key meant = report_unknown(walk, name);
		if (meant < KEYS && !seen[meant])
			seen[meant] = name;
		return 0;
	}
	if (seen[key]) {
		snprintf(hint, sizeof(hint), "first given in line %u",
			 config_place(walk, seen[key]).line);
		config_error(walk, name, hint, "duplicate key '%s'", keys[key].name);
	} else {
		seen[key] = name;
	}
	return read_key(walk, endpoint, key, yaml_value(key_node->next));
}

/* first is the first of the keys; after it stand its value, the next key and so on. */
static int read_body(struct config_walk *walk, struct config_endpoint *endpoint,
		     const struct yaml_node *name, const struct yaml_node *first)
{
	const struct yaml_node *seen[KEYS] = {NULL};

	for (const struct yaml_node *key = first; key; key = key->next->next) {
		int err = read_pair(walk, endpoint, key, seen);
		if (err)
			return err;
	}
	for (enum key key = 0; key < KEYS; key++) {
		if (keys[key].required && !seen[key])
			config_error(walk, name, NULL, "endpoint '%s' lacks the key '%s'",
				     endpoint->name, keys[key].name);
	}
	return 0;
}

static bool is_name(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->len && node->len < CONFIG_NAME_MAX &&
	       config_is_printable(node->text, node->len);
}

/* In case of an error the endpoint keeps a name for the messages to come. */
static void read_name(struct config_walk *walk, struct config_endpoint *endpoint,
		      const struct yaml_node *node)
{
	if (!is_name(node)) {
		config_error(walk, node, "1 to 63 bytes of printable UTF-8",
			     "this cannot be an endpoint's name");
		strcpy(endpoint->name, "?");
		return;
	}
	for (const struct config_endpoint *other = walk->config->endpoints; other < endpoint;
	     other++) {
		if (yaml_is(node, other->name))
			config_error(walk, node, "each endpoint needs a name of its own",
				     "duplicate endpoint name '%s'", other->name);
	}
	memcpy(endpoint->name, node->text, node->len);
	endpoint->name[node->len] = '\0';
}

int config_read_endpoint(struct config_walk *walk, struct config_endpoint *endpoint,
			 const struct yaml_node *item)
{
	const struct yaml_node *name = yaml_value(item->first);
	const struct yaml_node *body = yaml_value(item->first->next);
	const struct yaml_node *second = item->first->next->next;
	char hint[HINT_MAX];

	if (key_of(name) < KEYS && body->kind != YAML_MAP) {
		config_error(walk, name, "write '- NAME:' and indent its keys below",
			     "this endpoint has no name");
		strcpy(endpoint->name, "?");
		return read_body(walk, endpoint, name, item->first);
	}
	read_name(walk, endpoint, name);
	if (second && body->kind == YAML_NULL) {
		config_error(walk, second, "indent the keys of an endpoint deeper than its name",
			     "this key stands beside '%s', not below it", endpoint->name);
		return read_body(walk, endpoint, name, second);
	}
	if (second)
		config_error(walk, second, "put '- ' before the name of each endpoint",
			     "a second name in one endpoint");
	if (body->kind == YAML_MAP)
		return read_body(walk, endpoint, name, body->first);
	config_error(walk, body, list_keys(hint), "endpoint '%s' holds %s; expected its keys",
		     endpoint->name, config_kind(body));
	return 0;
}
