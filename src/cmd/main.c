// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The subcommands, and the help that is made from their table. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "demo.h"
#include "exit.h"
#include "mem.h"
#include "users.h"
#include "watch.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"watch", watch_run, "show who talks to the configured endpoints (the default)"},
	{"check", check_run, "validate the configuration and show what it means"},
	{"demo", demo_run, "watch a mock metadata service in a private namespace"},
};

static int print_help(void)
{
	printf("sock-filter: who on this host talks to a sensitive endpoint?\n\n"
	       "usage: sock-filter [COMMAND] [OPTION...]\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].summary);
	printf("\n  --help, --version\n\n"
	       "sock-filter COMMAND --help tells the options; sock-filter(8) the rest.\n");
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return print_help();
	if (strcmp(word, "--version") == 0) {
		printf("sock-filter %s\n", SOCK_FILTER_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return watch_run(argc, argv);
}

/* A file opened later must not become our output. */
static bool ensure_std_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int main(int argc, char **argv)
{
	int code = ensure_std_fds() ? run(argc, argv) : EXIT_RUNTIME;

	users_forget();
	return code;
}
