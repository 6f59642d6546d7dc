// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wipe.h"

#include <string.h>

#define STACK_BYTES 32768

__attribute__((noinline)) void wipe_stack(void)
{
	char below[STACK_BYTES];

	explicit_bzero(below, sizeof(below));
}
