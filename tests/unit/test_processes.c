// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is remembered of programs, from events as the kernel writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "open_sockets.h"
#include "processes.h"

static int setup(void **state)
{
	*state = processes_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	processes_free(*state);
	return 0;
}

static struct sf_process_key key_of(uint32_t pid)
{
	return (struct sf_process_key){.started_ns = 1000 + pid, .pid = pid, .exec_id = 1};
}

/* Names from the last to the first, with "/" for each NUL. */
static uint16_t put_names(char *to, const char *names)
{
	size_t len = strlen(names);

	for (size_t i = 0; i < len; i++)
		to[i] = names[i] == '/' ? '\0' : names[i];
	return (uint16_t)len;
}

static struct sf_process_event event_of(uint32_t pid)
{
	struct sf_process_event event = {
		.head =
			{
				.type = SF_EVENT_PROCESS,
				.identity = {.key = key_of(pid),
					     .uid = 33,
					     .gid = 34,
					     .euid = 35,
					     .egid = 36,
					     .comm = "curl"},
			},
		.n_parents = 2,
		.parents = {{.key = key_of(7), .comm = "sh"}, {.key = key_of(1), .comm = "init"}},
	};

	event.head.cgroup_len = put_names(event.head.cgroup, "backup.service/system.slice/");
	event.exe_len = put_names(event.exe, "curl/bin/usr/");
	event.argv_len = put_names(event.argv, "curl/-s/");
	return event;
}

static void test_in_full(void **state)
{
	struct sf_process_event event = event_of(5);
	const struct process *process;

	assert_non_null(processes_note(*state, ARGV_REDACTED, &event));
	process = processes_find(*state, &event.head.identity.key);
	assert_non_null(process);
	assert_true(process->is_whole && process->has_ids);
	assert_memory_equal(&process->identity, &event.head.identity, sizeof(process->identity));
	assert_string_equal(process->exe, "/usr/bin/curl");
	assert_false(process->is_exe_deleted);
	assert_int_equal(process->argv.len, 8);
	assert_memory_equal(process->argv.words, "curl\0-s", 8);
	assert_string_equal(process->cgroup, "/system.slice/backup.service");
	assert_string_equal(process->ident.unit, "backup.service");
	assert_int_equal(process->n_parents, 2);
	assert_int_equal(process->parents[0].key.pid, 7);
	assert_string_equal(process->parents[1].comm, "init");
	assert_null(process->parents[0].argv.words);
}

static void test_paths(void **state)
{
	static const struct {
		const char *names;
		uint16_t flags;
		const char *exe;
	} vectors[] = {
		{"", 0, NULL},
		{"init/", 0, "/init"},
		{"a/b/c/", 0, "/c/b/a"},
		{"memfd:x/", SF_PROCESS_EXE_UNPLACED | SF_PROCESS_EXE_DELETED, "memfd:x"},
		{"a/b/", SF_PROCESS_EXE_CUT, ".../b/a"},
		/* as the kernel does not write them: nothing is read beyond */
		{"a/b", 0, "/b/a"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct sf_process_event event = event_of(5);
		const struct process *process;

		event.exe_len = put_names(event.exe, vectors[i].names);
		event.head.flags = vectors[i].flags;
		process = processes_note(*state, ARGV_FULL, &event);
		if (vectors[i].exe)
			assert_string_equal(process->exe, vectors[i].exe);
		else
			assert_null(process->exe);
		if (vectors[i].flags)
			assert_int_equal(process->is_exe_deleted,
					 !!(vectors[i].flags & SF_PROCESS_EXE_DELETED));
	}
}

static void test_cgroups(void **state)
{
	struct sf_process_event event = event_of(5);
	const struct process *process;

	/* the root */
	memset(event.head.cgroup, 0, sizeof(event.head.cgroup));
	event.head.cgroup_len = 1;
	process = processes_note(*state, ARGV_FULL, &event);
	assert_string_equal(process->cgroup, "/");
	/* one whose beginning is missing is none: it would be read as another */
	event = event_of(6);
	event.head.flags = SF_PROCESS_CGROUP_CUT;
	process = processes_note(*state, ARGV_FULL, &event);
	assert_null(process->cgroup);
	assert_string_equal(process->ident.unit, "");
	event.head.flags = 0;
	event.head.cgroup_len = 0;
	assert_null(processes_note(*state, ARGV_FULL, &event)->cgroup);
}

/* Lengths beyond their fields, names without an end. */
static void test_bounds(void **state)
{
	struct sf_process_event *event = malloc(sizeof(*event));
	const struct process *process;

	assert_non_null(event);
	memset(event, 'x', sizeof(*event));
	event->head.flags = 0;
	process = processes_note(*state, ARGV_FULL, event);
	assert_non_null(process);
	assert_int_equal(strlen(process->identity.comm), SF_COMM_BYTES - 1);
	assert_int_equal(process->n_parents, SF_PARENTS_MAX);
	assert_int_equal(strlen(process->parents[0].comm), SF_COMM_BYTES - 1);
	assert_int_equal(strlen(process->exe), 1 + sizeof(event->exe));
	assert_int_equal(strlen(process->cgroup), 1 + sizeof(event->head.cgroup));
	free(event);
}

static void test_what_a_socket_tells(void **state)
{
	struct sf_opener_event opener = event_of(5).head;
	struct sf_process_event whole = event_of(5);
	const struct process *process = processes_note_opener(*state, &opener);

	assert_false(process->is_whole);
	assert_true(process->has_ids);
	assert_string_equal(process->cgroup, "/system.slice/backup.service");
	assert_null(process->exe);
	/* the process's own word counts more, whichever comes first */
	whole.head.identity.euid = 0;
	processes_note(*state, ARGV_FULL, &whole);
	opener.identity.euid = 99;
	opener.cgroup_len = put_names(opener.cgroup, "other/");
	process = processes_note_opener(*state, &opener);
	assert_true(process->is_whole);
	assert_int_equal(process->identity.euid, 0);
	assert_string_equal(process->cgroup, "/system.slice/backup.service");
	assert_non_null(process->exe);
}

/* Another program, another start, another pid: each is another. */
static void test_keys(void **state)
{
	struct sf_process_event event = event_of(5);
	struct sf_process_key other;

	processes_note(*state, ARGV_FULL, &event);
	other = key_of(5);
	other.exec_id++;
	assert_null(processes_find(*state, &other));
	other = key_of(5);
	other.started_ns++;
	assert_null(processes_find(*state, &other));
	other = key_of(5);
	other.pid++;
	assert_null(processes_find(*state, &other));
	other = key_of(5);
	assert_non_null(processes_find(*state, &other));
	assert_false(processes_add(*state, &(struct sf_process_key){.pid = 9})->has_ids);
}

static void test_argv_modes(void **state)
{
	struct sf_process_event event = event_of(5);
	const struct process *process;

	event.argv_len = put_names(event.argv, "curl/--token/s3cr3t/");
	process = processes_note(*state, ARGV_REDACTED, &event);
	assert_memory_equal(process->argv.words, "curl\0--token\0" ARGV_REDACTION, 24);
	process = processes_note(*state, ARGV_FULL, &event);
	assert_memory_equal(process->argv.words, "curl\0--token\0s3cr3t", 20);
	process = processes_note(*state, ARGV_NONE, &event);
	assert_null(process->argv.words);
}

/* The one that was asked for the longest ago goes. */
static void test_bound(void **state)
{
	struct sf_process_key first = key_of(1);
	struct sf_process_key second = key_of(2);

	for (uint32_t pid = 1; pid <= PROCESSES_MAX; pid++) {
		struct sf_process_key key = key_of(pid);

		assert_non_null(processes_add(*state, &key));
	}
	assert_non_null(processes_find(*state, &first));
	first = key_of(PROCESSES_MAX + 1);
	assert_non_null(processes_add(*state, &first));
	assert_null(processes_find(*state, &second));
	first = key_of(1);
	assert_non_null(processes_find(*state, &first));
}

static struct sf_open_socket *open_socket(uint16_t port, uint32_t pid, uint64_t cookie)
{
	static struct sf_open_socket found;

	found = (struct sf_open_socket){
		.process = event_of(pid),
		.flow = {.sport = port, .proto = 6},
		.uid = 1000,
		.gid = 1001,
		.hash = 5,
		.cookie = cookie,
	};
	return &found;
}

static void test_open_sockets(void **state)
{
	struct open_sockets *sockets = open_sockets_new();
	const struct open_socket *socket;
	struct sf_flow_key flow = {.sport = 1, .proto = 6};

	(void)state;
	assert_non_null(sockets);
	assert_int_equal(open_sockets_add(sockets, open_socket(1, 5, 77)), 0);
	assert_int_equal(open_sockets_add(sockets, open_socket(2, 6, 0)), 0);
	/* the same process has it open twice */
	assert_int_equal(open_sockets_add(sockets, open_socket(1, 5, 77)), 0);
	socket = open_sockets_find(sockets, &flow);
	assert_non_null(socket);
	assert_int_equal(socket->process.pid, 5);
	assert_int_equal(socket->uid, 1000);
	assert_int_equal(socket->gid, 1001);
	assert_int_equal(socket->hash, 5);
	assert_int_equal(socket->cookie, 77);
	/* another process too: whose it is can no longer be told, also when the first comes again */
	assert_int_equal(open_sockets_add(sockets, open_socket(1, 6, 77)), 0);
	assert_int_equal(open_sockets_find(sockets, &flow)->process.pid, 0);
	assert_int_equal(open_sockets_add(sockets, open_socket(1, 5, 77)), 0);
	assert_int_equal(open_sockets_find(sockets, &flow)->process.pid, 0);
	flow.netns = 1;
	assert_null(open_sockets_find(sockets, &flow));
	socket = open_sockets_next(sockets, NULL);
	socket = open_sockets_next(sockets, socket);
	assert_int_equal(socket->flow.sport, 2);
	assert_null(open_sockets_next(sockets, socket));
	open_sockets_free(sockets);
	open_sockets_free(NULL);
}

static void test_open_sockets_bound(void **state)
{
	struct open_sockets *sockets = open_sockets_new();

	(void)state;
	for (size_t i = 0; i < OPEN_SOCKETS_MAX; i++)
		assert_int_equal(open_sockets_add(sockets, open_socket((uint16_t)i, 5, 0)), 0);
	assert_int_equal(open_sockets_add(sockets, open_socket(OPEN_SOCKETS_MAX, 5, 0)), -ENOSPC);
	assert_int_equal(open_sockets_add(sockets, open_socket(0, 5, 0)), 0);
	open_sockets_free(sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cgroups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_a_socket_tells, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_argv_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test(test_open_sockets),
		cmocka_unit_test(test_open_sockets_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
