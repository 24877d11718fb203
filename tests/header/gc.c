/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are called and functions that nobody calls, for --gc-sections: retention.sh. */
#include <df.h>

#define NOINLINE __attribute__((__noinline__))

int dead_feature(int x);
int dead_opt(int x);

NOINLINE static int live_feature(int x)
{
	return DF_FEATURE(gc, live_feature) ? x : x + 1;
}

NOINLINE static int live_opt(int x)
{
	return DF_OPT(gc, live_opt, "kept with its function") ? x : x + 1;
}

int dead_feature(int x)
{
	return DF_FEATURE(gc, dead_feature) ? x : x + 2;
}

int dead_opt(int x)
{
	return DF_OPT(gc, dead_opt) ? x : x + 2;
}

int main(void)
{
#if defined(ALL_DEAD)
	return 0;
#else
	return live_feature(0) + live_opt(-1) == 0 ? 0 : 1;
#endif
}
