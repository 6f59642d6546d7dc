// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "mem.h"

/* Appends what fd still has, up to max bytes in all. */
static int read_all(int fd, size_t max, char **bytes, size_t *len)
{
	size_t size = 0;

	for (;;) {
		ssize_t n;

		if (size - *len < 2) {
			char *grown = realloc(*bytes, size * 2 + 4096);

			if (!grown)
				return -ENOMEM;
			*bytes = grown;
			size = size * 2 + 4096;
		}
		n = read(fd, *bytes + *len, size - *len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		*len += (size_t)n;
		(*bytes)[*len] = '\0';
		if (*len > max)
			return -EFBIG;
		if (!n)
			return 0;
	}
}

static bool others_may_write(const struct stat *st)
{
	if (st->st_mode & S_IWOTH)
		return true;
	if (st->st_mode & S_IWGRP && st->st_gid != 0)
		return true;
	return st->st_uid != 0 && st->st_uid != getuid();
}

int file_read(const char *path, size_t max, struct file_text *ret)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_free char *bytes = NULL;
	struct stat st;
	size_t len = 0;
	int err;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	err = read_all(fd, max, &bytes, &len);
	if (err)
		return err;
	ret->bytes = TAKE_PTR(bytes);
	ret->len = len;
	ret->others_may_write = S_ISREG(st.st_mode) && others_may_write(&st);
	return 0;
}
