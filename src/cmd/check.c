// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "check.h"

#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "exit.h"
#include "kernel.h"
#include "mem.h"
#include "policy.h"
#include "settings.h"
#include "users.h"

static void print_ranges(const struct config_endpoint *endpoint)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < endpoint->n_ranges; i++)
		printf("  %-10s %s\n", i ? "" : "range", prefix_to_str(&endpoint->ranges[i], text));
}

static void print_ifaces(const struct config_endpoint *endpoint)
{
	if (endpoint->any_iface)
		printf("  %-10s every interface\n", "iface");
	for (size_t i = 0; i < endpoint->n_ifaces; i++) {
		unsigned int ifindex = if_nametoindex(endpoint->ifaces[i]);

		printf("  %-10s %s ", i || endpoint->any_iface ? "" : "iface", endpoint->ifaces[i]);
		if (ifindex)
			printf("(index %u)\n", ifindex);
		else
			printf("(does not exist now)\n");
	}
}

static void print_uid(uint32_t uid)
{
	const char *name = users_name(uid);

	if (name)
		printf("%s(%u)", name, uid);
	else
		printf("uid %u", uid);
}

static void print_group(const struct config_who *who)
{
	printf("%s: primary group %u", who->name, who->id);
	for (size_t i = 0; i < who->n_members; i++) {
		printf(i ? ", " : ", or ");
		print_uid(who->members[i]);
	}
}

/* What the kernel calls a program is no symbolic link; one that is written here is never met. */
static void print_exe(const char *path)
{
	cleanup_free char *real = strchr(path, '*') ? NULL : realpath(path, NULL);

	printf("program %s", path);
	if (real && strcmp(real, path))
		printf(" (a link: no program is ever called so, write exe:%s)", real);
	else if (!real && !strchr(path, '*'))
		printf(" (cannot be found now)");
}

static void print_who(const struct config_who *who)
{
	printf(who->is_negated ? "not " : "");
	switch (who->kind) {
	case CONFIG_WHO_ANY:
		printf("every user, and packets without one");
		break;
	case CONFIG_WHO_USER:
		print_uid(who->id);
		break;
	case CONFIG_WHO_GROUP:
		print_group(who);
		break;
	case CONFIG_WHO_EXE:
		print_exe(who->name);
		break;
	case CONFIG_WHO_UNIT:
		printf("unit %s", who->name);
		break;
	case CONFIG_WHO_CONTAINER:
		printf("any container");
		break;
	case CONFIG_WHO_RUNTIME:
		printf("containers of %s", who->name);
		break;
	case CONFIG_WHO_ID:
		printf("container %s%s", who->name, strlen(who->name) < 64 ? "..." : "");
		break;
	case CONFIG_WHO_CGROUP:
		printf("cgroup %s and below", who->name);
		break;
	}
	printf("\n");
}

static void print_ports(const struct config_endpoint *endpoint)
{
	printf("  %-10s ", "port");
	if (!endpoint->n_ports)
		printf("any");
	for (size_t i = 0; i < endpoint->n_ports; i++) {
		const struct config_port *port = &endpoint->ports[i];
		const char *proto = !port->proto		 ? ""
				    : port->proto == IPPROTO_TCP ? "tcp/"
								 : "udp/";

		printf("%s%s%u", i ? ", " : "", proto, port->port);
	}
	printf("\n");
}

static void print_when(const struct config_endpoint *endpoint)
{
	char text[SCHEDULE_TEXT_MAX], now_text[64];
	time_t now = time(NULL);
	struct tm local;

	if (!endpoint->n_when) {
		printf("  %-10s always\n", "when");
		return;
	}
	for (size_t i = 0; i < endpoint->n_when; i++) {
		const struct schedule_window *window = &endpoint->when[i];

		printf("  %-10s %s%s%s\n", i ? "" : "when",
		       window->days == SCHEDULE_EVERY_DAY ? "every day " : "",
		       schedule_to_str(window, text),
		       window->to_min < window->from_min ? " of the next day" : "");
	}
	if (!localtime_r(&now, &local) ||
	    !strftime(now_text, sizeof(now_text), "%a %H:%M %Z", &local))
		return;
	printf("  %-10s (local time; now, %s, it is %s)\n", "", now_text,
	       schedule_is_active(endpoint->when, endpoint->n_when, &local) ? "active"
									    : "not active");
}

static void print_filter(const struct config_endpoint *endpoint)
{
	bool has_positive = false;

	for (size_t i = 0; i < endpoint->n_who; i++) {
		printf("  %-10s ", i ? "" : "filter");
		print_who(&endpoint->who[i]);
		has_positive |= !endpoint->who[i].is_negated;
	}
	if (!has_positive)
		printf("  %-10s but everybody else, and packets without an owner\n", "");
}

/* The name of the key, in its first line only. */
static void print_label(const char **label, const char *name)
{
	printf("  %-10s %-8s", *label, name);
	*label = "";
}

static void print_bits(const char **label, const char *name, uint32_t bits,
		       const char *(*word)(unsigned int))
{
	const char *before = "";

	if (!bits)
		return;
	print_label(label, name);
	for (unsigned int i = 0; bits >> i; i++) {
		if (!(bits & 1U << i))
			continue;
		printf("%s%s", before, word(i));
		before = ", ";
	}
	printf("\n");
}

static const char *version_word(unsigned int version)
{
	return version == METADATA_NONE ? "none" : metadata_version_name(version);
}

static const char *class_word(unsigned int class)
{
	return metadata_class_name(class);
}

static void print_request(const struct request_filter *filter)
{
	const char *label = "request";

	if (!filter)
		return;
	print_bits(&label, "version", filter->versions, version_word);
	print_bits(&label, "class", filter->classes, class_word);
	for (size_t i = 0; i < filter->n_methods; i++) {
		print_label(&label, i ? "" : "method");
		printf("%s\n", filter->methods[i]);
	}
	for (size_t i = 0; i < filter->n_paths; i++) {
		print_label(&label, i ? "" : "path");
		printf("%.*s\n", filter->path_lens[i], filter->paths[i]);
	}
}

static void print_endpoint(const struct config_endpoint *endpoint)
{
	static const char *const directions[] = {"both", "to", "from"};

	printf("endpoint %s\n", endpoint->name);
	print_ranges(endpoint);
	print_ifaces(endpoint);
	print_filter(endpoint);
	print_ports(endpoint);
	printf("  %-10s %s\n", "direction", directions[endpoint->direction]);
	if (endpoint->socket == CONFIG_SOCKET_INET)
		printf("  %-10s inet (what comes in, after NAT; tcp, udp and icmp only)\n",
		       "socket");
	printf("  %-10s %s\n", "cloud", config_cloud_to_str(endpoint->cloud));
	print_request(endpoint->request);
	print_when(endpoint);
}

static void free_policy(struct policy **policy)
{
	policy_free(*policy);
}

/* The tables must take it too: what check accepts, watch accepts. */
static int print_policy(const struct settings *settings)
{
	struct policy *policy cleanup(free_policy) = NULL;
	const struct config *config = settings->config;
	int err = policy_compile(config, &policy);

	if (err) {
		fprintf(stderr, "%s: error: the policy does not fit its tables: %s\n",
			settings->source, strerror(-err));
		return err == -ENOSPC ? EXIT_USAGE : EXIT_RUNTIME;
	}
	printf("argv %s\n", argv_mode_to_str(config->argv));
	for (size_t i = 0; i < config->n_endpoints; i++)
		print_endpoint(&config->endpoints[i]);
	printf("%s%s: ok, %zu endpoint%s, %zu IPv4 and %zu IPv6 prefixes\n",
	       settings->is_profile ? "built-in profile " : "", settings->source,
	       config->n_endpoints, config->n_endpoints == 1 ? "" : "s", policy->n_v4,
	       policy->n_v6);
	return EXIT_OK;
}

int check_run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct settings settings cleanup(settings_done) = {};
	const char *path = NULL;
	int option, code;

	while ((option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		if (option == 'h') {
			printf("usage: sock-filter check [-c FILE]\n"
			       "Validates the configuration, shows what it means, and says what\n"
			       "this kernel lacks for the watch.\n");
			return EXIT_OK;
		}
		if (option != 'c') {
			fprintf(stderr, "see sock-filter check --help\n");
			return EXIT_USAGE;
		}
		path = optarg;
	}
	if (optind < argc) {
		fprintf(stderr, "usage: sock-filter check [-c FILE]\n");
		return EXIT_USAGE;
	}
	code = settings_load(path, NULL, 0, &settings);
	if (code != EXIT_NOT_YET)
		return code;
	code = print_policy(&settings);
	return code == EXIT_OK ? kernel_check(path) : code;
}
