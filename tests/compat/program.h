/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the self-checking program share: a check that goes on after it failed. */
#ifndef TESTS_COMPAT_PROGRAM_H
#define TESTS_COMPAT_PROGRAM_H

#ifdef __cplusplus
extern "C" {
#endif

#define CHECK(GOT, WANTED) program_check(__FILE__, __LINE__, #GOT, (long)(GOT), (long)(WANTED))

int program_check(const char *file, int line, const char *what, long got, long wanted);

/* The same program for an_hook.h, in hooks.c. */
void hooks_before_init(void);
void hooks(void);

#ifdef __cplusplus
}
#endif

#endif
