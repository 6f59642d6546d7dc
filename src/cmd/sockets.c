// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "loader.h"
#include "mem.h"

/* Doubled by the kernel. Fewer packets fit than the ring has room for verdicts. */
#define QUEUE_BYTES (16 << 20)

int sockets_open(struct sockets *sockets, const struct sockfilter *skel,
		 const struct ifaces *ifaces)
{
	size_t n = 1 + ifaces->n + SOCKETS_SPARE;

	sockets->list = calloc(n, sizeof(*sockets->list));
	if (!sockets->list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		enum sf_tap tap = i ? SF_TAP_SINGLE : SF_TAP_EVERY;
		int err = capture_open(loader_tap_fd(skel, tap), QUEUE_BYTES, &sockets->list[i]);

		if (err)
			return err;
		sockets->n++;
	}
	return 0;
}

static struct capture *find_bound(const struct sockets *sockets, uint32_t ifindex)
{
	for (size_t i = 1; i < sockets->n; i++)
		if (sockets->list[i].ifindex == ifindex && capture_is_attached(&sockets->list[i]))
			return &sockets->list[i];
	return NULL;
}

static bool needs(const struct ifaces *ifaces, uint32_t ifindex)
{
	for (size_t i = 0; ifaces && i < ifaces->n; i++)
		if (ifaces->list[i].ifindex == ifindex)
			return true;
	return false;
}

/* A socket that neither policy needs where it is. */
static struct capture *find_free(const struct sockets *sockets, const struct ifaces *ifaces,
				 const struct ifaces *others)
{
	for (size_t i = 1; i < sockets->n; i++) {
		struct capture *capture = &sockets->list[i];

		if (!capture->is_bound || !capture_is_attached(capture))
			return capture;
		if (!needs(ifaces, capture->ifindex) && !needs(others, capture->ifindex))
			return capture;
	}
	return NULL;
}

static bool is_named(const struct ifaces *ifaces, const char *name)
{
	for (size_t i = 0; i < ifaces->n; i++)
		if (strcmp(ifaces->list[i].name, name) == 0)
			return true;
	return false;
}

bool sockets_needs_every(const struct sockets *sockets, const struct ifaces *ifaces,
			 const struct ifaces *others)
{
	size_t n = ifaces->n;

	/* counted as if all existed: what is true now stays true as they come */
	for (size_t i = 0; others && i < others->n; i++)
		n += !is_named(ifaces, others->list[i].name);
	return ifaces->every || n >= sockets->n;
}

int sockets_bind(struct sockets *sockets, const struct ifaces *ifaces, const struct ifaces *others,
		 bool every)
{
	int err = 0;

	if (every && !capture_is_attached(&sockets->list[0]))
		return capture_bind(&sockets->list[0], 0);
	for (size_t i = 0; !every && i < ifaces->n; i++) {
		uint32_t ifindex = ifaces->list[i].ifindex;
		struct capture *capture;
		int failed;

		if (!ifindex || find_bound(sockets, ifindex))
			continue;
		capture = find_free(sockets, ifaces, others);
		failed = capture ? capture_bind(capture, ifindex) : -ENOBUFS;
		/* gone since it was looked up: the news of that is on its way */
		if (failed && failed != -ENODEV && failed != -ENXIO)
			err = failed;
	}
	return err;
}

bool sockets_status(const struct sockets *sockets, const struct ifaces *ifaces, bool every,
		    struct record_hook *hooks, size_t *n, size_t max)
{
	bool has_every = every && capture_is_attached(&sockets->list[0]);
	bool is_whole = has_every || !every;

	if (ifaces->every && *n < max) {
		snprintf(hooks[*n].name, sizeof(hooks[*n].name), "tap *");
		hooks[(*n)++].attached = has_every;
	}
	for (size_t i = 0; !ifaces->every && i < ifaces->n && *n < max; i++) {
		const struct iface *iface = &ifaces->list[i];
		struct record_hook *hook = &hooks[(*n)++];

		snprintf(hook->name, sizeof(hook->name), "tap %s", iface->name);
		hook->attached =
			iface->ifindex && (has_every || find_bound(sockets, iface->ifindex));
		/* what does not exist cannot be broken */
		is_whole &= hook->attached || !iface->ifindex;
	}
	return is_whole;
}

void sockets_close(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		capture_close(&sockets->list[i]);
	free(sockets->list);
	*sockets = (struct sockets){};
}
