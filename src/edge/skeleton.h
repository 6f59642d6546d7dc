/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The generated skeleton, with the types that its data sections hold. */
#pragma once

#include <stdbool.h>

#include "abi.h"

#include <sockfilter.skel.h>
