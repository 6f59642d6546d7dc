// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "capture.h"
#include "cgroup.h"
#include "exit.h"
#include "file.h"
#include "lack.h"
#include "loader.h"
#include "log.h"
#include "mem.h"
#include "privilege.h"
#include "probe.h"
#include "sandbox.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define REQUIREMENT "it takes Linux 5.10 or later, with BTF, eBPF and seccomp"
#define PROBES_MAX 32
#define QUEUE_BYTES (1 << 20)

/* In this mode no program may read kernel structures, whoever loads it. */
static bool is_locked_down(void)
{
	static const char mode[] = "[confidentiality]";
	struct file_text file = {};
	cleanup_free char *bytes = NULL;

	if (file_read("/sys/kernel/security/lockdown", 128, &file))
		return false;
	bytes = file.bytes;
	return memmem(bytes, file.len, mode, strlen(mode)) != NULL;
}

/* Those of its parts that are not there; tried with the capabilities of now. */
static void name_absent(void)
{
	struct probe probes[PROBES_MAX];
	size_t n = probe_kernel(probes, ARRAY_SIZE(probes));

	for (size_t i = 0; i < n; i++)
		if (!probes[i].is_there)
			log_error("this kernel has no %s; " REQUIREMENT, probes[i].name);
}

int kernel_explain_load(int err)
{
	if (access(BTF_PATH, R_OK))
		log_error("this kernel has no BTF (" BTF_PATH "); "
			  "it takes one built with CONFIG_DEBUG_INFO_BTF=y");
	else if (is_locked_down())
		log_error("this kernel is locked down for confidentiality: no eBPF program may "
			  "read its structures; lockdown=integrity, or none, lets them");
	else if (err == -EPERM)
		log_error("the kernel refuses to load BPF: %s\n"
			  "  before Linux 5.11 its memory counts against RLIMIT_MEMLOCK: "
			  "raise it with ulimit -l unlimited (LimitMEMLOCK=infinity in a unit)\n"
			  "  %s",
			  strerror(-err), loader_last_words());
	else {
		log_error("cannot load the BPF programs: %s\n  %s", strerror(-err),
			  loader_last_words());
		name_absent();
	}
	return EXIT_MISSING;
}

int kernel_explain_seccomp(void)
{
	log_error("this kernel has no seccomp filters; " REQUIREMENT);
	return EXIT_MISSING;
}

static void close_skel(struct sockfilter **skel)
{
	loader_close(*skel);
}

/* What there is to say of a kernel. */
struct finding {
	bool lacks[LACKS];
	bool is_tried; /* the programs; else for want of capabilities not */
};

/* As the watch does, but for attaching anything. */
static int try_watch(struct finding *finding)
{
	struct loader_options options = {.with_cgroup = !finding->lacks[LACK_CGROUP2]};
	struct sockfilter *skel cleanup(close_skel) = NULL;
	struct capture capture cleanup(capture_close) = {.fd = -1};
	int err;

	(void)privilege_limit();
	finding->is_tried = true;
	err = loader_open(&options, &skel);
	if (err)
		return kernel_explain_load(err);
	err = capture_open(loader_tap_fd(skel, false), QUEUE_BYTES, &capture);
	if (!err)
		err = privilege_drop(false, loader_can_read, skel, &finding->lacks[LACK_OPEN_MAPS]);
	if (!err)
		return EXIT_OK;
	log_error("cannot open a packet socket with the filter: %s", strerror(-err));
	return EXIT_MISSING;
}

/* What takes no privilege to see. */
static void look_around(struct finding *finding)
{
	char path[4096];

	finding->lacks[LACK_LANDLOCK] = !sandbox_has_landlock();
	finding->lacks[LACK_CGROUP2] = cgroup_find_root(path, sizeof(path)) != 0;
	finding->lacks[LACK_MEMBARRIER] = !loader_can_quiesce();
}

static bool is_lacking(const struct finding *finding)
{
	bool is_any = false;

	for (enum lack lack = 0; lack < LACKS; lack++)
		is_any |= finding->lacks[lack];
	return is_any;
}

static void print_untried(const char *missing, const char *config)
{
	printf("  not tried without %s: whether the programs load; try it with: sudo %s check%s%s\n",
	       missing, program_invocation_name, config ? " -c " : "", config ? config : "");
}

int kernel_check(const char *config)
{
	struct finding finding = {};
	char missing[80] = "capabilities";
	struct utsname kernel;
	int code = EXIT_OK;

	uname(&kernel);
	fflush(stdout); /* what follows may be an error */
	look_around(&finding);
	(void)privilege_missing(missing, sizeof(missing));
	if (!missing[0])
		code = try_watch(&finding);
	else if (access(BTF_PATH, F_OK))
		code = kernel_explain_load(-ENOENT);
	if (!sandbox_has_seccomp())
		code = kernel_explain_seccomp();
	if (code == EXIT_OK && finding.is_tried && !is_lacking(&finding)) {
		printf("kernel %s: everything there\n", kernel.release);
		return EXIT_OK;
	}
	printf("kernel %s:\n", kernel.release);
	for (enum lack lack = 0; lack < LACKS; lack++)
		if (finding.lacks[lack])
			printf("  %s\n", lack_text(lack));
	if (code != EXIT_OK)
		printf("  the watch cannot run here; " REQUIREMENT "\n");
	else if (!finding.is_tried)
		print_untried(missing, config);
	return code;
}
