// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who is this process? By /proc, which counts as the host does even where the
 * process lives in a pid namespace of its own.
 */
#include "sender.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES 16384
#define PARENTS_MAX 8

struct line {
	char bytes[LINE_BYTES];
	size_t len;
};

static const char *facts;

void say_to(const char *path)
{
	facts = path;
}

const char *facts_path(void)
{
	return facts;
}

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->bytes + line->len, sizeof(line->bytes) - line->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line->bytes) - line->len)
		die("a fact that long");
	line->len += (size_t)n;
}

static void add_string(struct line *line, const char *text)
{
	add(line, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			add(line, "\\");
		add(line, "%c", *text);
	}
	add(line, "\"");
}

static size_t read_file(const char *path, char *bytes, size_t size)
{
	int fd = check(open(path, O_RDONLY | O_CLOEXEC), path);
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, bytes + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	bytes[len] = '\0';
	return len;
}

static void read_name(const char *path, char *name, size_t size)
{
	name[check((int)readlink(path, name, size - 1), path)] = '\0';
}

/* As the host counts: what the map of this user namespace says of it. */
static unsigned int on_host(const char *map, unsigned int id)
{
	unsigned int inside, outside, count;
	char text[4096];
	int n;

	read_file(map, text, sizeof(text));
	for (const char *at = text; sscanf(at, "%u %u %u%n", &inside, &outside, &count, &n) == 3;
	     at += n) {
		if (id >= inside && id - inside < count)
			return outside + (id - inside);
	}
	errno = 0;
	die(map);
}

struct stat_line {
	char comm[32];
	int parent;
	unsigned long long started; /* ticks since boot */
};

/* False: there is no such process. */
static bool read_stat(const char *pid, struct stat_line *ret)
{
	char path[64], text[1024];
	char *open, *shut;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (access(path, R_OK))
		return false;
	read_file(path, text, sizeof(text));
	open = strchr(text, '(');
	shut = strrchr(text, ')');
	if (!open || !shut)
		die(path);
	snprintf(ret->comm, sizeof(ret->comm), "%.*s", (int)(shut - open - 1), open + 1);
	return sscanf(shut + 2,
		      "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		      "%llu",
		      &ret->parent, &ret->started) == 2;
}

/* Its own first. */
static void add_parents(struct line *line, int parent)
{
	struct stat_line stat_line;
	char pid[16];

	add(line, ",\"parents\":[");
	for (int i = 0; i < PARENTS_MAX && parent; i++) {
		snprintf(pid, sizeof(pid), "%d", parent);
		if (!read_stat(pid, &stat_line))
			break;
		add(line, "%s{\"pid\":%d,\"comm\":", i ? "," : "", parent);
		add_string(line, stat_line.comm);
		add(line, "}");
		parent = stat_line.parent;
	}
	add(line, "]");
}

/* That of the second version of cgroups. */
static void add_cgroup(struct line *line)
{
	char text[4096];
	char *path;

	read_file("/proc/self/cgroup", text, sizeof(text));
	path = strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text - 1;
	if (!path)
		return;
	path += 4;
	path[strcspn(path, "\n")] = '\0';
	add(line, ",\"cgroup\":");
	add_string(line, path);
}

static void add_namespace(struct line *line, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	check(stat(path, &st), path);
	add(line, ",\"%sns\":%lu", name, (unsigned long)st.st_ino);
}

static void add_argv(struct line *line, const char *argv, size_t len)
{
	add(line, ",\"argv\":[");
	for (size_t at = 0; at < len; at += strlen(argv + at) + 1) {
		add(line, "%s", at ? "," : "");
		add_string(line, argv + at);
	}
	add(line, "]");
}

static void add_program(struct line *line, const char *exe, char *const *words)
{
	char text[4096];
	size_t len = 0;

	if (exe) {
		for (; *words; words++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", *words) + 1;
	} else {
		len = read_file("/proc/self/cmdline", text, sizeof(text));
	}
	add_argv(line, text, len);
	if (!exe) {
		read_name("/proc/self/exe", text, sizeof(text));
		exe = text;
	}
	add(line, ",\"exe\":");
	add_string(line, exe);
}

void say_as(const char *role, const struct target *target, const char *proto, const char *exe,
	    char *const *argv)
{
	struct line line = {.len = 0};
	struct stat_line stat_line;
	char pid[32];
	int fd;

	/* the number of the thread's process, in the namespace of this /proc */
	read_name("/proc/self", pid, sizeof(pid));
	if (!read_stat(pid, &stat_line))
		die("/proc");
	add(&line, "{\"role\":\"%s\",\"address\":\"%s\",\"proto\":\"%s\"", role, target->text,
	    proto);
	add(&line, ",\"pid\":%s,\"started\":%llu,\"comm\":", pid, stat_line.started);
	/* as execve(2) will name it */
	add_string(&line, exe ? basename(exe) : stat_line.comm);
	add(&line, ",\"uid\":%u", on_host("/proc/self/uid_map", getuid()));
	add(&line, ",\"gid\":%u", on_host("/proc/self/gid_map", getgid()));
	add(&line, ",\"euid\":%u", on_host("/proc/self/uid_map", geteuid()));
	add(&line, ",\"egid\":%u", on_host("/proc/self/gid_map", getegid()));
	add_program(&line, exe, argv);
	add_cgroup(&line);
	for (const char *const *name = (const char *const[]){"net", "user", "pid", NULL}; *name;
	     name++)
		add_namespace(&line, *name);
	add_parents(&line, stat_line.parent);
	add(&line, "}\n");
	fd = check(open(facts, O_WRONLY | O_APPEND | O_CLOEXEC), facts);
	if (write(fd, line.bytes, line.len) != (ssize_t)line.len)
		die(facts);
	close(fd);
}

void say(const char *role, const struct target *target, const char *proto)
{
	say_as(role, target, proto, NULL, NULL);
}
