// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "link.h"
#include "mem.h"
#include "skeleton.h"

/* Ours among the filters of an interface: after everyone else's. */
#define TC_PRIORITY 49000

#define HOOKS 9

struct tc_place {
	uint32_t ifindex;
	uint32_t handle;
	bool is_attached;
	bool made_qdisc; /* then it goes with us */
};

struct attach {
	struct {
		const char *name;
		struct bpf_link *link;
	} links[HOOKS];
	struct tc_place *places;
	size_t n_places;
};

static void free_attach(struct attach **attach)
{
	attach_free(*attach);
}

int attach_cgroup(const struct sockfilter *skel, const char *path, struct attach **ret)
{
	struct attach *attach cleanup(free_attach) = calloc(1, sizeof(*attach));
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* egress comes last: by then every new socket is known */
	const struct {
		const char *name;
		const struct bpf_program *program;
	} hooks[HOOKS] = {
		{"cgroup/sock_create", skel->progs.sf_sock_create},
		{"cgroup/sock_release", skel->progs.sf_sock_release},
		{"cgroup/connect4", skel->progs.sf_connect4},
		{"cgroup/connect6", skel->progs.sf_connect6},
		{"cgroup/sendmsg4", skel->progs.sf_sendmsg4},
		{"cgroup/sendmsg6", skel->progs.sf_sendmsg6},
		{"cgroup/bind4", skel->progs.sf_bind4},
		{"cgroup/bind6", skel->progs.sf_bind6},
		{"cgroup_skb/egress", skel->progs.sf_egress},
	};

	if (!attach)
		return -ENOMEM;
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		attach->links[i].name = hooks[i].name;
		attach->links[i].link = bpf_program__attach_cgroup(hooks[i].program, fd);
		if (!attach->links[i].link)
			return -errno;
	}
	*ret = TAKE_PTR(attach);
	return 0;
}

static int attach_place(const struct sockfilter *skel, struct tc_place *place)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)place->ifindex,
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(skel->progs.sf_egress_tc),
		    .priority = TC_PRIORITY);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	place->made_qdisc = !err;
	err = bpf_tc_attach(&hook, &opts);
	if (err)
		return err;
	place->is_attached = true;
	place->handle = opts.handle;
	return 0;
}

static bool place_is_attached(const struct tc_place *place)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)place->ifindex,
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = place->handle, .priority = TC_PRIORITY);

	return place->is_attached && !bpf_tc_query(&hook, &opts);
}

int attach_tc_add(const struct sockfilter *skel, struct attach *attach, uint32_t ifindex)
{
	struct tc_place *grown;
	int err;

	for (size_t i = 0; i < attach->n_places; i++) {
		if (attach->places[i].ifindex != ifindex)
			continue;
		/* an interface that was in another namespace comes back bare */
		return place_is_attached(&attach->places[i])
			       ? 0
			       : attach_place(skel, &attach->places[i]);
	}
	grown = reallocarray(attach->places, attach->n_places + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	attach->places = grown;
	grown[attach->n_places] = (struct tc_place){.ifindex = ifindex};
	err = attach_place(skel, &grown[attach->n_places]);
	/* a qdisc that was made must go again, whatever became of the filter */
	if (!err || grown[attach->n_places].made_qdisc)
		attach->n_places++;
	return err;
}

void attach_tc_prune(struct attach *attach)
{
	char name[IF_NAMESIZE];
	size_t n = 0;

	for (size_t i = 0; i < attach->n_places; i++)
		if (if_indextoname(attach->places[i].ifindex, name))
			attach->places[n++] = attach->places[i];
	attach->n_places = n;
}

int attach_tc(const struct sockfilter *skel, const uint32_t *ifindexes, size_t n,
	      struct attach **ret)
{
	struct attach *attach cleanup(free_attach) = calloc(1, sizeof(*attach));

	if (!attach)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int err = attach_tc_add(skel, attach, ifindexes[i]);

		if (err)
			return err;
	}
	*ret = TAKE_PTR(attach);
	return 0;
}

/* A link whose cgroup has gone, or that was detached by force, has no cgroup id. */
static bool link_is_attached(const struct bpf_link *link)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &len))
		return false;
	return info.cgroup.cgroup_id != 0;
}

size_t attach_status(const struct attach *attach, struct record_hook *hooks, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attach->links) && n < max; i++) {
		if (!attach->links[i].link)
			continue;
		snprintf(hooks[n].name, sizeof(hooks[n].name), "%s", attach->links[i].name);
		hooks[n++].attached = link_is_attached(attach->links[i].link);
	}
	for (size_t i = 0; i < attach->n_places && n < max; i++) {
		snprintf(hooks[n].name, sizeof(hooks[n].name), "tc/egress %s",
			 link_name(attach->places[i].ifindex));
		hooks[n++].attached = place_is_attached(&attach->places[i]);
	}
	return n;
}

static void detach_place(const struct tc_place *place)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)place->ifindex,
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = place->handle, .priority = TC_PRIORITY);

	if (place->is_attached)
		bpf_tc_detach(&hook, &opts);
	if (!place->made_qdisc)
		return;
	/* both directions name the qdisc itself */
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
}

void attach_free(struct attach *attach)
{
	if (!attach)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(attach->links); i++)
		bpf_link__destroy(attach->links[i].link);
	for (size_t i = 0; i < attach->n_places; i++)
		detach_place(&attach->places[i]);
	free(attach->places);
	free(attach);
}
