// SPDX-License-Identifier: Apache-2.0
// The places that only C++ has: constructors, templates, lambdas, handlers, coroutines.
#include "values.h"

#if defined(__cpp_impl_coroutine)
#include <coroutine>
#endif

namespace
{

struct in_constructor {
	int first;
	int second;
	in_constructor() : first(DF_FEATURE(cxx, member_initialiser)), second(0)
	{
		if (DF_DEFAULT(cxx, constructor))
			second = 1;
	}
};

int member_initialiser()
{
	return in_constructor().first;
}

int constructor()
{
	return in_constructor().second;
}

int from_destructor;

struct in_destructor {
	~in_destructor()
	{
		from_destructor = DF_DEFAULT_SLOW(cxx, destructor);
	}
};

int destructor()
{
	{
		in_destructor object;
	}
	return from_destructor;
}

struct base {
	virtual ~base()
	{
	}
	virtual int value() const = 0;
};

struct derived : base {
	int value() const override
	{
		return DF_OPT(cxx, virtual_function);
	}
};

int virtual_function()
{
	const derived object;
	const base &abstract = object;

	return abstract.value();
}

template <int N> int in_template()
{
	return DF_FEATURE(cxx, template_body) * N / N;
}

int template_body()
{
	return in_template<3>() && in_template<5>();
}

int lambda()
{
	const int local = one;
	const auto body = [local](int argument) {
		return local == argument && DF_DEFAULT(cxx, lambda);
	};

	return body(one);
}

int handler()
{
	try {
		if (one)
			throw 7;
	} catch (int thrown) {
		return DF_OPT(cxx, handler) && thrown == 7;
	}
	return -1;
}

struct scoped {
	int value;
	explicit scoped(int initial) : value(initial)
	{
	}
	~scoped()
	{
		one = value;
	}
};

// Flags on both sides of a scope with a destructor, and in it.
int around_scope(int which)
{
	int values[3];

	values[0] = DF_FEATURE(cxx, before_scope);
	{
		const scoped object(one);

		values[1] = DF_DEFAULT(cxx, inside_scope) && object.value == 1;
	}
	values[2] = DF_OPT(cxx, behind_scope);
	return values[which];
}

int before_scope()
{
	return around_scope(0);
}

int inside_scope()
{
	return around_scope(1);
}

int behind_scope()
{
	return around_scope(2);
}

// A switch or a goto besides makes clang check the jumps of the whole function, lambdas included.
int behind_switch(int which)
{
	int values[2];

	switch (which) {
	case 1:
		one = 1;
	}
	const scoped object(one);

	values[0] = DF_FEATURE(cxx, behind_switch) * object.value;
	values[1] = DF_DEFAULT(cxx, behind_switch_too) * object.value;
	return values[which];
}

int behind_switch_first()
{
	return behind_switch(0);
}

int behind_switch_second()
{
	return behind_switch(1);
}

int with_goto(int which)
{
	int values[3] = {0, 0, 0};

	if (which > 2)
		goto out;
	{
		const scoped object(one);

		values[0] = DF_FEATURE(cxx, with_goto) * object.value;
		values[1] = DF_OPT(cxx, with_goto_too) * object.value;
	}
	{
		const scoped other(one);

		values[2] = DF_DEFAULT_SLOW(cxx, with_goto_other_scope) * other.value;
	}
out:
	return values[which % 3];
}

int with_goto_first()
{
	return with_goto(0);
}

int with_goto_second()
{
	return with_goto(1);
}

int with_goto_other_scope()
{
	return with_goto(2);
}

int range_for()
{
	const int numbers[] = {one, one, one};
	int sum = 0;

	for (int number : numbers)
		if (DF_FEATURE(cxx, range_for))
			sum += number;
	return sum == 3;
}

#if defined(__cpp_impl_coroutine)
struct task {
	struct promise_type {
		int value = -1;
		task get_return_object()
		{
			return {std::coroutine_handle<promise_type>::from_promise(*this)};
		}
		std::suspend_never initial_suspend()
		{
			return {};
		}
		std::suspend_always final_suspend() noexcept
		{
			return {};
		}
		void return_value(int returned)
		{
			value = returned;
		}
		void unhandled_exception()
		{
		}
	};
	std::coroutine_handle<promise_type> handle;
};

/* gcc 12 writes a zero for a null pointer itself, at the end of a coroutine. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wzero-as-null-pointer-constant"
task coroutine_body()
{
	co_await std::suspend_never{};
	if (DF_DEFAULT(cxx, coroutine))
		co_return 1;
	co_return 0;
}
#pragma GCC diagnostic pop

int coroutine()
{
	const task started = coroutine_body();
	const int value = started.handle.promise().value;

	started.handle.destroy();
	return value;
}
#endif

} // namespace

inline int in_inline_function()
{
	return DF_FEATURE(cxx, inline_function);
}

const struct row cxx_rows[] = {
	{"cxx", "member_initialiser", "", FEATURE, member_initialiser},
	{"cxx", "constructor", "", DEFAULT, constructor},
	{"cxx", "destructor", "", DEFAULT_SLOW, destructor},
	{"cxx", "virtual_function", "", OPT, virtual_function},
	{"cxx", "template_body", "", FEATURE, template_body},
	{"cxx", "lambda", "", DEFAULT, lambda},
	{"cxx", "handler", "", OPT, handler},
	{"cxx", "before_scope", "", FEATURE, before_scope},
	{"cxx", "inside_scope", "", DEFAULT, inside_scope},
	{"cxx", "behind_scope", "", OPT, behind_scope},
	{"cxx", "behind_switch", "", FEATURE, behind_switch_first},
	{"cxx", "behind_switch_too", "", DEFAULT, behind_switch_second},
	{"cxx", "with_goto", "", FEATURE, with_goto_first},
	{"cxx", "with_goto_too", "", OPT, with_goto_second},
	{"cxx", "with_goto_other_scope", "", DEFAULT_SLOW, with_goto_other_scope},
	{"cxx", "range_for", "", FEATURE, range_for},
#if defined(__cpp_impl_coroutine)
	{"cxx", "coroutine", "", DEFAULT, coroutine},
#endif
	{"cxx", "inline_function", "", FEATURE, in_inline_function},
};
const unsigned cxx_row_count = sizeof(cxx_rows) / sizeof(cxx_rows[0]);
