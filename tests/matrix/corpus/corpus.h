/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that every cell of the matrix builds: flags in every place where its users put
 * them. It shows the value of each, by name, whenever it is asked; the file `flags` says what
 * there is to be seen.
 */
#ifndef CORPUS_H
#define CORPUS_H

#include <df.h>

/* What the modules of one program call of each other, -fvisibility=hidden or not. */
#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* Shows that the flag KIND:NAME reads as `value`. */
void corpus_show(const char *flag, int value);

/* `value`, of which the compiler knows nothing. */
int corpus_opaque(int value);

void corpus_places(void);
void corpus_names(void);
void corpus_generated(void);
void corpus_other(void);
void corpus_fold(void);
void corpus_front(void);
void corpus_back(void);
void corpus_objects(void);

/* The only function of the plugin, and the one of a program's that it calls. */
typedef void corpus_plugin(void (*show)(const char *flag, int value));

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

/* The same program without flags: what fails in it, too, is not their doing. */
#ifdef WITHOUT_FLAGS
#include <stdlib.h>
#undef DF_FEATURE
#undef DF_DEFAULT
#undef DF_DEFAULT_SLOW
#undef DF_OPT
#undef DF_DEBUG
#define DF_FEATURE(...) (__builtin_expect(corpus_on, 0) ? 1 : 0)
#define DF_DEFAULT(...) (__builtin_expect(corpus_on, 1) ? 1 : 0)
#define DF_DEFAULT_SLOW DF_FEATURE
#define DF_OPT DF_FEATURE
#define DF_DEBUG DF_FEATURE

/* One for each module, set by whichever of its files comes first. */
__attribute__((__weak__, __visibility__("hidden"))) volatile int corpus_on;

__attribute__((__constructor__)) static void corpus_switch(void)
{
	corpus_on = getenv("CORPUS_ON") ? 1 : 0;
}
#endif

#define NOINLINE __attribute__((__noinline__))

#endif
