/* SPDX-License-Identifier: Apache-2.0 */
/* inside_plugin.c - a shared object with flags and a copy of libdf of its own. */
#include "inside.h"
#include "target.h"

static __attribute__((noinline)) void ask(int32_t *value)
{
#define ASK(EXPRESSION, KIND, NAME) *value++ = EXPRESSION;
	INSIDE_PLUGIN_FLAGS(ASK)
}

extern const struct inside_plugin inside_plugin;
const struct inside_plugin inside_plugin __attribute__((visibility("default"))) = {
	.calls = INSIDE_CALLS,
	.ask = ask,
	.control = &df_module_v1,
};
