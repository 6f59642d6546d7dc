// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "conntrack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "mem.h"

#define MODULE "nf_conntrack"
#define TUPLE_BYTES 40

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}

static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);
}

/* Adds the offset of the member in bytes. */
static bool add_offset(const struct btf *btf, const char *name, const char *member,
		       uint32_t *offset)
{
	const struct btf_type *type = find_struct(btf, name);

	for (uint32_t i = 0; type && i < btf_vlen(type); i++) {
		const char *its = btf__name_by_offset(btf, btf_members(type)[i].name_off);

		if (its && strcmp(its, member) == 0) {
			*offset += btf_member_bit_offset(type, i) / 8;
			return true;
		}
	}
	return false;
}

static int find_in(const struct btf *btf, uint32_t *ret_offset)
{
	const struct btf_type *tuple = find_struct(btf, "nf_conntrack_tuple");
	uint32_t offset = 0;

	if (!tuple || tuple->size != TUPLE_BYTES ||
	    !add_offset(btf, "nf_conn", "tuplehash", &offset) ||
	    !add_offset(btf, "nf_conntrack_tuple_hash", "tuple", &offset))
		return -ENOENT;
	*ret_offset = offset;
	return 0;
}

bool conntrack_has_module(void)
{
	return access("/sys/kernel/btf/" MODULE, R_OK) == 0;
}

int conntrack_find_tuple(uint32_t *ret_offset)
{
	struct btf *kernel cleanup(free_btf) = btf__load_vmlinux_btf();
	struct btf *module cleanup(free_btf) = NULL;

	if (!kernel)
		return -errno;
	if (!find_in(kernel, ret_offset))
		return 0;
	if (!conntrack_has_module())
		return -ENOENT;
	module = btf__load_module_btf(MODULE, kernel);
	return module ? find_in(module, ret_offset) : -errno;
}
