/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
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
#include "who.h"

#define ID "3f2a1b4c5d6e7f8091a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4"

/* root's curl in a service; alice in a container; a container's root; a claim; and nobody at all */
static const struct who_facts owners[] = {
	{true, true, 0, 0, true, "/usr/bin/curl", "nginx.service", NULL, CGROUP_NO_RUNTIME, false,
	 "/system.slice/nginx.service"},
	{true, true, 1001, 100, false, "/usr/bin/curl", "docker-" ID ".scope", ID, CGROUP_DOCKER,
	 false, "/system.slice/docker-" ID ".scope"},
	{true, true, 100000, 100000, false, "/usr/bin/curl", "web.service", "beefbeef-web",
	 CGROUP_LXC, false, "/lxc.payload.beefbeef-web"},
	{true, true, 1000, 4, true, "/home/t/curl", "user@1000.service", ID, CGROUP_PODMAN, true,
	 "/user.slice/user-1000.slice/user@1000.service/libpod-" ID ".scope"},
	{0},
};

static struct config *parse(const char *filter)
{
	struct diag diag = {0};
	struct config *config = NULL;
	char text[1024];

	snprintf(text, sizeof(text), "endpoints:\n  - a: {range: ::1, iface: lo, filter: %s}\n",
		 filter);
	if (fake_parse(text, &diag, &config) != 0)
		fail_msg("%s: %s", filter, diag.messages[0].text);
	diag_done(&diag);
	return config;
}

/* One letter an owner: "x" shown, "." not. */
static void check(const char *filter, const char *expected)
{
	struct config *config = parse(filter);
	char shown[ARRAY_SIZE(owners) + 1] = "";

	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		shown[i] = who_shows(&config->endpoints[0], &owners[i]) ? 'x' : '.';
	if (strcmp(shown, expected) != 0)
		print_message("# %s\n", filter);
	assert_string_equal(shown, expected);
	config_free(config);
}

static void test_positive(void **state)
{
	(void)state;
	check("'*'", "xxxxx");
	check("root", "x....");
	check("[root, alice]", "xx...");
	check("100000", "..x..");
	/* by its members, and by the group itself */
	check("'@adm'", ".x.x.");
	check("'@empty'", ".....");
	check("exe:/usr/bin/curl", "x....");
	check("exe:/usr/bin/cur", ".....");
	check("exe:/usr/*", "x....");
	check("exe:/*", "x..x.");
	check("exe:/*/curl", "x..x.");
	check("exe:/u*/c*l*", "x....");
	check("exe:/usr/bin/curl*x", ".....");
	check("unit:nginx.service", "x....");
	check("unit:*.service", "x.xx.");
	check("unit:*", "xxxx.");
	check("container:*", ".xxx.");
	check("container:docker", ".x...");
	check("container:podman", "...x.");
	check("container:lxc", "..x..");
	check("container:3f2a1b4c", ".x.x.");
	check("container:" ID, ".x.x.");
	check("container:4f2a1b4c", ".....");
	/* a name is no id */
	check("container:beefbeef", ".....");
	check("cgroup:/system.slice", "xx...");
	check("cgroup:/system.slice/", "xx...");
	check("cgroup:/system.slic", ".....");
	check("cgroup:/system.slice/nginx.service", "x....");
	check("cgroup:/system.slice/nginx.service/x", ".....");
	check("cgroup:/", "xxxx.");
	check("[exe:/usr/bin/curl, container:lxc]", "x.x..");
}

static void test_negative(void **state)
{
	(void)state;
	/* only negatives: everybody but those, and who is not known */
	check("not:root", ".xxxx");
	check("[not:root, not:alice]", "..xxx");
	check("'not:@adm'", "x.x.x");
	check("not:exe:/usr/bin/curl", ".xxxx");
	check("not:unit:*", "....x");
	/* a claim hides nobody */
	check("not:container:*", "x..xx");
	check("not:container:podman", "xxxxx");
	check("not:container:3f2a1b4c", "x.xxx");
	check("not:cgroup:/user.slice", "xxx.x");
	/* with positives: those, but for the negatives */
	check("['*', not:root]", ".xxxx");
	check("[unit:*, not:container:docker]", "x.xx.");
	check("[root, alice, not:container:*]", "x....");
	check("[root, not:root]", ".....");
	check("[not:root, root]", ".....");
}

/* Each single fact that is not known matches nothing, whatever stands in its place. */
static void test_unknown(void **state)
{
	static const char *const filters[] = {
		"testuser", "'@adm'",	   "'@empty'",	       "exe:/*",
		"unit:*",   "container:*", "container:docker", "cgroup:/",
	};
	struct who_facts facts = {.uid = 1000,
				  .gid = 4,
				  .is_host = true,
				  .exe = "",
				  .unit = "",
				  .container = "",
				  .runtime = CGROUP_DOCKER,
				  .cgroup = ""};
	char negated[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		struct config *config = parse(filters[i]);
		assert_false(who_shows(&config->endpoints[0], &facts));
		config_free(config);
		snprintf(negated, sizeof(negated), filters[i][0] == '\'' ? "'not:%s" : "not:%s",
			 filters[i] + (filters[i][0] == '\''));
		config = parse(negated);
		assert_true(who_shows(&config->endpoints[0], &facts));
		config_free(config);
	}
}

/* What the kernel has decided stays; the rest is decided here, endpoint by endpoint. */
static void test_masks(void **state)
{
	struct diag diag = {0};
	struct config *config = NULL;
	(void)state;
	assert_int_equal(fake_parse("endpoints:\n"
				    "  - a: {range: ::1, iface: lo, filter: alice}\n"
				    "  - b: {range: ::1, iface: lo, filter: exe:/usr/bin/curl}\n"
				    "  - c: {range: ::1, iface: lo, filter: not:root}\n"
				    "  - d: {range: ::1, iface: lo, filter: ['*', exe:/x]}\n"
				    "  - e: {range: ::1, iface: lo, filter: unit:*}\n",
				    &diag, &config),
			 0);
	assert_int_equal(who_shown(config, (struct sf_mask){0x1f}, &owners[0]).bits, 0x1b);
	assert_int_equal(who_shown(config, (struct sf_mask){0x0f}, &owners[0]).bits, 0x0b);
	assert_int_equal(who_shown(config, (struct sf_mask){0x1f}, &owners[1]).bits, 0x1d);
	assert_int_equal(who_shown(config, (struct sf_mask){0x1f}, &owners[4]).bits, 0x0d);
	assert_int_equal(who_shown(config, (struct sf_mask){0}, &owners[0]).bits, 0);
	config_free(config);
}

static void test_no_entry(void **state)
{
	struct config_endpoint endpoint = {0};
	(void)state;
	assert_false(who_shows(&endpoint, &owners[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positive), cmocka_unit_test(test_negative),
		cmocka_unit_test(test_unknown),	 cmocka_unit_test(test_masks),
		cmocka_unit_test(test_no_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
