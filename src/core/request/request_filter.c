// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "request_filter.h"

#include <string.h>
#include <strings.h>

#include "http_line.h"

static bool is_word(const char *word, const char *text, size_t len)
{
	return strlen(word) == len && memcmp(word, text, len) == 0;
}

enum request_filter_error request_filter_add_method(struct request_filter *filter, const char *text,
						    size_t len)
{
	if (!len || len > HTTP_METHOD_MAX)
		return REQUEST_FILTER_UNKNOWN;
	for (size_t i = 0; i < len; i++) {
		if (!http_is_token((uint8_t)text[i]))
			return REQUEST_FILTER_UNKNOWN;
	}
	if (filter->n_methods == REQUEST_FILTER_METHODS_MAX)
		return REQUEST_FILTER_FULL;
	memcpy(filter->methods[filter->n_methods], text, len);
	filter->methods[filter->n_methods++][len] = 0;
	return REQUEST_FILTER_OK;
}

enum request_filter_error request_filter_add_version(struct request_filter *filter,
						     const char *text, size_t len)
{
	for (unsigned int i = 0; i < METADATA_VERSIONS; i++) {
		const char *name = i == METADATA_NONE
					   ? "none"
					   : metadata_version_name((enum metadata_version)i);

		if (is_word(name, text, len)) {
			filter->versions |= 1U << i;
			return REQUEST_FILTER_OK;
		}
	}
	return REQUEST_FILTER_UNKNOWN;
}

enum request_filter_error request_filter_add_class(struct request_filter *filter, const char *text,
						   size_t len)
{
	for (unsigned int i = 0; i < METADATA_CLASSES; i++) {
		if (is_word(metadata_class_name((enum metadata_class)i), text, len)) {
			filter->classes |= 1U << i;
			return REQUEST_FILTER_OK;
		}
	}
	return REQUEST_FILTER_UNKNOWN;
}

enum request_filter_error request_filter_add_path(struct request_filter *filter, const char *text,
						  size_t len)
{
	if (!len || !glob_is_valid(text, len))
		return REQUEST_FILTER_UNKNOWN;
	if (filter->n_paths == REQUEST_FILTER_PATHS_MAX)
		return REQUEST_FILTER_FULL;
	memcpy(filter->paths[filter->n_paths], text, len);
	filter->path_lens[filter->n_paths++] = (uint8_t)len;
	return REQUEST_FILTER_OK;
}

static bool method_matches(const struct request_filter *filter, const char *method)
{
	for (size_t i = 0; i < filter->n_methods; i++) {
		if (strcasecmp(filter->methods[i], method) == 0)
			return true;
	}
	return !filter->n_methods;
}

static bool path_matches(const struct request_filter *filter, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < filter->n_paths; i++) {
		if (glob_matches(filter->paths[i], filter->path_lens[i], path, len))
			return true;
	}
	return !filter->n_paths;
}

bool request_filter_matches(const struct request_filter *filter, const char *method,
			    const char *path, enum metadata_version version,
			    enum metadata_class class)
{
	if (filter->versions && !(filter->versions & 1U << version))
		return false;
	if (filter->classes && !(filter->classes & 1U << class))
		return false;
	return method_matches(filter, method) && path_matches(filter, path);
}
