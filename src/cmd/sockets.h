/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sockets behind the tap. All are opened at the start, while that is
 * allowed; binding them, to whatever interface comes, needs no privilege. One
 * more stands by for every interface at once: for "*", and for when there are
 * more interfaces than sockets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "capture.h"
#include "ifaces.h"
#include "record.h"

struct sockfilter;

/* Sockets beyond those that the first policy needs. */
#define SOCKETS_SPARE 8

struct sockets {
	struct capture *list; /* the first is the one for every interface */
	size_t n;
};

/* Opens them for ifaces and some more; none is bound. 0 or -errno. */
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
 * keeps those bound that others, which may be NULL, still need. 0 or the last
 * -errno.
 */
int sockets_bind(struct sockets *sockets, const struct ifaces *ifaces, const struct ifaces *others,
		 bool every);

/*
 * Appends the state of each interface of ifaces to hooks, up to max in all.
 * False if one that exists is not watched.
 */
bool sockets_status(const struct sockets *sockets, const struct ifaces *ifaces, bool every,
		    struct record_hook *hooks, size_t *n, size_t max);

/* An all-zero struct is closed. */
void sockets_close(struct sockets *sockets);
