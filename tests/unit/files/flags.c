/* SPDX-License-Identifier: Apache-2.0 */
/* A small program with flags of every kind, for reading from its file. */
#include <df.h>

int main(int argc, char **argv)
{
	int on = 0;
	(void)argv;
	if (DF_FEATURE(http, fast_path, "answer from the cache"))
		on |= 1;
	if (DF_DEFAULT(http, log))
		on |= 2;
	if (DF_DEFAULT_SLOW(cache, warm, "fill it\tfirst"))
		on |= 4;
	if (DF_OPT(cache, strict))
		on |= 8;
	for (int i = 0; i < argc; i++)
		on += DF_FEATURE(loop, each, "caf\303\251 \"quoted\" \\");
	return on;
}
