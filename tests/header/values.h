/* SPDX-License-Identifier: Apache-2.0 */
/* One row per flag of the program `values`: what its record has to say and what it has to yield. */
#ifndef TESTS_HEADER_VALUES_H
#define TESTS_HEADER_VALUES_H

#include <df.h>

enum macro { FEATURE, DEFAULT, DEFAULT_SLOW, OPT };

/* The function of a row returns the flag's value, 0 or 1, through some construct of the language.
 */
struct row {
	const char *kind;
	const char *name;
	const char *doc;
	enum macro macro;
	int (*read)(void);
};

/* A value that the compiler does not know, so that no construct folds away. */
extern volatile int one;

#if defined(__cplusplus)
extern const struct row cxx_rows[];
extern const unsigned cxx_row_count;
#endif

#endif
