/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that two files share: the linker keeps one, and must keep one record with it. */
#ifndef TESTS_HEADER_COMDAT_H
#define TESTS_HEADER_COMDAT_H

#include <df.h>

#define NOINLINE __attribute__((__noinline__))

NOINLINE inline int shared_inline()
{
	return DF_DEFAULT(comdat, inline) ? 1 : 0;
}

template <int N> NOINLINE int shared_template(int x)
{
	return DF_FEATURE(comdat, template) ? x : x + N;
}

struct shared_class {
	int value;
	NOINLINE shared_class() : value(DF_OPT(comdat, constructor))
	{
	}
	NOINLINE virtual int get() const
	{
		return DF_DEFAULT_SLOW(comdat, method) ? value : 0;
	}
	virtual ~shared_class()
	{
	}
};

/* One body in each file, and a record in each. */
NOINLINE static int own_inline()
{
	return DF_DEFAULT(comdat, own);
}

int other();

#endif
