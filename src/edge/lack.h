/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the watch can do without where a host lacks it, and what that costs. */
#pragma once

enum lack {
	LACK_LANDLOCK,
	LACK_OPEN_MAPS,
	LACK_CGROUP2,
	LACK_MEMBARRIER,
	LACKS,
};

/* What is not there, since when it is, and what follows; one line. */
const char *lack_text(enum lack lack);
