// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ifaces.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

static struct iface *find_listed(const struct ifaces *ifaces, const char *name)
{
	for (size_t i = 0; i < ifaces->n; i++)
		if (strcmp(ifaces->list[i].name, name) == 0)
			return &ifaces->list[i];
	return NULL;
}

static void list_names(struct ifaces *ifaces, const struct config *config,
		       const struct config_endpoint *endpoint)
{
	bool is_inet = endpoint->socket == CONFIG_SOCKET_INET;

	ifaces->any |= endpoint->any_iface;
	ifaces->every |= endpoint->any_iface && !is_inet;
	ifaces->inet |= is_inet;
	for (size_t i = 0; i < endpoint->n_ifaces; i++) {
		const char *name = endpoint->ifaces[i];
		struct iface *iface = find_listed(ifaces, name);

		if (!iface) {
			iface = &ifaces->list[ifaces->n++];
			snprintf(iface->name, sizeof(iface->name), "%s", name);
			iface->mask = policy_iface_mask(config, name);
		}
		iface->needs_socket |= !is_inet;
	}
}

int ifaces_init(struct ifaces *ifaces, const struct config *config)
{
	size_t n = 1;

	for (size_t i = 0; i < config->n_endpoints; i++)
		n += config->endpoints[i].n_ifaces;
	*ifaces = (struct ifaces){.list = calloc(n, sizeof(*ifaces->list))};
	if (!ifaces->list)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_endpoints; i++)
		list_names(ifaces, config, &config->endpoints[i]);
	return 0;
}

/* The endpoints of an interface by all the names it has here. */
static struct sf_mask mask_of(const struct ifaces *ifaces, uint32_t ifindex)
{
	struct sf_mask mask = {};

	for (size_t i = 0; i < ifaces->n; i++)
		if (ifaces->list[i].ifindex == ifindex)
			mask.bits |= ifaces->list[i].mask.bits;
	return mask;
}

int ifaces_refresh(struct ifaces *ifaces, struct sf_policy *tables, bool *ret_changed)
{
	int err = 0;

	*ret_changed = false;
	for (size_t i = 0; i < ifaces->n; i++) {
		struct iface *iface = &ifaces->list[i];
		uint32_t was = iface->ifindex;

		iface->ifindex = if_nametoindex(iface->name);
		if (was == iface->ifindex)
			continue;
		*ret_changed = true;
		/* whoever has the number now is entered below */
		if (was)
			policy_set_iface(tables, was, mask_of(ifaces, was));
	}
	for (size_t i = 0; i < ifaces->n; i++) {
		struct iface *iface = &ifaces->list[i];

		if (iface->ifindex && !err)
			err = policy_set_iface(tables, iface->ifindex,
					       mask_of(ifaces, iface->ifindex));
	}
	return err;
}

bool ifaces_wants(const struct ifaces *ifaces, uint32_t ifindex)
{
	return ifaces->any || mask_of(ifaces, ifindex).bits;
}

void ifaces_done(struct ifaces *ifaces)
{
	free(ifaces->list);
	*ifaces = (struct ifaces){};
}
