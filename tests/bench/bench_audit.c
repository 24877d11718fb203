/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_audit.c - audits of large programs against `objdump -d`, which decodes all of their text.
 *
 *   bench_audit DFPATCH ROUNDS (SITES BYTES PROGRAM)...
 *
 * The programs are bench_still.c with so many sites of the dense layout, in ascending order; BYTES
 * is what table and strings take in them. Each site by itself, and each function as well; on one
 * processor, and on all there are. Times are of wall clocks, medians of alternating rounds. What is
 * required is required of the largest; and that neither time nor memory grow faster than sites.
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

#define SITES_TIMES 20.0    /* faster than objdump: each site by itself */
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
	struct series ms[RUNS];
	double peak; /* bytes, of the audit of all */
};

/* Runs a command on one processor or all; returns ms of wall time. */
static double measure(char *const argv[], bool one, double *peak)
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
	*peak = (double)usage.ru_maxrss * 1024;
	return wall;
}

static void measure_all(char *dfpatch, struct program *p)
{
	char *const objdump[] = {"objdump", "-d", p->path, NULL};
	char *const sites[] = {dfpatch, "audit", "--sites", p->path, NULL};
	char *const whole[] = {dfpatch, "audit", p->path, NULL};
	char *const *const commands[RUNS] = {objdump, sites, sites, whole, whole};
	double peak;
	for (int i = 0; i < RUNS; i++) {
		const bool one = i == OBJDUMP || i == SITES_ONE || i == WHOLE_ONE;
		take(&p->ms[i], measure(commands[i], one, &peak));
		if (i == WHOLE_ALL && peak > p->peak)
			p->peak = peak;
	}
}

static double times(struct program *p, enum run_kind kind)
{
	return median(&p->ms[OBJDUMP]) / median(&p->ms[kind]);
}

static void print(struct program *p)
{
	printf("%9.0f sites: objdump -d %6.0f ms; each site %6.0f ms (1/%.1f), by all processors "
	       "%6.0f ms (1/%.1f); each function %6.0f ms (1/%.1f), %6.0f ms (1/%.1f); peak %.1f "
	       "MB, %.2f times table and strings\n",
	       p->sites, median(&p->ms[OBJDUMP]), median(&p->ms[SITES_ONE]), times(p, SITES_ONE),
	       median(&p->ms[SITES_ALL]), times(p, SITES_ALL), median(&p->ms[WHOLE_ONE]),
	       times(p, WHOLE_ONE), median(&p->ms[WHOLE_ALL]), times(p, WHOLE_ALL), p->peak / 1e6,
	       p->peak / p->bytes);
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
	return median(&p->ms[WHOLE_ONE]);
}

static double memory_of(struct program *p)
{
	return p->peak;
}

static bool judge(struct program *programs, int count, int processors)
{
	struct program *last = &programs[count - 1];
	bool ok = at_least("objdump / each site, by all processors", times(last, SITES_ALL),
			   SITES_TIMES);
	ok = at_least("objdump / each function, on one processor", times(last, WHOLE_ONE),
		      WHOLE_TIMES) &&
	     ok;
	if (processors > 1)
		ok = at_least("each function, one processor / all of them",
			      median(&last->ms[WHOLE_ONE]) / median(&last->ms[WHOLE_ALL]),
			      PROCESSORS_GAIN) &&
		     ok;
	else
		puts("one processor: whether all are used is not judged");
	ok = at_most("peak memory / table and strings", last->peak / last->bytes, MEMORY_TIMES) &&
	     ok;
	if (count < 3)
		return ok;
	ok = judge_growth(last - 2, "time of a further site / before", time_of) && ok;
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
