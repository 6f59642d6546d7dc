// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What each cloud writes there: the same words by which cloud-init and systemd
 * know them. Whole words only: a host may be called anything, its firmware is
 * the provider's.
 */
#include "dmi.h"

#include <stddef.h>
#include <string.h>

#include "mem.h"

enum where {
	SYS_VENDOR,
	BIOS_VENDOR,
	PRODUCT_NAME,
	CHASSIS_ASSET_TAG,
};

static const struct {
	enum where where;
	const char *text;
	enum metadata_cloud cloud;
} rules[] = {
	{SYS_VENDOR, "Amazon EC2", METADATA_AWS},
	{BIOS_VENDOR, "Amazon EC2", METADATA_AWS},
	{PRODUCT_NAME, "Google Compute Engine", METADATA_GCP},
	{CHASSIS_ASSET_TAG, "7783-7084-3265-9085-8269-3286-77", METADATA_AZURE},
	{CHASSIS_ASSET_TAG, "OracleCloud.com", METADATA_OCI},
	{SYS_VENDOR, "Alibaba Cloud", METADATA_ALIBABA},
	{PRODUCT_NAME, "Alibaba Cloud ECS", METADATA_ALIBABA},
	{SYS_VENDOR, "DigitalOcean", METADATA_DIGITALOCEAN},
	{SYS_VENDOR, "Hetzner", METADATA_HETZNER},
	{SYS_VENDOR, "Scaleway", METADATA_SCALEWAY},
	{SYS_VENDOR, "Akamai", METADATA_AKAMAI},
	{SYS_VENDOR, "Linode", METADATA_AKAMAI},
	{PRODUCT_NAME, "OpenStack Nova", METADATA_OPENSTACK},
	{PRODUCT_NAME, "OpenStack Compute", METADATA_OPENSTACK},
	{CHASSIS_ASSET_TAG, "OpenTelekomCloud", METADATA_OPENSTACK},
};

enum metadata_cloud dmi_cloud(const struct dmi *dmi)
{
	const char *const said[] = {
		[SYS_VENDOR] = dmi->sys_vendor,
		[BIOS_VENDOR] = dmi->bios_vendor,
		[PRODUCT_NAME] = dmi->product_name,
		[CHASSIS_ASSET_TAG] = dmi->chassis_asset_tag,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const char *text = said[rules[i].where];
		if (text && strcmp(text, rules[i].text) == 0)
			return rules[i].cloud;
	}
	return METADATA_NO_CLOUD;
}
