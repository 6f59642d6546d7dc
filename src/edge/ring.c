// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ring.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "mem.h"
#include "skeleton.h"

struct ring {
	struct ring_buffer *buffer;
	ring_event_fn fn;
	void *arg;
};

static int on_sample(void *ctx, void *data, size_t size)
{
	const struct sf_event *event = data;
	struct ring *ring = ctx;

	if (size < sizeof(*event) || event->type != SF_EVENT_VERDICT)
		return 0;
	ring->fn(ring->arg, event);
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
