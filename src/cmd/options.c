// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "log.h"
#include "mem.h"

#define SECONDS_MAX (366ULL * 24 * 3600)

enum {
	OPT_JSON = 256,
	OPT_DURATION,
	OPT_PACKETS,
	OPT_DECISIONS,
	OPT_COLOR,
	OPT_HEARTBEAT,
	OPT_CGROUP,
	OPT_READY_FD,
	OPT_DEMO,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"iface", required_argument, NULL, 'i'},
	{"count", required_argument, NULL, 'n'},
	{"verbose", no_argument, NULL, 'v'},
	{"quiet", no_argument, NULL, 'q'},
	{"json", no_argument, NULL, OPT_JSON},
	{"duration", required_argument, NULL, OPT_DURATION},
	{"packets", no_argument, NULL, OPT_PACKETS},
	{"decisions", required_argument, NULL, OPT_DECISIONS},
	{"color", optional_argument, NULL, OPT_COLOR},
	{"heartbeat", required_argument, NULL, OPT_HEARTBEAT},
	{"cgroup", required_argument, NULL, OPT_CGROUP},
	{"ready-fd", required_argument, NULL, OPT_READY_FD},
	{"demo", no_argument, NULL, OPT_DEMO},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char *const decision_words[] = {"none", "flow", "packet", "all"};
static const char *const color_words[] = {"auto", "always", "never"};

static void print_help(void)
{
	printf("usage: sock-filter [watch] [OPTION...]\n"
	       "Shows who asks the configured endpoints for what.\n\n"
	       "  -c, --config FILE      configuration; else /etc/sock-filter.yml, else the\n"
	       "                         built-in profile cloud-metadata\n"
	       "  -i, --iface IFACE      watch this interface instead of the configured ones;\n"
	       "                         may be repeated\n"
	       "      --json             one JSON object a line\n"
	       "      --packets          packets and decisions too, not only requests\n"
	       "      --decisions WHICH  the kernel's decisions: none, flow (the first of a flow\n"
	       "                         and each change; default with --packets), packet, all\n"
	       "                         (with rejections)\n"
	       "  -n, --count COUNT      end after COUNT requests; with --packets, packets\n"
	       "      --duration SECONDS end after SECONDS\n"
	       "      --heartbeat SECONDS  an alive record every SECONDS (default 60)\n"
	       "      --cgroup DIR       learn owners in this cgroup2 folder only\n"
	       "      --color[=WHEN]     auto (default), always or never\n"
	       "  -v, --verbose          also what the kernel can do\n"
	       "  -q, --quiet            requests, packets, decisions and losses only\n"
	       "  -h, --help\n");
}

static int parse_number(const char *name, const char *text, uint64_t min, uint64_t max,
			uint64_t *ret)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < min || value > max) {
		log_error("%s: \"%s\" is not a number from %" PRIu64 " to %" PRIu64, name, text,
			  min, max);
		return EXIT_USAGE;
	}
	*ret = value;
	return EXIT_NOT_YET;
}

static int parse_word(const char *name, const char *text, const char *const *words, int n, int *ret)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = i;
			return EXIT_NOT_YET;
		}
	}
	log_error("%s: \"%s\" is none of its words; see sock-filter watch --help", name, text);
	return EXIT_USAGE;
}

static int add_iface(struct options *options, const char *name)
{
	if (options->n_ifaces == OPTIONS_IFACES_MAX || !*name || strlen(name) > 15) {
		log_error(
			"-i: \"%s\": an interface name has 1 to 15 characters, and there may be %d",
			name, OPTIONS_IFACES_MAX);
		return EXIT_USAGE;
	}
	options->ifaces[options->n_ifaces++] = name;
	return EXIT_NOT_YET;
}

static int parse_ready_fd(const char *text, struct options *options)
{
	uint64_t fd;
	int code = parse_number("--ready-fd", text, 0, 65535, &fd);

	if (code != EXIT_NOT_YET)
		return code;
	if (fcntl((int)fd, F_GETFD) < 0) {
		log_error("--ready-fd: %s is not an open file descriptor", text);
		return EXIT_USAGE;
	}
	options->ready_fd = (int)fd;
	return EXIT_NOT_YET;
}

/* EXIT_NOT_YET, or why it ends here. */
static int parse_one(int option, struct options *options)
{
	int word = 0;
	int code;

	switch (option) {
	case 'c':
		options->config = optarg;
		return EXIT_NOT_YET;
	case 'i':
		return add_iface(options, optarg);
	case 'n':
		return parse_number("--count", optarg, 1, INT64_MAX, &options->count);
	case 'v':
		options->verbose = true;
		return EXIT_NOT_YET;
	case 'q':
		options->quiet = true;
		return EXIT_NOT_YET;
	case OPT_JSON:
		options->json = true;
		return EXIT_NOT_YET;
	case OPT_PACKETS:
		options->packets = true;
		return EXIT_NOT_YET;
	case OPT_DURATION:
		return parse_number("--duration", optarg, 1, SECONDS_MAX, &options->duration_s);
	case OPT_HEARTBEAT:
		return parse_number("--heartbeat", optarg, 1, SECONDS_MAX, &options->heartbeat_s);
	case OPT_DECISIONS:
		code = parse_word("--decisions", optarg, decision_words, ARRAY_SIZE(decision_words),
				  &word);
		options->decisions = (enum decisions)word;
		options->has_decisions = true;
		return code;
	case OPT_COLOR:
		word = COLOR_ALWAYS;
		code = optarg ? parse_word("--color", optarg, color_words, ARRAY_SIZE(color_words),
					   &word)
			      : EXIT_NOT_YET;
		options->color = (enum color)word;
		return code;
	case OPT_CGROUP:
		options->cgroup = optarg;
		return EXIT_NOT_YET;
	case OPT_DEMO:
		options->is_demo = true;
		return EXIT_NOT_YET;
	case OPT_READY_FD:
		return parse_ready_fd(optarg, options);
	case 'h':
		print_help();
		return EXIT_OK;
	default:
		fprintf(stderr, "see sock-filter watch --help\n");
		return EXIT_USAGE;
	}
}

int options_parse(int argc, char **argv, struct options *ret)
{
	struct options options = {.heartbeat_s = 60, .ready_fd = -1};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "c:i:n:vqh", long_options, NULL)) != -1) {
		int code = parse_one(option, &options);

		if (code != EXIT_NOT_YET)
			return code;
	}
	if (optind < argc) {
		log_error("\"%s\" is neither an option nor a subcommand; see sock-filter --help",
			  argv[optind]);
		return EXIT_USAGE;
	}
	if (!options.has_decisions && options.packets)
		options.decisions = DECISIONS_FLOW;
	*ret = options;
	return EXIT_NOT_YET;
}
