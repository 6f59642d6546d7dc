/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Raw IP sockets behind the tap: the other kind of capture. They are given
 * only what has come in, whole and after NAT, of one protocol each. To open
 * one takes CAP_NET_RAW, to let it listen nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "capture.h"

/* TCP, UDP and ICMP, over IPv4 and IPv6. */
#define RAWIP_SOCKETS 6

/*
 * Opens socket number index (below RAWIP_SOCKETS) behind the socket filter
 * tap_fd. It stands by, and is given nothing, until rawip_listen. 0,
 * -EAFNOSUPPORT where there is no IPv6, or another -errno with ret untouched.
 */
int rawip_open(int tap_fd, size_t index, size_t queue_bytes, struct capture *ret);

/* Listens, or stands by again. 0 or -errno. */
int rawip_listen(struct capture *capture, bool is_wanted);

/* For capture.c: what the kernel tells of a packet beside its bytes. */
void rawip_read_from(const struct capture *capture, const struct sockaddr_storage *from,
		     struct capture_frame *frame);
void rawip_read_control(const struct cmsghdr *c, struct capture_frame *frame);

/*
 * As capture_update_dropped. What the kernel drops before the filter (IPv6
 * with a wrong checksum) is among it.
 */
void rawip_update_dropped(struct capture *capture);

/* Is nothing queued now? */
bool rawip_is_empty(const struct capture *capture);
