// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "firmware.h"

#include <stdio.h>
#include <string.h>

#include "dmi.h"
#include "file.h"
#include "mem.h"

#define PLACE "/sys/class/dmi/id/"
#define TEXT_MAX 128

/* text becomes empty when it cannot be read. */
static const char *read_text(const char *name, char *text)
{
	struct file_text file = {};
	cleanup_free char *bytes = NULL;
	char path[64];

	text[0] = '\0';
	snprintf(path, sizeof(path), PLACE "%s", name);
	if (file_read(path, TEXT_MAX, &file))
		return text;
	bytes = file.bytes;
	snprintf(text, TEXT_MAX, "%.*s", (int)strcspn(bytes, "\n"), bytes);
	return text;
}

enum metadata_cloud firmware_cloud(void)
{
	char texts[4][TEXT_MAX];
	const struct dmi dmi = {
		.sys_vendor = read_text("sys_vendor", texts[0]),
		.bios_vendor = read_text("bios_vendor", texts[1]),
		.product_name = read_text("product_name", texts[2]),
		.chassis_asset_tag = read_text("chassis_asset_tag", texts[3]),
	};

	return dmi_cloud(&dmi);
}
