/* SPDX-License-Identifier: Apache-2.0 */
/* ways_more.c - a flag in another file. */
#include <df.h>

#include "ways.h"

int ways_more(void)
{
	return DF_FEATURE(ways_more, flag) ? 1 : 0;
}
