/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A host with a few users and groups, and a parser of text that ends at a guard page. */
#pragma once

#include "config.h"

/*
 * Users: root 0, daemon 1, testuser 1000, alice 1001. Groups: adm 4 (alice, testuser), empty 5,
 * crowd 6 (10,000 members). User and group "broken" fail with -EIO.
 */
extern const struct config_host fake_host;

/* config_parse() of a guarded copy; text is a string. */
int fake_parse(const char *text, struct diag *diag, struct config **ret);
