/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The member "owner" of a record. */
#pragma once

#include "buffer.h"
#include "record.h"

void json_add_owner(struct buffer *buffer, const struct record_owner *owner);
