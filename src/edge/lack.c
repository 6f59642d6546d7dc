// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lack.h"

const char *lack_text(enum lack lack)
{
	static const char *const texts[LACKS] = {
		[LACK_LANDLOCK] =
			"no Landlock (Linux 5.13, if lsm= does not leave it out): files are "
			"guarded by their modes only",
		[LACK_OPEN_MAPS] = "no reading of eBPF tables without cap_bpf (Linux 5.19): that "
				   "capability is kept to the end",
		[LACK_CGROUP2] =
			"no cgroup2 is mounted here: owners are learnt by tc egress, in this "
			"network namespace only, as users without processes; cap_net_admin is kept to the end, and a "
			"killed process leaves its filters",
		[LACK_MEMBARRIER] =
			"no membarrier (it goes with nohz_full=): at a reload a packet may "
			"be judged by half a policy, and the last numbers may miss a few",
	};

	return texts[lack];
}
