/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.c - a shared object with a flag and a copy of libdf of its own. */
#include <df.h>

int plugin_value(void);
int plugin_enable(const char *pattern);

int plugin_value(void)
{
	return DF_FEATURE(plugin, trace);
}

int plugin_enable(const char *pattern)
{
	return df_enable(pattern);
}
