/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - a program with flags, which waits until it is killed. */
#include <df.h>
#include <unistd.h>

int main(void)
{
	for (;;)
		if (DF_FEATURE(web, cache, "answer from the cache") + DF_FEATURE(web, log) +
			    DF_DEFAULT(disk, sync) + DF_FEATURE(odd, take_the_place_of_me) <
		    5)
			pause();
}
