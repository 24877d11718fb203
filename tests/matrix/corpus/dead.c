/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody calls: with --gc-sections, it goes where the linker can let it go. */
#include "corpus.h"

int dead_function(int value);
int dead_function(int value)
{
	return DF_FEATURE(dead, function) ? corpus_opaque(value) : 0;
}

int dead_pair(void);
int dead_pair(void)
{
	return DF_DEFAULT(dead, first) + DF_OPT(dead, second);
}
