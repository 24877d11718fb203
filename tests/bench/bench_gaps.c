/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_gaps.c - whether a spinning thread notices that a flag is flipped quietly.
 *
 *   bench_gaps DFPATCH TARGET
 *
 * For rising numbers of threads: the 99.9th percentile of the gaps between its rounds in
 * windows of one length, half of them with a flip, half with the same command that only
 * says what it would do. (Any command takes a processor, and memory, for a moment.) Medians
 * of 11 windows each. Fails if a flip makes them longer by more than noise.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench_outside.h"

#define WINDOWS 11
#define WINDOW_MS 50

/* Steps of the histogram are 3 %, and clock speeds swing. */
#define RATIO_MAX 1.1

/* ns: the clocks of some machines go in steps of so many, a quarter of the gaps. */
#define CLOCK_STEP 10

static void forget(struct bench_shared *shared)
{
	memset((void *)shared->gaps, 0, sizeof(shared->gaps));
}

static double percentile(const struct bench_shared *shared, double part)
{
	uint64_t all = 0, seen = 0;
	for (unsigned i = 0; i < BENCH_LENGTHS; i++)
		all += shared->gaps[i];
	for (unsigned i = 0; i < BENCH_LENGTHS; i++) {
		seen += shared->gaps[i];
		if ((double)seen >= part * (double)all)
			return (double)bench_length_of(i);
	}
	return 0;
}

/* One command in a window of fixed length. */
static void window(const struct bench *b, int on, const char *option, struct series *s)
{
	nap(20);
	forget(b->shared);
	const double end = now_ms() + WINDOW_MS;
	bench_dfpatch(b, on, option);
	while (now_ms() < end)
		nap(1);
	take(s, percentile(b->shared, 0.999));
}

static bool compare(const char *dfpatch, const char *target, int threads)
{
	struct bench b;
	struct series flip = {0}, none = {0};
	bench_start(&b, dfpatch, target, threads);
	const uint64_t before = b.shared->interrupted;
	for (int i = 0; i < WINDOWS; i++) {
		window(&b, i % 2 == 0, "--dry-run", &none);
		window(&b, i % 2 == 0, "--quiet", &flip);
	}
	const uint64_t interrupted = b.shared->interrupted - before;
	bench_stop(&b);
	const double with = median(&flip), without = median(&none), ratio = with / without;
	const bool alike = ratio <= RATIO_MAX || with - without <= CLOCK_STEP;
	printf("%7d %8.0f %8.0f %6.2f %5.2f %s%s\n", threads, with, without, ratio, RATIO_MAX,
	       alike ? "ok" : "MISSED", interrupted ? " INTERRUPTED" : "");
	fflush(stdout);
	return alike && interrupted == 0;
}

int main(int argc, char **argv)
{
	static const int threads[] = {1, 16, 64, 256, 2000, 10000};
	bool ok = true;
	if (argc != 3) {
		fputs("usage: bench_gaps DFPATCH TARGET\n", stderr);
		return 2;
	}
	puts("gaps of a spinning thread, 99.9th percentile in ns, medians of 11 windows\n"
	     "threads     flip     none  ratio  most");
	for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++)
		ok = compare(argv[1], argv[2], threads[i]) && ok;
	return ok ? 0 : 1;
}
