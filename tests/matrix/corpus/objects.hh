// SPDX-License-Identifier: Apache-2.0
// What several files in C++ share: inline functions, templates, classes. Of each, the linker keeps
// one copy per module, and its sites with it.
#ifndef OBJECTS_HH
#define OBJECTS_HH

#include "header.h"

inline int inline_function(int value)
{
	if (DF_FEATURE(cxx, inline_function, "one copy, whoever calls"))
		return value + 1;
	return value;
}

NOINLINE inline int inline_called(int value)
{
	return value + DF_DEFAULT(cxx, inline_called);
}

template <class T> NOINLINE T template_function(T value)
{
	if (DF_DEFAULT(cxx, template_function, "as many as there are types"))
		return static_cast<T>(value + 1);
	return value;
}

template <int N, class... Types> struct counted {
	static int value(Types... values)
	{
		const int numbers[] = {0, static_cast<int>(values)...};

		return DF_FEATURE(cxx, template_class) * N / N + numbers[0];
	}
};

struct object {
	int initialised;
	int assigned;
	object() : initialised(DF_FEATURE(cxx, initialiser)), assigned(0)
	{
		if (DF_DEFAULT_SLOW(cxx, constructor))
			assigned = 1;
	}
	object(const object &other) : initialised(other.initialised), assigned(DF_DEFAULT(cxx, copy))
	{
	}
	explicit object(int value) : object()
	{
		assigned = value + DF_FEATURE(cxx, delegating);
	}
	virtual ~object()
	{
		corpus_show("cxx:destructor", DF_OPT(cxx, destructor));
	}
	virtual int method() const
	{
		return DF_FEATURE(cxx, virtual_method);
	}
	operator int() const
	{
		return DF_DEFAULT(cxx, conversion);
	}
	object &operator=(const object &) = default;
};

// A scope with work at its end, which clang before 17 takes for an obstacle.
struct scoped {
	int value;
	explicit scoped(int initial) : value(initial)
	{
	}
	~scoped()
	{
		value = corpus_opaque(0);
	}
};

inline void show_shared()
{
	corpus_show("cxx:inline_function", inline_function(0));
	corpus_show("cxx:inline_function", inline_function(corpus_opaque(1)) - 1);
	corpus_show("cxx:inline_called", inline_called(0));
	corpus_show("cxx:template_function", template_function(0));
	corpus_show("cxx:template_function", static_cast<int>(template_function(1L)) - 1);
	corpus_show("cxx:template_class", counted<3>::value());
	corpus_show("cxx:template_class", counted<5, int, char>::value(1, 'a'));
	{
		const object one;
		const object copied(one);

		corpus_show("cxx:initialiser", one.initialised);
		corpus_show("cxx:constructor", one.assigned);
		corpus_show("cxx:copy", copied.assigned);
		corpus_show("cxx:conversion", one);
	}
	const object delegated(0);
	const object *volatile unknown = &delegated;

	corpus_show("cxx:delegating", delegated.assigned);
	corpus_show("cxx:virtual_method", unknown->method());
}

#endif
