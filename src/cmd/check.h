/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* sock-filter check: returns the exit code; argv[0] is the subcommand. */
int check_run(int argc, char **argv);
