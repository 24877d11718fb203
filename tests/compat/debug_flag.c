/* SPDX-License-Identifier: Apache-2.0 */
/* One DF_DEBUG flag, in a file without NDEBUG and in one with it. */
#include "flags.h"

#include <dynamic_flag.h>

#if defined(NDEBUG)
int read_debug_off(void)
{
	return DF_DEBUG(built_off);
}
#else
int read_debug_on(void)
{
	return DF_DEBUG(built_on, "on from the start");
}
#endif
