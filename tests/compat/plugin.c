/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object with a flag that is loaded by the tests. */
#include <dynamic_flag.h>

int plugin_value(void);

__attribute__((__visibility__("default"))) int plugin_value(void)
{
	return DF_FEATURE(plugin, value, "lives in a shared object");
}
