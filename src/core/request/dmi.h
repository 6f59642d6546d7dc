/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose cloud a machine runs in, by what its firmware says of it. */
#pragma once

#include "metadata.h"

/* Files of /sys/class/dmi/id, without their newline; NULL or empty when not known. */
struct dmi {
	const char *sys_vendor;
	const char *bios_vendor;
	const char *product_name;
	const char *chassis_asset_tag;
};

/* METADATA_NO_CLOUD when none of them says so. */
enum metadata_cloud dmi_cloud(const struct dmi *dmi);
