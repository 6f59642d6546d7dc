/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Windows of time in a week: text to minutes, and whether one is open. That
 * depends on the local weekday and minute alone, so a caller with a clock asks
 * again at each full minute, and at once when the clock is set.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "abi.h"

struct config;

/* Minutes since local midnight; to_min below from_min is a minute of the next day. */
struct schedule_window {
	uint8_t days; /* those on which it begins: 1 << tm_wday, Sunday is 0 */
	uint16_t from_min; /* 0..1439, within the window */
	uint16_t to_min; /* 1..1440, the first minute behind it; never from_min */
};

#define SCHEDULE_EVERY_DAY 0x7f

enum schedule_error {
	SCHEDULE_OK,
	SCHEDULE_BAD_FORM,
	SCHEDULE_BAD_DAY,
	SCHEDULE_BAD_TIME,
	SCHEDULE_NO_TIME, /* only days */
	SCHEDULE_NO_END,
	SCHEDULE_EMPTY, /* it ends where it begins */
};

struct schedule_word {
	const char *text;
	size_t len;
};

/* "Sun" to "Sat", by tm_wday. */
extern const char schedule_days[7][4];

/*
 * Reads "Mon-Fri 08:00-18:00", "Mon,Wed,Sat-Sun 22:00-02:00" or "08:00-24:00",
 * which is every day. text need not end in NUL. On failure ret is untouched
 * and reterr_word is the part of text that is wrong.
 */
enum schedule_error schedule_parse(const char *text, size_t len, struct schedule_window *ret,
				   struct schedule_word *reterr_word);

/* Longest text, with the closing NUL. */
#define SCHEDULE_TEXT_MAX 32

/* Writes what schedule_parse() reads, from Monday on, without days for all. Returns text. */
const char *schedule_to_str(const struct schedule_window *window, char *text);

/* Is one of the windows open at this local time? Without any, always. */
bool schedule_is_active(const struct schedule_window *windows, size_t n, const struct tm *local);

/* The endpoints, by their index, that are active at this local time. */
struct sf_mask schedule_mask(const struct config *config, const struct tm *local);

/* Has any endpoint a window, so that schedule_mask() may ever change? */
bool schedule_is_needed(const struct config *config);
