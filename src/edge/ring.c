// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "mem.h"
#include "skeleton.h"

struct ring {
	struct ring_buffer *buffer;
	ring_event_fn fn;
	void *arg;
};

/* 0 for a type that this program does not know. */
static size_t size_of(uint16_t type)
{
	switch (type) {
	case SF_EVENT_VERDICT:
		return sizeof(struct sf_event);
	case SF_EVENT_OPENER:
		return sizeof(struct sf_opener_event);
	case SF_EVENT_PROCESS:
		return sizeof(struct sf_process_event);
	default:
		return 0;
	}
}

static int on_sample(void *ctx, void *data, size_t size)
{
	struct ring *ring = ctx;
	uint16_t type;

	if (size < sizeof(type))
		return 0;
	memcpy(&type, data, sizeof(type));
	if (size_of(type) && size >= size_of(type))
		ring->fn(ring->arg, data);
	return 0;
}

int ring_open(const struct sockfilter *skel, ring_event_fn fn, void *arg, struct ring **ret)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	ring->fn = fn;
	ring->arg = arg;
	ring->buffer = ring_buffer__new(bpf_map__fd(skel->maps.sf_events), on_sample, ring, NULL);
	if (!ring->buffer) {
		int err = -errno;

		free(ring);
		return err;
	}
	*ret = ring;
	return 0;
}

int ring_fd(const struct ring *ring)
{
	return ring_buffer__epoll_fd(ring->buffer);
}

int ring_drain(struct ring *ring)
{
	int n = ring_buffer__consume(ring->buffer);

	return n < 0 ? n : 0;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	ring_buffer__free(ring->buffer);
	free(ring);
}
