/* SPDX-License-Identifier: Apache-2.0 */
/* One hook, whose kind and name are macros of gnu17. */
#include "flags.h"

#include <an_hook.h>

#ifndef linux
#define linux 1
#endif
#ifndef unix
#define unix 1
#endif

/* clang-format off */
#line 700 "hook.c"
int read_hook(void)
{
	AN_HOOK_UNSAFE(linux, linux)
		return 1;
	AN_HOOK_DUMMY(unix, "another one of this kind");
	return 0;
}
