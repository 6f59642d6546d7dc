/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every question the kernel asks of a packet must be one look-up: so what
 * several endpoints say of one prefix, user or port is folded into one mask
 * here, where time is plenty.
 */
#include "policy.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "mem.h"

static struct sf_mask bit_of(size_t index)
{
	return (struct sf_mask){1ULL << index};
}

static void add(struct sf_mask *mask, struct sf_mask more)
{
	mask->bits |= more.bits;
}

/*
 * Before the kernel reads a table, who is far from home takes the place of who
 * is near (Robin Hood): the longest probe of a half full table drops from
 * about 50 to under SF_PROBES_MAX, and look-ups stay the same.
 */
static int pack_slot(struct sf_slot *slots, uint32_t n, uint64_t key, struct sf_mask mask)
{
	struct sf_slot entry = {key, mask};
	uint32_t at = sf_slot_of(key, n);

	for (uint32_t far = 0; far < SF_PROBES_MAX; far++, at = (at + 1) & (n - 1)) {
		struct sf_slot *slot = &slots[at];
		if (slot->key == 0 || slot->key == entry.key) {
			add(&entry.mask, slot->mask);
			*slot = entry;
			return 0;
		}
		uint32_t its_far = (at - sf_slot_of(slot->key, n)) & (n - 1);
		if (its_far >= far)
			continue;
		struct sf_slot displaced = *slot;
		*slot = entry;
		entry = displaced;
		far = its_far;
	}
	return -ENOSPC;
}

/* The interface's slot, else one that is free or whose interface has gone; NULL when all are taken. */
static struct sf_slot *iface_slot(struct sf_policy *tables, uint32_t ifindex)
{
	uint32_t at = sf_slot_of(ifindex, SF_IFACE_SLOTS);
	struct sf_slot *usable = NULL;

	for (uint32_t i = 0; i < SF_PROBES_MAX; i++) {
		struct sf_slot *slot = &tables->ifaces[(at + i) & (SF_IFACE_SLOTS - 1)];
		if (slot->key == ifindex)
			return slot;
		if (!usable && (!slot->key || !slot->mask.bits))
			usable = slot;
		if (!slot->key)
			break;
	}
	return usable;
}

int policy_set_iface(struct sf_policy *tables, uint32_t ifindex, struct sf_mask mask)
{
	struct sf_slot *slot = iface_slot(tables, ifindex);

	if (!slot)
		return -ENOSPC;
	/* the kernel may be reading: no entry moves, and the key comes last */
	__atomic_store_n(&slot->mask.bits, mask.bits, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->key, ifindex, __ATOMIC_RELEASE);
	return 0;
}

/* Beside "*" there may be what names processes; then it adds nothing. */
static int compile_who(struct sf_policy *tables, const struct config_who *who, struct sf_mask bit)
{
	if (who->kind == CONFIG_WHO_ANY)
		add(&tables->any_user, bit);
	if (who->kind != CONFIG_WHO_USER && who->kind != CONFIG_WHO_GROUP)
		return 0;
	uint64_t key = who->kind == CONFIG_WHO_USER ? SF_UID_KEY(who->id) : SF_GID_KEY(who->id);
	int err = pack_slot(tables->users, SF_USER_SLOTS, key, bit);
	for (size_t i = 0; err == 0 && i < who->n_members; i++)
		err = pack_slot(tables->users, SF_USER_SLOTS, SF_UID_KEY(who->members[i]), bit);
	return err;
}

static int compile_users(struct sf_policy *tables, const struct config_endpoint *endpoint,
			 struct sf_mask bit)
{
	int err = 0;
	for (size_t i = 0; err == 0 && i < endpoint->n_who; i++)
		err = compile_who(tables, &endpoint->who[i], bit);
	return err;
}

static int compile_port(struct sf_policy *tables, const struct config_port *port,
			struct sf_mask bit)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};

	for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
		if (port->proto && port->proto != protos[i])
			continue;
		int err = pack_slot(tables->ports, SF_PORT_SLOTS,
				    SF_PORT_KEY(protos[i], port->port), bit);
		if (err)
			return err;
	}
	return 0;
}

static int compile_tables(struct sf_policy *tables, const struct config_endpoint *endpoint,
			  struct sf_mask bit)
{
	int err = 0;

	add(&tables->active, bit);
	if (endpoint->direction != CONFIG_FROM)
		add(&tables->to, bit);
	if (endpoint->direction != CONFIG_TO)
		add(&tables->from, bit);
	if (endpoint->socket == CONFIG_SOCKET_INET)
		add(&tables->inet, bit);
	if (endpoint->any_iface)
		add(&tables->any_iface, bit);
	if (endpoint->n_ports == 0)
		add(&tables->any_port, bit);
	if (config_needs_process(endpoint))
		add(&tables->any_user, bit);
	else
		err = compile_users(tables, endpoint, bit);
	for (size_t i = 0; err == 0 && i < endpoint->n_ports; i++)
		err = compile_port(tables, &endpoint->ports[i], bit);
	return err;
}

/* A prefix comes right before those that it covers. */
static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = &((const struct policy_prefix *)a)->prefix;
	const struct prefix *y = &((const struct policy_prefix *)b)->prefix;
	int order = memcmp(x->addr.bytes, y->addr.bytes, sizeof(x->addr.bytes));
	return order ? order : x->len - y->len;
}

/* Returns how many remain. */
static size_t merge_alike(struct policy_prefix *prefixes, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept && compare_prefixes(&prefixes[kept - 1], &prefixes[i]) == 0)
			add(&prefixes[kept - 1].mask, prefixes[i].mask);
		else
			prefixes[kept++] = prefixes[i];
	}
	return kept;
}

/* The kernel finds the longest match alone, so that one must carry the bits of all. */
static void inherit(struct policy_prefix *prefixes, size_t n)
{
	const struct policy_prefix *covering[129];
	size_t depth = 0;

	for (size_t i = 0; i < n; i++) {
		while (depth && !prefix_covers(&covering[depth - 1]->prefix, &prefixes[i].prefix))
			depth--;
		if (depth)
			add(&prefixes[i].mask, covering[depth - 1]->mask);
		covering[depth++] = &prefixes[i];
	}
}

static int compile_prefixes(const struct config *config, uint8_t ip_version,
			    struct policy_prefix **ret, size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < config->n_endpoints; i++)
		n += config->endpoints[i].n_ranges;
	cleanup_free struct policy_prefix *prefixes = calloc(n ? n : 1, sizeof(*prefixes));
	if (!prefixes)
		return -ENOMEM;

	n = 0;
	for (size_t i = 0; i < config->n_endpoints; i++) {
		const struct config_endpoint *endpoint = &config->endpoints[i];
		for (size_t j = 0; j < endpoint->n_ranges; j++) {
			if (endpoint->ranges[j].ip_version == ip_version)
				prefixes[n++] =
					(struct policy_prefix){endpoint->ranges[j], bit_of(i)};
		}
	}
	qsort(prefixes, n, sizeof(*prefixes), compare_prefixes);
	n = merge_alike(prefixes, n);
	inherit(prefixes, n);
	*ret = TAKE_PTR(prefixes);
	*ret_n = n;
	return 0;
}

static void free_policy(struct policy **policy)
{
	policy_free(*policy);
}

int policy_compile(const struct config *config, struct policy **ret)
{
	cleanup(free_policy) struct policy *policy = calloc(1, sizeof(*policy));
	if (!policy)
		return -ENOMEM;

	for (size_t i = 0; i < config->n_endpoints; i++) {
		int err = compile_tables(&policy->tables, &config->endpoints[i], bit_of(i));
		if (err)
			return err;
	}
	int err = compile_prefixes(config, 4, &policy->v4, &policy->n_v4);
	if (err)
		return err;
	err = compile_prefixes(config, 6, &policy->v6, &policy->n_v6);
	if (err)
		return err;
	*ret = TAKE_PTR(policy);
	return 0;
}

static bool has_iface(const struct config_endpoint *endpoint, const char *name)
{
	for (size_t i = 0; i < endpoint->n_ifaces; i++) {
		if (strcmp(endpoint->ifaces[i], name) == 0)
			return true;
	}
	return false;
}

struct sf_mask policy_iface_mask(const struct config *config, const char *name)
{
	struct sf_mask mask = {0};
	for (size_t i = 0; i < config->n_endpoints; i++) {
		if (has_iface(&config->endpoints[i], name))
			add(&mask, bit_of(i));
	}
	return mask;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	free(policy->v4);
	free(policy->v6);
	free(policy);
}
