/* SPDX-License-Identifier: Apache-2.0 */
/* Flags in functions of a header that many files include: each file, or copy, has its sites. */
#ifndef HEADER_H
#define HEADER_H

#include "corpus.h"

static inline int static_inline(int value)
{
	if (DF_FEATURE(header, static_inline, "in every file that calls it"))
		return value + 1;
	return value;
}

static inline __attribute__((__always_inline__)) int always_inline(int value)
{
	return DF_DEFAULT(header, always_inline) ? value + 1 : value;
}

/* With these, one file of the program (other.c) has the body for those that were not inlined. */
#ifndef __cplusplus
__attribute__((__visibility__("default"))) inline int inline_c99(int value);
inline int inline_c99(int value)
{
	return value + DF_DEFAULT_SLOW(header, inline_c99);
}
#endif

#define SHOW_HEADER()                                                                              \
	do {                                                                                       \
		corpus_show("header:static_inline", static_inline(0));                             \
		corpus_show("header:static_inline", static_inline(corpus_opaque(1)) - 1);          \
		corpus_show("header:always_inline", always_inline(0));                             \
		corpus_show("header:always_inline", always_inline(corpus_opaque(1)) - 1);          \
		corpus_show("header:in_a_macro", DF_FEATURE(header, in_a_macro, "many lines"));    \
	} while (0)

#endif
