/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that differ in their flags alone, which code folding must not make one. */
#include "corpus.h"

NOINLINE static int first(void)
{
	if (DF_FEATURE(fold, first))
		return corpus_opaque(1);
	return 0;
}

NOINLINE static int second(void)
{
	if (DF_FEATURE(fold, second))
		return corpus_opaque(1);
	return 0;
}

NOINLINE static int third(void)
{
	return DF_DEFAULT(fold, third);
}

NOINLINE static int fourth(void)
{
	return DF_DEFAULT(fold, fourth);
}

void corpus_fold(void)
{
	corpus_show("fold:first", first());
	corpus_show("fold:second", second());
	corpus_show("fold:third", third());
	corpus_show("fold:fourth", fourth());
}
