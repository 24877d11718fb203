/* SPDX-License-Identifier: Apache-2.0 */
/* What the golden tests list: flags of every kind, one of two sites, and docs that attack.
 * Nothing is inlined, so that every compiler makes the same sites. */
#include <df.h>

__attribute__((noinline)) int fast(void);
__attribute__((noinline)) int hostile(void);

int fast(void)
{
	return DF_FEATURE(http, fast_path, "answer from the cache");
}

int hostile(void)
{
	return DF_FEATURE(doc, escapes, "\033[31mred\033[0m\a\n\"quoted\" \\ tab\there") +
	       DF_FEATURE(doc, utf8, "caf\303\251, broken \303( and \342\200\256turned");
}

int main(void)
{
	int on = fast() + hostile();
	on += DF_DEFAULT(http, log, "write the access log (owner=web, expires=2999-12-31)");
	on += DF_DEFAULT_SLOW(cache, warm);
	on += DF_OPT(cache, strict, "permanent: held until a controller initialises");
	on += DF_DEBUG(checks);
	on += DF_FEATURE(loop, twice, "two sites") + DF_FEATURE(loop, twice, "two sites");
	return on == 99;
}
