// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "privilege.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cap-ng.h>

#include "mem.h"

static const struct {
	unsigned int capability;
	const char *name;
} needed[] = {
	{CAP_BPF, "cap_bpf"},
	{CAP_PERFMON, "cap_perfmon"},
	{CAP_NET_ADMIN, "cap_net_admin"},
	{CAP_NET_RAW, "cap_net_raw"},
};

int privilege_missing(char *names, size_t size)
{
	size_t len = 0;

	if (capng_get_caps_process())
		return -EIO;
	names[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (capng_have_capability(CAPNG_EFFECTIVE, needed[i].capability) || len >= size)
			continue;
		len += (size_t)snprintf(names + len, size - len, "%s%s", len ? "," : "",
					needed[i].name);
	}
	return 0;
}

int privilege_limit(void)
{
	const struct rlimit no_limit = {RLIM_INFINITY, RLIM_INFINITY};

	/* before Linux 5.11 BPF memory counts against it; where it may not be raised, loading tells */
	(void)setrlimit(RLIMIT_MEMLOCK, &no_limit);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (capng_get_caps_process())
		return -EIO;
	/* an ordinary user may not, and does not need to: no exec gains anything */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
		capng_clear(CAPNG_SELECT_BOUNDS);
		capng_apply(CAPNG_SELECT_BOUNDS);
	}
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, needed[i].capability);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

int privilege_drop(bool keep_net_admin, bool (*works)(void *arg), void *arg, bool *ret_kept_bpf)
{
	const capng_type_t both = CAPNG_EFFECTIVE | CAPNG_PERMITTED;
	bool keeps_bpf;

	if (capng_get_caps_process())
		return -EIO;
	capng_clear(CAPNG_SELECT_CAPS);
	if (keep_net_admin)
		capng_update(CAPNG_ADD, both, CAP_NET_ADMIN);
	/* at hand while it is tried without */
	capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_BPF);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	keeps_bpf = !works(arg);
	capng_update(keeps_bpf ? CAPNG_ADD : CAPNG_DROP, both, CAP_BPF);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	*ret_kept_bpf = keeps_bpf;
	return 0;
}
