/* SPDX-License-Identifier: Apache-2.0 */
/*
 * an_hook.h - the older interface of the C library dynamic_flag, on top of dynamic_flag.h.
 *
 *     AN_HOOK(http, trace) {
 *             print_request(conn);
 *     }
 *
 * A hook stands before a statement, as `if (...)` does, and may have an `else`:
 *
 *   macro             the statement is run
 *   AN_HOOK           while the flag is on; a DF_OPT flag
 *   AN_HOOK_ON        while the flag is on; a DF_DEFAULT flag
 *   AN_HOOK_UNSAFE    while the flag is on; a DF_FEATURE flag
 *   AN_HOOK_FLIP      while the flag is off; a DF_DEFAULT flag
 *   AN_HOOK_FLIP_OFF  while the flag is off; a DF_FEATURE flag
 *
 * Each takes (KIND, NAME) or (KIND, NAME, "doc"). AN_HOOK_DEBUG(NAME) and (NAME, "doc")
 * are expressions, as they are in the interface as it was last published: DF_DEBUG by
 * another name. AN_HOOK_DUMMY(KIND) is a statement by itself. -DAN_HOOK_ENABLED=0 is
 * DYNAMIC_FLAG_IMPLEMENTATION_STYLE=0: constants, and calls that do nothing.
 */
#ifndef AN_HOOK_H
#define AN_HOOK_H

#if defined(AN_HOOK_ENABLED) && !defined(DYNAMIC_FLAG_IMPLEMENTATION_STYLE)
#if !AN_HOOK_ENABLED
#define DYNAMIC_FLAG_IMPLEMENTATION_STYLE 0
#endif
#endif

#include "dynamic_flag.h"

#ifndef AN_HOOK_ENABLED
#if DYNAMIC_FLAG_IMPLEMENTATION_STYLE == 0
#define AN_HOOK_ENABLED 0
#else
#define AN_HOOK_ENABLED 1
#endif
#elif !AN_HOOK_ENABLED && DYNAMIC_FLAG_IMPLEMENTATION_STYLE != 0
#error "an_hook.h: AN_HOOK_ENABLED=0 comes too late or is contradicted; build the whole file with -DDYNAMIC_FLAG_IMPLEMENTATION_STYLE=0"
#endif

#if defined(DF_DISABLE)

#define AN_HOOK(KIND, ...) if (1)
#define AN_HOOK_ON(KIND, ...) if (1)
#define AN_HOOK_UNSAFE(KIND, ...) if (0)
#define AN_HOOK_FLIP(KIND, ...) if (0)
#define AN_HOOK_FLIP_OFF(KIND, ...) if (1)

#else

/* From the innermost macros of df.h, so that kind and name are not expanded on the way. */
#define AN_HOOK(KIND, ...) if (DF_OPT_(#KIND, df_##__VA_ARGS__, "", 0))
#define AN_HOOK_ON(KIND, ...) if (DF_DEFAULT_(#KIND, df_##__VA_ARGS__, "", 0))
#define AN_HOOK_UNSAFE(KIND, ...) if (DF_FEATURE_(#KIND, df_##__VA_ARGS__, "", 0))
#define AN_HOOK_FLIP(KIND, ...) if (!DF_DEFAULT_(#KIND, df_##__VA_ARGS__, "", 0))
#define AN_HOOK_FLIP_OFF(KIND, ...) if (!DF_FEATURE_(#KIND, df_##__VA_ARGS__, "", 0))

#endif

#define AN_HOOK_DUMMY DYNAMIC_FLAG_DUMMY
#define AN_HOOK_DEBUG DF_DEBUG

#define an_hook_init_lib dynamic_flag_init_lib
#define an_hook_activate dynamic_flag_activate
#define an_hook_deactivate dynamic_flag_deactivate
#define an_hook_unhook dynamic_flag_unhook
#define an_hook_rehook dynamic_flag_rehook
#define an_hook_activate_kind dynamic_flag_activate_kind
#define an_hook_deactivate_kind dynamic_flag_deactivate_kind

/* A place for a tracer to stop at, in the first versions; it never did anything. */
static inline void an_hook_utrace_entry(const char *name, ...)
{
	(void)name;
}

#endif /* AN_HOOK_H */
