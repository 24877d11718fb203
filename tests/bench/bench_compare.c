/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_compare.c - what bench_inside measures, ours and the ancestor's side by side.
 *
 *   bench_compare ROUNDS OURS [ANCESTOR]     directories of programs
 *
 * In each round our program and the ancestor's run one after the other. Of first
 * and second calls the best of all rounds counts; of later calls the median over the
 * rounds, for the ratio that of the ratios within each round. Prints ratios and what
 * they have to be, and fails if one is missed. Without ANCESTOR it judges what can
 * be judged without.
 *
 * The ancestor writes all text when it is initialised, and we when a flag is first
 * flipped; so a first flip is judged together with the initialisation.
 */
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define ROUNDS_MAX 50
#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static const char *const programs[] = {
	"dense-1",    "dense-100",    "dense-10000",   "dense-100000", "spread-1",   "spread-100",
	"spread-800", "spread-10000", "spread-100000", "sparse-1",     "sparse-100", "sparse-10000",
};

enum judge {
	BEST,	/* times of which the best counts */
	MEDIAN, /* times of which the median counts */
	ZERO,	/* a number that is 0 with us, or it is missed */
	SILENT, /* prints nothing; missed if the program is killed */
};

/* One line of the table: what a case of bench_inside prints, and how it is judged. */
static const struct metric {
	const char *run, *name, *text;
	enum judge judge;
	double need; /* times faster than the ancestor, unless `needs` has more; 0: shown */
	const char *programs; /* those that have it, as for fnmatch(3) */
} metrics[] = {
	{"init", "init", "initialise", BEST, 1, "*"},
	{"init", "pages", "initialise: pages of text written", ZERO, 0, "*"},
	{"one", "first", "one flag by name: first call", BEST, 0, "*"},
	{"one", "use", "one flag by name: initialise and first call", BEST, 1, "*"},
	{"one", "second", "one flag by name: second call, back", BEST, 1, "*"},
	{"one", "later", "one flag by name: later calls", MEDIAN, 1, "*"},
	{"one", "back", "one flag by name: back", MEDIAN, 1, "*"},
	{"all", "first", "all: first call", BEST, 0, "*"},
	{"all", "use", "all: initialise and first call", BEST, 1, "*"},
	{"all", "second", "all: second call, back", BEST, 1, "*"},
	{"all", "later", "all: later calls", MEDIAN, 1, "*"},
	{"all", "back", "all: back", MEDIAN, 1, "*"},
	{"kind", "first", "one kind: first call", BEST, 0, "*"},
	{"kind", "use", "one kind: initialise and first call", BEST, 1, "*"},
	{"kind", "second", "one kind: second call, back", BEST, 1, "*"},
	{"kind", "later", "one kind: later calls", MEDIAN, 1, "*"},
	{"kind", "back", "one kind: back", MEDIAN, 1, "*"},
	{"list", "first", "list: first call", BEST, 1, "*"},
	{"list", "second", "list: second call", BEST, 1, "*"},
	{"list", "later", "list: later calls", MEDIAN, 1, "*"},
	{"print", "later", "list and print: later calls", MEDIAN, 1, "*"},
	{"active", "later", "100 sites that are active already", MEDIAN, 1, "*-@(800|100000)"},
	{"quiet", "", "the same: no system call", SILENT, 0, "*-@(800|100000)"},
	{"spin", "stall", "one flip: what a thread in the site loses", MEDIAN, 1,
	 "spread-@(1|100)"},
};

/* Where more than `metrics` says is required. */
static const struct {
	const char *program, *run, *name;
	double need;
} needs[] = {
	{"*-100000", "init", "init", 20},    {"*-100000", "one", "first", 15},
	{"*-100000", "one", "later", 500},   {"dense-100000", "all", "later", 12},
	{"spread-10000", "all", "later", 7}, {"spread-100000", "all", "later", 2.5},
	{"sparse-10000", "all", "later", 8}, {"spread-100000", "kind", "later", 5},
	{"*-100000", "list", "second", 10},  {"*-100000", "list", "later", 10},
	{"*", "active", "later", 5},	     {"*", "spin", "stall", 2},
};

struct bench {
	const char *directories[2]; /* ours and the ancestor's, or NULL */
	int rounds;
	int judged;
	int missed;
};

/* What the programs printed for one metric, by round. */
struct series {
	double list[2][ROUNDS_MAX];
};

static bool matches(const char *pattern, const char *program)
{
	return fnmatch(pattern, program, FNM_EXTMATCH) == 0;
}

static double need_of(const struct metric *metric, const char *program)
{
	for (size_t i = 0; i < COUNT(needs); i++)
		if (matches(needs[i].program, program) && strcmp(needs[i].run, metric->run) == 0 &&
		    strcmp(needs[i].name, metric->name) == 0)
			return needs[i].need;
	return metric->need;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_compare: %s failed\n", what);
	exit(2);
}

/* Runs one case and files what it prints under the metrics that begin at `first`. */
static void run_case(const struct bench *b, int which, const char *program, size_t first, int round,
		     struct series *series)
{
	const char *run = metrics[first].run;
	char command[4096], name[32];
	double value;
	snprintf(command, sizeof(command), "exec '%s/%s' %s", b->directories[which], program, run);
	fflush(stdout);
	FILE *stream = popen(command, "r");
	if (!stream)
		fail(command);
	while (fscanf(stream, "%31s %lf", name, &value) == 2)
		for (size_t i = first; i < COUNT(metrics) && strcmp(metrics[i].run, run) == 0; i++)
			if (strcmp(metrics[i].name, name) == 0)
				series[i].list[which][round] = value;
	const int status = pclose(stream);
	if (metrics[first].judge == SILENT)
		series[first].list[which][round] = status;
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail(command);
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Of `count` numbers the middle one, the least or, for what has to be 0, the greatest. */
static double pick(const double *list, int count, enum judge judge)
{
	double sorted[ROUNDS_MAX];
	memcpy(sorted, list, (size_t)count * sizeof(list[0]));
	qsort(sorted, (size_t)count, sizeof(sorted[0]), ascending);
	return sorted[judge == BEST ? 0 : judge == MEDIAN ? count / 2 : count - 1];
}

static const char *judge(struct bench *b, bool ok)
{
	b->judged++;
	b->missed += !ok;
	return ok ? "ok" : "MISSED";
}

static void show_times(struct bench *b, const struct metric *m, const char *program,
		       const struct series *s)
{
	const double ours = pick(s->list[0], b->rounds, m->judge) / 1e3;
	double ratios[ROUNDS_MAX];
	printf("  %-44s %12.2f", m->text, ours);
	if (!b->directories[1]) {
		puts("            -        -");
		return;
	}
	const double theirs = pick(s->list[1], b->rounds, m->judge) / 1e3;
	for (int i = 0; i < b->rounds; i++)
		ratios[i] = s->list[1][i] / s->list[0][i];
	const double ratio = m->judge == BEST ? theirs / ours : pick(ratios, b->rounds, MEDIAN);
	const double need = need_of(m, program);
	printf(" %12.2f %8.2f", theirs, ratio);
	if (need > 0)
		printf(" %6g %s", need, judge(b, ratio >= need));
	puts("");
}

static void show_zero(struct bench *b, const struct metric *m, const struct series *s)
{
	const double ours = pick(s->list[0], b->rounds, m->judge);
	if (m->judge == ZERO && b->directories[1])
		printf("  %-44s %12.0f %12.0f              0 %s\n", m->text, ours,
		       pick(s->list[1], b->rounds, m->judge), judge(b, ours == 0));
	else
		printf("  %-44s %12.0f            -              0 %s\n", m->text, ours,
		       judge(b, ours == 0));
}

static void measure(struct bench *b, const char *program)
{
	static struct series series[COUNT(metrics)];
	const int sides = b->directories[1] ? 2 : 1;
	printf("%s\n", program);
	for (size_t i = 0; i < COUNT(metrics); i++) {
		const struct metric *m = &metrics[i];
		if (!matches(m->programs, program))
			continue;
		/* The metrics of one case stand together. */
		const bool begins = i == 0 || strcmp(m->run, metrics[i - 1].run) != 0;
		for (int round = 0; begins && round < b->rounds; round++)
			for (int which = 0; which < (m->judge == SILENT ? 1 : sides); which++)
				run_case(b, which, program, i, round, series);
		if (m->judge == ZERO || m->judge == SILENT)
			show_zero(b, m, &series[i]);
		else
			show_times(b, m, program, &series[i]);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	if ((argc != 3 && argc != 4) || atoi(argv[1]) < 1 || atoi(argv[1]) > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench_compare ROUNDS (1 to %d) OURS [ANCESTOR]\n",
			ROUNDS_MAX);
		return 2;
	}
	b.rounds = atoi(argv[1]);
	b.directories[0] = argv[2];
	b.directories[1] = argv[3];
	printf("flags flipped from inside, in us, and how many times the ancestor's is ours\n"
	       "LAYOUT-SITES (bytes from site to site: dense 46, spread 512, sparse 8192)\n"
	       "  %-44s %12s %12s %8s %6s\n",
	       "case", "ours", "ancestor's", "ratio", "need");
	for (size_t i = 0; i < COUNT(programs); i++)
		measure(&b, programs[i]);
	if (!argv[3])
		puts("nothing was compared: ratios need --ancestor DIR, a checkout of it");
	printf("%d of %d requirements missed\n", b.missed, b.judged);
	return b.missed > 0 ? 1 : 0;
}
