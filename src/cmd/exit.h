/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the program ends. */
#pragma once

enum exit_code {
	EXIT_NOT_YET = -1, /* go on */
	EXIT_OK = 0,
	EXIT_RUNTIME = 1,
	EXIT_USAGE = 2, /* usage or configuration */
	EXIT_MISSING = 3, /* a privilege or a kernel feature */
};
