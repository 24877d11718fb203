/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_stop.c - how long the target stands still in stop mode, beside the least possible.
 *
 *   bench_stop DFPATCH TARGET        compares
 *   bench_stop --floor PID ADDRESS BYTE
 *                                    nothing but the system calls: seize all, interrupt all,
 *                                    wait for each, write a byte, detach all
 *
 * Medians of the longest gap of a spinning thread, for rising numbers of threads.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_outside.h"

#define ROUNDS 11
#define RATIO_MAX 1.25

/*
 * How the pause grows from 64 threads to the most, by how the floor does: that is linear but for
 * the caches of the processor.
 */
#define GROWTH_MAX 1.25

/* ---- the floor ---- */

static size_t list_threads(const char *pid, pid_t *ids, size_t room)
{
	char path[64];
	size_t count = 0;
	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	DIR *task = opendir(path);
	if (!task)
		die(path);
	for (struct dirent *entry; (entry = readdir(task)) && count < room;)
		if (entry->d_name[0] != '.')
			ids[count++] = (pid_t)atoi(entry->d_name);
	closedir(task);
	return count;
}

static int floor_flip(const char *pid, const char *address, const char *byte)
{
	static pid_t ids[65536];
	char path[64];
	const uint8_t opcode = (uint8_t)strtoul(byte, NULL, 16);
	const off_t at = (off_t)strtoull(address, NULL, 16);
	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	const int mem = open(path, O_RDWR);
	const size_t count = list_threads(pid, ids, sizeof(ids) / sizeof(ids[0]));
	for (size_t i = 0; i < count; i++)
		if (ptrace(PTRACE_SEIZE, ids[i], NULL, NULL) != 0)
			die("seize");
	for (size_t i = 0; i < count; i++)
		ptrace(PTRACE_INTERRUPT, ids[i], NULL, NULL);
	for (size_t i = 0; i < count; i++)
		if (waitpid(ids[i], NULL, __WALL) != ids[i])
			die("waitpid");
	if (pwrite(mem, &opcode, 1, at) != 1)
		die("write");
	for (size_t i = 0; i < count; i++)
		ptrace(PTRACE_DETACH, ids[i], NULL, NULL);
	return 0;
}

/* ---- the comparison ---- */

static void measure(const struct bench *b, char *const floor[], int on, struct series *s)
{
	nap(20);
	b->shared->longest_gap = 0;
	if (floor)
		run_timed(floor);
	else
		bench_dfpatch(b, on, "--stop");
	take(s, (double)b->shared->longest_gap / 1e6);
}

static bool compare(char *self, const char *dfpatch, const char *target, int threads, double *pause,
		    double *least)
{
	struct bench b;
	struct series ours = {0}, floors = {0};
	bench_start(&b, dfpatch, target, threads);
	char *const floor[] = {self, "--floor", b.pid_text, b.address, "a9", NULL};
	for (int i = 0; i < ROUNDS; i++) {
		measure(&b, NULL, 1, &ours);
		measure(&b, NULL, 0, &ours);
		/* The byte that stands there: what it costs is the same. */
		measure(&b, floor, 0, &floors);
		measure(&b, floor, 0, &floors);
	}
	bench_stop(&b);
	const double ratio = median(&ours) / median(&floors);
	*pause = median(&ours);
	*least = median(&floors);
	printf("%7d %9.3f %9.3f %6.2f %5.2f %s\n", threads, *pause, *least, ratio, RATIO_MAX,
	       ratio <= RATIO_MAX ? "ok" : "MISSED");
	fflush(stdout);
	return ratio <= RATIO_MAX;
}

int main(int argc, char **argv)
{
	static const int threads[] = {1, 64, 1000, 4000};
	double pause[4], least[4];
	bool ok = true;
	if (argc == 5 && strcmp(argv[1], "--floor") == 0)
		return floor_flip(argv[2], argv[3], argv[4]);
	if (argc != 3) {
		fputs("usage: bench_stop DFPATCH TARGET\n", stderr);
		return 2;
	}
	puts("pause of a spinning thread in stop mode, medians in ms\n"
	     "threads   dfpatch     floor  ratio  most");
	for (size_t i = 0; i < 4; i++)
		ok = compare(argv[0], argv[1], argv[2], threads[i], &pause[i], &least[i]) && ok;
	const double growth = (pause[3] / pause[1]) / (least[3] / least[1]);
	printf("from %d to %d threads it grows %.2f times as much as the floor (at most %.2f): "
	       "%s\n",
	       threads[1], threads[3], growth, GROWTH_MAX, growth <= GROWTH_MAX ? "ok" : "MISSED");
	return ok && growth <= GROWTH_MAX ? 0 : 1;
}
