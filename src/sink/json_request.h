/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was asked, and what came of it. */
#pragma once

#include "buffer.h"
#include "record.h"

/* Appends the members of a request record between its endpoint and its owner. */
void json_add_request(struct buffer *buffer, const struct exchange_request *asked);
