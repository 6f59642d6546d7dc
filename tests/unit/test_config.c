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

#include "cgroup_path.h"
#include "config.h"
#include "fake_host.h"
#include "guard.h"
#include "mem.h"
#include "profile.h"

/* An endpoint "a" with one more line. */
#define WITH(line)                    \
	"endpoints:\n"                \
	"  - a:\n"                    \
	"      range: 192.0.2.0/24\n" \
	"      iface: lo\n"           \
	"      filter: root\n"        \
	"      " line "\n"

#define RANGE(value) \
	"endpoints:\n  - a:\n      range: " value "\n      iface: lo\n      filter: root\n"
#define IFACE(value) \
	"endpoints:\n  - a:\n      range: ::1\n      iface: " value "\n      filter: root\n"
#define FILTER(value) \
	"endpoints:\n  - a:\n      range: ::1\n      iface: lo\n      filter: " value "\n"
#define NAME(value) \
	"endpoints:\n  - " value ":\n      range: ::1\n      iface: lo\n      filter: root\n"

#define ALL_KEYS \
	"the keys are range, iface, filter, port, direction, socket, when, cloud, request\n"

/* expected: a line "LINE:COLUMN+LENGTH TEXT; HINT" for each error. */
struct bad {
	const char *text;
	const char *expected;
};

static char *list_errors(const struct diag *diag)
{
	char *list = NULL;
	size_t size;
	FILE *stream = open_memstream(&list, &size);
	assert_non_null(stream);
	for (size_t i = 0; i < diag->n_messages; i++) {
		const struct diag_message *message = &diag->messages[i];
		fprintf(stream, "%u:%u+%u %s%s%s\n", message->place.line, message->place.column,
			message->place.length, message->text, message->hint ? "; " : "",
			message->hint ? message->hint : "");
	}
	fclose(stream);
	return list;
}

static void check_bad(const struct bad *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct diag diag = {0};
		struct config *config = (struct config *)&diag;
		int err = fake_parse(cases[i].text, &diag, &config);
		cleanup_free char *list = list_errors(&diag);
		assert_string_equal(list, cases[i].expected);
		assert_int_equal(err, -EINVAL);
		assert_ptr_equal(config, &diag);
		diag_done(&diag);
	}
}

static struct config *parse_good(const char *text)
{
	struct diag diag = {0};
	struct config *config = NULL;
	int err = fake_parse(text, &diag, &config);
	cleanup_free char *list = list_errors(&diag);
	assert_string_equal(list, "");
	assert_int_equal(err, 0);
	assert_non_null(config);
	diag_done(&diag);
	return config;
}

static void expect_ok(const char *text)
{
	config_free(parse_good(text));
}

static void test_original(void **state)
{
	struct config *config = parse_good("endpoints:\n"
					   "    - imdsv2:\n"
					   "        range: [169.254.169.254/32]\n"
					   "        iface: [eth0]\n"
					   "        filter:\n"
					   "          - \"*\"\n");
	const struct config_endpoint *endpoint = &config->endpoints[0];
	char text[PREFIX_TEXT_MAX];
	(void)state;
	assert_int_equal(config->n_endpoints, 1);
	assert_string_equal(endpoint->name, "imdsv2");
	assert_int_equal(endpoint->n_ranges, 1);
	assert_string_equal(prefix_to_str(&endpoint->ranges[0], text), "169.254.169.254/32");
	assert_int_equal(endpoint->n_ifaces, 1);
	assert_string_equal(endpoint->ifaces[0], "eth0");
	assert_false(endpoint->any_iface);
	assert_int_equal(endpoint->n_who, 1);
	assert_int_equal(endpoint->who[0].kind, CONFIG_WHO_ANY);
	assert_int_equal(endpoint->n_ports, 0);
	assert_int_equal(endpoint->direction, CONFIG_BOTH);
	assert_int_equal(endpoint->socket, CONFIG_SOCKET_PACKET);
	assert_int_equal(endpoint->n_when, 0);
	config_free(config);
}

static void test_every_key(void **state)
{
	struct config *config =
		parse_good("endpoints:\n"
			   "- \"n\\u00e9 1\":\n"
			   "    range: [10.0.0.0/8, \"::1/128\", ::/0, 1.2.3.4]\n"
			   "    iface: [lo, '*', exactly15charss]\n"
			   "    filter: [root, 4294967294, '@adm', \"@empty\", 007]\n"
			   "    port: [80, tcp/443, udp/53]\n"
			   "    direction: from\n"
			   "    when: [Mon-Fri 08:00-18:00, 'Sat,Sun 22:00-02:00']\n"
			   "- b: {range: 1.2.3.4, iface: '*', filter: alice, port: "
			   "65535, direction: to, socket: inet, when: 08:00-24:00}\n");
	const struct config_endpoint *a = &config->endpoints[0];
	const struct config_endpoint *b = &config->endpoints[1];
	(void)state;
	assert_int_equal(config->n_endpoints, 2);
	assert_string_equal(a->name, "n\xc3\xa9 1");
	assert_int_equal(a->n_ranges, 4);
	assert_int_equal(a->ranges[2].ip_version, 6);
	assert_int_equal(a->ranges[2].len, 0);
	assert_true(a->any_iface);
	assert_int_equal(a->n_ifaces, 2);
	assert_int_equal(a->n_who, 5);
	assert_int_equal(a->who[1].id, 4294967294U);
	assert_int_equal(a->who[2].kind, CONFIG_WHO_GROUP);
	assert_string_equal(a->who[2].name, "@adm");
	assert_int_equal(a->who[2].id, 4);
	assert_int_equal(a->who[2].n_members, 2);
	assert_int_equal(a->who[2].members[0], 1001);
	assert_int_equal(a->who[2].members[1], 1000);
	assert_int_equal(a->who[3].n_members, 0);
	assert_int_equal(a->who[4].id, 7);
	assert_int_equal(a->n_ports, 3);
	assert_int_equal(a->ports[0].proto, 0);
	assert_int_equal(a->ports[1].proto, IPPROTO_TCP);
	assert_int_equal(a->ports[1].port, 443);
	assert_int_equal(a->ports[2].proto, IPPROTO_UDP);
	assert_int_equal(a->direction, CONFIG_FROM);
	assert_int_equal(a->n_when, 2);
	assert_int_equal(a->when[0].days, 0x3e);
	assert_int_equal(a->when[1].days, 0x41);
	assert_int_equal(a->when[1].from_min, 22 * 60);
	assert_int_equal(a->when[1].to_min, 2 * 60);
	assert_int_equal(b->n_when, 1);
	assert_int_equal(b->when[0].days, SCHEDULE_EVERY_DAY);
	assert_int_equal(b->when[0].to_min, 24 * 60);
	assert_int_equal(b->direction, CONFIG_TO);
	assert_int_equal(a->socket, CONFIG_SOCKET_PACKET);
	assert_int_equal(b->socket, CONFIG_SOCKET_INET);
	assert_int_equal(b->ports[0].port, 65535);
	assert_int_equal(b->who[0].id, 1001);
	assert_string_equal(b->who[0].name, "alice");
	config_free(config);
}

static void test_accepted(void **state)
{
	(void)state;
	expect_ok(profile_demo.text);
	expect_ok(profile_cloud_metadata.text);
	expect_ok(WITH("port: 1"));
	expect_ok(WITH("direction: both"));
	expect_ok(WITH("socket: packet"));
	expect_ok("%YAML 1.2\n---\n" WITH("port: 80") "...\n");
	expect_ok("\xef\xbb\xbf" WITH("port: 80"));
	expect_ok("endpoints:\r\n  - a:\r\n      range: ::1\r\n      iface: lo\r\n      filter: 0");
	expect_ok(NAME("\"012345678901234567890123456789012345678901234567890123456789012\""));
	expect_ok(NAME("range"));
}

static void test_keys(void **state)
{
	static const struct bad cases[] = {
		{WITH("prot: 80"), "6:7+4 unknown key 'prot'; did you mean 'port'?\n"},
		{WITH("allow: root"), "6:7+5 the key 'allow' is reserved for a later version\n"},
		{WITH("\"port\\0\": 80"), "6:7+8 unknown key 'port'; " ALL_KEYS},
		{WITH("xyzzy: 80"), "6:7+5 unknown key 'xyzzy'; " ALL_KEYS},
		{WITH("iface: eth0"), "6:7+5 duplicate key 'iface'; first given in line 4\n"},
		{WITH("[port]: 80"), "6:7+1 expected a key, found a list; " ALL_KEYS},
		{"endpoint: []\n", "1:1+8 unknown key 'endpoint'; did you mean 'endpoints'?\n"},
		{"allow: 1\n" WITH("port: 80"),
		 "1:1+5 the key 'allow' is reserved for a later version\n"},
		{WITH("port: 80") "users: x\n",
		 "7:1+5 unknown key 'users'; the keys here are endpoints and argv\n"},
		{WITH("port: 80") WITH("port: 80"),
		 "7:1+9 duplicate key 'endpoints'; first given in line 1\n"
		 "8:5+1 duplicate endpoint name 'a'; each endpoint needs a name of its own\n"},
		{"{[a]: b}", "1:2+1 expected the key 'endpoints', found a list\n"
			     "1:1+1 the key 'endpoints' is missing\n"},
		{"endpoints:\n  - a:\n      iface: lo\n",
		 "2:5+1 endpoint 'a' lacks the key 'range'\n"
		 "2:5+1 endpoint 'a' lacks the key 'filter'\n"},
		{"endpoints:\n  - a:\n      rnage: ::1\n      iface: lo\n      filter: root\n",
		 "3:7+5 unknown key 'rnage'; did you mean 'range'?\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static enum argv_mode parse_argv(const char *text)
{
	struct config *config = parse_good(text);
	enum argv_mode mode = config->argv;
	config_free(config);
	return mode;
}

static void test_argv(void **state)
{
	static const struct bad cases[] = {
		{WITH("port: 80") "argv: some\n",
		 "7:7+4 'some' is not a way to show arguments; write none, redacted or full\n"},
		{WITH("port: 80") "argv: non\n",
		 "7:7+3 'non' is not a way to show arguments; did you mean 'none'?\n"},
		{WITH("port: 80") "argv: Full\n",
		 "7:7+4 'Full' is not a way to show arguments; did you mean 'full'?\n"},
		{WITH("port: 80") "argv: ''\n",
		 "7:7+2 '' is not a way to show arguments; write none, redacted or full\n"},
		{WITH("port: 80") "argv: [full]\n",
		 "7:7+1 'argv' holds a list; expected none, redacted or full\n"},
		{WITH("port: 80") "argv:\n",
		 "7:1+1 'argv' holds nothing; expected none, redacted or full\n"},
		{"argv: full\n" WITH("port: 80") "argv: none\n",
		 "8:1+4 duplicate key 'argv'; first given in line 1\n"},
		{WITH("port: 80") "arvg: none\n",
		 "7:1+4 unknown key 'arvg'; did you mean 'argv'?\n"},
		{"argv: full\n", "1:1+1 the key 'endpoints' is missing\n"},
		{WITH("argv: full"), "6:7+4 unknown key 'argv'; " ALL_KEYS},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
	assert_int_equal(parse_argv(WITH("port: 80")), ARGV_REDACTED);
	assert_int_equal(parse_argv(WITH("port: 80") "argv: redacted\n"), ARGV_REDACTED);
	assert_int_equal(parse_argv(WITH("port: 80") "argv: none\n"), ARGV_NONE);
	assert_int_equal(parse_argv("argv: full\n" WITH("port: 80")), ARGV_FULL);
}

static void test_shape(void **state)
{
	static const struct bad cases[] = {
		{"", "0:0+0 the file is empty\n"},
		{"\n# nothing\n\n", "0:0+0 the file is empty\n"},
		{"---\n", "0:0+0 the file is empty\n"},
		{"~\n", "0:0+0 the file is empty\n"},
		{"[a]", "1:1+1 expected the key 'endpoints', found a list\n"},
		{"a", "1:1+1 expected the key 'endpoints', found a text\n"},
		{"{}", "1:1+1 the key 'endpoints' is missing\n"},
		{"endpoints:\n", "1:1+1 'endpoints' holds nothing; expected a list of "
				 "endpoints; put '- NAME:' below it for each endpoint\n"},
		{"endpoints: []\n", "1:12+1 'endpoints' holds an empty list; expected a list of "
				    "endpoints; put '- NAME:' below it for each endpoint\n"},
		{"endpoints:\n  a:\n    range: ::1\n",
		 "2:3+1 'endpoints' holds a mapping; expected a list of endpoints; put '- NAME:' "
		 "below it for each endpoint\n"},
		{"endpoints:\n  - a\n  -\n  # x\n  -\n  - []\n  - {}\n",
		 "2:5+1 expected an endpoint, found a text; write '- NAME:' and indent its keys "
		 "below\n"
		 "3:3+1 expected an endpoint, found nothing; write '- NAME:' and indent its keys "
		 "below\n"
		 "5:3+1 expected an endpoint, found nothing; write '- NAME:' and indent its keys "
		 "below\n"
		 "6:5+1 expected an endpoint, found a list; write '- NAME:' and indent its keys "
		 "below\n"
		 "7:5+1 expected an endpoint, found an empty mapping; write '- NAME:' and indent "
		 "its keys below\n"},
		{"endpoints:\n  - a:\n  - b: x\n",
		 "2:5+1 endpoint 'a' holds nothing; expected its keys; " ALL_KEYS
		 "3:8+1 endpoint 'b' holds a text; expected its keys; " ALL_KEYS},
		{"endpoints:\n  - imdsv2:\n    range: bad\n    iface: lo\n    filter: root\n",
		 "3:5+5 this key stands beside 'imdsv2', not below it; indent the keys of an "
		 "endpoint deeper than its name\n"
		 "3:12+3 'bad' is not an address or prefix; write 192.0.2.0/24, 2001:db8::/32 or "
		 "a plain address\n"},
		{"endpoints:\n  - range: ::1\n    iface: lo\n    filter: root\n",
		 "2:5+5 this endpoint has no name; write '- NAME:' and indent its keys below\n"},
		{WITH("port: 80") "    b:\n      range: ::1\n",
		 "7:5+1 a second name in one endpoint; put '- ' before the name of each "
		 "endpoint\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_names(void **state)
{
	static const char complaint[] = "1 to 63 bytes of printable UTF-8";
	static const struct {
		const char *text;
		unsigned int width;
	} cases[] = {
		{NAME("\"\""), 2},
		{NAME("\"a\\tb\""), 6},
		{NAME("\"a\\0b\""), 6},
		{NAME("\"\\u202e\""), 8},
		{NAME("\"0123456789012345678901234567890123456789012345678901234567890123\""), 66},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag diag = {0};
		struct config *config = NULL;
		assert_int_equal(fake_parse(cases[i].text, &diag, &config), -EINVAL);
		assert_int_equal(diag.n_errors, 1);
		assert_string_equal(diag.messages[0].hint, complaint);
		assert_int_equal(diag.messages[0].place.line, 2);
		assert_int_equal(diag.messages[0].place.column, 5);
		assert_int_equal(diag.messages[0].place.length, cases[i].width);
		diag_done(&diag);
	}
}

static void test_ranges(void **state)
{
#define WRITE "; write 192.0.2.0/24, 2001:db8::/32 or a plain address\n"
	static const struct bad cases[] = {
		{RANGE("300.1.1.1/8"), "3:14+11 '300.1.1.1/8' is not an address or prefix" WRITE},
		{RANGE("[::1, \"x y\"]"), "3:20+5 'x y' is not an address or prefix" WRITE},
		{RANGE("''"), "3:14+2 '' is not an address or prefix" WRITE},
		{RANGE("10.0.0.0/33"), "3:14+11 bad prefix length in '10.0.0.0/33'; it is 0 to "
				       "32 for IPv4, 0 to 128 for IPv6\n"},
		{RANGE("::/129"), "3:14+6 bad prefix length in '::/129'; it is 0 to 32 for IPv4, "
				  "0 to 128 for IPv6\n"},
		{RANGE("10.0.0.1/8"),
		 "3:14+10 '10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?\n"},
		{RANGE("2001:db8::1/32"),
		 "3:14+14 '2001:db8::1/32' has host bits set; did you mean 2001:db8::/32?\n"},
		{RANGE("[]"), "3:14+1 'range' holds an empty list; expected a prefix\n"},
		{RANGE(""), "3:7+1 'range' holds nothing; expected a prefix or a list of them\n"},
		{RANGE("{a: b}"),
		 "3:14+1 'range' holds a mapping; expected a prefix or a list of them\n"},
		{RANGE("[[::1], {a: b}, ~]"), "3:15+1 'range' lists a list; expected a prefix\n"
					      "3:22+1 'range' lists a mapping; expected a prefix\n"
					      "3:30+1 'range' lists nothing; expected a prefix\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_ifaces_and_users(void **state)
{
#define NAME_HINT "; a user, a uid, \"@group\", \"*\" or exe:, unit:, container:, cgroup:\n"
#define IFACE_HINT "; it is \"*\" or 1 to 15 characters without blanks, '/' and ':'\n"
	static const struct bad cases[] = {
		{IFACE("sixteencharacter"),
		 "4:14+16 'sixteencharacter' is not an interface name" IFACE_HINT},
		{IFACE("[lo, a/b, 'a b', '']"), "4:19+3 'a/b' is not an interface name" IFACE_HINT
						"4:24+5 'a b' is not an interface name" IFACE_HINT
						"4:31+2 '' is not an interface name" IFACE_HINT},
		{IFACE("[]"), "4:14+1 'iface' holds an empty list; expected an interface\n"},
		{IFACE("{lo: x}"),
		 "4:14+1 'iface' holds a mapping; expected an interface or a list of them\n"},
		{FILTER("[]"), "5:15+1 'filter' holds an empty list; expected a user or process\n"},
		{FILTER("testusr"), "5:15+7 unknown user 'testusr'; did you mean 'testuser'?\n"},
		{FILTER("-1"), "5:15+2 unknown user '-1'\n"},
		{FILTER("zzzzzz"), "5:15+6 unknown user 'zzzzzz'\n"},
		{FILTER("'@amd'"), "5:15+6 unknown group 'amd'; did you mean 'adm'?\n"},
		{FILTER("'@'"), "5:15+3 unknown group ''\n"},
		{FILTER("4294967295"),
		 "5:15+10 '4294967295' is not a uid; a uid is 0 to 4294967294\n"},
		{FILTER("99999999999999999999999"), "5:15+23 '99999999999999999999999' is not a "
						    "uid; a uid is 0 to 4294967294\n"},
		{FILTER("broken"), "5:15+6 cannot look up user 'broken': Input/output error\n"},
		{FILTER("'@broken'"), "5:15+9 cannot look up group 'broken': Input/output error\n"},
		{FILTER("\"root\\0x\""), "5:15+9 'root' is not a name" NAME_HINT},
		{FILTER("\"\\e[31m\""), "5:15+8 unknown user '\\x1B[31m'\n"},
		{FILTER("'@crowd'"), "5:15+8 more than 8192 users in all endpoints together\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_processes(void **state)
{
	static const struct {
		enum config_who_kind kind;
		bool is_negated;
		const char *name;
	} expected[] = {
		{CONFIG_WHO_EXE, false, "/usr/bin/curl"},
		{CONFIG_WHO_EXE, true, "/opt/*"},
		{CONFIG_WHO_UNIT, false, "a\\x2db@1.service"},
		{CONFIG_WHO_UNIT, false, "nginx*"},
		{CONFIG_WHO_CONTAINER, false, "*"},
		{CONFIG_WHO_RUNTIME, true, "cri-o"},
		{CONFIG_WHO_ID, false, "0123abcd"},
		{CONFIG_WHO_CGROUP, false, "/system.slice/a:b"},
		{CONFIG_WHO_CGROUP, false, "/"},
		{CONFIG_WHO_USER, true, "root"},
		{CONFIG_WHO_USER, true, "7"},
		{CONFIG_WHO_GROUP, true, "@adm"},
		{CONFIG_WHO_ANY, false, "*"},
	};
	struct config *config = parse_good(
		FILTER("[exe:/usr/bin/curl, 'not:exe:/opt/*', unit:a\\x2db@1.service, unit:nginx*, "
		       "'container:*', not:container:cri-o, container:0123abcd, "
		       "'cgroup:/system.slice/a:b', cgroup:/, not:root, not:7, 'not:@adm', '*']"));
	const struct config_endpoint *endpoint = &config->endpoints[0];
	(void)state;
	assert_int_equal(endpoint->n_who, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(endpoint->who[i].kind, expected[i].kind);
		assert_int_equal(endpoint->who[i].is_negated, expected[i].is_negated);
		assert_string_equal(endpoint->who[i].name, expected[i].name);
	}
	assert_int_equal(endpoint->who[5].id, CGROUP_CRIO);
	assert_int_equal(endpoint->who[10].id, 7);
	assert_int_equal(endpoint->who[11].n_members, 2);
	config_free(config);
}

static void test_bad_processes(void **state)
{
#define EXE \
	" is not a program's path; write the whole path, as in exe:/usr/bin/curl or exe:/opt/*\n"
#define UNIT " is not a unit's name; write unit:nginx.service, with its ending, or unit:nginx*\n"
#define CONTAINER                                                                               \
	" is not a container; it is \"*\", a runtime (docker, containerd, cri-o, podman, lxc, " \
	"nspawn, machine) or 8 to 64 hex digits of its id\n"
#define CGROUP                                                                                    \
	" is not a cgroup's path; write it from the root, as in cgroup:/system.slice; it stands " \
	"for all below as well\n"
#define BEFORE "; before a colon stands exe, unit, container, cgroup or not\n"
	static const struct bad cases[] = {
		{FILTER("exe:curl"), "5:15+8 'curl'" EXE},
		{FILTER("'exe:'"), "5:15+6 ''" EXE},
		{FILTER("exe:/usr/bin/"), "5:15+13 '/usr/bin/'" EXE},
		{FILTER("exe:/usr//bin/x"), "5:15+15 '/usr//bin/x'" EXE},
		{FILTER("exe:/usr/../x"), "5:15+13 '/usr/../x'" EXE},
		{FILTER("exe:/usr/./x"), "5:15+12 '/usr/./x'" EXE},
		{FILTER("exe:/usr/.."), "5:15+11 '/usr/..'" EXE},
		{FILTER("not:exe:x"), "5:15+9 'x'" EXE},
		{FILTER("\"exe:/a\\e[31m\""), "5:15+14 '/a\\x1B[31m'" EXE},
		{FILTER("\"cgroup:/a\\u202e\""), "5:15+17 '/a\\xE2\\x80\\xAE'" CGROUP},
		{FILTER("unit:nginx"), "5:15+10 'nginx'" UNIT},
		{FILTER("unit:a/b.service"), "5:15+16 'a/b.service'" UNIT},
		{FILTER("unit:nginx.timer"), "5:15+16 'nginx.timer'" UNIT},
		{FILTER("container:rkt"), "5:15+13 'rkt'" CONTAINER},
		{FILTER("container:0123abc"), "5:15+17 '0123abc'" CONTAINER},
		{FILTER("container:0123ABCD"), "5:15+18 '0123ABCD'" CONTAINER},
		{FILTER("'container:'"), "5:15+12 ''" CONTAINER},
		{FILTER("cgroup:system.slice"), "5:15+19 'system.slice'" CGROUP},
		{FILTER("cgroup:/a/*"), "5:15+11 '/a/*'" CGROUP},
		{FILTER("cgroup:/a/../b"), "5:15+14 '/a/../b'" CGROUP},
		{FILTER("[ext:/bin/x, contaner:x]"),
		 "5:16+10 unknown word 'ext:'; did you mean 'exe:'?\n"
		 "5:28+10 unknown word 'contaner:'; did you mean 'container:'?\n"},
		{FILTER("user:root"), "5:15+9 unknown word 'user:'" BEFORE},
		{FILTER("not:user:root"), "5:15+13 unknown word 'user:'" BEFORE},
		{FILTER("'not:*'"), "5:15+7 'not:*' shows nothing; name whom not to show\n"},
		{FILTER("'not:'"), "5:15+6 'not:' is not a name" NAME_HINT},
		{FILTER("not:not:root"), "5:15+12 'not:not:'; write not: once, or not at all\n"},
		{FILTER("not:rot"), "5:15+7 unknown user 'rot'; did you mean 'root'?\n"},
		{FILTER("'not:@amd'"), "5:15+10 unknown group 'amd'; did you mean 'adm'?\n"},
		{FILTER("not:4294967295"),
		 "5:15+14 '4294967295' is not a uid; a uid is 0 to 4294967294\n"},
		{FILTER("\"exe:/x\\0y\""), "5:15+11 'exe:/x' is not a name" NAME_HINT},
		{FILTER("[exe: /bin/x]"),
		 "5:19+1 'filter' lists a mapping; expected a user or process; "
		 "no blank behind the colon, as in exe:/usr/bin/curl\n"},
		{FILTER("\n        exe: /bin/x"),
		 "6:9+1 'filter' holds a mapping; expected a user or process or a list of them; no "
		 "blank behind the colon, as in exe:/usr/bin/curl\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_ports_and_direction(void **state)
{
#define PORT_HINT " is not a port; write 80, tcp/80 or udp/53, from 1 to 65535\n"
	static const struct bad cases[] = {
		{WITH("port: 0"), "6:13+1 '0'" PORT_HINT},
		{WITH("port: 65536"), "6:13+5 '65536'" PORT_HINT},
		{WITH("port: 99999999999999999999999999"),
		 "6:13+26 '99999999999999999999999999'" PORT_HINT},
		{WITH("port: [sctp/4, tcp/, tcp/x, -1, http]"),
		 "6:14+6 'sctp/4'" PORT_HINT "6:22+4 'tcp/'" PORT_HINT "6:28+5 'tcp/x'" PORT_HINT
		 "6:35+2 '-1'" PORT_HINT "6:39+4 'http'" PORT_HINT},
		{WITH("port: \"80\\0\""), "6:13+6 '80'" PORT_HINT},
		{WITH("port: []"), "6:13+1 'port' holds an empty list; expected a port\n"},
		{WITH("port:"), "6:7+1 'port' holds nothing; expected a port or a list of them\n"},
		{WITH("direction: up"), "6:18+2 'up' is not a direction; write to, from or both\n"},
		{WITH("socket: raw"),
		 "6:15+3 'raw' is not a kind of socket; write packet or inet\n"},
		{WITH("socket: pcket"),
		 "6:15+5 'pcket' is not a kind of socket; did you mean 'packet'?\n"},
		{WITH("socket: [inet]"), "6:15+1 'socket' holds a list; expected packet or inet\n"},
		{WITH("direction: [to]"),
		 "6:18+1 'direction' holds a list; expected to, from or both\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_cloud(void **state)
{
#define CLOUDS                                                                                  \
	" is not a cloud; they are auto, aws, ecs, eks, azure, azure-wire, gcp, oci, alibaba, " \
	"digitalocean, hetzner, openstack, scaleway, akamai\n"
	static const struct bad cases[] = {
		{WITH("cloud: amazon"), "6:14+6 'amazon'" CLOUDS},
		{WITH("cloud: AWS"), "6:14+3 'AWS' is not a cloud; did you mean 'aws'?\n"},
		{WITH("cloud: azur"), "6:14+4 'azur' is not a cloud; did you mean 'azure'?\n"},
		{WITH("cloud: ''"), "6:14+2 ''" CLOUDS},
		{WITH("cloud: [aws, gcp]"), "6:14+1 'cloud' holds a list; expected a cloud\n"},
		{WITH("cloud:"), "6:7+1 'cloud' holds nothing; expected a cloud\n"},
	};
	char text[256];
	(void)state;
	for (enum metadata_cloud cloud = 0; cloud < METADATA_CLOUDS; cloud++) {
		snprintf(text, sizeof(text), WITH("cloud: %s"), config_cloud_to_str(cloud));
		struct config *config = parse_good(text);
		assert_int_equal(config->endpoints[0].cloud, cloud);
		config_free(config);
	}
	struct config *config = parse_good(WITH("port: 80"));
	assert_int_equal(config->endpoints[0].cloud, METADATA_NO_CLOUD);
	config_free(config);
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_request(void **state)
{
	struct config *config =
		parse_good(WITH("request: {version: v1, class: [token, user-data, unknown, token], "
				"method: [PUT, M-SEARCH], path: ['/latest/*', '*/token']}"));
	const struct request_filter *request = config->endpoints[0].request;
	(void)state;
	assert_int_equal(request->versions, 1U << METADATA_V1);
	assert_int_equal(request->classes, 1U << METADATA_CLASS_TOKEN |
						   1U << METADATA_CLASS_USER_DATA |
						   1U << METADATA_CLASS_UNKNOWN);
	assert_int_equal(request->n_methods, 2);
	assert_string_equal(request->methods[0], "PUT");
	assert_string_equal(request->methods[1], "M-SEARCH");
	assert_int_equal(request->n_paths, 2);
	assert_memory_equal(request->paths[0], "/latest/*", request->path_lens[0]);
	assert_memory_equal(request->paths[1], "*/token", request->path_lens[1]);
	config_free(config);
	config = parse_good(WITH("request: {version: [v1, v2]}"));
	assert_int_equal(config->endpoints[0].request->versions,
			 1U << METADATA_V1 | 1U << METADATA_V2);
	assert_int_equal(config->endpoints[0].request->classes, 0);
	assert_int_equal(config->endpoints[0].request->n_methods, 0);
	config_free(config);
	config = parse_good(WITH("port: 80"));
	assert_null(config->endpoints[0].request);
	config_free(config);
}

static void test_bad_requests(void **state)
{
#define REQUEST(body) WITH("request: {" body "}")
#define BELOW "; expected version, class, method or path below it\n"
#define REQUEST_KEYS "; the keys of a request are version, class, method, path\n"
#define METHOD " is not a method; write GET, PUT and so on, in capital letters\n"
#define PATH                                                                                      \
	" is not the path of a request; write /latest/user-data or /latest/meta-data/*, without " \
	"query\n"
	static const struct bad cases[] = {
		{WITH("request: v1"), "6:16+2 'request' holds a text" BELOW},
		{WITH("request: [v1]"), "6:16+1 'request' holds a list" BELOW},
		{WITH("request: {}"), "6:16+1 'request' holds an empty mapping" BELOW},
		{WITH("request:"), "6:7+1 'request' holds nothing" BELOW},
		{REQUEST("vresion: v1"), "6:17+7 unknown key 'vresion'; did you mean 'version'?\n"},
		{REQUEST("status: 200"), "6:17+6 unknown key 'status'" REQUEST_KEYS},
		{REQUEST("[version]: v1"), "6:17+1 expected a key, found a list" REQUEST_KEYS},
		{REQUEST("version: 1"),
		 "6:26+1 '1' is not a version; write v1, v2, unknown or none\n"},
		{REQUEST("version: v1, version: v2"),
		 "6:30+7 duplicate key 'version'; first given in line 6\n"},
		{REQUEST("version: []"),
		 "6:26+1 'version' holds an empty list; expected a version\n"},
		{REQUEST("version: {v1: x}"),
		 "6:26+1 'version' holds a mapping; expected a version or a list of them\n"},
		{REQUEST("class: [[token]]"), "6:25+1 'class' lists a list; expected a class\n"},
		{REQUEST("class: tokens"),
		 "6:24+6 'tokens' is not a class of requests; did you mean 'token'?\n"},
		{REQUEST("class: x"),
		 "6:24+1 'x' is not a class of requests; they are unknown, metadata, identity, "
		 "sensitive, user-data, credential, token\n"},
		{REQUEST("method: get"), "6:25+3 'get' is not a method; did you mean 'GET'?\n"},
		{REQUEST("method: GTE"), "6:25+3 'GTE' is not a method; did you mean 'GET'?\n"},
		{REQUEST("method: 'A B'"), "6:25+5 'A B'" METHOD},
		{REQUEST("method: ''"), "6:25+2 ''" METHOD},
		{REQUEST("method: \"PUT\\0\""), "6:25+7 'PUT'" METHOD},
		{REQUEST("method: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		 "6:25+32 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'" METHOD},
		{REQUEST("path: latest"), "6:23+6 'latest'" PATH},
		{REQUEST("path: ''"), "6:23+2 ''" PATH},
		{REQUEST("path: \"/a\\e[31m\""), "6:23+10 '/a\\x1B[31m'" PATH},
		{REQUEST("path: \"/a\\0b\""), "6:23+7 '/a'" PATH},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_when(void **state)
{
#define DAYS "; the days are Mon, Tue, Wed, Thu, Fri, Sat, Sun\n"
#define TIME " is not a time; write 00:00 to 23:59, or 24:00 as the end\n"
#define FORM                                                                             \
	" is not a time window; write \"Mon-Fri 08:00-18:00\" or \"22:00-02:00\", each " \
	"window for itself\n"
	static const struct bad cases[] = {
		{WITH("when: Mno 08:00-18:00"),
		 "6:13+15 'Mno' is not a day; did you mean 'Mon'?\n"},
		{WITH("when: [Mon 08:00-18:00, 'Mon,tu 08:00-18:00']"),
		 "6:31+20 'tu' is not a day; did you mean 'Tue'?\n"},
		{WITH("when: Monday 08:00-18:00"),
		 "6:13+18 'Monday' is not a day; did you mean 'Mon'?\n"},
		{WITH("when: Wed-THURSDAY 08:00-18:00"),
		 "6:13+24 'THURSDAY' is not a day; did you mean 'Thu'?\n"},
		{WITH("when: weekdays 08:00-18:00"), "6:13+20 'weekdays' is not a day" DAYS},
		{WITH("when: x 08:00-18:00"), "6:13+13 'x' is not a day" DAYS},
		{WITH("when: 8:00-18:00"), "6:13+10 '8:00'" TIME},
		{WITH("when: 08:00-25:00"), "6:13+11 '25:00'" TIME},
		{WITH("when: 24:00-08:00"), "6:13+11 '24:00'" TIME},
		{WITH("when: 08:00-18:60"), "6:13+11 '18:60'" TIME},
		{WITH("when: [Mon,Tue 08:00-18:00]"),
		 "6:14+3 'Mon' lacks a time; write \"Mon,Wed 08:00-18:00\", inside of brackets in "
		 "quotes\n"},
		{WITH("when: 08:00 18:00"),
		 "6:13+11 '08:00 18:00' lacks its end; write both, as in 08:00-18:00\n"},
		{WITH("when: 08:00-08:00"),
		 "6:13+11 '08:00-08:00' ends where it begins; the whole day is 00:00-24:00\n"},
		{WITH("when: ''"), "6:13+2 ''" FORM},
		{WITH("when: \"08:00-18:00\\0\""), "6:13+15 '08:00-18:00'" FORM},
		{WITH("when: 08:00-18:00 Mon"), "6:13+15 '08:00-18:00 Mon'" FORM},
		{WITH("when: []"), "6:13+1 'when' holds an empty list; expected a time window\n"},
		{WITH("when:"),
		 "6:7+1 'when' holds nothing; expected a time window or a list of them\n"},
		{WITH("when: [{Mon: 1}]"),
		 "6:14+1 'when' lists a mapping; expected a time window\n"},
		{WITH("wehn: 08:00-18:00"), "6:7+4 unknown key 'wehn'; did you mean 'when'?\n"},
		/* long words are cut, between two characters */
		{WITH("when: 01234567890123456789012345678901234567890123456789012345678\u00e9\u00e9"),
		 "6:13+61 '01234567890123456789012345678901234567890123456789012345678'" TIME},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_all_errors(void **state)
{
	static const struct bad cases[] = {
		{"endpoints:\n"
		 "  - a:\n"
		 "      range: [10.0.0.1/8, ::1]\n"
		 "      iface: a/b\n"
		 "      filtre: [root]\n"
		 "      port: 0\n"
		 "  - a:\n"
		 "      range: ::1\n"
		 "      filter: rot\n"
		 "extra: 1\n",
		 "3:15+10 '10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?\n"
		 "4:14+3 'a/b' is not an interface name" IFACE_HINT
		 "5:7+6 unknown key 'filtre'; did you mean 'filter'?\n"
		 "6:13+1 '0'" PORT_HINT
		 "7:5+1 duplicate endpoint name 'a'; each endpoint needs a name of its own\n"
		 "9:15+3 unknown user 'rot'; did you mean 'root'?\n"
		 "7:5+1 endpoint 'a' lacks the key 'iface'\n"
		 "10:1+5 unknown key 'extra'; the keys here are endpoints and argv\n"},
		/* columns are counted in characters */
		{NAME("\"\xe5\x90\x8d\"") "# \xc3\xa9\n\xc3\xa9\xc3\xa9: 1\n",
		 "7:1+2 unknown key '\xc3\xa9\xc3\xa9'; the keys here are endpoints and argv\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_syntax(void **state)
{
	static const struct bad cases[] = {
		{FILTER("*"), "5:15+1 invalid alias detected; quote it: \"*\"\n"},
		{FILTER("[*]"), "5:16+1 invalid alias detected; quote it: \"*\"\n"},
		{FILTER("\n        - *"), "6:11+1 invalid alias detected; quote it: \"*\"\n"},
		{FILTER("@adm"), "5:15+1 plain scalar cannot start with '@'; quote it: "
				 "\"@group\"\n"},
		{FILTER("*root"), "5:15+5 an alias without an anchor before it; quote what "
				  "begins with *: \"*\"\n"},
		{"endpoints:\n\t- a: b\n",
		 "2:1+1 tab character may not be used as indentation; indent with blanks\n"},
		{"a: [1, 2", "1:9+1 flow sequence without a closing bracket\n"},
		{"a: 'x", "1:5+1 single-quoted scalar without closing quote\n"},
		{"---\na: 1\n---\nb: 1\n", "3:1+3 a second document; one file holds one\n"},
		{"a: \xff\n", "1:4+1 not UTF-8\n"},
		{"a: \x1b\n", "1:4+1 a control character\n"},
		{"%YAML 9.9\n---\na: b\n", "1:1+1 not valid YAML\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static int parse_bytes(const char *bytes, size_t len, struct diag *diag)
{
	struct guard guard;
	struct config *config = NULL;
	guard_init(&guard, bytes, len);
	int err = config_parse(guard.bytes, guard.len, &fake_host, diag, &config);
	guard_done(&guard);
	config_free(config);
	return err;
}

static void expect_one(const char *bytes, size_t len, const char *expected)
{
	struct diag diag = {0};
	assert_int_equal(parse_bytes(bytes, len, &diag), -EINVAL);
	cleanup_free char *list = list_errors(&diag);
	assert_string_equal(list, expected);
	diag_done(&diag);
}

static void test_bytes(void **state)
{
	size_t len = CONFIG_BYTES_MAX + 1;
	char *big = malloc(len);
	(void)state;
	assert_non_null(big);
	memset(big, '#', len);
	expect_one(big, len, "0:0+0 16777217 bytes; the most is 16 MiB\n");
	expect_one(big, len - 1, "0:0+0 the file is empty\n");
	memset(big, '[', 100);
	expect_one(big, 100, "1:33+1 nested deeper than 32 levels\n");
	memset(big, ' ', 300);
	expect_one(big, 300, "1:257+1 more than 256 blanks and line ends in a row\n");
	memset(big, '\'', 300);
	expect_one(big, 300, "1:1+300 eight quotes in a value\n");
	for (size_t i = 0; i < 20; i++)
		memcpy(big + 3 * i, "%a\n", 3);
	expect_one(big, 60, "17:1+1 more than 16 lines that begin with %\n");
	free(big);
	expect_one("a: b\nc\0d", 8, "2:2+1 a NUL byte\n");
}

/* Complex keys corrupt the parser's memory: none may reach it, wherever it hides. */
static void test_question_marks(void **state)
{
	static const char refused[] = "a '?' may stand in comments without quotes only\n";
	static const struct {
		const char *text;
		const char *place;
	} cases[] = {
		{"? -:\t?", "1:1+1 "},
		{"a: 1 # b\r? c", "1:10+1 "},
		{"a: \"b # c\" ? d", "1:12+1 "},
		{"a: \"\n # b\" ? c", "2:7+1 "},
		{"a: \"\nb\" \"c # d\" ? e", "2:12+1 "},
		{"a: b#c ? d", "1:8+1 "},
		{"# isn't it?", "1:11+1 "},
	};
	char expected[128];
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(expected, sizeof(expected), "%s%s", cases[i].place, refused);
		expect_one(cases[i].text, strlen(cases[i].text), expected);
	}
	config_free(parse_good("endpoints: # why?\n"
			       "  - a: {range: '::1', iface: lo, filter: \"*\"} # all of them?\n"));
}

static void test_aliases(void **state)
{
	struct config *config = parse_good("endpoints:\n"
					   "  - a: &body\n"
					   "      range: &r [10.0.0.0/8, &one 192.0.2.1]\n"
					   "      iface: lo\n"
					   "      filter: &f [root]\n"
					   "  - b: *body\n"
					   "  - c: {range: *r, iface: lo, filter: *f}\n"
					   "  - d: {range: [*one, ::1], iface: lo, filter: *f}\n");
	(void)state;
	assert_int_equal(config->n_endpoints, 4);
	assert_int_equal(config->endpoints[1].n_ranges, 2);
	assert_int_equal(config->endpoints[1].n_who, 1);
	assert_int_equal(config->endpoints[2].n_ranges, 2);
	assert_int_equal(config->endpoints[3].n_ranges, 2);
	config_free(config);
}

static void test_alias_bombs(void **state)
{
	static const struct bad cases[] = {
		{"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
		 "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
		 "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
		 "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
		 "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
		 "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
		 "endpoints: *f\n",
		 "6:29+2 the aliases stand for more than 1000000 values\n"},
		{"endpoints: &e [*e]\n", "1:16+2 an alias of the value that it stands in\n"},
		{"endpoints:\n  - &a {b: [*a]}\n",
		 "2:13+2 an alias of the value that it stands in\n"},
	};
	(void)state;
	check_bad(cases, ARRAY_SIZE(cases));
}

static void test_anchor_limit(void **state)
{
	char text[8 * 257 + 1] = "";
	(void)state;
	for (size_t i = 0; i < 257; i++)
		strcat(text, "- &a x\n");
	expect_one(text, strlen(text), "257:6+1 more than 256 anchors\n");
}

/* A file with n endpoints, each with its name, range and what else is given. */
static char *many_endpoints(size_t n, const char *rest)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	assert_non_null(stream);
	fprintf(stream, "endpoints:\n");
	for (size_t i = 0; i < n; i++)
		fprintf(stream, "  - e%zu: {range: 10.0.0.%zu, %s}\n", i, i, rest);
	fclose(stream);
	return text;
}

static void test_endpoint_limit(void **state)
{
	cleanup_free char *most = many_endpoints(64, "iface: lo, filter: root");
	cleanup_free char *more = many_endpoints(66, "iface: lo, filter: root");
	struct config *config = parse_good(most);
	(void)state;
	assert_int_equal(config->n_endpoints, 64);
	config_free(config);
	expect_one(more, strlen(more), "66:5+1 more than 64 endpoints\n");
}

static void put_range(FILE *stream, size_t i)
{
	fprintf(stream, "10.%zu.%zu.%zu", i >> 16, i >> 8 & 0xff, i & 0xff);
}

static void put_window(FILE *stream, size_t i)
{
	fprintf(stream, "%02zu:%02zu-24:00", i / 60 % 24, i % 60);
}

static void put_exe(FILE *stream, size_t i)
{
	fprintf(stream, "exe:/bin/%zu", i);
}

static void put_path(FILE *stream, size_t i)
{
	fprintf(stream, "/%zu", i);
}

static void put_number(FILE *stream, size_t i)
{
	fprintf(stream, "%zu", i + 1);
}

/* One endpoint whose key, given last, lists n items. */
static char *many_items(const char *before, void (*put)(FILE *, size_t), size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	assert_non_null(stream);
	fprintf(stream, "endpoints:\n  - a:\n      %s\n", before);
	for (size_t i = 0; i < n; i++) {
		fputs("        - ", stream);
		put(stream, i);
		fputc('\n', stream);
	}
	fclose(stream);
	return text;
}

static void check_limit(const char *before, void (*put)(FILE *, size_t), size_t most,
			const char *expected)
{
	cleanup_free char *good = many_items(before, put, most);
	cleanup_free char *bad = many_items(before, put, most + 3);
	config_free(parse_good(good));
	expect_one(bad, strlen(bad), expected);
}

static void test_limits(void **state)
{
	(void)state;
	check_limit("iface: lo\n      filter: root\n      range:", put_range, CONFIG_RANGES_MAX,
		    "200006:11+10 more than 200000 ranges in all endpoints together\n");
	check_limit("iface: lo\n      range: ::1\n      filter:", put_number, CONFIG_USERS_MAX,
		    "8198:11+4 more than 8192 users in all endpoints together\n");
	check_limit("iface: lo\n      range: ::1\n      filter:", put_exe, CONFIG_PATTERNS_MAX,
		    "1030:11+13 more than 1024 programs, units, containers and cgroups in all "
		    "endpoints together\n");
	check_limit("range: ::1\n      filter: root\n      iface:", put_number, CONFIG_IFACES_MAX,
		    "518:11+3 more than 512 interfaces in all endpoints together\n");
	check_limit("range: ::1\n      filter: root\n      iface: lo\n      port:", put_number,
		    CONFIG_PORTS_MAX, "1031:11+4 more than 1024 ports in all endpoints together\n");
	check_limit("range: ::1\n      filter: root\n      iface: lo\n      when:", put_window,
		    CONFIG_WINDOWS_MAX,
		    "1031:11+11 more than 1024 time windows in all endpoints together\n");
}

/* A filter of prefix, first, and as many times "a" as make len bytes behind the prefix. */
static int parse_long(const char *prefix, const char *first, size_t len)
{
	struct diag diag = {0};
	char text[2 * CONFIG_PATH_MAX], name[CONFIG_PATH_MAX + 2] = "";
	assert_true(len < sizeof(name));
	memset(name, 'a', len);
	memcpy(name, first, strlen(first));
	snprintf(text, sizeof(text), FILTER("%s%s"), prefix, name);
	int err = parse_bytes(text, strlen(text), &diag);
	diag_done(&diag);
	return err;
}

static void test_long_names(void **state)
{
	(void)state;
	assert_int_equal(parse_long("exe:", "/", CONFIG_PATH_MAX), 0);
	assert_int_equal(parse_long("exe:", "/", CONFIG_PATH_MAX + 1), -EINVAL);
	assert_int_equal(parse_long("cgroup:", "/", CONFIG_PATH_MAX), 0);
	assert_int_equal(parse_long("cgroup:", "/", CONFIG_PATH_MAX + 1), -EINVAL);
	assert_int_equal(parse_long("container:", "", 64), 0);
	assert_int_equal(parse_long("container:", "", 65), -EINVAL);
}

static void test_long_units(void **state)
{
	struct diag diag = {0};
	char text[1024], name[CGROUP_UNIT_MAX + 1] = "";
	(void)state;
	memset(name, 'a', CGROUP_UNIT_MAX - 8);
	snprintf(text, sizeof(text), FILTER("unit:%s.service"), name);
	assert_int_equal(parse_bytes(text, strlen(text), &diag), -EINVAL);
	diag_done(&diag);
	snprintf(text, sizeof(text), FILTER("unit:%s.service"), name + 1);
	expect_ok(text);
}

static void test_word_limit(void **state)
{
	(void)state;
	check_limit("iface: lo\n      filter: root\n      range: ::1\n      request:\n"
		    "       path:",
		    put_path, REQUEST_FILTER_PATHS_MAX,
		    "72:11+3 more than 64 paths in one endpoint\n");
}

static void test_ten_thousand_ranges(void **state)
{
	cleanup_free char *text =
		many_items("iface: lo\n      filter: root\n      range:", put_range, 10000);
	struct config *config = parse_good(text);
	char last[PREFIX_TEXT_MAX];
	(void)state;
	assert_int_equal(config->endpoints[0].n_ranges, 10000);
	assert_string_equal(prefix_to_str(&config->endpoints[0].ranges[9999], last),
			    "10.0.39.15/32");
	config_free(config);
}

static void test_a_hundred_are_kept(void **state)
{
	cleanup_free char *text =
		many_items("iface: lo\n      range: ::1\n      port:", put_range, 500);
	struct diag diag = {0};
	(void)state;
	assert_int_equal(parse_bytes(text, strlen(text), &diag), -EINVAL);
	assert_int_equal(diag.n_messages, DIAG_KEPT_MAX);
	assert_int_equal(diag.n_errors, 501);
	diag_done(&diag);
}

static void test_set_ifaces(void **state)
{
	static const char *const names[] = {"eth7", "veth1"};
	static const char *const any[] = {"*"};
	static const char *const bad[] = {"eth0", "sixteencharacter"};
	struct config *config = parse_good("endpoints:\n"
					   "  - a: {range: ::1, iface: '*', filter: root}\n"
					   "  - b: {range: ::1, iface: lo, filter: root}\n");
	(void)state;
	assert_int_equal(config_set_ifaces(config, names, 2), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_false(config->endpoints[i].any_iface);
		assert_int_equal(config->endpoints[i].n_ifaces, 2);
		assert_string_equal(config->endpoints[i].ifaces[1], "veth1");
	}
	assert_int_equal(config_set_ifaces(config, bad, 2), -EINVAL);
	assert_string_equal(config->endpoints[0].ifaces[0], "eth7");
	assert_int_equal(config_set_ifaces(config, any, 1), 0);
	assert_true(config->endpoints[1].any_iface);
	assert_int_equal(config->endpoints[1].n_ifaces, 0);
	config_free(config);
	config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_original),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_argv),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_ifaces_and_users),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_bad_processes),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_long_units),
		cmocka_unit_test(test_ports_and_direction),
		cmocka_unit_test(test_cloud),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_all_errors),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_question_marks),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_alias_bombs),
		cmocka_unit_test(test_anchor_limit),
		cmocka_unit_test(test_endpoint_limit),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_word_limit),
		cmocka_unit_test(test_ten_thousand_ranges),
		cmocka_unit_test(test_a_hundred_are_kept),
		cmocka_unit_test(test_set_ifaces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
