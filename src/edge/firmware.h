/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the machine's firmware says of where it runs. */
#pragma once

#include "metadata.h"

/* By /sys/class/dmi/id; METADATA_NO_CLOUD when that does not tell, or is not there. */
enum metadata_cloud firmware_cloud(void);
