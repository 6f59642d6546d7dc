/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes from a socket to struct sf_packet: the kernel's parser over again, byte for byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

/* A frame as an AF_PACKET SOCK_RAW socket hands it over. */
struct decode_frame {
	const uint8_t *bytes; /* from the link header on */
	size_t captured; /* bytes at hand */
	uint32_t len; /* bytes of the frame, at least captured */
	uint32_t net; /* where the network header starts */
	uint16_t protocol; /* the kernel's idea of the ethertype, host order */
};

/*
 * Fills ret, which is zeroed first. Returns false, with ret untouched, when there is no IPv4 or
 * IPv6 header whose addresses can be read. Whatever is odd behind the
 * addresses is told in ret->flags.
 */
bool decode_frame(const struct decode_frame *frame, struct sf_packet *ret);
