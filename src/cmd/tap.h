/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The watch in place: policy in the kernel, owner hooks attached, a socket on
 * each interface, the ring. Opened in that order, closed in the other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach.h"
#include "config.h"
#include "ifaces.h"
#include "options.h"
#include "record.h"
#include "ring.h"
#include "sockets.h"

struct policy;
struct sockfilter;

/* A policy in the kernel, and the interfaces that it names. */
struct tap_generation {
	struct policy *policy; /* NULL: none */
	struct ifaces ifaces;
	bool every; /* it uses the socket for every interface */
};

struct tap {
	struct sockfilter *skel;
	struct attach *attach;
	struct sockets sockets;
	struct tap_generation generations[SF_GENERATIONS];
	uint32_t generation; /* the current one */
	struct ring *ring;
	bool has_cgroup; /* else owners are learnt by tc */
	bool has_conntrack; /* the programs know where to look */
	struct record_hook hooks[RECORD_HOOKS_MAX];
	size_t n_hooks;
};

/*
 * Puts the policy into the kernel and attaches the hooks of owners; says on
 * stderr what fails. From here on no socket is made unseen. Returns
 * EXIT_NOT_YET, else the exit code.
 */
int tap_attach(struct tap *tap, const struct options *options, const struct config *config);

/*
 * Opens the ring, whose events on_event gets, and the sockets, and gives up
 * every privilege. Returns EXIT_NOT_YET when all is in place, else the exit code.
 */
int tap_listen(struct tap *tap, ring_event_fn on_event, void *arg);

/*
 * Puts another policy in the place of the current one: every packet is judged
 * by the one or by the other. On return the new generation is current. 0, or
 * -errno with the old policy in force.
 */
int tap_reload(struct tap *tap, const struct config *config);

/*
 * An interface came, went or changed: binds the sockets anew. True if that
 * concerned one of ours.
 */
bool tap_follow_links(struct tap *tap);

/* Switches the endpoints of config, the current one, by their schedule. */
void tap_follow_time(struct tap *tap, const struct config *config);

/* Looks again whether every hook and socket is in place, into tap->hooks. False if one that should be is not. */
bool tap_check(struct tap *tap);

/* Fills what the kernel and the sockets counted. */
void tap_count(struct tap *tap, struct record_counts *counts);

/* Lets nothing more in: after it, the counters stand still. */
void tap_shut(struct tap *tap);

/* An all-zero tap is closed. */
void tap_close(struct tap *tap);
