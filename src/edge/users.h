/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Users and groups of this host, through the name service. */
#pragma once

#include <stdint.h>

#include "config.h"

/* Answers the configuration's questions; host lives as long as the program. */
extern const struct config_host users_host;

/* The user's name, NULL without one. Remembered; valid until users_forget. */
const char *users_name(uint32_t uid);
void users_forget(void);
