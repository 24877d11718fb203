/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - the rules of state: what an operation does to the counts of one site,
 * and how counts are stored.
 *
 *   activate    activation + 1                    unhook > 0: nothing
 *   deactivate  activation - 1; at 0, a held site loses its hold
 *   unhook      unhook + 1
 *   rehook      unhook - 1, not below 0
 *   enable      activation at least 1             unhook > 0: nothing
 *   disable     activation 0, no hold
 *   init        no hold; once per module
 *
 * A site is active while its activation is above 0 or it is held. Unhooking
 * does not switch an active site off. All of it is inline, for the same reason as
 * insn.h; of a site only `flags` and the counts as built are looked at.
 */
#ifndef DF_RULE_H
#define DF_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "site.h"

enum df_op {
	DF_ACTIVATE,
	DF_DEACTIVATE,
	DF_ENABLE,
	DF_DISABLE,
	DF_UNHOOK,
	DF_REHOOK,
	DF_INIT,
};

#define DF_ACTIVATION_MAX UINT32_MAX
#define DF_UNHOOK_MAX (UINT32_C(0x7fffffff))

/* A site's counts as they are, not as they are stored. */
struct df_count {
	uint32_t activation;
	uint32_t unhook; /* at most DF_UNHOOK_MAX */
	bool held;
};

/* What an operation did to a site; of several operations on one, the greatest counts. */
enum df_outcome {
	DF_NOT_SELECTED,
	DF_SAME,      /* it was so already */
	DF_CHANGED,   /* some count or the hold changed */
	DF_SATURATED, /* a count is at its top and could not be raised */
	DF_UNHOOKED,  /* nothing done because the site is unhooked */
};

static inline struct df_count df_count_decode(const struct df_site *site,
					      const struct df_count_v1 *stored)
{
	const bool released = (stored->unhook & DF_HOLD_RELEASED) != 0;
	return (struct df_count){
		.activation = stored->activation ^ site->activation,
		.unhook = (stored->unhook & ~DF_HOLD_RELEASED) ^ site->unhook,
		.held = (site->flags & DF_SITE_HELD) && !released,
	};
}

static inline struct df_count_v1 df_count_encode(const struct df_site *site,
						 const struct df_count *count)
{
	const bool released = (site->flags & DF_SITE_HELD) && !count->held;
	return (struct df_count_v1){
		.activation = count->activation ^ site->activation,
		.unhook = (count->unhook ^ site->unhook) | (released ? DF_HOLD_RELEASED : 0),
	};
}

static inline bool df_count_active(const struct df_count *count)
{
	return count->activation > 0 || count->held;
}

static inline enum df_outcome df_rule_raise(uint32_t *count, uint32_t top)
{
	if (*count == top)
		return DF_SATURATED;
	++*count;
	return DF_CHANGED;
}

static inline enum df_outcome df_rule_lower(uint32_t *count)
{
	if (*count == 0)
		return DF_SAME;
	--*count;
	return DF_CHANGED;
}

static inline enum df_outcome df_rule_release(struct df_count *count)
{
	const bool held = count->held;
	count->held = false;
	return held ? DF_CHANGED : DF_SAME;
}

static inline enum df_outcome df_rule_enable(struct df_count *count)
{
	if (count->unhook > 0)
		return DF_UNHOOKED;
	if (count->activation > 0)
		return DF_SAME;
	count->activation = 1;
	return DF_CHANGED;
}

static inline enum df_outcome df_rule_disable(struct df_count *count)
{
	const enum df_outcome released = df_rule_release(count);
	if (count->activation == 0)
		return released;
	count->activation = 0;
	return DF_CHANGED;
}

/* The rules: changes *count as `op` says. Never DF_NOT_SELECTED. */
static inline enum df_outcome df_rule(enum df_op op, struct df_count *count)
{
	switch (op) {
	case DF_ACTIVATE:
		return count->unhook > 0 ? DF_UNHOOKED
					 : df_rule_raise(&count->activation, DF_ACTIVATION_MAX);
	case DF_DEACTIVATE:
		return count->activation > 0 ? df_rule_lower(&count->activation)
					     : df_rule_release(count);
	case DF_ENABLE:
		return df_rule_enable(count);
	case DF_DISABLE:
		return df_rule_disable(count);
	case DF_UNHOOK:
		return df_rule_raise(&count->unhook, DF_UNHOOK_MAX);
	case DF_REHOOK:
		return df_rule_lower(&count->unhook);
	case DF_INIT:
		return df_rule_release(count);
	}
	return DF_SAME;
}

#endif
