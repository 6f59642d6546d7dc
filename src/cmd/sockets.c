// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "loader.h"
#include "mem.h"
#include "rawip.h"

/* Doubled by the kernel. Fewer packets fit than the ring has room for verdicts. */
#define QUEUE_BYTES (16 << 20)

static int open_packet(struct sockets *sockets, const struct sockfilter *skel, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum sf_tap tap = i ? SF_TAP_SINGLE : SF_TAP_EVERY;
		int err = capture_open(loader_tap_fd(skel, tap), QUEUE_BYTES, &sockets->list[i]);

		if (err)
			return err;
		sockets->n_packet = ++sockets->n;
	}
	return 0;
}

static int open_inet(struct sockets *sockets, const struct sockfilter *skel)
{
	for (size_t i = 0; i < RAWIP_SOCKETS; i++) {
		int err = rawip_open(loader_tap_fd(skel, SF_TAP_INET), i, QUEUE_BYTES,
				     &sockets->list[sockets->n]);

		if (err && err != -EAFNOSUPPORT)
			return err;
		sockets->n += !err;
	}
	return 0;
}

int sockets_open(struct sockets *sockets, const struct sockfilter *skel,
		 const struct ifaces *ifaces)
{
	size_t n = 1 + ifaces->n + SOCKETS_SPARE;
	int err;

	sockets->list = calloc(n + RAWIP_SOCKETS, sizeof(*sockets->list));
	if (!sockets->list)
		return -ENOMEM;
	err = open_packet(sockets, skel, n);
	return err ? err : open_inet(sockets, skel);
}

static struct capture *find_bound(const struct sockets *sockets, uint32_t ifindex)
{
	for (size_t i = 1; i < sockets->n_packet; i++)
		if (sockets->list[i].ifindex == ifindex && capture_is_attached(&sockets->list[i]))
			return &sockets->list[i];
	return NULL;
}

static bool needs(const struct ifaces *ifaces, uint32_t ifindex)
{
	for (size_t i = 0; ifaces && i < ifaces->n; i++)
		if (ifaces->list[i].ifindex == ifindex && ifaces->list[i].needs_socket)
			return true;
	return false;
}

/* A socket that neither policy needs where it is. */
static struct capture *find_free(const struct sockets *sockets, const struct ifaces *ifaces,
				 const struct ifaces *others)
{
	for (size_t i = 1; i < sockets->n_packet; i++) {
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
		if (ifaces->list[i].needs_socket && strcmp(ifaces->list[i].name, name) == 0)
			return true;
	return false;
}

bool sockets_needs_every(const struct sockets *sockets, const struct ifaces *ifaces,
			 const struct ifaces *others)
{
	size_t n = 0;

	/* counted as if all existed: what is true now stays true as they come */
	for (size_t i = 0; i < ifaces->n; i++)
		n += ifaces->list[i].needs_socket;
	for (size_t i = 0; others && i < others->n; i++)
		n += others->list[i].needs_socket && !is_named(ifaces, others->list[i].name);
	return ifaces->every || n >= sockets->n_packet;
}

static int bind_singles(const struct sockets *sockets, const struct ifaces *ifaces,
			const struct ifaces *others)
{
	int err = 0;

	for (size_t i = 0; i < ifaces->n; i++) {
		uint32_t ifindex = ifaces->list[i].ifindex;
		struct capture *capture;
		int failed;

		if (!ifindex || !ifaces->list[i].needs_socket || find_bound(sockets, ifindex))
			continue;
		capture = find_free(sockets, ifaces, others);
		failed = capture ? capture_bind(capture, ifindex) : -ENOBUFS;
		/* gone since it was looked up: the news of that is on its way */
		if (failed && failed != -ENODEV && failed != -ENXIO)
			err = failed;
	}
	return err;
}

static int listen_inet(const struct sockets *sockets, bool is_wanted)
{
	int err = 0;

	for (size_t i = sockets->n_packet; i < sockets->n; i++) {
		int failed = 0;

		if (sockets->list[i].is_bound != is_wanted)
			failed = rawip_listen(&sockets->list[i], is_wanted);
		if (failed)
			err = failed;
	}
	return err;
}

int sockets_bind(struct sockets *sockets, const struct ifaces *ifaces, const struct ifaces *others,
		 bool every)
{
	int err = listen_inet(sockets, ifaces->inet || (others && others->inet));
	int failed = 0;

	if (!every)
		failed = bind_singles(sockets, ifaces, others);
	else if (!capture_is_attached(&sockets->list[0]))
		failed = capture_bind(&sockets->list[0], 0);
	return failed ? failed : err;
}

static void add_hook(struct record_hook *hooks, size_t *n, size_t max, const char *name,
		     bool attached)
{
	if (*n == max)
		return;
	snprintf(hooks[*n].name, sizeof(hooks[*n].name), "tap %s", name);
	hooks[(*n)++].attached = attached;
}

static bool listens_inet(const struct sockets *sockets)
{
	bool listens = sockets->n > sockets->n_packet;

	for (size_t i = sockets->n_packet; i < sockets->n; i++)
		listens &= sockets->list[i].is_bound;
	return listens;
}

bool sockets_status(const struct sockets *sockets, const struct ifaces *ifaces, bool every,
		    struct record_hook *hooks, size_t *n, size_t max)
{
	bool has_every = every && capture_is_attached(&sockets->list[0]);
	bool is_whole = has_every || !every;

	if (ifaces->every)
		add_hook(hooks, n, max, "*", has_every);
	for (size_t i = 0; !ifaces->every && i < ifaces->n; i++) {
		const struct iface *iface = &ifaces->list[i];
		bool attached =
			iface->ifindex && (has_every || find_bound(sockets, iface->ifindex));

		if (!iface->needs_socket)
			continue;
		add_hook(hooks, n, max, iface->name, attached);
		/* what does not exist cannot be broken */
		is_whole &= attached || !iface->ifindex;
	}
	if (ifaces->inet) {
		add_hook(hooks, n, max, "inet", listens_inet(sockets));
		is_whole &= listens_inet(sockets);
	}
	return is_whole;
}

void sockets_count_lost(struct sockets *sockets, uint64_t matched_inet, uint64_t *ret_dropped,
			uint64_t *ret_unseen)
{
	uint64_t dropped = 0, lost_inet = 0, read_inet = 0;
	bool is_empty = true;

	for (size_t i = 0; i < sockets->n; i++) {
		struct capture *capture = &sockets->list[i];

		capture_update_dropped(capture);
		if (i < sockets->n_packet) {
			dropped += capture->dropped;
			continue;
		}
		lost_inet += capture->dropped;
		read_inet += capture->n_read;
		is_empty &= rawip_is_empty(capture);
	}
	/* with nothing on its way, what was let in and not read was dropped */
	if (is_empty && matched_inet >= read_inet && matched_inet - read_inet <= lost_inet)
		sockets->dropped_inet = matched_inet - read_inet;
	*ret_dropped = dropped + sockets->dropped_inet;
	*ret_unseen = lost_inet - sockets->dropped_inet;
}

void sockets_close(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		capture_close(&sockets->list[i]);
	free(sockets->list);
	*sockets = (struct sockets){};
}
