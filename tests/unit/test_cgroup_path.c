/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup_path.h"
#include "guard.h"
#include "mem.h"

#define ID "3f2a1b4c5d6e7f8091a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4"
#define OTHER "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"
#define UID_ "12345678_9abc_def0_1234_56789abcdef0"
#define UID "12345678-9abc-def0-1234-56789abcdef0"
#define STATIC "bd495b7643dfc9d3194bd002e968bc3d"
#define USER "/user.slice/user-1000.slice/user@1000.service"
#define OF_USER "unit=user@1000.service uid=1000"
#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X240 X32 X32 X32 X32 X32 X32 X32 "xxxxxxxxxxxxxxxx"

struct row {
	const char *path;
	const char *expected; /* what is there, in this order; "" for nothing */
};

static const char *describe(const struct cgroup_ident *ident)
{
	static char text[1024];
	const char *runtime = cgroup_runtime_to_str(ident->runtime);
	size_t n = 0;

	text[0] = '\0';
	if (ident->unit[0])
		n += (size_t)sprintf(text + n, " unit=%s", ident->unit);
	if (ident->has_uid)
		n += (size_t)sprintf(text + n, " uid=%u", ident->uid);
	if (ident->user_unit[0])
		n += (size_t)sprintf(text + n, " user_unit=%s", ident->user_unit);
	if (ident->pod[0])
		n += (size_t)sprintf(text + n, " pod=%s", ident->pod);
	if (ident->container[0])
		n += (size_t)sprintf(text + n, " %s=%s", runtime ? runtime : "container",
				     ident->container);
	else
		assert_null(runtime);
	if (ident->is_claimed)
		sprintf(text + n, " claimed");
	return text + (text[0] == ' ');
}

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct guard guard;
		struct cgroup_ident ident;
		guard_init(&guard, rows[i].path, strlen(rows[i].path));
		cgroup_path_parse(guard.bytes, guard.len, &ident);
		guard_done(&guard);
		if (strcmp(describe(&ident), rows[i].expected) != 0)
			print_message("# %s\n", rows[i].path);
		assert_string_equal(describe(&ident), rows[i].expected);
	}
}

static void test_units(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{"/", ""},
		{"//", ""},
		{"/init.scope", "unit=init.scope"},
		{"/system.slice/nginx.service", "unit=nginx.service"},
		{"system.slice//nginx.service/", "unit=nginx.service"},
		{"/system.slice/nginx.service (deleted)", "unit=nginx.service"},
		{"/system.slice/getty@tty5.service/a/b", "unit=getty@tty5.service"},
		{"/system.slice/system-getty.slice/getty@tty1.service", "unit=getty@tty1.service"},
		{"/system.slice/_cpu.service", "unit=cpu.service"},
		{"/system.slice/dev-disk-by\\x2dlabel-x.swap", "unit=dev-disk-by\\x2dlabel-x.swap"},
		{"/system.slice/snap.lxd.daemon.unix.socket", "unit=snap.lxd.daemon.unix.socket"},
		{"/system.slice/run-user-0.mount", "unit=run-user-0.mount"},
		{"/system.slice", "unit=system.slice"},
		{"/a.slice/a-b.slice", "unit=a-b.slice"},
		{"/system.slice/docker.service", "unit=docker.service"},
		/* not names of units */
		{"/system.slice/.service", "unit=system.slice"},
		{"/system.slice/a@.service", "unit=system.slice"},
		{"/system.slice/@a.service", "unit=system.slice"},
		{"/system.slice/a b.service", "unit=system.slice"},
		{"/system.slice/a\nb.service", "unit=system.slice"},
		{"/system.slice/a\x1b[31m.service", "unit=system.slice"},
		{"/system.slice/n\xc3\xa9.service", "unit=system.slice"},
		{"/system.slice/nginx.timer", "unit=system.slice"},
		{"/system.slice/nginx", "unit=system.slice"},
		{"/" X240 ".service", "unit=" X240 ".service"},
		{"/" X240 "12345678.service", ""},
		/* a directory that is nobody's, and what stands below it */
		{"/nginx/nginx.service", ""},
		{"/../../nginx.service", ""},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_users(void **state)
{
	static const struct row rows[] = {
		{"/user.slice/user-1000.slice/session-3.scope", "unit=session-3.scope uid=1000"},
		{"/user.slice/user-0.slice/session-1.scope", "unit=session-1.scope uid=0"},
		{"/user.slice/user-4294967294.slice", "unit=user-4294967294.slice uid=4294967294"},
		{"/user.slice/user-4294967295.slice", "unit=user-4294967295.slice"},
		{"/user.slice/user-18446744073709551616.slice",
		 "unit=user-18446744073709551616.slice"},
		{"/user.slice/user-.slice", "unit=user-.slice"},
		{"/user.slice/user-1x.slice", "unit=user-1x.slice"},
		{"/system.slice/user-1000.slice", "unit=user-1000.slice"},
		{USER, OF_USER},
		{USER "/init.scope", OF_USER " user_unit=init.scope"},
		{USER "/app.slice/x.service", OF_USER " user_unit=x.service"},
		{USER "/app.slice/app-a.slice/x@1.service/sub", OF_USER " user_unit=x@1.service"},
		{USER "/_x.service", OF_USER " user_unit=x.service"},
		{USER "/app.slice", OF_USER},
		{"/system.slice/user@1000.service/x.service", "unit=user@1000.service"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_containers(void **state)
{
	static const struct row rows[] = {
		{"/docker/" ID, "docker=" ID},
		{"/system.slice/docker-" ID ".scope", "unit=docker-" ID ".scope docker=" ID},
		{"/system.slice/docker-" ID ".scope (deleted)",
		 "unit=docker-" ID ".scope docker=" ID},
		{"/system.slice/nerdctl-" ID ".scope", "unit=nerdctl-" ID ".scope containerd=" ID},
		{"/" ID, "container=" ID},
		{"/ecs/6c1a4e95/" ID, "container=" ID},
		{"/ecs/cluster/6c1a4e95/" ID, "container=" ID},
		{"/ecstasks.slice/ecstasks-1.slice/docker-" ID ".scope",
		 "unit=docker-" ID ".scope docker=" ID},
		{"/machine.slice/libpod-" ID ".scope/container",
		 "unit=libpod-" ID ".scope podman=" ID},
		{"/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID ".scope",
		 "unit=libpod-" ID ".scope podman=" ID},
		{"/libpod_parent/libpod-" ID, "podman=" ID},
		{"/libpod_parent/" OTHER "/libpod-" ID, "podman=" ID},
		{"/lxc/web/init.scope", "lxc=web"},
		{"/lxc.payload/web", "lxc=web"},
		{"/lxc.payload.web-1.example/system.slice/nginx.service", "lxc=web-1.example"},
		{"/lxc.monitor.web", ""},
		{"/machine.slice/systemd-nspawn@web.service/payload",
		 "unit=systemd-nspawn@web.service nspawn=web"},
		{"/machine.slice/machine-web\\x2d1.scope",
		 "unit=machine-web\\x2d1.scope machine=web-1"},
		{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
		 "unit=machine-qemu\\x2d1\\x2dvm.scope"},
		/* not quite */
		{"/docker/" ID "0", ""},
		{"/docker/buildkit/abc", ""},
		{"/docker/3F2A1B4C5D6E7F8091A2B3C4D5E6F7A8B9C0D1E2F3A4B5C6D7E8F9A0B1C2D3E4", ""},
		{"/system.slice/docker-3f2a.scope", "unit=docker-3f2a.scope"},
		{"/system.slice/docker-" ID, "unit=system.slice"},
		{"/machine.slice/libpod-conmon-" ID ".scope", "unit=libpod-conmon-" ID ".scope"},
		{"/libpod_parent/" OTHER, ""},
		{"/lxc/a\x1b"
		 "b",
		 ""},
		{"/lxc/..", ""},
		{"/lxc/" ID, "lxc=" ID},
		{"/lxc/" ID "0", ""},
		{"/machine.slice/machine-a\\x1bb.scope", "unit=machine-a\\x1bb.scope"},
		{"/machine.slice/machine-a\\x2.scope", "unit=machine-a\\x2.scope"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_pods(void **state)
{
#define PODS "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice"
	static const struct row rows[] = {
		{PODS "/cri-containerd-" ID ".scope",
		 "unit=cri-containerd-" ID ".scope pod=" UID " containerd=" ID},
		{PODS "/crio-" ID ".scope/container",
		 "unit=crio-" ID ".scope pod=" UID " cri-o=" ID},
		{PODS "/crio-" ID,
		 "unit=kubepods-burstable-pod" UID_ ".slice pod=" UID " cri-o=" ID},
		{PODS "/crio-conmon-" ID ".scope", "unit=crio-conmon-" ID ".scope pod=" UID},
		{PODS "/docker-" ID ".scope", "unit=docker-" ID ".scope pod=" UID " docker=" ID},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice",
		 "unit=kubepods-pod" UID_ ".slice pod=" UID},
		{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
		 "kubelet-kubepods-besteffort-pod" UID_ ".slice/cri-containerd-" ID ".scope",
		 "unit=cri-containerd-" ID ".scope pod=" UID " containerd=" ID},
		{"/kubepods/burstable/pod" UID "/" ID, "pod=" UID " container=" ID},
		{"/kubepods/besteffort/pod" UID "/crio-" ID, "pod=" UID " cri-o=" ID},
		{"/kubepods/pod" STATIC "/" ID, "pod=" STATIC " container=" ID},
		{"/kubelet/kubepods/burstable/pod" UID "/" ID, "pod=" UID " container=" ID},
		{"/kubepods/burstable/pod" UID, "pod=" UID},
		{"/system.slice/containerd.service/kubepods-burstable-pod" UID_
		 ".slice:cri-containerd:" ID,
		 "unit=containerd.service pod=" UID " containerd=" ID},
		{"/kubepods-besteffort-pod" UID_ ".slice:cri-containerd:" ID,
		 "pod=" UID " containerd=" ID},
		{"/system.slice:docker:" ID, "docker=" ID},
		{"/system.slice/kubelet.service/kubepods/burstable/pod" UID "/" ID,
		 "unit=kubelet.service pod=" UID " container=" ID},
		/* not quite */
		{"/kubepods.slice/kubepods-pod1234.slice", "unit=kubepods-pod1234.slice"},
		{"/a.slice/a-pod" UID_ ".slice", "unit=a-pod" UID_ ".slice"},
		{"/xkubepods.slice/xkubepods-pod" UID_ ".slice",
		 "unit=xkubepods-pod" UID_ ".slice"},
		{"/kubepods/burstable/pod" UID "0", ""},
		{"/kubepods/burstable/pod12345678=9abc-def0-1234-56789abcdef0", ""},
		{"/system.slice:rkt:" ID, ""},
		{"/:docker:" ID, ""},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

/* What a stranger can make below a cgroup of his own changes nothing above it. */
static void test_forged(void **state)
{
	static const struct row rows[] = {
		/* a user: a unit of the system, another's slice, a container */
		{USER "/nginx.service", OF_USER " user_unit=nginx.service"},
		{USER "/system.slice/nginx.service", OF_USER " user_unit=nginx.service"},
		{USER "/user.slice/user-0.slice/session-1.scope",
		 OF_USER " user_unit=session-1.scope"},
		{USER "/x/nginx.service", OF_USER},
		{USER "/user.slice/libpod-" ID ".scope", OF_USER " podman=" ID " claimed"},
		{USER "/app.slice/docker-" ID ".scope", OF_USER " docker=" ID " claimed"},
		{USER "/docker/" ID, OF_USER " container=" ID " claimed"},
		{USER "/podman-123.scope/" ID,
		 OF_USER " user_unit=podman-123.scope container=" ID " claimed"},
		{USER "/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope",
		 OF_USER " pod=" UID " containerd=" ID " claimed"},
		{USER "/kubepods/pod" STATIC, OF_USER " pod=" STATIC " claimed"},
		{USER "/lxc.payload.web", OF_USER " lxc=web claimed"},
		{USER "/machine.slice/systemd-nspawn@web.service",
		 OF_USER " user_unit=systemd-nspawn@web.service"},
		{"/user.slice/user-1000.slice/session-3.scope/docker-" ID ".scope",
		 "unit=session-3.scope uid=1000 docker=" ID " claimed"},
		{"/user.slice/user-1000.slice/docker-" ID ".scope",
		 "unit=docker-" ID ".scope uid=1000 docker=" ID " claimed"},
		/* a service whose cgroup was delegated; a quadlet looks the same */
		{"/system.slice/ci.service/docker-" ID ".scope",
		 "unit=ci.service docker=" ID " claimed"},
		{"/system.slice/web.service/libpod-payload-" ID,
		 "unit=web.service podman=" ID " claimed"},
		{"/system.slice/ci.service/system.slice/nginx.service", "unit=ci.service"},
		{"/system.slice/ci.service/containerd.service/docker/" ID,
		 "unit=ci.service container=" ID " claimed"},
		/* a name of a manager where it is none */
		{"/ci.slice/containerd.service/" ID,
		 "unit=containerd.service container=" ID " claimed"},
		{"/system.slice/system-a.slice/containerd.service/" ID,
		 "unit=containerd.service container=" ID " claimed"},
		{"/system.slice/systemd-nspawn@web.service/payload",
		 "unit=systemd-nspawn@web.service"},
		{"/user.slice/containerd.service/" ID,
		 "unit=containerd.service container=" ID " claimed"},
		{"/user.slice/user-1000.slice/containerd.service/" ID,
		 "unit=containerd.service uid=1000 container=" ID " claimed"},
		{"/system.slice/containerd.service/ci.service/docker/" ID,
		 "unit=containerd.service container=" ID " claimed"},
		/* root of a container: the outermost counts */
		{"/docker/" ID "/docker/" OTHER, "docker=" ID},
		{"/docker/" ID "/kubelet/kubepods/pod" UID "/" OTHER, "docker=" ID},
		{"/system.slice/docker-" ID ".scope/system.slice/nginx.service",
		 "unit=docker-" ID ".scope docker=" ID},
		{PODS "/cri-containerd-" ID ".scope/kubepods/pod" STATIC "/" OTHER,
		 "unit=cri-containerd-" ID ".scope pod=" UID " containerd=" ID},
		{"/lxc/web/docker/" OTHER, "lxc=web"},
		{"/machine.slice/systemd-nspawn@web.service/payload/docker/" OTHER,
		 "unit=systemd-nspawn@web.service nspawn=web"},
		{USER "/docker-" ID ".scope/docker-" OTHER ".scope",
		 OF_USER " docker=" ID " claimed"},
		/* the pod that was found stays */
		{PODS "/ci.service/pod" STATIC "/" ID,
		 "unit=ci.service pod=" UID " container=" ID " claimed"},
		/* directories that somebody may have got */
		{"/alice/docker/" ID, "container=" ID " claimed"},
		{"/user/alice/0/libpod-" ID, "podman=" ID " claimed"},
		{"/docker/buildkit/" ID, "container=" ID " claimed"},
		{"/docker/x/y/docker-" ID ".scope", "docker=" ID " claimed"},
		{"/kubepods/a/b/c/" ID, "container=" ID " claimed"},
		{"/system.slice/docker/" ID, "unit=system.slice container=" ID " claimed"},
		{"/libpod_parent/a/b/libpod-" ID, "podman=" ID " claimed"},
		{"/../docker/" ID, "container=" ID " claimed"},
	};
	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void check_line(const char *text, const char *path, const char *expected)
{
	struct guard guard;
	struct cgroup_line line;
	guard_init(&guard, text, strlen(text));
	assert_true(cgroup_path_parse_lines(guard.bytes, guard.len, &line));
	assert_int_equal(line.len, strlen(path));
	assert_memory_equal(line.path, path, line.len);
	assert_string_equal(describe(&line.ident), expected);
	guard_done(&guard);
}

static void test_lines(void **state)
{
	(void)state;
	check_line("0::/system.slice/a.service\n", "/system.slice/a.service", "unit=a.service");
	check_line("0::/system.slice/a.service (deleted)\n", "/system.slice/a.service",
		   "unit=a.service");
	check_line("0::/\n", "/", "");
	/* v1 */
	check_line("4:memory:/docker/" ID "\n3:cpu,cpuacct:/docker/" ID
		   "\n1:name=systemd:/docker/" ID "\n",
		   "/docker/" ID, "docker=" ID);
	check_line("2:pids:/a.slice\n1:name=systemd:/system.slice/a.service\n",
		   "/system.slice/a.service", "unit=a.service");
	check_line("2:pids:/a.slice\n1:name=systemd:/\n", "/a.slice", "unit=a.slice");
	/* both: v2 first, unless v1 knows the container */
	check_line("2:pids:/a.slice\n1:name=systemd:/b.slice\n0::/system.slice/c.service\n",
		   "/system.slice/c.service", "unit=c.service");
	check_line("2:pids:/docker/" ID "\n0::/system.slice/containerd.service\n", "/docker/" ID,
		   "docker=" ID);
	check_line("2:pids:/a.slice\n0::/\n", "/a.slice", "unit=a.slice");
	/* a claim outranks nothing */
	check_line("2:pids:" USER "/docker/" ID "\n0::/system.slice/c.service\n",
		   "/system.slice/c.service", "unit=c.service");
	/* a colon in a path, and a line that is no v2 though it looks so */
	check_line("0::/a.slice/b:c:/d\n", "/a.slice/b:c:/d", "unit=a.slice");
	check_line("0:pids:/a.slice\n1:name=systemd:/b.slice\n", "/b.slice", "unit=b.slice");
	/* what is no line, is skipped; what was cut, too */
	check_line("\nx\n1\n1:\n1::\n1:cpu:x\n0::/a.slice\n0::/system.slice/a.ser", "/a.slice",
		   "unit=a.slice");
}

static void test_no_lines(void **state)
{
	static const char *const texts[] = {"", "\n", "0::/a", "0::\n", ":\n", "::\n", "0:/a\n"};
	struct cgroup_line line = {.len = 7};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_false(cgroup_path_parse_lines(texts[i], strlen(texts[i]), &line));
		assert_int_equal(line.len, 7);
	}
}

/* The prefixes of a path tell the same or less, and are never read past their end. */
static void test_every_truncation(void **state)
{
	static const char path[] = PODS "/cri-containerd-" ID ".scope/x";
	(void)state;
	for (size_t len = 0; len < sizeof(path); len++) {
		struct guard guard;
		struct cgroup_ident ident;
		guard_init(&guard, path, len);
		cgroup_path_parse(guard.bytes, guard.len, &ident);
		assert_int_equal(ident.container[0] != 0, len >= sizeof(path) - sizeof("/x"));
		assert_false(ident.is_claimed);
		guard_done(&guard);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),	   cmocka_unit_test(test_users),
		cmocka_unit_test(test_containers), cmocka_unit_test(test_pods),
		cmocka_unit_test(test_forged),	   cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_lines),   cmocka_unit_test(test_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
