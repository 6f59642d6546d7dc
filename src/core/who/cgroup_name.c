/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The forms of names, and who makes them. A name is recognised in its exact form only, and an id
 * is 64 hex digits in small letters.
 *
 *   docker      docker-ID.scope; ID in a directory of its own with the driver cgroupfs
 *   containerd  cri-containerd-ID.scope from CRI, nerdctl-ID.scope; SLICE:cri-containerd:ID when
 *               kubelet counts on systemd and containerd does not
 *   cri-o       crio-ID.scope, crio-ID (internal/config/cgmgr)
 *   podman      libpod-ID.scope, libpod-ID; libpod-payload-ID with --cgroups=split
 *   kubelet     kubepods[-QOS]-podUID.slice with _ for -, podUID (pkg/kubelet/cm)
 *   lxc         lxc.payload.NAME
 *   systemd     machine-NAME.scope, systemd-nspawn@NAME.service
 *
 * crio-conmon-ID and libpod-conmon-ID are monitors, on the host's side, and no containers;
 * machine-qemu\x2d... is a virtual machine, and its process one of the host.
 */
#include "cgroup_name.h"

#include <string.h>

#include "mem.h"

#define ID_LEN 64
#define STATIC_POD_LEN 32

bool cgroup_name_is(struct cgroup_name name, const char *word)
{
	return name.len == strlen(word) && memcmp(name.text, word, name.len) == 0;
}

bool cgroup_name_cut_prefix(struct cgroup_name *name, const char *prefix)
{
	size_t len = strlen(prefix);
	if (name->len < len || memcmp(name->text, prefix, len) != 0)
		return false;
	name->text += len;
	name->len -= len;
	return true;
}

bool cgroup_name_cut_suffix(struct cgroup_name *name, const char *suffix)
{
	size_t len = strlen(suffix);
	if (name->len < len || memcmp(name->text + name->len - len, suffix, len) != 0)
		return false;
	name->len -= len;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Of ASCII letters, digits and these signs alone. */
static bool is_made_of(struct cgroup_name name, const char *signs)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.text[i];
		if (!is_letter(c) && !is_digit(c) && (!c || !strchr(signs, c)))
			return false;
	}
	return true;
}

static bool is_all_hex(struct cgroup_name name, size_t len)
{
	size_t n = 0;
	while (n < name.len && is_hex(name.text[n]))
		n++;
	return n == name.len && n == len;
}

static void keep(char *ret, struct cgroup_name name)
{
	memcpy(ret, name.text, name.len);
	ret[name.len] = '\0';
}

static struct cgroup_name unescape(struct cgroup_name name)
{
	cgroup_name_cut_prefix(&name, "_");
	return name;
}

/* systemd.unit(5) says what a name may be made of; a template without instance is none. */
static bool is_unit_of(struct cgroup_name name, const char *suffix)
{
	name = unescape(name);
	return name.len < CGROUP_UNIT_MAX && cgroup_name_cut_suffix(&name, suffix) && name.len &&
	       name.text[0] != '@' && name.text[name.len - 1] != '@' && is_made_of(name, ":-_.\\@");
}

bool cgroup_name_is_slice(struct cgroup_name name)
{
	return is_unit_of(name, ".slice");
}

bool cgroup_name_is_unit(struct cgroup_name name)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (is_unit_of(name, suffixes[i]))
			return true;
	}
	return false;
}

void cgroup_name_keep_unit(struct cgroup_name name, char *ret)
{
	keep(ret, unescape(name));
}

bool cgroup_name_has_uid(struct cgroup_name name, const char *prefix, const char *suffix,
			 uint32_t *ret)
{
	uint64_t uid = 0;

	if (!cgroup_name_cut_prefix(&name, prefix) || !cgroup_name_cut_suffix(&name, suffix) ||
	    name.len == 0 || name.len > 10)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_digit(name.text[i]))
			return false;
		uid = uid * 10 + (uint64_t)(name.text[i] - '0');
	}
	if (uid >= UINT32_MAX)
		return false;
	*ret = uid;
	return true;
}

/* 8-4-4-4-12 hex digits, with either sign between. */
static bool is_uuid(struct cgroup_name name)
{
	if (name.len != CGROUP_POD_MAX - 1)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		bool is_sign = i == 8 || i == 13 || i == 18 || i == 23;
		char c = name.text[i];
		if (is_sign ? c != '-' && c != '_' : !is_hex(c))
			return false;
	}
	return true;
}

static bool take_pod_uid(struct cgroup_name name, struct cgroup_ident *ret)
{
	if (!is_all_hex(name, STATIC_POD_LEN) && !is_uuid(name))
		return false;
	keep(ret->pod, name);
	for (char *c = ret->pod; (c = strchr(c, '_'));)
		*c = '-';
	return true;
}

/* kubepods-burstable-podUID.slice; with another root also kubelet-kubepods-podUID.slice. */
static bool take_pod_slice(struct cgroup_name name, struct cgroup_ident *ret)
{
	struct cgroup_name uid = name;

	if (!cgroup_name_cut_suffix(&uid, ".slice"))
		return false;
	const char *dash = memrchr(uid.text, '-', uid.len);
	if (!dash)
		return false;
	struct cgroup_name parent = {uid.text, (size_t)(dash - uid.text)};
	uid = (struct cgroup_name){dash + 1, uid.len - parent.len - 1};
	if (!cgroup_name_cut_suffix(&parent, "-burstable"))
		cgroup_name_cut_suffix(&parent, "-besteffort");
	return cgroup_name_cut_suffix(&parent, "kubepods") &&
	       (parent.len == 0 || parent.text[parent.len - 1] == '-') &&
	       cgroup_name_cut_prefix(&uid, "pod") && take_pod_uid(uid, ret);
}

bool cgroup_name_take_pod(struct cgroup_name name, struct cgroup_ident *ret)
{
	struct cgroup_name uid = name;

	if (ret->pod[0])
		return false;
	if (cgroup_name_cut_prefix(&uid, "pod") && take_pod_uid(uid, ret))
		return true;
	return take_pod_slice(name, ret);
}

bool cgroup_name_take_id(struct cgroup_name name, enum cgroup_runtime runtime,
			 struct cgroup_ident *ret)
{
	if (!is_all_hex(name, ID_LEN))
		return false;
	keep(ret->container, name);
	ret->runtime = runtime;
	return true;
}

/* SLICE:PREFIX:ID is the way to tell systemd of a container; here it became a directory's name. */
static bool take_colons(struct cgroup_name name, struct cgroup_ident *ret)
{
	static const struct {
		const char *suffix;
		enum cgroup_runtime runtime;
	} prefixes[] = {
		{":docker:", CGROUP_DOCKER},
		{":cri-containerd:", CGROUP_CONTAINERD},
		{":crio:", CGROUP_CRIO},
		{":libpod:", CGROUP_PODMAN},
	};

	if (name.len <= ID_LEN)
		return false;
	struct cgroup_name id = {name.text + name.len - ID_LEN, ID_LEN};
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		struct cgroup_name slice = {name.text, name.len - ID_LEN};
		if (!cgroup_name_cut_suffix(&slice, prefixes[i].suffix) ||
		    !cgroup_name_is_slice(slice) ||
		    !cgroup_name_take_id(id, prefixes[i].runtime, ret))
			continue;
		cgroup_name_take_pod(slice, ret);
		return true;
	}
	return false;
}

bool cgroup_name_take_container(struct cgroup_name name, struct cgroup_ident *ret)
{
	static const struct {
		const char *prefix;
		const char *suffix;
		enum cgroup_runtime runtime;
	} forms[] = {
		{"docker-", ".scope", CGROUP_DOCKER},
		{"cri-containerd-", ".scope", CGROUP_CONTAINERD},
		{"nerdctl-", ".scope", CGROUP_CONTAINERD},
		{"crio-", ".scope", CGROUP_CRIO},
		{"crio-", "", CGROUP_CRIO},
		{"libpod-", ".scope", CGROUP_PODMAN},
		{"libpod-", "", CGROUP_PODMAN},
		{"libpod-payload-", "", CGROUP_PODMAN},
	};
	struct cgroup_name payload = name;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct cgroup_name id = name;
		if (cgroup_name_cut_prefix(&id, forms[i].prefix) &&
		    cgroup_name_cut_suffix(&id, forms[i].suffix) &&
		    cgroup_name_take_id(id, forms[i].runtime, ret))
			return true;
	}
	if (cgroup_name_cut_prefix(&payload, "lxc.payload."))
		return cgroup_name_take_plain(payload, CGROUP_LXC, ret);
	return take_colons(name, ret);
}

bool cgroup_name_take_plain(struct cgroup_name name, enum cgroup_runtime runtime,
			    struct cgroup_ident *ret)
{
	if (name.len == 0 || name.len >= CGROUP_CONTAINER_MAX || name.text[0] == '.' ||
	    !is_made_of(name, "-_."))
		return false;
	keep(ret->container, name);
	ret->runtime = runtime;
	return true;
}

static int hex_value(char c)
{
	return is_digit(c) ? c - '0' : c - 'a' + 10;
}

/* A machine's name as it was before systemd-escape(1). */
static bool take_escaped(struct cgroup_name name, enum cgroup_runtime runtime,
			 struct cgroup_ident *ret)
{
	char text[CGROUP_UNIT_MAX];
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < sizeof(text); i++) {
		const char *at = name.text + i;
		text[len++] = *at;
		if (name.len - i < 4 || at[0] != '\\' || at[1] != 'x' || !is_hex(at[2]) ||
		    !is_hex(at[3]))
			continue;
		text[len - 1] = (char)(hex_value(at[2]) << 4 | hex_value(at[3]));
		i += 3;
	}
	return cgroup_name_take_plain((struct cgroup_name){text, len}, runtime, ret);
}

bool cgroup_name_take_machine(struct cgroup_name name, struct cgroup_ident *ret)
{
	struct cgroup_name machine = name, guest = name;

	if (cgroup_name_cut_prefix(&machine, "systemd-nspawn@"))
		return cgroup_name_cut_suffix(&machine, ".service") &&
		       take_escaped(machine, CGROUP_NSPAWN, ret);
	return cgroup_name_cut_prefix(&machine, "machine-") &&
	       cgroup_name_cut_suffix(&machine, ".scope") &&
	       !cgroup_name_cut_prefix(&guest, "machine-qemu\\x2d") &&
	       take_escaped(machine, CGROUP_MACHINE, ret);
}
