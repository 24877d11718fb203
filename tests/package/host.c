/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c PLUGIN - loads the plugin; it and the plugin flip each other's flags, each with a copy of
 * libdf of its own. Then the plugin goes, and must leave nothing behind that a fork would call.
 * Names of libdf's inside are names of this program as well.
 */
#include <df.h>
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* What libdf is made of must stay out of the way of a program that has such names. */
int df_fail(void);
int df_plan;

int df_fail(void)
{
	return df_plan;
}

static __attribute__((noinline)) int flag(void)
{
	return DF_FEATURE(host, trace);
}

static int count(void *context, const struct df_flag_info *flag)
{
	(void)flag;
	++*(int *)context;
	return 0;
}

/* Without the plugin there is one flag, and a child can flip it. */
static int goes_on_alone(void)
{
	int flags = 0, status = -1;
	if (df_list(NULL, count, &flags) < 0 || flags != 1)
		return 0;
	const pid_t child = fork();
	if (child == 0)
		_exit(!(df_disable("host:") == 1 && !flag()));
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* The plugin's copy holds a descriptor while it is there. */
static int open_descriptors(void)
{
	int count = 0;
	DIR *fds = opendir("/proc/self/fd");
	while (fds && readdir(fds))
		count++;
	closedir(fds);
	return count;
}

int main(int argc, char **argv)
{
	if (df_init() < 0)
		return 1;
	const int descriptors = open_descriptors();
	void *plugin = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	if (!plugin) {
		printf("host: %s\n", argc == 2 ? dlerror() : "name a plugin");
		return 1;
	}
	int (*value)(void) = (int (*)(void))dlsym(plugin, "plugin_value");
	int (*enable)(const char *) = (int (*)(const char *))dlsym(plugin, "plugin_enable");
	const int ours = enable("host:"), theirs = df_enable("plugin:");
	const int host_value = flag(), plugin_value = value();
	printf("host: %d matched, is %d; plugin: %d matched, is %d; own names give %d; '%s'\n",
	       ours, host_value, theirs, plugin_value, df_fail(), df_error());
	if (dlclose(plugin) != 0 || dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD)) {
		puts("host: the plugin stays");
		return 1;
	}
	if (open_descriptors() != descriptors) {
		puts("host: the plugin's copy left a descriptor open");
		return 1;
	}
	if (!goes_on_alone()) {
		printf("host: alone, or in a child, something went wrong: '%s'\n", df_error());
		return 1;
	}
	return !(ours == 1 && theirs == 1 && host_value && plugin_value && df_fail() == 0);
}
