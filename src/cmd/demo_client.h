/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the demo's clients do, as programs on a cloud machine do it. Runs in a
 * process of its own that already is its user, in the "client" namespace.
 */
#pragma once

enum demo_act {
	DEMO_ACT_WITH_TOKEN, /* v2, IPv4 */
	DEMO_ACT_CREDENTIALS_IP4, /* v1 */
	DEMO_ACT_CREDENTIALS_IP6, /* v1 */
	DEMO_ACT_USER_DATA, /* v1, IPv4 */
};

/* 0 when the service answered as it should, -EPROTO when otherwise, or another -errno. */
int demo_client_act(enum demo_act act);
