/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk from the top of the file down to its keys: which stand where, once
 * each, and none unknown. It goes on after an error, so that a person sees
 * all of them at once.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_walk.h"
#include "mem.h"
#include "suggest.h"
#include "utf8.h"

struct diag_place config_place(const struct config_walk *walk, const struct yaml_node *node)
{
	/* finding a line is slow, and a hostile file may hold a million errors */
	if (walk->diag->n_messages == DIAG_KEPT_MAX)
		return (struct diag_place){0};
	return yaml_place(walk->yaml, node);
}

int config_cut_len(const char *text, size_t len)
{
	size_t cut = len < CONFIG_QUOTE_MAX ? len : CONFIG_QUOTE_MAX;
	while (cut && cut < len && (text[cut] & 0xc0) == 0x80)
		cut--;
	return cut;
}

int config_quote_len(const struct yaml_node *node)
{
	return config_cut_len(node->text, node->len);
}

bool config_is_printable(const char *text, size_t len)
{
	uint32_t code;
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_decode(text + i, len - i, &code);
		if (n == 0 || !utf8_is_printable(code))
			return false;
	}
	return true;
}

const char *config_kind(const struct yaml_node *node)
{
	static const char *const kinds[] = {
		[YAML_NULL] = "nothing",  [YAML_SCALAR] = "a text",  [YAML_LIST] = "a list",
		[YAML_MAP] = "a mapping", [YAML_ALIAS] = "an alias",
	};
	return kinds[node->kind];
}

void *config_grow(void *array, size_t n, size_t size)
{
	/* the room is always a power of two, so it is full at each of them */
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? 2 * n : 1, size);
}

static int read_endpoints(struct config_walk *walk, const struct yaml_node *list)
{
	struct config *config = walk->config;

	if (list->kind != YAML_LIST || !list->first) {
		config_error(walk, list, "put '- NAME:' below it for each endpoint",
			     "'endpoints' holds %s; expected a list of endpoints",
			     list->kind == YAML_LIST ? "an empty list" : config_kind(list));
		return 0;
	}
	for (const struct yaml_node *child = list->first; child; child = child->next) {
		const struct yaml_node *item = yaml_value(child);
		if (config->n_endpoints == SF_ENDPOINTS_MAX) {
			config_error(walk, item, NULL, "more than %d endpoints", SF_ENDPOINTS_MAX);
			return 0;
		}
		if (item->kind != YAML_MAP || !item->first) {
			config_error(walk, item, "write '- NAME:' and indent its keys below",
				     "expected an endpoint, found %s",
				     item->kind == YAML_MAP ? "an empty mapping"
							    : config_kind(item));
			continue;
		}
		int err =
			config_read_endpoint(walk, &config->endpoints[config->n_endpoints++], item);
		if (err)
			return err;
	}
	return 0;
}

static int read_argv(struct config_walk *walk, const struct yaml_node *node)
{
	static const char expected[] = "none, redacted or full";
	const char *words[ARGV_MODES];

	for (enum argv_mode mode = 0; mode < ARGV_MODES; mode++)
		words[mode] = argv_mode_to_str(mode);
	if (node->kind != YAML_SCALAR) {
		config_error(walk, node, NULL, "'argv' holds %s; expected %s", config_kind(node),
			     expected);
		return 0;
	}
	size_t mode = config_read_word(walk, node, words, ARGV_MODES, "a way to show arguments",
				       "write none, redacted or full");
	if (mode < ARGV_MODES)
		walk->config->argv = mode;
	return 0;
}

enum key {
	KEY_ENDPOINTS,
	KEY_ARGV,
	KEYS,
};

static const struct {
	const char *name;
	int (*read)(struct config_walk *walk, const struct yaml_node *node);
} keys[KEYS] = {
	[KEY_ENDPOINTS] = {"endpoints", read_endpoints},
	[KEY_ARGV] = {"argv", read_argv},
};

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
	char hint[SUGGEST_HINT_MAX];
	enum key meant = 0;

	if (node->kind != YAML_SCALAR) {
		config_error(walk, node, NULL, "expected the key 'endpoints', found %s",
			     config_kind(node));
		return KEYS;
	}
	if (yaml_is(node, "allow")) {
		config_error(walk, node, NULL, "the key 'allow' is reserved for a later version");
		return KEYS;
	}
	suggest_init(&suggest, node->text, node->len);
	for (enum key key = 0; key < KEYS; key++)
		suggest_offer(&suggest, keys[key].name);
	const char *help = suggest_hint(&suggest, hint);
	config_error(walk, node, help ? help : "the keys here are endpoints and argv",
		     "unknown key '%.*s'", config_quote_len(node), node->text);
	while (meant < KEYS && strcmp(suggest.best, keys[meant].name) != 0)
		meant++;
	return meant;
}

/* A key given twice is read twice: what is wrong in the second is told too. */
static int read_pair(struct config_walk *walk, const struct yaml_node *key_node,
		     const struct yaml_node **seen)
{
	const struct yaml_node *name = yaml_value(key_node);
	char hint[64];

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
	}
	seen[key] = name;
	return keys[key].read(walk, yaml_value(key_node->next));
}

static int read_top(struct config_walk *walk, const struct yaml_node *root)
{
	const struct yaml_node *seen[KEYS] = {NULL};

	for (const struct yaml_node *key = root->first; key; key = key->next->next) {
		int err = read_pair(walk, key, seen);
		if (err)
			return err;
	}
	if (!seen[KEY_ENDPOINTS])
		config_error(walk, root, NULL, "the key 'endpoints' is missing");
	return 0;
}

static void free_yaml(struct yaml **yaml)
{
	yaml_free(*yaml);
}

static void free_config(struct config **config)
{
	config_free(*config);
}

int config_parse(const char *text, size_t len, const struct config_host *host, struct diag *diag,
		 struct config **ret)
{
	size_t n_errors = diag->n_errors;
	cleanup(free_yaml) struct yaml *yaml = NULL;
	int err = yaml_parse(text, len, diag, &yaml);
	if (err)
		return err;

	cleanup(free_config) struct config *config = calloc(1, sizeof(*config));
	if (!config)
		return -ENOMEM;
	struct config_walk walk = {.yaml = yaml, .host = host, .diag = diag, .config = config};
	const struct yaml_node *root = yaml->root;
	if (!root || root->kind == YAML_NULL)
		diag_add(diag, DIAG_ERROR, (struct diag_place){0}, NULL, "the file is empty");
	else if (root->kind != YAML_MAP)
		config_error(&walk, root, NULL, "expected the key 'endpoints', found %s",
			     config_kind(root));
	else
		err = read_top(&walk, root);
	if (err)
		return err;
	if (diag->n_errors > n_errors)
		return -EINVAL;
	*ret = TAKE_PTR(config);
	return 0;
}

/* The same names for every endpoint; -EINVAL for one that no interface can have. */
static int copy_ifaces(struct config_endpoint *endpoint, const char *const *names, size_t n)
{
	endpoint->ifaces = calloc(n, sizeof(*endpoint->ifaces));
	if (!endpoint->ifaces)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], "*") == 0) {
			endpoint->any_iface = true;
			continue;
		}
		size_t len = strlen(names[i]);
		if (len == 0 || len >= CONFIG_IFNAME_MAX)
			return -EINVAL;
		memcpy(endpoint->ifaces[endpoint->n_ifaces++], names[i], len + 1);
	}
	return 0;
}

int config_set_ifaces(struct config *config, const char *const *names, size_t n)
{
	cleanup(free_config) struct config *fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	for (; fresh->n_endpoints < config->n_endpoints; fresh->n_endpoints++) {
		int err = copy_ifaces(&fresh->endpoints[fresh->n_endpoints], names, n);
		if (err)
			return err;
	}
	for (size_t i = 0; i < config->n_endpoints; i++) {
		struct config_endpoint *endpoint = &config->endpoints[i];
		free(endpoint->ifaces);
		endpoint->ifaces = TAKE_PTR(fresh->endpoints[i].ifaces);
		endpoint->n_ifaces = fresh->endpoints[i].n_ifaces;
		endpoint->any_iface = fresh->endpoints[i].any_iface;
	}
	return 0;
}

bool config_needs_process(const struct config_endpoint *endpoint)
{
	bool has_any = false, has_process = false;

	for (size_t i = 0; i < endpoint->n_who; i++) {
		const struct config_who *who = &endpoint->who[i];
		if (who->is_negated)
			return true;
		has_any |= who->kind == CONFIG_WHO_ANY;
		has_process |= who->kind >= CONFIG_WHO_EXE;
	}
	return has_process && !has_any;
}

static void free_endpoint(struct config_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->n_who; i++) {
		free(endpoint->who[i].name);
		free(endpoint->who[i].members);
	}
	free(endpoint->who);
	free(endpoint->ranges);
	free(endpoint->ifaces);
	free(endpoint->ports);
	free(endpoint->when);
	free(endpoint->request);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	/* the one at which memory ran out may be half built: all are zeroed at first */
	for (size_t i = 0; i < SF_ENDPOINTS_MAX; i++)
		free_endpoint(&config->endpoints[i]);
	free(config);
}
