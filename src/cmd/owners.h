/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From what the kernel said of an owner to all that can be told of him: the
 * program, its container, its parents, and names.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "argv.h"
#include "asker.h"
#include "config.h"
#include "record.h"

struct lineage;
struct open_sockets;
struct processes;

struct owners {
	struct processes *processes;
	struct lineage *lineage;
	struct open_sockets
		*open; /* NULL: whether a socket is older than the watch cannot be told */
	bool has_processes; /* the hooks tell of them; else users are all that is known */
	enum argv_mode argv_mode;
	uint32_t userns; /* ours: names of users are this host's in here only */
	uint32_t pidns;
	int64_t boot_ns; /* CLOCK_REALTIME of the boot, as it was at the start */
};

/* 0 or -ENOMEM. */
int owners_init(struct owners *owners);

/* What is shown of arguments from here on; what was kept under another mode goes. */
void owners_use(struct owners *owners, enum argv_mode mode);

/* An event of the ring other than a verdict. */
void owners_note(struct owners *owners, const void *event);

/* A connection that was open before the hooks were attached. */
void owners_note_open(struct owners *owners, const struct sf_open_socket *found);

/* Who stands behind the packet of a verdict; endpoints are those of the verdict. */
struct asker owners_ask(const struct owners *owners, const struct sf_event *event);

/* Fills owner. What it points to is valid until the next event. */
void owners_fill(struct owners *owners, const struct asker *asker, struct record_owner *owner);

/*
 * Of the endpoints that the kernel delivered it for, those that show this
 * owner, by his process too. Where another sends for him, one of both is enough.
 */
struct sf_mask owners_shown(const struct owners *owners, const struct config *config,
			    struct sf_mask delivered, const struct record_owner *owner);

/* An all-zero struct is fine. */
void owners_done(struct owners *owners);
