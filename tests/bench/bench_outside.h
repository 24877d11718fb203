/* SPDX-License-Identifier: Apache-2.0 */
/* bench_outside.h - what the measurements from outside have in common. */
#ifndef BENCH_OUTSIDE_H
#define BENCH_OUTSIDE_H

#include <stdint.h>
#include <sys/types.h>

#include "bench_shared.h"

/* A running bench_target. */
struct bench {
	const char *dfpatch;
	pid_t pid;
	char pid_text[16];
	char address[32]; /* of its site */
	struct bench_shared *shared;
};

#define SERIES_MAX 101

/* Figures of one kind, for their median. */
struct series {
	double list[SERIES_MAX];
	int count;
};

__attribute__((noreturn)) void die(const char *what);
double now_ms(void);
void nap(double ms);

/* Runs a command with its output going to `out`, a descriptor. Returns its exit status. */
int run(char *const argv[], int out);

/* The same to nowhere; any other exit status than 0 ends the benchmark. Returns ms of wall time. */
double run_timed(char *const argv[]);

void bench_start(struct bench *b, const char *dfpatch, const char *target, int threads);
void bench_stop(struct bench *b);

/* Waits until the spinning thread has seen the flag so; not seeing it ends the benchmark. */
void bench_expect(const struct bench *b, int on, const char *who);

/* Runs dfpatch with an option (NULL for none) to switch the flag. Returns ms of wall time. */
double bench_dfpatch(const struct bench *b, int on, const char *option);

/* Writes the byte by gdb. Returns ms of wall time. */
double bench_gdb(const struct bench *b, int on);

void take(struct series *s, double figure);
double median(struct series *s);

#endif
