/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_audit.c - audits of large programs against `objdump -d`, which decodes all of their text.
 *
 *   bench_audit DFPATCH ROUNDS (SITES BYTES PROGRAM)...
 *
 * The programs are bench_still.c with so many sites of the dense layout, in ascending order; BYTES
 * is what table and strings take in them. Each site by itself, and each function as well; on one
 * processor, and on all there are. What one processor does is judged by the time that it worked,
 * user and system, which others on the machine hardly change; what several gain, by wall clocks,
 * which want an otherwise idle machine. All are medians of rounds in which every command runs once.
 * What is required is required of the largest; and that neither time nor memory grow faster than
 * sites.
 */
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_outside.h"

#define SITES_TIMES 20.0    /* faster than objdump: each site by itself, on one processor */
#define WHOLE_TIMES 3.0	    /* each function, on one processor */
#define PROCESSORS_GAIN 1.2 /* of the whole by all processors, where there are two or more */
#define MEMORY_TIMES 3.0    /* at most so many times table and strings */
#define GROWTH 1.3 /* at most so much more for each further site than in smaller programs */
#define PROGRAMS_MAX 8

extern char **environ;

enum run_kind { OBJDUMP, SITES_ONE, SITES_ALL, WHOLE_ONE, WHOLE_ALL, RUNS };

struct program {
	double sites;
	double bytes;
	char *path;
	struct series wall[RUNS]; /* ms */
	struct series work[RUNS]; /* ms of all processors */
	double peak;		  /* bytes, of the audit of all */
};

struct figures {
	double wall;
	double work;
	double peak;
};

static double ms_of(const struct timeval *time)
{
	return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

/* Runs a command on one processor or all. */
static struct figures measure(char *const argv[], bool one)
{
	cpu_set_t all, first;
	struct rusage usage;
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status, processor = 0;
	sched_getaffinity(0, sizeof(all), &all);
	while (!CPU_ISSET((size_t)processor, &all))
		processor++;
	CPU_ZERO(&first);
	CPU_SET((size_t)processor, &first);
	if (one)
		sched_setaffinity(0, sizeof(first), &first);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	const double start = now_ms();
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		die(argv[0]);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait4");
	const double wall = now_ms() - start;
	posix_spawn_file_actions_destroy(&actions);
	sched_setaffinity(0, sizeof(all), &all);
	if (status != 0) {
		fprintf(stderr, "%s %s: status %#x\n", argv[0], argv[1], status);
		exit(1);
	}
	return (struct figures){
		.wall = wall,
		.work = ms_of(&usage.ru_utime) + ms_of(&usage.ru_stime),
		.peak = (double)usage.ru_maxrss * 1024,
	};
}

static void measure_all(char *dfpatch, struct program *p)
{
	char *const objdump[] = {"objdump", "-d", p->path, NULL};
	char *const sites[] = {dfpatch, "audit", "--sites", p->path, NULL};
	char *const whole[] = {dfpatch, "audit", p->path, NULL};
	char *const *const commands[RUNS] = {objdump, sites, sites, whole, whole};
	for (int i = 0; i < RUNS; i++) {
		const bool one = i == OBJDUMP || i == SITES_ONE || i == WHOLE_ONE;
		const struct figures figures = measure(commands[i], one);
		take(&p->wall[i], figures.wall);
		take(&p->work[i], figures.work);
		if (i == WHOLE_ALL && figures.peak > p->peak)
			p->peak = figures.peak;
	}
}

/* How many times objdump's work is that of a command. */
static double times(struct program *p, enum run_kind kind)
{
	return median(&p->work[OBJDUMP]) / median(&p->work[kind]);
}

static void print(struct program *p)
{
	static const char *const names[RUNS] = {
		[OBJDUMP] = "objdump -d, one processor",
		[SITES_ONE] = "each site, one processor",
		[SITES_ALL] = "each site, all processors",
		[WHOLE_ONE] = "each function, one processor",
		[WHOLE_ALL] = "each function, all processors",
	};
	printf("%.0f sites: peak %.1f MB, %.2f times table and strings\n", p->sites, p->peak / 1e6,
	       p->peak / p->bytes);
	for (int i = 0; i < RUNS; i++)
		printf("  %-30s work %7.0f ms (1/%.1f of objdump's)   wall %7.0f ms (1/%.1f)\n",
		       names[i], median(&p->work[i]), times(p, (enum run_kind)i),
		       median(&p->wall[i]), median(&p->wall[OBJDUMP]) / median(&p->wall[i]));
}

static bool at_least(const char *what, double is, double wanted)
{
	printf("%s: %.2f (at least %.2f): %s\n", what, is, wanted, is >= wanted ? "ok" : "MISSED");
	return is >= wanted;
}

static bool at_most(const char *what, double is, double wanted)
{
	printf("%s: %.2f (at most %.2f): %s\n", what, is, wanted, is <= wanted ? "ok" : "MISSED");
	return is <= wanted;
}

/* What each further site costs, against what it cost from one program to the next before. */
static bool judge_growth(struct program *p, const char *what, double (*of)(struct program *))
{
	const double before = (of(&p[1]) - of(&p[0])) / (p[1].sites - p[0].sites);
	const double then = (of(&p[2]) - of(&p[1])) / (p[2].sites - p[1].sites);
	return at_most(what, then / before, GROWTH);
}

static double time_of(struct program *p)
{
	return median(&p->work[WHOLE_ONE]);
}

static double memory_of(struct program *p)
{
	return p->peak;
}

static bool judge(struct program *programs, int count, int processors)
{
	struct program *last = &programs[count - 1];
	bool ok = at_least("objdump / each site, work of one processor", times(last, SITES_ONE),
			   SITES_TIMES);
	ok = at_least("objdump / each function, work of one processor", times(last, WHOLE_ONE),
		      WHOLE_TIMES) &&
	     ok;
	if (processors > 1)
		ok = at_least("each function, one processor / all of them, wall",
			      median(&last->wall[WHOLE_ONE]) / median(&last->wall[WHOLE_ALL]),
			      PROCESSORS_GAIN) &&
		     ok;
	else
		puts("one processor: whether all are used is not judged");
	ok = at_most("peak memory / table and strings", last->peak / last->bytes, MEMORY_TIMES) &&
	     ok;
	if (count < 3)
		return ok;
	ok = judge_growth(last - 2, "work of a further site / before", time_of) && ok;
	return judge_growth(last - 2, "memory of a further site / before", memory_of) && ok;
}

int main(int argc, char **argv)
{
	static struct program programs[PROGRAMS_MAX];
	const int count = (argc - 3) / 3;
	if (argc < 6 || argc % 3 != 0 || count > PROGRAMS_MAX) {
		fputs("usage: bench_audit DFPATCH ROUNDS (SITES BYTES PROGRAM)...\n", stderr);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		struct program *p = &programs[i];
		*p = (struct program){.sites = atof(argv[3 + 3 * i]),
				      .bytes = atof(argv[4 + 3 * i]),
				      .path = argv[5 + 3 * i]};
		for (int round = 0; round < atoi(argv[2]); round++)
			measure_all(argv[1], p);
		print(p);
	}
	cpu_set_t set;
	const int processors = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return judge(programs, count, processors) ? 0 : 1;
}
