/* SPDX-License-Identifier: Apache-2.0 */
/* faults.h - how system calls fail. */
#ifndef FAULTS_H
#define FAULTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Not a value to return, but: the call is made, with half its size. */
#define FAULT_HALF LONG_MIN

/* Nor this: the call is made with 0 as its first argument. So brk(2) says how it fails. */
#define FAULT_NOTHING (LONG_MIN + 1)

/*
 * The k-th way in which the call with this number fails: what it returns, or
 * one of the above. `size` is its third argument. False if there are no more.
 */
bool fault_of(long call, size_t k, unsigned long size, long *value);

/* For messages; in static memory that the next call takes. */
const char *fault_name(long value);
const char *call_name(long call);

#endif
