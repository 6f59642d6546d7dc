/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sockets behind the tap. All are opened at the start, while that is
 * allowed; binding them, to whatever interface comes, needs no privilege. One
 * more stands by for every interface at once: for "*", and for when there are
 * more interfaces than sockets. So do the raw IP sockets, for endpoints that
 * are read from these.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "ifaces.h"
#include "record.h"

struct sockfilter;

/* Sockets beyond those that the first policy needs. */
#define SOCKETS_SPARE 8

struct sockets {
	/* the one for every interface, those for single ones, raw IP sockets */
	struct capture *list;
	size_t n;
	size_t n_packet; /* those in front of the raw IP sockets */
	uint64_t dropped_inet; /* by the queues of raw IP sockets, when they were last empty */
};

/* Opens them for ifaces and some more; none sees anything yet. 0 or -errno. */
int sockets_open(struct sockets *sockets, const struct sockfilter *skel,
		 const struct ifaces *ifaces);

/*
 * Must the socket for every interface be used? Where it must, the policy's
 * tables say so to the kernel.
 */
bool sockets_needs_every(const struct sockets *sockets, const struct ifaces *ifaces,
			 const struct ifaces *others);

/*
 * Binds a socket to each interface of ifaces that exists, or one to all, and
 * keeps those bound that others, which may be NULL, still need. Lets the raw
 * IP sockets listen if either needs them. 0 or the last -errno.
 */
int sockets_bind(struct sockets *sockets, const struct ifaces *ifaces, const struct ifaces *others,
		 bool every);

/*
 * Appends the state of each interface of ifaces to hooks, up to max in all.
 * False if one that exists is not watched.
 */
bool sockets_status(const struct sockets *sockets, const struct ifaces *ifaces, bool every,
		    struct record_hook *hooks, size_t *n, size_t max);

/*
 * Counts what was lost on its way to us, so far. *ret_dropped passed its filter
 * and found a queue full. *ret_unseen was dropped in front of the filter of a
 * raw IP socket, as newer kernels do with all when its queue is full, and every
 * kernel with IPv6 of a wrong checksum: whether it would have matched nobody
 * knows. matched_inet is what those filters let in, by the kernel's count.
 */
void sockets_count_lost(struct sockets *sockets, uint64_t matched_inet, uint64_t *ret_dropped,
			uint64_t *ret_unseen);

/* An all-zero struct is closed. */
void sockets_close(struct sockets *sockets);
