/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is behind something, in a column. */
#pragma once

#include "line.h"
#include "record.h"

/* "curl[4121]", or as much of it as is known; "-" without. */
void text_add_process(struct line *line, const struct record_process *by);

/* The user with his number, or the word for who is none. */
void text_add_user(struct line *line, const struct record_owner *owner);

/* By what people call it: the pod, the container, the service, else the user. */
void text_add_place(struct line *line, const struct record_owner *owner);
