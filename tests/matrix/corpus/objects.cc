// SPDX-License-Identifier: Apache-2.0
// The places that only C++ has.
#include "objects.hh"

#if defined(__cpp_impl_coroutine)
#include <coroutine>
#endif

namespace
{

struct global {
	int value;
	global() : value(DF_DEFAULT(place, global_object, "runs before main, and again"))
	{
	}
};
const global at_start;

int in_lambda()
{
	const int one = corpus_opaque(1);
	const auto by_value = [one](int value) { return DF_FEATURE(lambda, by_value) * value * one; };

	return by_value(one);
}

int in_lambda_by_reference()
{
	int value = 0;
	const auto body = [&]() {
		if (DF_DEFAULT(lambda, by_reference))
			value = 1;
	};

	body();
	return value;
}

#if __cplusplus >= 201402L
int in_generic_lambda()
{
	const auto body = [](auto value) { return DF_DEFAULT(lambda, generic) * value; };

	return static_cast<int>(body(1) * body(1L));
}
#else
int in_generic_lambda()
{
	const auto body = [](long value) { return DF_DEFAULT(lambda, generic) * value; };

	return static_cast<int>(body(1));
}
#endif

// C++ evaluates it once for the life of the process.
int in_static_local()
{
	static const int once = DF_FEATURE(once, static_local);

	return once;
}

int in_try()
{
	try {
		if (DF_FEATURE(exception, thrown))
			throw 7;
	} catch (int thrown) {
		return thrown == 7;
	}
	return 0;
}

int in_handler()
{
	try {
		throw corpus_opaque(1);
	} catch (int) {
		return DF_DEFAULT(exception, handler);
	}
}

int in_noexcept() noexcept
{
	return DF_FEATURE(exception, no_exception);
}

void around_scopes()
{
	const int before = DF_FEATURE(scope, cxx_before);
	const scoped first(corpus_opaque(1));
	const int between = DF_DEFAULT(scope, cxx_between) * first.value;
	int inside;
	{
		const scoped second(corpus_opaque(1));

		inside = DF_FEATURE(scope, cxx_inside) * second.value;
	}
	corpus_show("scope:cxx_before", before);
	corpus_show("scope:cxx_between", between);
	corpus_show("scope:cxx_inside", inside);
	corpus_show("scope:cxx_behind", DF_OPT(scope, cxx_behind));
}

// A switch or a goto makes clang look at the jumps of the whole function.
void behind_switch(int which)
{
	switch (which) {
	case 1:
		which = corpus_opaque(0);
	}
	const scoped one(corpus_opaque(1));

	corpus_show("scope:behind_switch", DF_FEATURE(scope, behind_switch) * one.value);
	corpus_show("scope:behind_switch_too", DF_DEFAULT(scope, behind_switch_too) * one.value);
}

void with_goto(int which)
{
	if (which > 2)
		goto out;
	{
		const scoped one(corpus_opaque(1));

		corpus_show("scope:with_goto", DF_FEATURE(scope, with_goto) * one.value);
		corpus_show("scope:with_goto_too", DF_DEFAULT(scope, with_goto_too) * one.value);
	}
out:
	return;
}

int in_range_for()
{
	const int numbers[] = {1, 1, corpus_opaque(1)};
	int sum = 0;

	for (int number : numbers)
		if (DF_FEATURE(place, range_for))
			sum += number;
	return sum == 3;
}

// It is constant where it is evaluated without a flag, and stands beside one.
constexpr int twice(int value)
{
	return value * 2;
}

int beside_constant()
{
	constexpr int four = twice(2);

	return DF_DEFAULT(place, beside_constant) * four / twice(2);
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

task coroutine(int one)
{
	const int before = DF_FEATURE(coroutine, before);

	co_await std::suspend_never{};
	corpus_show("coroutine:before", before * one);
	co_return DF_DEFAULT(coroutine, behind) * one;
}

void show_coroutine()
{
	const task started = coroutine(corpus_opaque(1));

	corpus_show("coroutine:behind", started.handle.promise().value);
	started.handle.destroy();
}
#else
void show_coroutine()
{
	corpus_show("coroutine:before", DF_FEATURE(coroutine, before));
	corpus_show("coroutine:behind", DF_DEFAULT(coroutine, behind));
}
#endif

} // namespace

int dead_in_cxx(int value);
int dead_in_cxx(int value)
{
	return DF_FEATURE(dead, in_cxx) ? inline_called(value) : 0;
}

void corpus_objects(void)
{
	const global again;

	corpus_show("place:global_object", at_start.value == 1 ? again.value : -1);
	corpus_show("lambda:by_value", in_lambda());
	corpus_show("lambda:by_reference", in_lambda_by_reference());
	corpus_show("lambda:generic", in_generic_lambda());
	corpus_show("once:static_local", in_static_local());
	corpus_show("exception:thrown", in_try());
	corpus_show("exception:handler", in_handler());
	corpus_show("exception:no_exception", in_noexcept());
	around_scopes();
	behind_switch(corpus_opaque(1));
	with_goto(corpus_opaque(1));
	corpus_show("place:range_for", in_range_for());
	corpus_show("place:beside_constant", beside_constant());
	show_coroutine();
	show_shared();
}
