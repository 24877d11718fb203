/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_flip.c - one flag flipped from outside, by dfpatch and by gdb.
 *
 *   bench_flip DFPATCH TARGET ROUNDS
 *
 * For rising numbers of threads, in turn and in one run: the wall time of the whole command
 * from exec to exit, quietly and with every thread stopped, and the longest gap of a spinning
 * thread meanwhile. gdb writes the same byte and detaches. Prints medians, ratios and the
 * ratios required; fails if one is missed, a flip took no effect, or a call of the target was
 * interrupted by a quiet one.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_outside.h"

/* How many times gdb's time has to be ours; 0 for no requirement. */
struct required {
	int threads;
	double quiet; /* wall time */
	double stop;
	double gap; /* with every thread stopped */
	int gdb;    /* how many rounds of gdb's, which is slow and steady; 0 for a third of ours */
};

static const struct required required[] = {
	{1, 100, 0, 100, 0},   {16, 100, 0, 100, 0}, {64, 100, 0, 100, 0},
	{256, 100, 0, 100, 0}, {2000, 200, 0, 0, 3}, {10000, 1000, 0, 0, 1},
};

/* The wall time at the most threads may be this many times that at one. */
#define GROWTH_MAX 1.5

struct figures {
	struct series wall;
	struct series gap;
};

static void measure(const struct bench *b, int on, const char *option, struct figures *f)
{
	const bool gdb = option && option[0] == 'g';
	nap(20);
	b->shared->longest_gap = 0;
	take(&f->wall, gdb ? bench_gdb(b, on) : bench_dfpatch(b, on, option));
	take(&f->gap, (double)b->shared->longest_gap / 1e6);
	bench_expect(b, on, gdb ? "gdb" : "dfpatch");
}

static const char *verdict(double ratio, double need)
{
	return need == 0 ? "" : ratio >= need ? "ok" : "MISSED";
}

static bool compare(const char *dfpatch, const char *target, const struct required *need,
		    int rounds, double *quiet_wall)
{
	struct bench b;
	struct figures quiet = {0}, stop = {0}, gdb = {0};
	uint64_t interrupted = 0;
	bench_start(&b, dfpatch, target, need->threads);
	for (int i = 0; i < rounds; i++)
		for (int on = 1; on >= 0; on--) {
			const uint64_t before = b.shared->interrupted;
			measure(&b, on, "--quiet", &quiet);
			interrupted += b.shared->interrupted - before;
			measure(&b, !on, "--stop", &stop);
			if (need->gdb == 0 ? i % 3 == 0 : i < need->gdb && on)
				measure(&b, on, "gdb", &gdb);
			else
				measure(&b, on, "--quiet", &quiet);
			measure(&b, !on, "--stop", &stop);
		}
	bench_stop(&b);
	const double theirs = median(&gdb.wall), ours = median(&quiet.wall);
	const double by_quiet = theirs / ours, by_stop = theirs / median(&stop.wall);
	const double by_gap = median(&gdb.gap) / median(&stop.gap);
	*quiet_wall = ours;
	printf("%7d %8.2f %8.2f %9.1f %7.0f %5.0f %-6s %7.0f %5.0f %-6s %8.3f %8.3f %9.1f %7.0f "
	       "%5.0f %s%s\n",
	       need->threads, ours, median(&stop.wall), theirs, by_quiet, need->quiet,
	       verdict(by_quiet, need->quiet), by_stop, need->stop, verdict(by_stop, need->stop),
	       median(&quiet.gap), median(&stop.gap), median(&gdb.gap), by_gap, need->gap,
	       verdict(by_gap, need->gap), interrupted ? " INTERRUPTED" : "");
	fflush(stdout);
	return by_quiet >= need->quiet && by_stop >= need->stop && by_gap >= need->gap &&
	       interrupted == 0;
}

int main(int argc, char **argv)
{
	bool ok = true;
	double first = 0, last = 0;
	if (argc != 4 || atoi(argv[3]) < 1 || 4 * atoi(argv[3]) > SERIES_MAX) {
		fprintf(stderr, "usage: bench_flip DFPATCH TARGET ROUNDS (1 to %d)\n",
			SERIES_MAX / 4);
		return 2;
	}
	puts("one flag flipped from outside, medians in ms, and how many times gdb's is ours\n"
	     "        wall time                      quiet               stop"
	     "                 pause of a spinning thread\n"
	     "threads    quiet     stop       gdb   ratio  need          ratio  need"
	     "           quiet     stop       gdb   ratio  need");
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		const int rounds = required[i].threads > 1000 ? 5 : atoi(argv[3]);
		ok = compare(argv[1], argv[2], &required[i], rounds, &last) && ok;
		if (i == 0)
			first = last;
	}
	printf("quiet at the most threads takes %.2f times that at one (at most %.2f): %s\n",
	       last / first, GROWTH_MAX, last / first <= GROWTH_MAX ? "ok" : "MISSED");
	return ok && last / first <= GROWTH_MAX ? 0 : 1;
}
