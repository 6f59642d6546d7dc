/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel cannot tell of a process in the name of another, and only
 * /proc can while it lives: the arguments of parents, and of who had a socket
 * open before the watch. Parents are asked for again and again, so they are
 * remembered.
 */
#pragma once

#include <stdbool.h>

#include "argv.h"
#include "processes.h"

struct lineage;

/* NULL when out of memory. */
struct lineage *lineage_new(void);

/*
 * Fills what is missing in process and its parents, as far as they live and
 * /proc shows them.
 */
void lineage_fill(struct lineage *lineage, enum argv_mode mode, struct process *process);

/* Forgets all: the mode was changed. */
void lineage_forget(struct lineage *lineage);

/* NULL is fine. */
void lineage_free(struct lineage *lineage);
