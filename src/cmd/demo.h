/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The subcommand "demo": the main job, shown on a private network within ten seconds. */
#pragma once

/* argv[0] is "demo". Returns the exit code; takes over the signals of the process. */
int demo_run(int argc, char **argv);
