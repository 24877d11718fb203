/* SPDX-License-Identifier: Apache-2.0 */
/* shapes.hh - inline functions and templates with flags, for two files of one program. */
#ifndef SHAPES_HH
#define SHAPES_HH

#include "target.h"

/* Inlined into every caller: a site for each. */
__attribute__((always_inline)) inline int everywhere()
{
	return DF_FEATURE(cxx, everywhere);
}

/* One of several equal functions; the linker keeps one. */
__attribute__((noinline)) inline int folded()
{
	return DF_FEATURE(cxx, folded);
}

/* A function for each argument, all with the same full name. */
template <int N> __attribute__((noinline)) int templated()
{
	return DF_DEFAULT(cxx, templated) ? N : 0;
}

struct counter {
	int value;
	counter() : value(DF_FEATURE(cxx, constructor) ? 1 : 0)
	{
	}
	virtual ~counter()
	{
	}
	virtual int ask()
	{
		return value + (DF_FEATURE(cxx, method) ? 1 : 0);
	}
};

int ask_elsewhere();

#endif
