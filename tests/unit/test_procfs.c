// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Real processes; what takes root (a pid used again, a hidden one) is skipped without. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mem.h"
#include "procfs.h"

#define TICK_NS 10000000ULL
#define NOBODY 65534

/* Of a process with a harmless name, by another way than the code's. */
static uint64_t started_ns(pid_t pid)
{
	unsigned long long ticks = 0;
	char path[64], text[1024] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_int_equal(sscanf(text,
				"%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
				"%*d %*d %*d %*d %*d %llu",
				&ticks),
			 1);
	return ticks * TICK_NS;
}

/* A child that lives until it is killed. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int look_up(pid_t pid, uint64_t start_ns, struct procfs *ret)
{
	cleanup_close int fd = -1;
	int err = procfs_open(pid, start_ns, &fd);

	return err ? err : procfs_read(fd, start_ns, ret);
}

static void test_itself(void **state)
{
	uint64_t start_ns = started_ns(getpid());
	struct procfs process;
	char name[16];

	(void)state;
	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_int_equal(look_up(getpid(), start_ns, &process), 0);
	assert_true(process.cmdline_len > 0);
	assert_int_equal(process.cmdline[process.cmdline_len - 1], 0);
	assert_non_null(memmem(process.cmdline, process.cmdline_len, "test_procfs", 11));
	assert_false(process.cmdline_is_cut);
	assert_string_equal(process.name, name);
	assert_true(process.cgroup_len > 0);
	assert_int_equal(process.cgroup[process.cgroup_len - 1], '\n');
}

static void test_start(void **state)
{
	pid_t pid = start_child();
	uint64_t start_ns = started_ns(pid);
	struct procfs process;
	int fd = -7;

	(void)state;
	assert_int_equal(look_up(pid, start_ns, &process), 0);
	assert_int_equal(look_up(pid, start_ns + TICK_NS - 1, &process), 0);
	assert_int_equal(procfs_open(pid, start_ns + TICK_NS, &fd), -ESRCH);
	assert_int_equal(procfs_open(pid, start_ns - 1, &fd), -ESRCH);
	assert_int_equal(procfs_open(pid, 0, &fd), -ESRCH);
	assert_int_equal(procfs_open(0, start_ns, &fd), -ESRCH);
	assert_int_equal(procfs_open(-1, start_ns, &fd), -ESRCH);
	assert_int_equal(fd, -7);
	end_child(pid);
}

/* Names that look like the rest of the line. */
static void test_names(void **state)
{
	static const char *const names[] = {") Z 1 1 1 1 1", "a\nb) S", "))))", "(", " ) X 0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		pid_t pid = start_child();
		uint64_t start_ns = started_ns(pid);
		struct procfs process;
		char path[64];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		/* only the process itself may, or who may trace it */
		file = fopen(path, "we");
		assert_non_null(file);
		fputs(names[i], file);
		if (fclose(file) == 0)
			assert_int_equal(look_up(pid, start_ns, &process), 0);
		end_child(pid);
	}
}

/* The name is set by the process itself: no privilege is needed for this. */
static void test_own_name(void **state)
{
	uint64_t start_ns = started_ns(getpid());
	char before[16];
	struct procfs process;
	int err;

	(void)state;
	prctl(PR_GET_NAME, before);
	prctl(PR_SET_NAME, ") Z 1 (\n) X 0 ");
	err = look_up(getpid(), start_ns, &process);
	prctl(PR_SET_NAME, before);
	assert_int_equal(err, 0);
	assert_string_equal(process.name, ") Z 1 (\n) X 0 ");
}

static void test_gone(void **state)
{
	pid_t pid = start_child();
	uint64_t start_ns = started_ns(pid);
	cleanup_close int fd = -1;
	struct procfs process;
	siginfo_t info;

	(void)state;
	assert_int_equal(procfs_open(pid, start_ns, &fd), 0);
	assert_int_equal(procfs_read(fd, start_ns, &process), 0);
	/* a zombie first, then nothing */
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(procfs_read(fd, start_ns, &process), -ESRCH);
	assert_int_equal(look_up(pid, start_ns, &process), -ESRCH);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(procfs_read(fd, start_ns, &process), -ESRCH);
	assert_int_equal(look_up(pid, start_ns, &process), -ESRCH);
}

/* Reads until the child has become another program, whose arguments begin so. */
static void wait_for(pid_t pid, uint64_t start_ns, const char *word, struct procfs *ret)
{
	do
		assert_int_equal(look_up(pid, start_ns, ret), 0);
	while (ret->cmdline_len < 5 || strcmp(ret->cmdline, word) != 0);
}

static pid_t start_program(const char *argument)
{
	int pipe_fds[2];
	pid_t pid;

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipe_fds[0], 0);
		execl("/bin/sh", "me", "-c", "read x", argument, (char *)NULL);
		_exit(1);
	}
	close(pipe_fds[0]);
	/* the other end stays open: the program waits until it is killed */
	return pid;
}

static void test_program(void **state)
{
	static const char expected[] = "me\0-c\0read x\0a\nb";
	pid_t pid = start_program("a\nb");
	uint64_t start_ns = started_ns(pid);
	struct procfs process;

	(void)state;
	wait_for(pid, start_ns, "me", &process);
	assert_int_equal(process.cmdline_len, sizeof(expected));
	assert_memory_equal(process.cmdline, expected, sizeof(expected));
	assert_false(process.cmdline_is_cut);
	end_child(pid);
}

static void check_length(size_t len, bool is_cut)
{
	char argument[2 * PROCFS_CMDLINE_MAX] = "";
	struct procfs process;
	uint64_t start_ns;
	pid_t pid;

	memset(argument, 'x', len - sizeof("me\0-c\0read x"));
	argument[len - sizeof("me\0-c\0read x") - 1] = '\0';
	pid = start_program(argument);
	start_ns = started_ns(pid);
	wait_for(pid, start_ns, "me", &process);
	assert_int_equal(process.cmdline_len, is_cut ? PROCFS_CMDLINE_MAX : len);
	assert_int_equal(process.cmdline_is_cut, is_cut);
	end_child(pid);
}

static void test_long(void **state)
{
	(void)state;
	check_length(PROCFS_CMDLINE_MAX, false);
	check_length(PROCFS_CMDLINE_MAX + 1, true);
	check_length(2 * PROCFS_CMDLINE_MAX - 1, true);
}

/* The next process that is made gets this pid, if nobody else makes one first. */
static bool ask_for_pid(pid_t pid)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "we");

	if (!file)
		return false;
	fprintf(file, "%d", pid - 1);
	return fclose(file) == 0;
}

/* A child with that pid and a later start; 0 when it cannot be had. */
static pid_t start_again(pid_t wanted, uint64_t start_ns)
{
	for (int i = 0; i < 1000 && ask_for_pid(wanted); i++) {
		pid_t pid = start_child();

		if (pid == wanted && started_ns(pid) != start_ns)
			return pid;
		end_child(pid);
	}
	return 0;
}

static void test_pid_used_again(void **state)
{
	pid_t pid = start_child(), again;
	uint64_t start_ns = started_ns(pid);
	cleanup_close int fd = -1;
	struct procfs process;

	(void)state;
	assert_int_equal(procfs_open(pid, start_ns, &fd), 0);
	end_child(pid);
	again = start_again(pid, start_ns);
	if (!again)
		skip();
	/* neither by its pid nor through what was opened before */
	assert_int_equal(look_up(pid, start_ns, &process), -ESRCH);
	assert_int_equal(procfs_read(fd, start_ns, &process), -ESRCH);
	assert_int_equal(procfs_read(fd, started_ns(again), &process), -ESRCH);
	assert_int_equal(look_up(again, started_ns(again), &process), 0);
	end_child(again);
}

/* As another user, who cannot see pid in a /proc that is mounted so. Returns the error, or 1. */
static int look_up_hidden(pid_t pid, uint64_t start_ns, const char *options)
{
	struct procfs process;

	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, options) || setgroups(0, NULL) || setgid(NOBODY) ||
	    setuid(NOBODY))
		return 1;
	return look_up(pid, start_ns, &process);
}

static int exit_code_of_hidden(pid_t pid, uint64_t start_ns, const char *options)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0)
		_exit(-look_up_hidden(pid, start_ns, options));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_hidden(void **state)
{
	static const char *const options[] = {"hidepid=1", "hidepid=2"};
	uint64_t start_ns = started_ns(getpid());

	(void)state;
	if (exit_code_of_hidden(getpid(), start_ns, "hidepid=0") != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		pid_t gone = start_child();

		assert_int_equal(exit_code_of_hidden(getpid(), start_ns, options[i]), EACCES);
		end_child(gone);
		assert_int_equal(exit_code_of_hidden(gone, start_ns, options[i]), ESRCH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_itself), cmocka_unit_test(test_start),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_own_name),
		cmocka_unit_test(test_gone),   cmocka_unit_test(test_program),
		cmocka_unit_test(test_long),   cmocka_unit_test(test_pid_used_again),
		cmocka_unit_test(test_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
