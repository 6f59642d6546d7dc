/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What config.c (the file), config_endpoint.c (its keys), config_item.c, config_who.c and config_request.c (what they hold) share. */
#pragma once

#include "config.h"
#include "yaml.h"

struct config_walk {
	const struct yaml *yaml;
	const struct config_host *host;
	struct diag *diag;
	struct config *config;
	size_t n_ranges; /* of all endpoints together */
	size_t n_ifaces;
	size_t n_users;
	size_t n_patterns;
	size_t n_ports;
	size_t n_windows;
	const struct request_filter *full; /* of which was told that it is full */
};

/* Where node stands, for a message that will be kept. */
struct diag_place config_place(const struct config_walk *walk, const struct yaml_node *node);

#define config_error(walk, node, hint, ...) \
	diag_add((walk)->diag, DIAG_ERROR, config_place(walk, node), hint, __VA_ARGS__)

/* At most this many bytes of a text are quoted in a message. */
#define CONFIG_QUOTE_MAX 60

/* The bytes to quote, cut between characters: for "%.*s". */
int config_cut_len(const char *text, size_t len);
int config_quote_len(const struct yaml_node *node);

/* UTF-8 without a character that steers a terminal or cannot be seen. */
bool config_is_printable(const char *text, size_t len);

/* "nothing", "a list", "a mapping" or "a text". */
const char *config_kind(const struct yaml_node *node);

/* array with room for an element of that size behind n; NULL, with array untouched, without memory. */
void *config_grow(void *array, size_t n, size_t size);

/* Is there room for one more? Says so once, at the place where the limit was passed. */
bool config_has_room(struct config_walk *walk, const struct yaml_node *node, size_t *n, size_t max,
		     const char *what);

/* Of digits alone, up to the NUL; more than max when it does not fit. */
uint64_t config_parse_number(const char *text, uint64_t max);

/*
 * The index of the word that node is. n when it is none, or no text at all; then diag is told what
 * it is not, and what was meant, or hint.
 */
size_t config_read_word(struct config_walk *walk, const struct yaml_node *node,
			const char *const *words, size_t n, const char *what, const char *hint);

/* Reads an endpoint's mapping, which is not empty. Returns 0, right or wrong, or -ENOMEM. */
int config_read_endpoint(struct config_walk *walk, struct config_endpoint *endpoint,
			 const struct yaml_node *item);

/*
 * Each reads one scalar into endpoint and tells diag what is wrong with it.
 * Return 0, right or wrong, or -ENOMEM.
 */
int config_read_range(struct config_walk *walk, struct config_endpoint *endpoint,
		      const struct yaml_node *node);
int config_read_iface(struct config_walk *walk, struct config_endpoint *endpoint,
		      const struct yaml_node *node);
int config_read_who(struct config_walk *walk, struct config_endpoint *endpoint,
		    const struct yaml_node *node);
int config_read_port(struct config_walk *walk, struct config_endpoint *endpoint,
		     const struct yaml_node *node);
int config_read_direction(struct config_walk *walk, struct config_endpoint *endpoint,
			  const struct yaml_node *node);
int config_read_socket(struct config_walk *walk, struct config_endpoint *endpoint,
		       const struct yaml_node *node);
int config_read_cloud(struct config_walk *walk, struct config_endpoint *endpoint,
		      const struct yaml_node *node);
int config_read_when(struct config_walk *walk, struct config_endpoint *endpoint,
		     const struct yaml_node *node);

/* The same for a mapping. */
int config_read_request(struct config_walk *walk, struct config_endpoint *endpoint,
			const struct yaml_node *map);
