/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The interfaces that the policy names: which of them exist now, and by which
 * number the kernel's table knows them. Names stay, numbers come and go.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "config.h"

struct iface {
	char name[CONFIG_IFNAME_MAX];
	uint32_t ifindex; /* 0: does not exist now */
	struct sf_mask mask; /* endpoints that name it */
	bool needs_socket; /* one of them is read from packet sockets */
};

struct ifaces {
	struct iface *list;
	size_t n;
	bool any; /* an endpoint wants every interface */
	bool every; /* and is read from packet sockets */
	bool inet; /* an endpoint is read from raw IP sockets */
};

/* Collects the names, none of which is looked up yet. 0 or -ENOMEM. */
int ifaces_init(struct ifaces *ifaces, const struct config *config);

/*
 * Looks every name up and brings tables up to date. Sets *ret_changed when a
 * number changed. 0, or -ENOSPC when the table is full.
 */
int ifaces_refresh(struct ifaces *ifaces, struct sf_policy *tables, bool *ret_changed);

/* Is this interface wanted by an endpoint, by name or by "*"? */
bool ifaces_wants(const struct ifaces *ifaces, uint32_t ifindex);

void ifaces_done(struct ifaces *ifaces);
