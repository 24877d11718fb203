/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c - a program around plugin.so.
 *
 *   host [PATH]
 *
 * Built with HOST_LINKED, it is linked to the plugin. Otherwise it loads PATH
 * while `go` is 1 and unloads it when `go` is 0. word[0] says which it is.
 * HOST_FLAGS gives it a flag of its own.
 */
#include <dlfcn.h>
#include <time.h>

#include "target.h"

#ifdef HOST_LINKED
int plugin_ask(void);
#else
static void *handle;
#endif

static int (*plugin)(void);

static void follow(struct target_page *page, const char *path)
{
#ifdef HOST_LINKED
	(void)page;
	(void)path;
	plugin = plugin_ask;
#else
	if (page->go && !handle) {
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (!handle)
			abort();
		*(void **)&plugin = dlsym(handle, "plugin_ask");
	} else if (!page->go && handle) {
		plugin = NULL;
		dlclose(handle);
		handle = NULL;
	}
#endif
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 200000};
	struct target_page *page = target_page();
	for (;;) {
		follow(page, argc > 1 ? argv[1] : "");
		page->word[0] = plugin != NULL;
		page->value[0] = plugin ? plugin() : -1;
#ifdef HOST_FLAGS
		page->value[1] = DF_FEATURE(host, own);
#endif
		page->beat++;
		page->ready = 1;
		nanosleep(&pause, NULL);
	}
}
