/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An answer with credentials: what of it may be told, and nothing else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CREDENTIAL_BODY_MAX 8192 /* bytes of an answer that are looked at */
#define CREDENTIAL_TEXT_MAX 160

/* Printable ASCII that ends in NUL; empty when it was not there or not of its form. */
struct credential {
	char key_id[CREDENTIAL_TEXT_MAX]; /* AccessKeyId; Azure's client_id */
	char expiry[CREDENTIAL_TEXT_MAX]; /* Expiration; expires_on in seconds since 1970 */
	char lifetime[CREDENTIAL_TEXT_MAX]; /* expires_in, in seconds */
	char role[CREDENTIAL_TEXT_MAX]; /* RoleArn; Azure's resource */
};

/*
 * Reads a JSON object of AWS, ECS, EKS, Alibaba, GCP or Azure. False, with ret
 * all empty, when it is none or says nothing of this. What was read on the way
 * is wiped before it returns; bytes are the caller's to wipe.
 */
bool credential_parse(const char *bytes, size_t len, struct credential *ret);
