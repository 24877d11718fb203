/* SPDX-License-Identifier: Apache-2.0 */
/* A second file in C: it shares the header, and has the bodies of extern inline functions. */
#include "header.h"

extern inline int inline_c99(int value);

/* Of GNU's kind: a body to inline, and another to call, as when one lies in a header. */
extern inline __attribute__((__gnu_inline__)) int inline_gnu(int value);
extern inline __attribute__((__gnu_inline__)) int inline_gnu(int value)
{
	return value + DF_FEATURE(other, inline_gnu);
}

int inline_gnu(int value)
{
	return corpus_opaque(value) + DF_FEATURE(other, inline_gnu);
}

static int (*volatile by_address)(int value) = inline_gnu;

void corpus_other(void)
{
	SHOW_HEADER();
	corpus_show("header:inline_c99", inline_c99(0));
	corpus_show("other:debug", DF_FEATURE(other, debug, "not of the kind debug"));
	corpus_show("debug:debug", DF_DEBUG(debug, "of the kind debug"));
	corpus_show("other:inline_gnu", inline_gnu(0));
	corpus_show("other:inline_gnu", by_address(0));
}
