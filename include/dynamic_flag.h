/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dynamic_flag.h - the interface of the C library dynamic_flag, on top of df.h.
 *
 * A program that was written for that library is compiled with this header as
 * it stands, and linked with libdf (pkg-config libdf). The macros DF_FEATURE,
 * DF_DEFAULT, DF_DEFAULT_SLOW, DF_OPT and DF_DEBUG are those of df.h, which
 * describes them, the patterns and the counts. The manual page df(3) lists what
 * is different from that library on purpose.
 *
 * Two settings, from the command line or before the first include:
 *
 *   DYNAMIC_FLAG_IMPLEMENTATION_STYLE
 *     0  every flag is a constant, its value as built (df.h: DF_DISABLE); all
 *        calls are there, do nothing and return 0, and need no library
 *     1  flags that a compiler without asm goto, or an analyser of sources,
 *        understands: the value goes through the carry flag
 *     2  (default) flags as df.h builds them for this compiler
 *   DYNAMIC_FLAG_CTL_INTERFACE
 *     0  only the macros, none of the functions below; 1 (default) all
 *
 * C (gnu99 on) and C++ (C++11 on).
 */
#ifndef DYNAMIC_FLAG_H
#define DYNAMIC_FLAG_H

#ifndef DYNAMIC_FLAG_IMPLEMENTATION_STYLE
#if !defined(__GNUC__)
#define DYNAMIC_FLAG_IMPLEMENTATION_STYLE 0
#elif defined(__clang_analyzer__) || defined(__COVERITY__) || defined(__CHECKER__)
#define DYNAMIC_FLAG_IMPLEMENTATION_STYLE 1
#else
#define DYNAMIC_FLAG_IMPLEMENTATION_STYLE 2
#endif
#endif

#ifndef DYNAMIC_FLAG_CTL_INTERFACE
#define DYNAMIC_FLAG_CTL_INTERFACE 1
#endif

#if DYNAMIC_FLAG_IMPLEMENTATION_STYLE == 0
#if defined(DF_H) && !defined(DF_DISABLE)
#error "dynamic_flag.h: df.h was included before and has made its flags; for DYNAMIC_FLAG_IMPLEMENTATION_STYLE=0 build the whole file with -DDF_DISABLE as well"
#endif
#ifndef DF_DISABLE
#define DF_DISABLE
#endif
#elif DYNAMIC_FLAG_IMPLEMENTATION_STYLE == 1
#ifndef DF_FORCE_STYLE
#define DF_FORCE_STYLE 2
#endif
#elif DYNAMIC_FLAG_IMPLEMENTATION_STYLE != 2
#error "dynamic_flag.h: DYNAMIC_FLAG_IMPLEMENTATION_STYLE must be 0 (constants), 1 (no asm goto) or 2 (asm goto)"
#endif

#include "df.h"

/*
 * DYNAMIC_FLAG_DUMMY(KIND) or (KIND, "doc"), a statement: a flag KIND:dummy that
 * guards nothing, so that there is a flag of this kind. Pasting keeps the
 * preprocessor from expanding the kind, as it does for names in df.h.
 */
#if defined(DF_DISABLE)
#define DYNAMIC_FLAG_DUMMY(...)                                                                    \
	do {                                                                                       \
	} while (0)
#else
#define DYNAMIC_FLAG_DUMMY(...) DYNAMIC_FLAG_DUMMY_(df_##__VA_ARGS__, "", 0)
#define DYNAMIC_FLAG_DUMMY_(KIND, DOC, ...)                                                        \
	DYNAMIC_FLAG_DUMMY_KIND_((&#KIND[3 + 0 * sizeof(char[sizeof(#KIND) > 4 ? 1 : -1])]), DOC)
#define DYNAMIC_FLAG_DUMMY_KIND_(KIND, DOC)                                                        \
	do {                                                                                       \
		if (DF_FEATURE_(KIND, df_dummy, DOC, 0))                                           \
			__asm__ __volatile__("");                                                  \
	} while (0)
#endif

#if DYNAMIC_FLAG_CTL_INTERFACE

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One site of a flag, as dynamic_flag_list_state() found it. The strings of the
 * executable's own flags stay valid; those of a shared object's until the
 * callback returns.
 */
struct dynamic_flag_state {
	const char *name;	 /* full name, kind:name@file:line */
	const char *doc;	 /* "" where none was given */
	uint64_t activation;	 /* on while it is above 0 */
	uint64_t unhook;	 /* activations are ignored while it is above 0 */
	const void *hook;	 /* the instruction */
	const void *destination; /* its cold path; NULL where the value goes through a flag */
	bool duplicate;		 /* the entry before this one has the same name */
};

#if DYNAMIC_FLAG_IMPLEMENTATION_STYLE != 0

/* Initialises the flags, as every function below does first. df_error() has what went wrong. */
static inline void dynamic_flag_init_lib(void)
{
	df_init();
}

/* These return the number of flags that matched, or a negative value; df_error() says why. */

/* activation + 1; nothing while unhooked. */
static inline ssize_t dynamic_flag_activate(const char *regex)
{
	return df_activate(regex);
}

/* activation - 1, not below 0; unhooked or not. */
static inline ssize_t dynamic_flag_deactivate(const char *regex)
{
	return df_deactivate(regex);
}

/* unhook + 1; a flag that is on stays on. */
static inline ssize_t dynamic_flag_unhook(const char *regex)
{
	return df_unhook(regex);
}

/* unhook - 1, not below 0. */
static inline ssize_t dynamic_flag_rehook(const char *regex)
{
	return df_rehook(regex);
}

static inline ssize_t dynamic_flag_activate_kind_(const char *kind, const char *regex)
{
	return df_activate_kind(kind, regex);
}

static inline ssize_t dynamic_flag_deactivate_kind_(const char *kind, const char *regex)
{
	return df_deactivate_kind(kind, regex);
}

/* One that no option of a C++ compiler objects to. */
#ifdef __cplusplus
#define DYNAMIC_FLAG_CAST_(TYPE, VALUE) static_cast<TYPE>(VALUE)
#else
#define DYNAMIC_FLAG_CAST_(TYPE, VALUE) ((TYPE)(VALUE))
#endif

struct dynamic_flag_lister_ {
	ssize_t (*callback)(void *context, const struct dynamic_flag_state *state);
	void *context;
	ssize_t answer; /* the callback's last */
	ssize_t listed;
};

static inline int dynamic_flag_list_one_(void *context, const struct df_flag_info *flag)
{
	struct dynamic_flag_lister_ *lister =
		DYNAMIC_FLAG_CAST_(struct dynamic_flag_lister_ *, context);
	const struct dynamic_flag_state state = {flag->full_name,     flag->doc,  flag->activation,
						 flag->unhook,	      flag->site, flag->target,
						 flag->duplicate != 0};

	lister->listed++;
	lister->answer = lister->callback(lister->context, &state);
	return lister->answer != 0;
}

/*
 * Calls back for every site that matches, sorted by kind, name, file and line,
 * until the callback returns other than 0. Returns what it returned last if that
 * is not 0, else how often it was called; -1 if the flags could not be listed.
 */
static inline ssize_t dynamic_flag_list_state(
	const char *regex,
	ssize_t (*callback)(void *context, const struct dynamic_flag_state *state), void *context)
{
	struct dynamic_flag_lister_ lister = {callback, context, 0, 0};

	if (df_list(regex, dynamic_flag_list_one_, &lister) < 0 && lister.answer == 0)
		return -1;
	return lister.answer != 0 ? lister.answer : lister.listed;
}

static inline uint32_t dynamic_flag_count_(uint64_t count)
{
	return count < UINT32_MAX ? DYNAMIC_FLAG_CAST_(uint32_t, count) : UINT32_MAX;
}

/*
 * A callback that prints to `stream`, a FILE * (stderr if NULL), one line per name:
 *     full name (off|COUNT[, unhook=N])[: doc]
 * Returns 0 always.
 */
static inline ssize_t dynamic_flag_list_fprintf_cb(void *stream,
						   const struct dynamic_flag_state *state)
{
	const struct df_flag_info flag = {state->name,
					  "",
					  "",
					  "",
					  state->doc,
					  "",
					  0,
					  dynamic_flag_count_(state->activation),
					  dynamic_flag_count_(state->unhook),
					  state->activation > 0,
					  state->duplicate,
					  state->hook,
					  state->destination};

	return df_list_print(stream, &flag);
}

/*
 * true: text is never written through pages that are writable and executable at
 * once (df.h: DF_WRITE_NEVER_WX). false: whichever way is cheaper. Returns 0, or
 * a negative value.
 */
static inline int dynamic_flag_set_minimal_write_mode(bool minimal)
{
	return df_set_write_policy(minimal ? DF_WRITE_NEVER_WX : DF_WRITE_BY_COST);
}

#else /* constants: nothing to control */

static inline void dynamic_flag_init_lib(void)
{
}

static inline ssize_t dynamic_flag_activate(const char *regex)
{
	(void)regex;
	return 0;
}

static inline ssize_t dynamic_flag_deactivate(const char *regex)
{
	(void)regex;
	return 0;
}

static inline ssize_t dynamic_flag_unhook(const char *regex)
{
	(void)regex;
	return 0;
}

static inline ssize_t dynamic_flag_rehook(const char *regex)
{
	(void)regex;
	return 0;
}

static inline ssize_t dynamic_flag_activate_kind_(const char *kind, const char *regex)
{
	(void)kind;
	(void)regex;
	return 0;
}

static inline ssize_t dynamic_flag_deactivate_kind_(const char *kind, const char *regex)
{
	(void)kind;
	(void)regex;
	return 0;
}

static inline ssize_t dynamic_flag_list_state(
	const char *regex,
	ssize_t (*callback)(void *context, const struct dynamic_flag_state *state), void *context)
{
	(void)regex;
	(void)callback;
	(void)context;
	return 0;
}

static inline ssize_t dynamic_flag_list_fprintf_cb(void *stream,
						   const struct dynamic_flag_state *state)
{
	(void)stream;
	(void)state;
	return 0;
}

static inline int dynamic_flag_set_minimal_write_mode(bool minimal)
{
	(void)minimal;
	return 0;
}

#endif /* DYNAMIC_FLAG_IMPLEMENTATION_STYLE */

/*
 * The same on the flags of one kind, whose name is written bare; all of them
 * where PATTERN is NULL. Expressions of type ssize_t; 0 if no flag has the kind.
 */
#define dynamic_flag_activate_kind(KIND, PATTERN) dynamic_flag_activate_kind_(#KIND, (PATTERN))
#define dynamic_flag_deactivate_kind(KIND, PATTERN) dynamic_flag_deactivate_kind_(#KIND, (PATTERN))

#ifdef __cplusplus
}
#endif

#endif /* DYNAMIC_FLAG_CTL_INTERFACE */

#endif /* DYNAMIC_FLAG_H */
