/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Configurations that are built in, as YAML. */
#pragma once

struct profile {
	const char *name;
	const char *text;
};

/* Serves when there is no file: the clouds' metadata services. */
extern const struct profile profile_cloud_metadata;

/* The mock service of "sock-filter demo". */
extern const struct profile profile_demo;
