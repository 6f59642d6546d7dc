/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What config.c (the file), config_endpoint.c (its keys) and config_item.c (what they hold) share. */
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
	size_t n_ports;
	size_t n_windows;
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

/* "nothing", "a list", "a mapping" or "a text". */
const char *config_kind(const struct yaml_node *node);

/* array with room for an element of that size behind n; NULL, with array untouched, without memory. */
void *config_grow(void *array, size_t n, size_t size);

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
int config_read_when(struct config_walk *walk, struct config_endpoint *endpoint,
		     const struct yaml_node *node);
