/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.c - a program that has shared objects in all sorts of ways.
 *
 *   loader [load=PATH] [apart=PATH] [memory=PATH] [data=PATH] [private=1]
 *
 * `load` loads a plugin, `apart` loads one into a link map of its own, `memory`
 * loads a copy that has no name, `data` maps a file only to be read, `private`
 * asks not to be dumpable. Built with LOADER_LINKED, it is linked to
 * middle.so, which needs plugin.so. value[0] is what the plugin's flags say; while
 * `go` is 1 they are not asked.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

static int (*ask)(void);

#ifdef LOADER_LINKED
int middle_ask(void);
#endif

static void take(void *handle)
{
	if (!handle)
		abort();
	*(void **)&ask = dlsym(handle, "plugin_ask");
}

static void map_as_data(const char *path)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 ||
	    mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		abort();
}

static void load_from_memory(const char *path)
{
	char name[64], buffer[4096];
	const int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("plugin", MFD_CLOEXEC);
	ssize_t got;
	if (from < 0 || to < 0)
		abort();
	while ((got = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)got) != got)
			abort();
	snprintf(name, sizeof(name), "/proc/self/fd/%d", to);
	take(dlopen(name, RTLD_NOW | RTLD_LOCAL));
}

static void follow(const char *arg)
{
	if (strncmp(arg, "load=", 5) == 0)
		take(dlopen(arg + 5, RTLD_NOW | RTLD_LOCAL));
	else if (strncmp(arg, "apart=", 6) == 0)
		take(dlmopen(LM_ID_NEWLM, arg + 6, RTLD_NOW | RTLD_LOCAL));
	else if (strncmp(arg, "memory=", 7) == 0)
		load_from_memory(arg + 7);
	else if (strncmp(arg, "data=", 5) == 0)
		map_as_data(arg + 5);
	else if (strcmp(arg, "private=1") == 0)
		prctl(PR_SET_DUMPABLE, 0);
	else
		abort();
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 200000};
	struct target_page *page = target_page();
#ifdef LOADER_LINKED
	ask = middle_ask;
#endif
	for (int i = 1; i < argc; i++)
		follow(argv[i]);
	for (;;) {
		if (!page->go)
			page->value[0] = ask ? ask() : -1;
		page->beat++;
		page->ready = 1;
		nanosleep(&pause, NULL);
	}
}
