/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_spin.c - what a flip costs another thread, which spins through the site.
 *
 * That thread reads the time stamp counter in every round, and adds up how much
 * longer than usual rounds take. What it lost from just before a flip to a little
 * after the call's return is the cost of that flip. Ticks of the kernel fall into few of
 * the flips, so the median does not see them; flips during which the thread had no
 * processor do not count.
 */
#include "bench_inside.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "bench_sites.h"

#define FLIPS 600
#define TRIES_MAX (50 * FLIPS)
#define AFTERMATH_NS 10000
#define PAUSE_NS 50000
#define USUAL_ROUNDS 1000
#define ROUNDS_MIN 50

static atomic_ulong lost;   /* time stamps */
static atomic_ulong rounds; /* through the site */

static void stay_on(const cpu_set_t *allowed, int which)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, allowed) && which-- == 0)
			CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void wait_ns(uint64_t ns)
{
	const uint64_t end = now_ns() + ns;
	while (now_ns() < end)
		;
}

static uint64_t usual_round(void)
{
	static uint64_t took[USUAL_ROUNDS];
	uint64_t last = __rdtsc();
	for (int i = 0; i < USUAL_ROUNDS; i++) {
		bench_site();
		const uint64_t next = __rdtsc();
		took[i] = next - last;
		last = next;
	}
	return median(took, USUAL_ROUNDS);
}

static void *spin(void *allowed)
{
	stay_on(allowed, 1);
	const uint64_t usual = usual_round();
	uint64_t sum = 0, last = __rdtsc();
	for (uint64_t round = 1;; round++) {
		bench_site();
		const uint64_t next = __rdtsc();
		if (next - last > 2 * usual) {
			sum += next - last - usual;
			atomic_store_explicit(&lost, sum, memory_order_relaxed);
		}
		atomic_store_explicit(&rounds, round, memory_order_relaxed);
		last = next;
	}
	return NULL;
}

/* Returns whether the thread ran before and after the flip, and then what it lost. */
static bool flip(int on, uint64_t *cost)
{
	const unsigned long round = atomic_load(&rounds);
	wait_ns(PAUSE_NS);
	const unsigned long started = atomic_load(&rounds), before = atomic_load(&lost);
	if (on)
		dynamic_flag_activate(bench_names[0]);
	else
		dynamic_flag_deactivate(bench_names[0]);
	wait_ns(AFTERMATH_NS);
	*cost = atomic_load(&lost) - before;
	return started - round > ROUNDS_MIN && atomic_load(&rounds) - started > ROUNDS_MIN;
}

static double stamps_per_ns(void)
{
	const uint64_t start = now_ns(), stamp = __rdtsc();
	wait_ns(20000000);
	return (double)(__rdtsc() - stamp) / (double)(now_ns() - start);
}

void bench_spin(void)
{
	static uint64_t costs[FLIPS + 1];
	cpu_set_t allowed;
	pthread_t thread;
	size_t count = 0;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		die("sched_getaffinity");
	if (CPU_COUNT(&allowed) < 2) {
		fputs("bench_inside: spin needs two processors\n", stderr);
		exit(1);
	}
	dynamic_flag_init_lib();
	stay_on(&allowed, 0);
	if (pthread_create(&thread, NULL, spin, &allowed) != 0)
		die("pthread_create");
	while (!atomic_load(&rounds))
		;
	for (int i = 0; i % 2 == 1 || (count < FLIPS && i < TRIES_MAX); i++)
		if (flip(i % 2 == 0, &costs[count]))
			count++;
	expect_site(0);
	if (count < FLIPS) {
		fputs("bench_inside: the spinning thread has no processor to itself\n", stderr);
		exit(1);
	}
	printf("stall %.0f\n", (double)median(costs, count) / stamps_per_ns());
}
