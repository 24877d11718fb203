/* SPDX-License-Identifier: Apache-2.0 */
/* The next release of target.c, for `dfpatch diff`: each thing that can differ, once. */
#include <df.h>

__attribute__((noinline)) int fast(void);
__attribute__((noinline)) int hostile(void);

int hostile(void)
{
	return DF_FEATURE(doc, escapes, "\033[32mgreen\033[0m\a\n\"quoted\" \\ tab\there") +
	       DF_FEATURE(doc, utf8, "caf\303\251, broken \303( and \342\200\256turned");
}

int fast(void)
{
	return DF_DEFAULT(http, fast_path, "answer from the cache");
}

int main(void)
{
	int on = fast() + hostile();
	on += DF_DEFAULT_SLOW(http, log, "write the access log (owner=web, expires=2999-12-31)");
	on += DF_FEATURE(cache, warm, "fill it at the start, expires=soon");
	on += DF_FEATURE(cache, shards, "expires=2001-01-01 owner=storage");
	on += DF_DEBUG(checks);
	on += DF_FEATURE(loop, twice, "two sites");
	return on == 99;
}
