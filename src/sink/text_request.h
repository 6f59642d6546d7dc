/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A request as a line: who asked, for what, and did they get it. */
#pragma once

#include "line.h"
#include "record.h"

void text_request_header(struct line *line);

/* One line, and a second one for what is odd. */
void text_request(struct line *line, const struct record *record);
