/* SPDX-License-Identifier: Apache-2.0 */
/* bench_inside.h - what the parts of the measuring program share. */
#ifndef BENCH_INSIDE_H
#define BENCH_INSIDE_H

#include <stddef.h>
#include <stdint.h>

/* Ends the program with a message if the site that bench_site runs through is not so. */
void expect_site(int on);

void die(const char *what);

/* CLOCK_MONOTONIC in ns. */
uint64_t now_ns(void);

/* Sorts, and returns the middle one. */
uint64_t median(uint64_t *samples, size_t count);

/* bench_spin.c: prints `stall`, what a flip costs a thread that spins through its site. */
void bench_spin(void);

#endif
