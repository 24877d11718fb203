/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_target.c - what bench_flip.c measures: one thread spins through a site
 * and notes the longest time between two rounds, all others are blocked.
 *
 *   bench_target THREADS FD    FD is a file of one struct bench_shared
 */
#include <df.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "bench_shared.h"

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *block(void *argument)
{
	pause();
	return argument;
}

static void spin(struct bench_shared *shared)
{
	uint64_t last = now();
	for (;;) {
		const uint64_t next = now();
		if (next - last > shared->longest_gap)
			shared->longest_gap = next - last;
		last = next;
		if (DF_FEATURE(bench, flag))
			shared->rounds_on++;
		else
			shared->rounds_off++;
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	struct bench_shared *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[2]), 0);
	pthread_attr_t small;
	pthread_t thread;
	if (shared == MAP_FAILED)
		return 1;
	/* A spinning program must not outlive the benchmark, however that ends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 1; i < atoi(argv[1]); i++)
		if (pthread_create(&thread, &small, block, NULL) != 0)
			return 1;
	shared->ready = 1;
	spin(shared);
}
