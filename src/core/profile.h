/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration that serves when there is none: the clouds' metadata services. */
#pragma once

#define PROFILE_NAME "cloud-metadata"

/* YAML, as a configuration file would say it. */
extern const char profile_cloud_metadata[];
