/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who stands behind bytes; and the small tables beside it: tally, DMI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "asker.h"
#include "dmi.h"
#include "mem.h"
#include "tally.h"

/* By rising knowledge; those of one row know as much. */
static const struct asker ranks[][3] = {
	{{.is_lost = true}, {.is_lost = true, .cookie = 7}, {.is_lost = true, .uid = 5}},
	{{0}, {.cookie = 7}, {.uid = 33}},
	{{.kind = SF_OWNER_KERNEL},
	 {.kind = SF_OWNER_FORWARDED},
	 {.kind = SF_OWNER_UNATTRIBUTED_REPLY, .cookie = 9}},
	{{.kind = SF_OWNER_USER},
	 {.kind = SF_OWNER_USER, .uid = 1000},
	 {.kind = SF_OWNER_USER, .cookie = 7}},
	{{.kind = SF_OWNER_USER, .opener = {.pid = 1}},
	 {.kind = SF_OWNER_USER, .user = {.pid = 1}},
	 {.kind = SF_OWNER_USER, .opener = {.pid = 2}, .user = {.pid = 3}}},
};

static void who_knows_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranks) * 3; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ranks) * 3; j++) {
			const struct asker *a = &ranks[i / 3][i % 3];
			const struct asker *b = &ranks[j / 3][j % 3];

			if (asker_knows_more(a, b) != (i / 3 > j / 3))
				fail_msg("%zu and %zu", i, j);
		}
	}
}

static void contradictions(void **state)
{
	const struct asker first = {
		.kind = SF_OWNER_USER, .uid = 33, .opener = {.started_ns = 5, .pid = 4121}};
	struct asker other = first;

	(void)state;
	/* another program of the same process, another socket, another user of the socket */
	other.opener.exec_id = 9;
	other.cookie = 9;
	other.user.pid = 9;
	assert_false(asker_contradicts(&first, &other));
	other.opener.started_ns = 6;
	assert_true(asker_contradicts(&first, &other));
	assert_true(asker_contradicts(&other, &first));
	other = first;
	other.opener.pid = 4122;
	assert_true(asker_contradicts(&first, &other));
	/* of one the process is not known */
	other.opener.pid = 0;
	assert_false(asker_contradicts(&first, &other));
	assert_false(asker_contradicts(&other, &first));
	other.uid = 34;
	assert_true(asker_contradicts(&first, &other));
	/* who is no user says nothing of one */
	other.kind = SF_OWNER_KERNEL;
	assert_false(asker_contradicts(&first, &other));
	assert_false(asker_contradicts(&other, &first));
	assert_false(asker_contradicts(&(struct asker){0}, &first));
}

static void alike_requests_share_a_row(void **state)
{
	static struct tally tally;
	const struct metadata v1 = {.cloud = METADATA_AWS, .version = METADATA_V1};
	struct metadata other = v1;

	(void)state;
	memset(&tally, 0, sizeof(tally));
	tally_add(&tally, "curl", &v1);
	other.reason = METADATA_GAP;
	strcpy(other.role, "web");
	tally_add(&tally, "curl", &other);
	assert_int_equal(tally.n_rows, 1);
	assert_int_equal(tally.rows[0].n, 2);
	assert_string_equal(tally.rows[0].name, "curl");
	tally_add(&tally, "wget", &v1);
	other.cloud = METADATA_GCP;
	tally_add(&tally, "curl", &other);
	other.version = METADATA_V2;
	tally_add(&tally, "curl", &other);
	other.class = METADATA_CLASS_TOKEN;
	tally_add(&tally, "curl", &other);
	assert_int_equal(tally.n_rows, 5);
	assert_int_equal(tally.n, 6);
	assert_int_equal(tally.n_v1, 4);
	assert_int_equal(tally.n_others, 0);
	assert_int_equal(tally.rows[4].class, METADATA_CLASS_TOKEN);
}

/* A process that changes its name with each request fills the rows, and no more. */
static void rows_are_bounded(void **state)
{
	static struct tally tally;
	const struct metadata v1 = {.version = METADATA_V1};
	char name[TALLY_NAME_MAX + 40];
	uint64_t sum = 0;

	(void)state;
	memset(&tally, 0, sizeof(tally));
	for (int i = 0; i < 2 * TALLY_ROWS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		tally_add(&tally, name, &v1);
		tally_add(&tally, "n0", &v1);
	}
	assert_int_equal(tally.n_rows, TALLY_ROWS_MAX);
	assert_int_equal(tally.n_others, TALLY_ROWS_MAX);
	assert_int_equal(tally.rows[0].n, 2 * TALLY_ROWS_MAX + 1);
	for (size_t i = 0; i < tally.n_rows; i++)
		sum += tally.rows[i].n;
	assert_int_equal(sum + tally.n_others, tally.n);
	assert_int_equal(tally.n_v1, tally.n);
	/* a long name is cut, and still the same the next time */
	memset(&tally, 0, sizeof(tally));
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	tally_add(&tally, name, &v1);
	tally_add(&tally, name, &v1);
	assert_int_equal(tally.n_rows, 1);
	assert_int_equal(strlen(tally.rows[0].name), TALLY_NAME_MAX - 1);
}

static void firmware_names_its_cloud(void **state)
{
	static const struct {
		struct dmi dmi;
		enum metadata_cloud cloud;
	} vectors[] = {
		{{.sys_vendor = "Amazon EC2"}, METADATA_AWS},
		{{.sys_vendor = "Xen", .bios_vendor = "Amazon EC2"}, METADATA_AWS},
		{{.sys_vendor = "Google", .product_name = "Google Compute Engine"}, METADATA_GCP},
		{{.sys_vendor = "Microsoft Corporation",
		  .product_name = "Virtual Machine",
		  .chassis_asset_tag = "7783-7084-3265-9085-8269-3286-77"},
		 METADATA_AZURE},
		{{.sys_vendor = "QEMU", .chassis_asset_tag = "OracleCloud.com"}, METADATA_OCI},
		{{.sys_vendor = "Alibaba Cloud", .product_name = "Alibaba Cloud ECS"},
		 METADATA_ALIBABA},
		{{.product_name = "Alibaba Cloud ECS"}, METADATA_ALIBABA},
		{{.sys_vendor = "DigitalOcean", .product_name = "Droplet"}, METADATA_DIGITALOCEAN},
		{{.sys_vendor = "Hetzner", .product_name = "vServer"}, METADATA_HETZNER},
		{{.sys_vendor = "Scaleway"}, METADATA_SCALEWAY},
		{{.sys_vendor = "Akamai"}, METADATA_AKAMAI},
		{{.sys_vendor = "Linode"}, METADATA_AKAMAI},
		{{.product_name = "OpenStack Nova"}, METADATA_OPENSTACK},
		{{.product_name = "OpenStack Compute"}, METADATA_OPENSTACK},
		{{.chassis_asset_tag = "OpenTelekomCloud"}, METADATA_OPENSTACK},
		/* a laptop, another guest of Microsoft's, a home-made machine, and nothing */
		{{.sys_vendor = "Dell Inc.", .bios_vendor = "Dell Inc."}, METADATA_NO_CLOUD},
		{{.sys_vendor = "Microsoft Corporation", .product_name = "Virtual Machine"},
		 METADATA_NO_CLOUD},
		{{.sys_vendor = "QEMU", .product_name = "Standard PC"}, METADATA_NO_CLOUD},
		{{.sys_vendor = "", .bios_vendor = "", .product_name = ""}, METADATA_NO_CLOUD},
		{{0}, METADATA_NO_CLOUD},
		/* whole words, each in its own place */
		{{.sys_vendor = "Amazon EC2 clone"}, METADATA_NO_CLOUD},
		{{.sys_vendor = "amazon ec2"}, METADATA_NO_CLOUD},
		{{.product_name = "Amazon EC2"}, METADATA_NO_CLOUD},
		{{.sys_vendor = "Google Compute Engine"}, METADATA_NO_CLOUD},
		{{.bios_vendor = "Hetzner", .chassis_asset_tag = "Scaleway"}, METADATA_NO_CLOUD},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		if (dmi_cloud(&vectors[i].dmi) != vectors[i].cloud)
			fail_msg("%zu: %s", i, metadata_cloud_name(dmi_cloud(&vectors[i].dmi)));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_knows_more),
		cmocka_unit_test(contradictions),
		cmocka_unit_test(alike_requests_share_a_row),
		cmocka_unit_test(rows_are_bounded),
		cmocka_unit_test(firmware_names_its_cloud),
	};

	return cmocka_run_group_tests_name("asker", tests, NULL, NULL);
}
