/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.h - for programs that are a test by themselves: ended by the first thing that does
 * not hold.
 */
#ifndef TEST_INSIDE_PLAIN_H
#define TEST_INSIDE_PLAIN_H

#include <stdio.h>
#include <stdlib.h>

#define SKIPPED 77

#define EXPECT(HELD, ...)                                                                          \
	do {                                                                                       \
		if (!(HELD)) {                                                                     \
			fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                            \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define SKIP(WHY)                                                                                  \
	do {                                                                                       \
		fprintf(stderr, "skipped: %s\n", WHY);                                             \
		exit(SKIPPED);                                                                     \
	} while (0)

#endif
