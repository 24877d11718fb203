/* SPDX-License-Identifier: Apache-2.0 */
/* A module that is loaded by dlopen, with flags in its start-up as well. */
#include "corpus.h"

static int at_start = -1;

__attribute__((__constructor__)) static void early(void)
{
	at_start = DF_FEATURE(plugin, constructor, "runs in dlopen, and again");
}

__attribute__((__visibility__("default"))) corpus_plugin corpus_plugin_values;

void corpus_plugin_values(void (*show)(const char *flag, int value))
{
	const int built = at_start;

	show("plugin:function", DF_DEFAULT(plugin, function));
	early();
	show("plugin:constructor", built < 0 ? built : at_start);
}
