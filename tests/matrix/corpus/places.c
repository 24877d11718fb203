/* SPDX-License-Identifier: Apache-2.0 */
/* The places in C where a flag can stand, and the kinds of functions around it. */
#include "header.h"

#include <stdlib.h>

NOINLINE static int in_if(void)
{
	if (DF_FEATURE(place, if, "the kind that is off"))
		return 1;
	return 0;
}

NOINLINE static int in_if_else(void)
{
	int value;

	if (DF_DEFAULT(place, if_else, "the kind that is on"))
		value = corpus_opaque(1);
	else
		value = corpus_opaque(0);
	return value;
}

NOINLINE static int in_else_if(int which)
{
	if (which == 7)
		return 2;
	else if (DF_DEFAULT_SLOW(place, else_if, "the kind that is on, and slow"))
		return 1;
	return 0;
}

NOINLINE static int in_for(void)
{
	int turns = 0;

	for (int i = 0; i < 3 && DF_OPT(place, for, "the kind that is held"); i++)
		turns++;
	return turns == 3;
}

NOINLINE static int in_while(void)
{
	int turns = 0;

	while (DF_DEFAULT(place, while))
		if (turns++ == 3)
			break;
	return turns != 0;
}

NOINLINE static int in_do_while(void)
{
	int turns = 0;

	do
		turns++;
	while (turns < 3 && DF_FEATURE(place, do_while));
	return turns == 3;
}

NOINLINE static int in_switch(void)
{
	switch (DF_FEATURE(place, switch)) {
	case 0:
		return 0;
	default:
		return 1;
	}
}

NOINLINE static int in_case(int which)
{
	switch (which) {
	case 1:
		return DF_DEFAULT(place, case);
	case 2:
		return DF_FEATURE(place, other_case);
	default:
		return -1;
	}
}

/* Every turn of an unrolled loop has a copy of the site. */
NOINLINE static int in_unrolled(void)
{
	int sum = 0;

	for (int i = 0; i < 4; i++)
		if (DF_FEATURE(place, unrolled))
			sum += corpus_opaque(1);
	return sum == 4;
}

/* Code behind a condition that was tested before is copied to both of its arms. */
NOINLINE static int in_copied(int which)
{
	int value = 0;

	if (which)
		value += corpus_opaque(0);
	if (DF_DEFAULT(place, copied))
		value += 1;
	if (which)
		value += corpus_opaque(0);
	return value;
}

NOINLINE static void in_expressions(int one)
{
	const int values[2] = {one, DF_FEATURE(place, aggregate)};
	const int constant = DF_DEFAULT(place, initialiser);

	corpus_show("place:aggregate", values[one]);
	corpus_show("place:initialiser", constant);
	corpus_show("place:conditional", DF_FEATURE(place, conditional) ? one : 1 - one);
	corpus_show("place:and", one && DF_FEATURE(place, and));
	corpus_show("place:and_left", DF_DEFAULT(place, and_left) && one);
	corpus_show("place:or", !one || DF_DEFAULT_SLOW(place, or));
	corpus_show("place:or_left", DF_OPT(place, or_left) || !one);
	corpus_show("place:not", !!DF_FEATURE(place, not));
	corpus_show("place:arithmetic", (3 * DF_DEFAULT(place, arithmetic) + one) / 4);
	corpus_show("place:comma", ((void)one, DF_FEATURE(place, comma)));
	corpus_show("place:argument", abs(-DF_DEFAULT(place, argument)));
	corpus_show("place:index", "\0\1"[DF_FEATURE(place, index)]);
}

/* Flags of flags: the inner one is evaluated whatever the outer one is. */
NOINLINE static void in_statement_expressions(void)
{
	int inner = -1;
	const int outer = __extension__({
		const int value = DF_FEATURE(nested, outer);
		inner = __extension__({
			int deep = 0;
			if (DF_DEFAULT(nested, inner))
				deep = 1;
			deep;
		});
		value;
	});

	corpus_show("nested:outer", outer);
	corpus_show("nested:inner", inner);
}

#define GUARDED(KIND, NAME) (DF_FEATURE(KIND, NAME) ? corpus_opaque(1) : 0)
#define TWICE(NAME) (DF_DEFAULT(macro, NAME##_first) + 2 * DF_FEATURE(macro, NAME##_second))

static void in_macros(void)
{
	const int both = TWICE(pasted);

	corpus_show("macro:guarded", GUARDED(macro, guarded));
	corpus_show("macro:pasted_first", both & 1);
	corpus_show("macro:pasted_second", both >> 1);
}

static int cleanups;

static void count(const int *value)
{
	cleanups += *value;
}

NOINLINE static void around_cleanup(void)
{
	int before, inside, behind;

	before = DF_FEATURE(scope, before);
	{
		__attribute__((__cleanup__(count))) int one = corpus_opaque(1);

		inside = DF_DEFAULT(scope, inside) && one;
		if (DF_OPT(scope, leaving))
			goto out;
	}
	corpus_show("scope:leaving", 0);
	goto behind;
out:
	corpus_show("scope:leaving", 1);
behind:
	behind = DF_DEFAULT_SLOW(scope, behind);
	corpus_show("scope:before", before);
	corpus_show("scope:inside", inside);
	corpus_show("scope:behind", behind);
}

NOINLINE static void around_array(int size)
{
	const int before = DF_FEATURE(array, before);
	int some[size + 2];

	some[size] = DF_DEFAULT(array, behind);
	{
		int more[size + 3];

		more[size] = DF_FEATURE(array, inside);
		corpus_show("array:inside", more[size]);
	}
	corpus_show("array:before", before);
	corpus_show("array:behind", some[size]);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
NOINLINE static void around_computed_goto(int which)
{
	const void *next = &&first;
	int value = -1;

	if (which)
		next = &&second;
	goto *next;
first:
	value = DF_FEATURE(jump, first);
	next = &&second;
	goto *next;
second:
	corpus_show("jump:first", value);
	corpus_show("jump:second", DF_DEFAULT(jump, second));
}
#pragma GCC diagnostic pop

__attribute__((__noinline__, __section__("corpus_text"))) static int in_section(void)
{
	return DF_FEATURE(function, section, "text of its own") ? corpus_opaque(1) : 0;
}

__attribute__((__noinline__, __cold__)) static int in_cold(void)
{
	return DF_DEFAULT(function, cold) ? corpus_opaque(1) : 0;
}

__attribute__((__noinline__, __cold__)) static int much_ado(int value)
{
	return corpus_opaque(value);
}

__attribute__((__noinline__, __hot__)) static int in_hot(void)
{
	if (DF_FEATURE(function, hot, "its cold part may go elsewhere"))
		return much_ado(1);
	return 0;
}

static int recursive(int depth)
{
	if (depth == 0)
		return DF_DEFAULT_SLOW(function, recursive);
	return recursive(depth - 1);
}

__attribute__((__noinline__, __unused__)) static int with_many_arguments(int a, int b, int c, int d,
									 int e, int f, double g,
									 int h)
{
	return DF_FEATURE(function, arguments) * (a + b + c + d + e + f + h) == 7 && g > 0;
}

static int at_start = -1;

__attribute__((__constructor__)) static void early(void)
{
	at_start = DF_DEFAULT(function, constructor, "runs before main, and again");
}

static void in_functions(void)
{
	const int built = at_start;

	corpus_show("function:section", in_section());
	corpus_show("function:cold", in_cold());
	corpus_show("function:hot", in_hot());
	corpus_show("function:recursive", recursive(corpus_opaque(3)));
	corpus_show("function:arguments", with_many_arguments(1, 1, 1, 1, 1, 1, 1.5, 1));
	early();
	corpus_show("function:constructor", built < 0 ? built : at_start);
}

void corpus_places(void)
{
	corpus_show("place:if", in_if());
	corpus_show("place:if_else", in_if_else());
	corpus_show("place:else_if", in_else_if(corpus_opaque(1)));
	corpus_show("place:for", in_for());
	corpus_show("place:while", in_while());
	corpus_show("place:do_while", in_do_while());
	corpus_show("place:switch", in_switch());
	corpus_show("place:case", in_case(corpus_opaque(1)));
	corpus_show("place:other_case", in_case(corpus_opaque(2)));
	corpus_show("place:unrolled", in_unrolled());
	corpus_show("place:copied", in_copied(corpus_opaque(1)));
	corpus_show("place:copied", in_copied(corpus_opaque(0)));
	in_expressions(corpus_opaque(1));
	in_statement_expressions();
	in_macros();
	around_cleanup();
	around_array(corpus_opaque(2));
	around_computed_goto(corpus_opaque(0));
	in_functions();
	SHOW_HEADER();
	corpus_show("header:inline_c99", inline_c99(0));
}
