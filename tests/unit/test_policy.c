/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_host.h"
#include "mem.h"
#include "policy.h"

static struct policy *compile(const char *text)
{
	struct diag diag = {0};
	struct config *config = NULL;
	struct policy *policy = NULL;
	assert_int_equal(fake_parse(text, &diag, &config), 0);
	assert_int_equal(policy_compile(config, &policy), 0);
	config_free(config);
	diag_done(&diag);
	return policy;
}

/* As the kernel looks up: until an empty slot, not further than SF_PROBES_MAX. */
static uint64_t look_up(const struct sf_slot *slots, uint32_t n, uint64_t key)
{
	uint32_t at = sf_slot_of(key, n);
	for (uint32_t i = 0; i < SF_PROBES_MAX; i++) {
		const struct sf_slot *slot = &slots[(at + i) & (n - 1)];
		if (slot->key == key)
			return slot->mask.bits;
		if (slot->key == 0)
			return 0;
	}
	return 0;
}

static uint64_t user_bits(const struct policy *policy, uint64_t key)
{
	return look_up(policy->tables.users, SF_USER_SLOTS, key);
}

static uint64_t port_bits(const struct policy *policy, uint8_t proto, uint16_t port)
{
	return look_up(policy->tables.ports, SF_PORT_SLOTS, SF_PORT_KEY(proto, port));
}

/* The longest prefix alone, as the kernel's trie finds it. */
static uint64_t addr_bits(const struct policy *policy, const char *addr)
{
	struct prefix host;
	const struct policy_prefix *best = NULL;
	assert_int_equal(prefix_parse(addr, strlen(addr), &host), PREFIX_OK);
	const struct policy_prefix *list = host.ip_version == 4 ? policy->v4 : policy->v6;
	size_t n = host.ip_version == 4 ? policy->n_v4 : policy->n_v6;
	for (size_t i = 0; i < n; i++) {
		if (prefix_covers(&list[i].prefix, &host) &&
		    (!best || list[i].prefix.len > best->prefix.len))
			best = &list[i];
	}
	return best ? best->mask.bits : 0;
}

static void test_overlap(void **state)
{
	struct policy *policy =
		compile("endpoints:\n"
			"  - a: {range: [10.0.0.0/8, 10.1.2.0/24], iface: lo, filter: root}\n"
			"  - b: {range: 10.1.0.0/16, iface: lo, filter: root}\n"
			"  - c: {range: [10.1.2.3, 10.1.0.0/16], iface: lo, filter: root}\n"
			"  - d: {range: 0.0.0.0/0, iface: lo, filter: root}\n"
			"  - e: {range: 11.0.0.0/8, iface: lo, filter: root}\n");
	(void)state;
	assert_int_equal(addr_bits(policy, "9.0.0.1"), 0x8);
	assert_int_equal(addr_bits(policy, "10.0.0.1"), 0x9);
	assert_int_equal(addr_bits(policy, "10.1.0.1"), 0xf);
	assert_int_equal(addr_bits(policy, "10.1.2.1"), 0xf);
	assert_int_equal(addr_bits(policy, "10.1.2.3"), 0xf);
	assert_int_equal(addr_bits(policy, "10.2.0.1"), 0x9);
	assert_int_equal(addr_bits(policy, "11.0.0.1"), 0x18);
	assert_int_equal(policy->n_v4, 6);
	assert_int_equal(policy->n_v6, 0);
	assert_int_equal(addr_bits(policy, "::1"), 0);
	policy_free(policy);
}

static void test_families(void **state)
{
	struct policy *policy =
		compile("endpoints:\n"
			"  - a: {range: '::/0', iface: lo, filter: root}\n"
			"  - b: {range: ['::1/128', 2001:db8::/32], iface: lo, filter: root}\n"
			"  - c: {range: '::ffff:192.0.2.1', iface: lo, filter: root}\n"
			"  - d: {range: '2001:db8:1::/48', iface: lo, filter: root}\n");
	(void)state;
	assert_int_equal(addr_bits(policy, "::2"), 0x1);
	assert_int_equal(addr_bits(policy, "::1"), 0x3);
	assert_int_equal(addr_bits(policy, "2001:db8::1"), 0x3);
	assert_int_equal(addr_bits(policy, "2001:db8:1::1"), 0xb);
	assert_int_equal(addr_bits(policy, "192.0.2.1"), 0x4);
	assert_int_equal(addr_bits(policy, "192.0.2.2"), 0);
	policy_free(policy);
}

static void test_users(void **state)
{
	struct policy *policy =
		compile("endpoints:\n"
			"  - a: {range: 10.0.0.0/8, iface: lo, filter: [root, alice]}\n"
			"  - b: {range: 10.0.0.0/8, iface: lo, filter: '*'}\n"
			"  - c: {range: 10.0.0.0/8, iface: lo, filter: [alice, '@adm', 77]}\n"
			"  - d: {range: 10.0.0.0/8, iface: lo, filter: [4, '*']}\n");
	(void)state;
	assert_int_equal(policy->tables.active.bits, 0xf);
	/* "*" of one endpoint opens no other one */
	assert_int_equal(policy->tables.any_user.bits, 0xa);
	assert_int_equal(user_bits(policy, SF_UID_KEY(0)), 0x1);
	assert_int_equal(user_bits(policy, SF_UID_KEY(1001)), 0x5);
	assert_int_equal(user_bits(policy, SF_UID_KEY(1000)), 0x4);
	assert_int_equal(user_bits(policy, SF_UID_KEY(77)), 0x4);
	assert_int_equal(user_bits(policy, SF_UID_KEY(78)), 0);
	/* uid 4 and gid 4 are two things */
	assert_int_equal(user_bits(policy, SF_GID_KEY(4)), 0x4);
	assert_int_equal(user_bits(policy, SF_UID_KEY(4)), 0x8);
	policy_free(policy);
}

/* What takes a process to decide, the kernel delivers for every user. */
static void test_processes(void **state)
{
	static const char text[] =
		"endpoints:\n"
		"  - a: {range: 10.0.0.0/8, iface: lo, filter: [root, exe:/usr/bin/curl]}\n"
		"  - b: {range: 10.0.0.0/8, iface: lo, filter: [root, not:alice]}\n"
		"  - c: {range: 10.0.0.0/8, iface: lo, filter: [root, '@adm']}\n"
		"  - d: {range: 10.0.0.0/8, iface: lo, filter: [alice, '*', unit:*]}\n"
		"  - e: {range: 10.0.0.0/8, iface: lo, filter: ['*', not:exe:/x]}\n";
	static const bool needs[] = {true, true, false, false, true};
	struct policy *policy = compile(text);
	struct diag diag = {0};
	struct config *config = NULL;
	(void)state;
	assert_int_equal(policy->tables.any_user.bits, 0x1b);
	assert_int_equal(user_bits(policy, SF_UID_KEY(0)), 0x4);
	assert_int_equal(user_bits(policy, SF_UID_KEY(1001)), 0xc);
	assert_int_equal(user_bits(policy, SF_GID_KEY(4)), 0x4);
	assert_int_equal(user_bits(policy, SF_GID_KEY(0)), 0);
	policy_free(policy);
	assert_int_equal(fake_parse(text, &diag, &config), 0);
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		assert_int_equal(config_needs_process(&config->endpoints[i]), needs[i]);
	config_free(config);
}

static void test_second_stands_beside_first(void **state)
{
	struct policy *policy =
		compile("endpoints:\n"
			"  - a: {range: 10.0.0.1, iface: lo, filter: root, port: 80}\n"
			"  - b: {range: 10.0.0.2, iface: eth0, filter: alice, port: 81}\n");
	(void)state;
	assert_int_equal(addr_bits(policy, "10.0.0.1"), 0x1);
	assert_int_equal(addr_bits(policy, "10.0.0.2"), 0x2);
	assert_int_equal(user_bits(policy, SF_UID_KEY(0)), 0x1);
	assert_int_equal(user_bits(policy, SF_UID_KEY(1001)), 0x2);
	assert_int_equal(port_bits(policy, IPPROTO_TCP, 80), 0x1);
	assert_int_equal(port_bits(policy, IPPROTO_TCP, 81), 0x2);
	policy_free(policy);
}

static void test_ports_and_directions(void **state)
{
	struct policy *policy =
		compile("endpoints:\n"
			"  - a: {range: ::1, iface: lo, filter: root, port: [80, tcp/443]}\n"
			"  - b: {range: ::1, iface: lo, filter: root, port: [udp/53, tcp/80], "
			"direction: to}\n"
			"  - c: {range: ::1, iface: lo, filter: root, direction: from}\n");
	(void)state;
	assert_int_equal(policy->tables.any_port.bits, 0x4);
	assert_int_equal(port_bits(policy, IPPROTO_TCP, 80), 0x3);
	assert_int_equal(port_bits(policy, IPPROTO_UDP, 80), 0x1);
	assert_int_equal(port_bits(policy, IPPROTO_TCP, 443), 0x1);
	assert_int_equal(port_bits(policy, IPPROTO_UDP, 443), 0);
	assert_int_equal(port_bits(policy, IPPROTO_UDP, 53), 0x2);
	assert_int_equal(port_bits(policy, IPPROTO_TCP, 53), 0);
	assert_int_equal(policy->tables.to.bits, 0x3);
	assert_int_equal(policy->tables.from.bits, 0x5);
	policy_free(policy);
}

static void test_ifaces(void **state)
{
	struct diag diag = {0};
	struct config *config = NULL;
	struct policy *policy = NULL;
	(void)state;
	assert_int_equal(fake_parse("endpoints:\n"
				    "  - a: {range: ::1, iface: [lo, eth0], filter: root}\n"
				    "  - b: {range: ::1, iface: '*', filter: root}\n"
				    "  - c: {range: ::1, iface: [eth0, '*'], filter: root}\n",
				    &diag, &config),
			 0);
	assert_int_equal(policy_iface_mask(config, "lo").bits, 0x1);
	assert_int_equal(policy_iface_mask(config, "eth0").bits, 0x5);
	assert_int_equal(policy_iface_mask(config, "eth").bits, 0);
	assert_int_equal(policy_iface_mask(config, "*").bits, 0);
	assert_int_equal(policy_compile(config, &policy), 0);
	assert_int_equal(policy->tables.any_iface.bits, 0x6);
	for (uint32_t i = 1; i <= CONFIG_IFACES_MAX; i++)
		assert_int_equal(policy_set_iface(&policy->tables, i, (struct sf_mask){1}), 0);
	assert_int_equal(policy_set_iface(&policy->tables, 7, (struct sf_mask){4}), 0);
	assert_int_equal(look_up(policy->tables.ifaces, SF_IFACE_SLOTS, 7), 0x4);
	assert_int_equal(look_up(policy->tables.ifaces, SF_IFACE_SLOTS, 512), 0x1);
	assert_int_equal(look_up(policy->tables.ifaces, SF_IFACE_SLOTS, 513), 0);
	policy_free(policy);
	policy_free(NULL);
	config_free(config);
}

/* Interfaces come and go for ever; what has gone takes no room. */
static void test_ifaces_come_and_go(void **state)
{
	struct sf_policy *tables = calloc(1, sizeof(*tables));
	(void)state;
	assert_non_null(tables);
	assert_int_equal(policy_set_iface(tables, 3, (struct sf_mask){2}), 0);
	for (uint32_t i = 10; i < 100000; i++) {
		assert_int_equal(policy_set_iface(tables, i, (struct sf_mask){1}), 0);
		assert_int_equal(look_up(tables->ifaces, SF_IFACE_SLOTS, i), 0x1);
		assert_int_equal(policy_set_iface(tables, i, (struct sf_mask){0}), 0);
		assert_int_equal(look_up(tables->ifaces, SF_IFACE_SLOTS, i), 0);
	}
	assert_int_equal(look_up(tables->ifaces, SF_IFACE_SLOTS, 3), 0x2);
	free(tables);
}

static void test_iface_table_full(void **state)
{
	struct sf_policy *tables = calloc(1, sizeof(*tables));
	int err = 0;
	(void)state;
	assert_non_null(tables);
	for (uint32_t i = 1; err == 0 && i <= SF_IFACE_SLOTS + 1; i++)
		err = policy_set_iface(tables, i, (struct sf_mask){1});
	assert_int_equal(err, -ENOSPC);
	free(tables);
}

static void test_sixty_four(void **state)
{
	struct config *config = calloc(1, sizeof(*config));
	struct prefix prefix;
	struct policy *policy = NULL;
	(void)state;
	assert_non_null(config);
	assert_int_equal(prefix_parse("10.0.0.0/8", 10, &prefix), PREFIX_OK);
	config->n_endpoints = SF_ENDPOINTS_MAX;
	for (size_t i = 0; i < SF_ENDPOINTS_MAX; i++) {
		config->endpoints[i].ranges = malloc(sizeof(prefix));
		assert_non_null(config->endpoints[i].ranges);
		config->endpoints[i].ranges[0] = prefix;
		config->endpoints[i].n_ranges = 1;
	}
	assert_int_equal(policy_compile(config, &policy), 0);
	assert_true(policy->tables.active.bits == UINT64_MAX);
	assert_true(addr_bits(policy, "10.1.1.1") == UINT64_MAX);
	assert_int_equal(policy->n_v4, 1);
	policy_free(policy);
	config_free(config);
}

/* A repeatable stream of numbers. */
static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 32;
}

static void fill_at_random(struct config_endpoint *endpoint, uint64_t *seed)
{
	endpoint->who = calloc(1, sizeof(*endpoint->who));
	endpoint->ports = calloc(CONFIG_PORTS_MAX, sizeof(*endpoint->ports));
	assert_true(endpoint->who && endpoint->ports);
	endpoint->n_who = 1;
	endpoint->who[0].kind = CONFIG_WHO_GROUP;
	endpoint->who[0].members = calloc(CONFIG_USERS_MAX, sizeof(uint32_t));
	assert_non_null(endpoint->who[0].members);
	endpoint->who[0].n_members = CONFIG_USERS_MAX - 1;
	for (size_t i = 0; i < CONFIG_USERS_MAX - 1; i++)
		endpoint->who[0].members[i] = next_random(seed);
	endpoint->n_ports = CONFIG_PORTS_MAX;
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++)
		endpoint->ports[i].port = 1 + next_random(seed) % 65535;
}

/* As many users and ports as a configuration may name find a place, whatever they are. */
static void test_full_tables(void **state)
{
	uint64_t seed = 1;
	(void)state;
	for (int round = 0; round < 50; round++) {
		struct config *config = calloc(1, sizeof(*config));
		struct policy *policy = NULL;
		assert_non_null(config);
		config->n_endpoints = 1;
		fill_at_random(&config->endpoints[0], &seed);
		assert_int_equal(policy_compile(config, &policy), 0);
		for (size_t i = 0; i < CONFIG_USERS_MAX - 1; i++)
			assert_int_equal(
				user_bits(policy,
					  SF_UID_KEY(config->endpoints[0].who[0].members[i])),
				1);
		for (size_t i = 0; i < CONFIG_PORTS_MAX; i++)
			assert_int_equal(
				port_bits(policy, IPPROTO_UDP, config->endpoints[0].ports[i].port),
				1);
		policy_free(policy);
		config_free(config);
	}
}

static void random_prefix(struct prefix *ret, uint64_t *seed)
{
	char text[PREFIX_TEXT_MAX];
	uint32_t bits = next_random(seed);
	/* few first octets, so that many overlap */
	snprintf(text, sizeof(text), "%u.%u.%u.%u/%u", 10 + (bits & 3), bits >> 8 & 0xff,
		 bits >> 16 & 0xff, bits >> 24, next_random(seed) % 33);
	(void)prefix_parse(text, strlen(text), ret);
}

static struct config *random_config(size_t n, uint64_t *seed)
{
	struct config *config = calloc(1, sizeof(*config));
	assert_non_null(config);
	config->n_endpoints = 8;
	for (size_t i = 0; i < config->n_endpoints; i++) {
		struct config_endpoint *endpoint = &config->endpoints[i];
		endpoint->ranges = calloc(n / 8, sizeof(*endpoint->ranges));
		assert_non_null(endpoint->ranges);
		endpoint->n_ranges = n / 8;
		for (size_t j = 0; j < endpoint->n_ranges; j++)
			random_prefix(&endpoint->ranges[j], seed);
	}
	return config;
}

/* Each mask against the plain definition: every endpoint with a prefix that covers it. */
static void test_inheritance_at_random(void **state)
{
	uint64_t seed = 7;
	struct config *config = random_config(2000, &seed);
	struct policy *policy = NULL;
	(void)state;
	assert_int_equal(policy_compile(config, &policy), 0);
	for (size_t k = 0; k < policy->n_v4; k++) {
		uint64_t expected = 0;
		for (size_t i = 0; i < config->n_endpoints; i++) {
			for (size_t j = 0; j < config->endpoints[i].n_ranges; j++) {
				if (prefix_covers(&config->endpoints[i].ranges[j],
						  &policy->v4[k].prefix))
					expected |= 1ULL << i;
			}
		}
		assert_int_equal(policy->v4[k].mask.bits, expected);
	}
	policy_free(policy);
	config_free(config);
}

static void test_two_hundred_thousand(void **state)
{
	uint64_t seed = 9;
	struct config *config = random_config(CONFIG_RANGES_MAX, &seed);
	struct policy *policy = NULL;
	(void)state;
	assert_int_equal(policy_compile(config, &policy), 0);
	assert_true(policy->n_v4 > 50000);
	policy_free(policy);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_second_stands_beside_first),
		cmocka_unit_test(test_ports_and_directions),
		cmocka_unit_test(test_ifaces),
		cmocka_unit_test(test_iface_table_full),
		cmocka_unit_test(test_ifaces_come_and_go),
		cmocka_unit_test(test_sixty_four),
		cmocka_unit_test(test_full_tables),
		cmocka_unit_test(test_inheritance_at_random),
		cmocka_unit_test(test_two_hundred_thousand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
