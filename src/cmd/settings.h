/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration that a command works with: found, read, parsed, its errors shown. */
#pragma once

#include "config.h"
#include "profile.h"

#define SETTINGS_PATH "/etc/sock-filter.yml"

struct settings {
	struct config *config;
	const char *source; /* the file's path, or the profile's name */
	bool is_profile;
};

/*
 * path NULL: SETTINGS_PATH if it is there, else the built-in profile. The
 * n_ifaces names, if any, replace the interfaces of every endpoint. Shows
 * errors and warnings on stderr. Returns EXIT_NOT_YET when all is well, else the exit code.
 */
int settings_load(const char *path, const char *const *ifaces, size_t n_ifaces,
		  struct settings *ret);

/* The same of a built-in one. */
int settings_load_profile(const struct profile *profile, struct settings *ret);

void settings_done(struct settings *settings);
