// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <seccomp.h>

#include "mem.h"

#define READ_ACCESS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Everything that the first version of Landlock knows to refuse. */
#define FIRST_ACCESS                                                                \
	(READ_ACCESS | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |           \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |               \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |               \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |             \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)

/* Users and groups and what looks them up, the time zone, the kernel's own lists. */
static const char *const readable[] = {
	"/etc", "/usr", "/lib", "/lib64", "/run", "/var/lib", "/proc", "/sys",
};

/* A folder that is not there needs no rule. */
static int allow_reading(int ruleset_fd, const char *folder)
{
	cleanup_close int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = READ_ACCESS,
		.parent_fd = fd,
	};

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	return syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)
		       ? -errno
		       : 0;
}

/* The folder, not the file: editors put another file in its place. */
static int allow_config(int ruleset_fd, const char *config)
{
	cleanup_free char *path = realpath(config, NULL);

	return path ? allow_reading(ruleset_fd, dirname(path)) : 0;
}

int sandbox_files(const char *config)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = FIRST_ACCESS};
	cleanup_close int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	int err;

	if (fd < 0)
		return errno == EOPNOTSUPP ? -ENOSYS : -errno;
	err = allow_config(fd, config);
	for (size_t i = 0; !err && i < ARRAY_SIZE(readable); i++)
		err = allow_reading(fd, readable[i]);
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, fd, 0))
		return -errno;
	return 0;
}

bool sandbox_has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

/* By what they are for; a name that this machine's kernel lacks is passed over. */
static const char *const calls[] = {
	/* the loop */
	"epoll_wait",
	"epoll_pwait",
	"epoll_ctl",
	"poll",
	"ppoll",
	"read",
	"readv",
	"write",
	"writev",
	"recvmmsg",
	"recvmsg",
	"recvfrom",
	"getsockopt",
	"setsockopt",
	"bind",
	"getsockname",
	"timerfd_settime",
	"timerfd_create",
	"clock_gettime",
	"gettimeofday",
	"clock_nanosleep",
	"nanosleep",
	"restart_syscall",
	"bpf",
	"membarrier",
	/* names: files, modules, the name service's socket, interfaces by ioctl and netlink */
	"openat",
	"open",
	"close",
	"lseek",
	"fstat",
	"stat",
	"lstat",
	"newfstatat",
	"statx",
	"fstatfs",
	"statfs",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"getdents64",
	"pread64",
	"fcntl",
	"ioctl",
	"socket",
	"connect",
	"sendto",
	"sendmsg",
	"sendmmsg",
	"shutdown",
	"getpeername",
	"uname",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getpid",
	"gettid",
	"getppid",
	"getcwd",
	/* memory and threads of the C library */
	"brk",
	"mmap",
	"munmap",
	"mremap",
	"mprotect",
	"madvise",
	"futex",
	"sched_yield",
	"getrandom",
	"rseq",
	"set_robust_list",
	"sched_getaffinity",
	"sysinfo",
	"prlimit64",
	/* the end */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"tgkill",
	"exit",
	"exit_group",
};

static void release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

int sandbox_calls(void)
{
	scmp_filter_ctx filter cleanup(release) = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int call = seccomp_syscall_resolve_name(calls[i]);
		int err = call < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);

		if (err)
			return err;
	}
	return seccomp_load(filter);
}

bool sandbox_has_seccomp(void)
{
	/* a filter at no address: refused for that, or for what it is */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 && errno == EFAULT;
}
