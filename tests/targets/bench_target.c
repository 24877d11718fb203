/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_target.c - what is measured from outside: one thread spins through a site and
 * notes how long each round took, all others are blocked, each in a call that a stop
 * would end with EINTR.
 *
 *   bench_target THREADS FD    FD is a file of one struct bench_shared
 */
#include <df.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "bench_shared.h"

static struct bench_shared *shared;
static int epoll;

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *block(void *unused)
{
	struct epoll_event event;
	for (;;)
		if (epoll_wait(epoll, &event, 1, -1) < 0 && errno == EINTR)
			__atomic_fetch_add(&shared->interrupted, 1, __ATOMIC_RELAXED);
	return unused;
}

static void spin(void)
{
	uint64_t last = now();
	for (;;) {
		const uint64_t next = now(), gap = next - last;
		if (gap > shared->longest_gap)
			shared->longest_gap = gap;
		shared->gaps[bench_step_of(gap)]++;
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
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[2]), 0);
	epoll = epoll_create1(0);
	pthread_attr_t small;
	pthread_t thread;
	if (shared == MAP_FAILED || epoll < 0)
		return 1;
	/* A spinning program must not outlive the benchmark, however that ends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 1; i < atoi(argv[1]); i++)
		if (pthread_create(&thread, &small, block, NULL) != 0)
			return 1;
	shared->ready = 1;
	spin();
}
