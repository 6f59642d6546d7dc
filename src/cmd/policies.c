// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "policies.h"

#include <string.h>

static bool is_old(const struct policy_kept *kept, uint64_t now_ns)
{
	return kept->until_ns && now_ns - kept->until_ns > POLICIES_KEPT_NS;
}

static void forget_first(struct policies *policies)
{
	config_free(policies->kept[0].config);
	policies->n--;
	memmove(policies->kept, policies->kept + 1, policies->n * sizeof(policies->kept[0]));
}

bool policies_are_full(const struct policies *policies, uint64_t now_ns)
{
	return policies->n == POLICIES_KEPT_MAX && !is_old(&policies->kept[0], now_ns);
}

void policies_put(struct policies *policies, uint32_t generation, struct config *config,
		  uint64_t now_ns)
{
	uint32_t *number = &policies->numbers[generation % SF_GENERATIONS];

	for (size_t i = 0; i < policies->n; i++)
		if (policies->kept[i].number == *number)
			policies->kept[i].until_ns = now_ns;
	while (policies->n && is_old(&policies->kept[0], now_ns))
		forget_first(policies);
	if (policies->n == POLICIES_KEPT_MAX)
		forget_first(policies);
	*number = ++policies->last;
	policies->kept[policies->n++] = (struct policy_kept){.config = config, .number = *number};
}

uint32_t policies_number(const struct policies *policies, uint32_t generation)
{
	return policies->numbers[generation % SF_GENERATIONS];
}

const struct config *policies_config(const struct policies *policies, uint32_t number)
{
	for (size_t i = policies->n; i > 0; i--)
		if (policies->kept[i - 1].number == number)
			return policies->kept[i - 1].config;
	return NULL;
}

void policies_done(struct policies *policies)
{
	while (policies->n)
		forget_first(policies);
}
