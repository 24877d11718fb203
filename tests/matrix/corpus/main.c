/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what the lines of standard input say, and answers each with "done" or what was wrong:
 *     values FILE       write the value of every flag to FILE
 *     apply             carry out the script that follows, up to a line ".", through libdf
 * An argument is the path of a plugin.
 * WITHOUT_CXX, WITHOUT_LIBRARY: there are no parts in C++, no libdf. WITH_PLUGIN: dlopen is there.
 */
#include "corpus.h"

#include <stdio.h>
#include <string.h>

#ifdef WITH_PLUGIN
#include <dlfcn.h>
#endif

static FILE *values;
static corpus_plugin *plugin;

void corpus_show(const char *flag, int value)
{
	fprintf(values, "%s\t%d\n", flag, value);
}

NOINLINE int corpus_opaque(int value)
{
	__asm__ __volatile__("" : "+r"(value));
	return value;
}

static int write_values(const char *path)
{
	values = fopen(path, "w");
	if (!values)
		return 0;
	corpus_places();
	corpus_names();
	corpus_generated();
	corpus_other();
	corpus_fold();
#ifndef WITHOUT_CXX
	corpus_front();
	corpus_back();
	corpus_objects();
#endif
	if (plugin)
		plugin(corpus_show);
	return !fclose(values);
}

#ifndef WITHOUT_LIBRARY
static const char *apply(void)
{
	static char script[1 << 16];
	size_t size = 0;

	while (size < sizeof(script) && fgets(script + size, (int)(sizeof(script) - size), stdin)) {
		if (!strcmp(script + size, ".\n")) {
			script[size] = 0;
			return df_apply(script) < 0 ? df_error() : "done";
		}
		size += strlen(script + size);
	}
	return "no end of the script";
}
#else
static const char *apply(void)
{
	return "no library";
}
#endif

static const char *answer(const char *line)
{
	if (!strncmp(line, "values ", 7))
		return write_values(line + 7) ? "done" : "the values cannot be written";
	if (!strcmp(line, "apply"))
		return apply();
	return "not a command";
}

#ifdef WITH_PLUGIN
static int load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW);

	if (!handle) {
		puts(dlerror());
		return 0;
	}
	*(void **)&plugin = dlsym(handle, "corpus_plugin_values");
	return plugin != NULL;
}
#else
static int load(const char *path)
{
	printf("no dlopen for %s\n", path);
	return 0;
}
#endif

int main(int argc, char **argv)
{
	static char line[4096];

	if (argc > 1 && !load(argv[1]))
		return 2;
	puts("done");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		puts(answer(line));
		fflush(stdout);
	}
	return 0;
}
