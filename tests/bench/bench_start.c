/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_start.c - what a table costs a program that does nothing with it.
 *
 *   bench_start WITH WITHOUT RUNS     programs of bench_inside, with sites and without
 *
 * Wall time from exec to exit, the first quartile of runs that take turns, since other
 * work only adds to it; and memory at the start of main: resident pages, and of these
 * those that were written. Prints the ratios and fails if one is above 1.1.
 */
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define RUNS_MAX 5000
#define MEMORY_RUNS 301
#define AT_MOST 1.1

extern char **environ;

static void fail(const char *what)
{
	fprintf(stderr, "bench_start: %s failed\n", what);
	exit(2);
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double wall_us(const char *program)
{
	char *const argv[] = {(char *)program, "start", NULL};
	int status;
	pid_t pid;
	const double start = now_us();
	if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		fail(program);
	return now_us() - start;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static double first_quartile(double *list, int count)
{
	qsort(list, (size_t)count, sizeof(list[0]), ascending);
	return list[count / 4];
}

/* kB that the program's case `memory` prints under `name`. */
static double memory_kb(const char *program, const char *name)
{
	char command[4096], line[64];
	double value, found = -1;
	snprintf(command, sizeof(command), "exec '%s' memory", program);
	FILE *stream = popen(command, "r");
	while (stream && fscanf(stream, "%63s %lf", line, &value) == 2)
		if (strcmp(line, name) == 0)
			found = value;
	if (!stream || pclose(stream) != 0 || found < 0)
		fail(command);
	return found;
}

static bool show(const char *text, double with, double without)
{
	const double ratio = with / without;
	const bool ok = ratio <= AT_MOST;
	printf("  %-44s %12.2f %12.2f %8.2f %6g %s\n", text, with, without, ratio, AT_MOST,
	       ok ? "ok" : "MISSED");
	return ok;
}

/* A mean: how much of the libraries is resident depends on where they were loaded. */
static bool show_memory(const char *text, const char *name, char **programs)
{
	double with = 0, without = 0;
	for (int i = 0; i < MEMORY_RUNS; i++) {
		with += memory_kb(programs[1], name);
		without += memory_kb(programs[2], name);
	}
	return show(text, with / MEMORY_RUNS, without / MEMORY_RUNS);
}

int main(int argc, char **argv)
{
	static double wall[2][RUNS_MAX];
	const int runs = argc == 4 ? atoi(argv[3]) : 0;
	if (runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: bench_start WITH WITHOUT RUNS (1 to %d)\n", RUNS_MAX);
		return 2;
	}
	for (int i = 0; i < 2 * runs; i++) {
		const int which = (i + i / 2) % 2; /* which goes first takes turns, too */
		wall[which][i / 2] = wall_us(argv[1 + which]);
	}
	printf("a program with sites that does nothing, and the same without, and at most how "
	       "many times\n  %-44s %12s %12s %8s %6s\n",
	       "", "with", "without", "ratio", "most");
	bool ok = show("from exec to exit, us", first_quartile(wall[0], runs),
		       first_quartile(wall[1], runs));
	ok &= show_memory("resident at main, kB", "rss", argv);
	ok &= show_memory("of these written, kB", "written", argv);
	return ok ? 0 : 1;
}
