/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void guard_init(struct guard *guard, const void *bytes, size_t len)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t room = (len / page + 1) * page;
	char *map =
		mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) != 0) {
		perror("guard page");
		exit(1);
	}
	*guard = (struct guard){map + room - len, len, map, room + page};
	if (len)
		memcpy(guard->bytes, bytes, len);
}

void guard_done(struct guard *guard)
{
	munmap(guard->map, guard->map_len);
	*guard = (struct guard){0};
}
