/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c PLUGIN - loads the plugin; it and the plugin flip each other's flags, each with a copy of
 * libdf of its own. Names of libdf's inside are names of this program as well.
 */
#include <df.h>
#include <dlfcn.h>
#include <stdio.h>

/* What libdf is made of must stay out of the way of a program that has such names. */
int df_fail(void);
int df_plan;

int df_fail(void)
{
	return df_plan;
}

int main(int argc, char **argv)
{
	void *plugin = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	if (!plugin) {
		printf("host: %s\n", argc == 2 ? dlerror() : "name a plugin");
		return 1;
	}
	int (*value)(void) = (int (*)(void))dlsym(plugin, "plugin_value");
	int (*enable)(const char *) = (int (*)(const char *))dlsym(plugin, "plugin_enable");
	const int ours = enable("host:"), theirs = df_enable("plugin:");
	const int host_value = DF_FEATURE(host, trace), plugin_value = value();
	printf("host: %d matched, is %d; plugin: %d matched, is %d; own names give %d; '%s'\n",
	       ours, host_value, theirs, plugin_value, df_fail(), df_error());
	return !(ours == 1 && theirs == 1 && host_value && plugin_value && df_fail() == 0);
}
