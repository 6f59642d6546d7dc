/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * No instant is ever computed from a local time: one that the change of the
 * clocks skips has none, one that it repeats has two. A window is open when
 * the clock on the wall says so, and both cases answer themselves.
 */
#include "schedule.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config.h"

#define DAY_MIN (24 * 60)

const char schedule_days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct cursor {
	const char *at;
	const char *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
		cursor->at++;
}

/* Takes c, and the blanks around it, if it is next. */
static bool take_sign(struct cursor *cursor, char c)
{
	skip_blanks(cursor);
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	skip_blanks(cursor);
	return true;
}

/* Up to the next blank, sign or NUL; may be empty. */
static struct schedule_word take_word(struct cursor *cursor)
{
	const char *start = cursor->at;
	while (cursor->at < cursor->end && !strchr(" \t,-", *cursor->at))
		cursor->at++;
	return (struct schedule_word){start, cursor->at - start};
}

static enum schedule_error parse_day(struct cursor *cursor, unsigned int *ret,
				     struct schedule_word *wrong)
{
	struct schedule_word word = take_word(cursor);
	if (word.len == 0)
		return SCHEDULE_BAD_FORM;
	for (unsigned int day = 0; day < 7; day++) {
		if (word.len == 3 && strncasecmp(word.text, schedule_days[day], 3) == 0) {
			*ret = day;
			return SCHEDULE_OK;
		}
	}
	*wrong = word;
	return SCHEDULE_BAD_DAY;
}

static enum schedule_error parse_days(struct cursor *cursor, uint8_t *ret,
				      struct schedule_word *wrong)
{
	unsigned int first, last;
	uint8_t days = 0;

	do {
		enum schedule_error error = parse_day(cursor, &first, wrong);
		last = first;
		if (!error && take_sign(cursor, '-'))
			error = parse_day(cursor, &last, wrong);
		if (error)
			return error;
		for (unsigned int day = first; day != last; day = (day + 1) % 7)
			days |= 1 << day;
		days |= 1 << last;
	} while (take_sign(cursor, ','));
	*ret = days;
	return SCHEDULE_OK;
}

static enum schedule_error parse_time(struct cursor *cursor, unsigned int max_min, uint16_t *ret,
				      struct schedule_word *wrong)
{
	struct schedule_word word = take_word(cursor);
	const char *text = word.text;
	if (word.len == 0)
		return SCHEDULE_BAD_FORM;

	if (word.len == 5 && is_digit(text[0]) && is_digit(text[1]) && text[2] == ':' &&
	    text[3] <= '5' && is_digit(text[3]) && is_digit(text[4])) {
		unsigned int hour = (text[0] - '0') * 10 + text[1] - '0';
		unsigned int total_min = hour * 60 + (text[3] - '0') * 10 + text[4] - '0';
		if (total_min <= max_min) {
			*ret = total_min;
			return SCHEDULE_OK;
		}
	}
	*wrong = word;
	return SCHEDULE_BAD_TIME;
}

static enum schedule_error parse_times(struct cursor *cursor, struct schedule_window *window,
				       struct schedule_word *wrong)
{
	enum schedule_error error = parse_time(cursor, DAY_MIN - 1, &window->from_min, wrong);
	if (error)
		return error;
	if (!take_sign(cursor, '-') || cursor->at == cursor->end)
		return SCHEDULE_NO_END;
	error = parse_time(cursor, DAY_MIN, &window->to_min, wrong);
	if (error)
		return error;
	return window->from_min == window->to_min ? SCHEDULE_EMPTY : SCHEDULE_OK;
}

enum schedule_error schedule_parse(const char *text, size_t len, struct schedule_window *ret,
				   struct schedule_word *reterr_word)
{
	struct cursor cursor = {text, text + len};
	struct schedule_window window = {.days = SCHEDULE_EVERY_DAY};
	struct schedule_word wrong = {text, len};
	enum schedule_error error = SCHEDULE_OK;

	skip_blanks(&cursor);
	if (cursor.at == cursor.end || !is_digit(*cursor.at))
		error = parse_days(&cursor, &window.days, &wrong);
	if (!error && cursor.at == cursor.end)
		error = SCHEDULE_NO_TIME;
	if (!error)
		error = parse_times(&cursor, &window, &wrong);
	skip_blanks(&cursor);
	if (!error && cursor.at < cursor.end)
		error = SCHEDULE_BAD_FORM;
	if (error) {
		*reterr_word = wrong;
		return error;
	}
	/* up to midnight, not past it */
	if (window.to_min == 0)
		window.to_min = DAY_MIN;
	*ret = window;
	return SCHEDULE_OK;
}

/* From Monday on; three days or more in a row as a range. Returns the end of text. */
static char *write_days(uint8_t days, char *text)
{
	const char *comma = "";

	for (unsigned int i = 1; i <= 7; i++) {
		unsigned int last = i;
		if (!(days & 1 << i % 7))
			continue;
		while (last < 7 && days & 1 << (last + 1) % 7)
			last++;
		text += sprintf(text, "%s%s", comma, schedule_days[i % 7]);
		comma = ",";
		if (last < i + 2)
			continue;
		text += sprintf(text, "-%s", schedule_days[last % 7]);
		i = last;
	}
	return text;
}

const char *schedule_to_str(const struct schedule_window *window, char *text)
{
	char *end = text;
	if (window->days != SCHEDULE_EVERY_DAY) {
		end = write_days(window->days, text);
		*end++ = ' ';
	}
	sprintf(end, "%02u:%02u-%02u:%02u", window->from_min / 60, window->from_min % 60,
		window->to_min / 60, window->to_min % 60);
	return text;
}

static bool is_open(const struct schedule_window *window, const struct tm *local)
{
	unsigned int minute = local->tm_hour * 60 + local->tm_min;
	bool today = window->days & 1 << local->tm_wday;
	bool yesterday = window->days & 1 << (local->tm_wday + 6) % 7;

	if (window->from_min < window->to_min)
		return today && minute >= window->from_min && minute < window->to_min;
	return (today && minute >= window->from_min) || (yesterday && minute < window->to_min);
}

bool schedule_is_active(const struct schedule_window *windows, size_t n, const struct tm *local)
{
	for (size_t i = 0; i < n; i++) {
		if (is_open(&windows[i], local))
			return true;
	}
	return n == 0;
}

struct sf_mask schedule_mask(const struct config *config, const struct tm *local)
{
	struct sf_mask mask = {0};

	for (size_t i = 0; i < config->n_endpoints; i++) {
		const struct config_endpoint *endpoint = &config->endpoints[i];
		if (schedule_is_active(endpoint->when, endpoint->n_when, local))
			mask.bits |= 1ULL << i;
	}
	return mask;
}

bool schedule_is_needed(const struct config *config)
{
	for (size_t i = 0; i < config->n_endpoints; i++) {
		if (config->endpoints[i].n_when)
			return true;
	}
	return false;
}
