/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_floor.c - what no library that flips bytes in text can go below: to look at one
 * byte of each site, to make the text writable, to write that byte, and to restore the
 * protection. Medians, in us; the text was written before.
 *
 *   bench_floor NAME STRIDE SITES    prints one line
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 101

enum { LOOK, OPEN, WRITE, CLOSE, STEPS };

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *samples)
{
	qsort(samples, ROUNDS, sizeof(*samples), ascending);
	return samples[ROUNDS / 2];
}

/* A private mapping of a file, as text is, every page of it written once. */
static uint8_t *map_text(size_t size)
{
	const int fd = memfd_create("text", 0);
	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		return MAP_FAILED;
	uint8_t *text = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	for (size_t i = 0; text != MAP_FAILED && i < size; i += 4096)
		text[i] = 1;
	return text;
}

static int measure(uint8_t *text, size_t size, size_t stride, size_t sites,
		   double samples[STEPS][ROUNDS])
{
	static volatile uint8_t sink; /* so that looking is not left out */
	for (int round = 0; round < ROUNDS; round++) {
		double at[STEPS + 1];
		uint8_t sum = 0;
		at[LOOK] = now_us();
		for (size_t i = 0; i < sites; i++)
			sum ^= __atomic_load_n(&text[i * stride], __ATOMIC_RELAXED);
		at[OPEN] = now_us();
		if (mprotect(text, size, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
			return 1;
		at[WRITE] = now_us();
		for (size_t i = 0; i < sites; i++)
			__atomic_store_n(&text[i * stride], (uint8_t)round, __ATOMIC_RELAXED);
		at[CLOSE] = now_us();
		if (mprotect(text, size, PROT_READ | PROT_EXEC) != 0)
			return 1;
		at[STEPS] = now_us();
		sink ^= sum;
		for (int step = 0; step < STEPS; step++)
			samples[step][round] = at[step + 1] - at[step];
	}
	return 0;
}

int main(int argc, char **argv)
{
	static double samples[STEPS][ROUNDS];
	if (argc != 4)
		return 2;
	const size_t stride = strtoul(argv[2], NULL, 10), sites = strtoul(argv[3], NULL, 10);
	const size_t size = (stride * sites + 4095) / 4096 * 4096;
	uint8_t *text = map_text(size);
	if (text == MAP_FAILED || mprotect(text, size, PROT_READ | PROT_EXEC) != 0 ||
	    measure(text, size, stride, sites, samples) != 0) {
		perror("bench_floor");
		return 1;
	}
	double step[STEPS], all = 0;
	for (int i = 0; i < STEPS; i++)
		all += step[i] = median(samples[i]);
	printf("  %-22s look %9.2f   open %9.2f   write %9.2f   close %9.2f   all %10.2f\n",
	       argv[1], step[LOOK], step[OPEN], step[WRITE], step[CLOSE], all);
	return 0;
}
