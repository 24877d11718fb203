/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.c - a shared object with flags, linked to or loaded later by host.c. */
#include "target.h"

__attribute__((visibility("default"))) int plugin_ask(void);

int plugin_ask(void)
{
	return DF_FEATURE(plugin, feature) + 2 * DF_DEFAULT(plugin, standard);
}
