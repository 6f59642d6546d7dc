// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "backfill.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "mem.h"
#include "open_sockets.h"
#include "skeleton.h"

#define READ_BYTES (32 * sizeof(struct sf_open_socket))

static void destroy_link(struct bpf_link **link)
{
	bpf_link__destroy(*link);
}

/* Hands over the whole ones; returns how many bytes of the next are there. */
static size_t hand_over(char *bytes, size_t len, backfill_fn fn, void *arg)
{
	struct sf_open_socket found;
	size_t at = 0;

	for (; len - at >= sizeof(found); at += sizeof(found)) {
		memcpy(&found, bytes + at, sizeof(found));
		fn(arg, &found);
	}
	memmove(bytes, bytes + at, len - at);
	return len - at;
}

static int read_all(int fd, backfill_fn fn, void *arg)
{
	cleanup_free char *bytes = malloc(READ_BYTES);
	size_t len = 0;

	if (!bytes)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, bytes + len, READ_BYTES - len);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return n ? -errno : 0;
		len = hand_over(bytes, len + (size_t)n, fn, arg);
	}
}

int backfill_read(const struct sockfilter *skel, backfill_fn fn, void *arg)
{
	struct bpf_link *link cleanup(destroy_link) =
		bpf_program__attach_iter(skel->progs.sf_backfill, NULL);
	cleanup_close int fd = -1;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	return fd < 0 ? -errno : read_all(fd, fn, arg);
}

static int enter_one(const struct sockfilter *skel, const struct open_socket *socket)
{
	const struct sf_owner owner = {
		.user = socket->process,
		.uid = socket->uid,
		.gid = socket->gid,
		.kind = SF_OWNER_USER,
		.source = socket->process.pid ? SF_SOURCE_BACKFILL : SF_SOURCE_SOCKET,
		.netns = socket->flow.netns,
	};
	const struct sf_flow flow = {
		.cookie = socket->cookie,
		.sender = socket->cookie,
		.seen_ns = clock_monotonic_ns(),
		.hash = socket->hash,
		.hash_before = socket->hash,
		.learnt = SF_LEARNT_EGRESS,
	};

	if (bpf_map_update_elem(bpf_map__fd(skel->maps.sf_owners), &socket->cookie, &owner,
				BPF_NOEXIST) &&
	    errno != EEXIST)
		return -errno;
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.sf_flows), &socket->flow, &flow,
				BPF_NOEXIST) &&
	    errno != EEXIST)
		return -errno;
	return 0;
}

int backfill_enter(const struct sockfilter *skel, const struct open_sockets *sockets)
{
	const struct open_socket *socket = NULL;

	while ((socket = open_sockets_next(sockets, socket))) {
		/* without a cookie it is known by its flow alone, in user space */
		int err = socket->cookie ? enter_one(skel, socket) : 0;

		if (err)
			return err;
	}
	return 0;
}
