// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exit.h"
#include "file.h"
#include "log.h"
#include "mem.h"
#include "users.h"

static void show(const struct diag *diag, const char *name, const char *text, size_t len)
{
	for (size_t i = 0; i < diag->n_messages; i++) {
		cleanup_free char *lines = diag_render(&diag->messages[i], name, text, len);

		if (lines)
			fputs(lines, stderr);
	}
	if (diag->n_errors + diag->n_warnings > diag->n_messages)
		fprintf(stderr, "%s: and %zu more\n", name,
			diag->n_errors + diag->n_warnings - diag->n_messages);
	if (diag->n_errors)
		fprintf(stderr, "%s: %zu error%s\n", name, diag->n_errors,
			diag->n_errors == 1 ? "" : "s");
}

static int parse(const char *name, const char *text, size_t len, struct config **ret)
{
	struct diag diag cleanup(diag_done) = {};
	int err = config_parse(text, len, &users_host, &diag, ret);

	show(&diag, name, text, len);
	if (!err)
		return EXIT_NOT_YET;
	if (err == -EINVAL)
		return EXIT_USAGE;
	log_error("%s: %s", name, strerror(-err));
	return EXIT_RUNTIME;
}

int settings_load_profile(const struct profile *profile, struct settings *ret)
{
	struct settings settings = {.source = profile->name, .is_profile = true};
	int code = parse(profile->name, profile->text, strlen(profile->text), &settings.config);

	if (code == EXIT_NOT_YET)
		*ret = settings;
	return code;
}

static int load_file(const char *path, struct settings *ret)
{
	struct file_text file = {};
	int err = file_read(path, CONFIG_BYTES_MAX, &file);
	cleanup_free char *bytes = file.bytes;

	if (err == -EFBIG) {
		log_error("%s: larger than %d MiB", path, CONFIG_BYTES_MAX >> 20);
		return EXIT_USAGE;
	}
	if (err) {
		log_error("%s: %s", path, strerror(-err));
		return EXIT_USAGE;
	}
	if (file.others_may_write)
		log_warning("%s: others may write this file, and so decide what is watched; "
			    "mend it with: sudo chown root:root %s && sudo chmod go-w %s",
			    path, path, path);
	ret->source = path;
	ret->is_profile = false;
	return parse(path, bytes, file.len, &ret->config);
}

static int load(const char *path, struct settings *ret)
{
	if (path)
		return load_file(path, ret);
	if (access(SETTINGS_PATH, F_OK) && errno == ENOENT)
		return settings_load_profile(&profile_cloud_metadata, ret);
	return load_file(SETTINGS_PATH, ret);
}

int settings_load(const char *path, const char *const *ifaces, size_t n_ifaces,
		  struct settings *ret)
{
	struct settings settings cleanup(settings_done) = {};
	int code = load(path, &settings);
	int err;

	if (code != EXIT_NOT_YET)
		return code;
	err = n_ifaces ? config_set_ifaces(settings.config, ifaces, n_ifaces) : 0;
	if (err) {
		log_error("the interfaces of -i: %s", strerror(-err));
		return EXIT_RUNTIME;
	}
	*ret = settings;
	settings.config = NULL;
	return EXIT_NOT_YET;
}

void settings_done(struct settings *settings)
{
	config_free(settings->config);
	settings->config = NULL;
}
