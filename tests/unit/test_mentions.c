/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/mentions.c: which lines hold a flag, in any source. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mentions.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define HERE MENTIONED_HERE
#define ELSEWHERE MENTIONED_ELSEWHERE
#define NOWHERE MENTIONED_NOWHERE
#define UNSURE MENTIONED_UNSURE

static const struct {
	const char *text;
	const char *kind, *name;
	uint32_t line;
	enum mentioned want;
	uint32_t now;
} cases[] = {
	{"", "k", "n", 1, NOWHERE, 0},
	{"if (DF_FEATURE(k, n)) f();\n", "k", "n", 1, HERE, 1},
	{"if (DF_FEATURE(k, n, \"doc\")) f();", "k", "n", 1, HERE, 1},
	{"x = DF_DEFAULT(k,n) + DF_OPT(k,m);\n", "k", "m", 1, HERE, 1},
	{"x = DF_DEFAULT_SLOW ( k , n );\n", "k", "n", 1, HERE, 1},
	{"x = DF_DEBUG(n);\n", "debug", "n", 1, HERE, 1},
	{"x = DF_DEBUG(n, \"doc\");\n", "debug", "n", 1, HERE, 1},
	{"x = DF_DEBUG(n);\n", "k", "n", 1, NOWHERE, 0},
	{"AN_HOOK(k, n) { }\n", "k", "n", 1, HERE, 1},
	/* Moved */
	{"\n\nDF_FEATURE(k, n);\n", "k", "n", 1, ELSEWHERE, 3},
	{"\n\nDF_FEATURE(k, n);\n", "k", "n", 99, ELSEWHERE, 3},
	{"\n\nDF_FEATURE(k, n);\n", "k", "n", 0, ELSEWHERE, 3},
	{"DF_FEATURE(k, n);\n\n\n\nDF_FEATURE(k, n);\n", "k", "n", 4, ELSEWHERE, 5},
	{"DF_FEATURE(k, n);\n\n\n\nDF_FEATURE(k, n);\n", "k", "n", 2, ELSEWHERE, 1},
	{"\nDF_DEBUG(n);\n", "debug", "n", 1, ELSEWHERE, 2},
	/* Gone, though something like it is there */
	{"DF_FEATURE(l, n);\n", "k", "n", 1, NOWHERE, 0},
	{"DF_FEATURE(k, nn);\n", "k", "n", 1, NOWHERE, 0},
	{"DF_FEATURE(n, k);\n", "k", "n", 1, NOWHERE, 0},
	{"DF_FEATURE(x, k, n);\n", "k", "n", 1, NOWHERE, 0},
	{"/* DF_FEATURE(k, n) */\n", "k", "n", 1, NOWHERE, 0},
	{"// DF_FEATURE(k, n)\n", "k", "n", 1, NOWHERE, 0},
	{"// \\\nDF_FEATURE(k, n)\n", "k", "n", 2, NOWHERE, 0},
	{"f(\"DF_FEATURE(k, n)\");\n", "k", "n", 1, NOWHERE, 0},
	{"f(\"\\\"\", \"DF_FEATURE(k, n)\");\n", "k", "n", 1, NOWHERE, 0},
	{"f(R\"x(\" DF_FEATURE(k, n) )\" )x\");\n", "k", "n", 1, NOWHERE, 0},
	{"if (k, n) f();\n", "k", "n", 1, NOWHERE, 0},
	{"k, n;\n", "k", "n", 1, NOWHERE, 0},
	/* Literals that could lead astray */
	{"c = '\"'; DF_FEATURE(k, n); d = '\"';\n", "k", "n", 1, HERE, 1},
	{"c = '\\''; DF_FEATURE(k, n);\n", "k", "n", 1, HERE, 1},
	{"c = 1'000'000; DF_FEATURE(k, n);\n", "k", "n", 1, HERE, 1},
	{"s = \"unterminated\nDF_FEATURE(k, n);\n", "k", "n", 2, HERE, 2},
	{"f(\"a\\\nb\");\nDF_FEATURE(k, n);\n", "k", "n", 3, HERE, 3},
	{"f(R\"(\n\n)\"); DF_FEATURE(k, n);\n", "k", "n", 3, HERE, 3},
	{"f(LR\"a(\n)\")a\"); DF_FEATURE(k, n);\n", "k", "n", 2, HERE, 2},
	{"/* \" */ DF_FEATURE(k, n); /* ' */\n", "k", "n", 1, HERE, 1},
	{"\xff\xc3 DF_FEATURE(k, n);\n", "k", "n", 1, HERE, 1},
	{"DF_FEATURE(k, n);\r\n\r\nDF_FEATURE(k, m);\r\n", "k", "m", 3, HERE, 3},
	/* Over several lines: all of them hold it */
	{"DF_FEATURE(k,\n  n,\n  \"doc\")\n", "k", "n", 1, HERE, 1},
	{"DF_FEATURE(k,\n  n,\n  \"doc\")\n", "k", "n", 2, HERE, 2},
	{"DF_FEATURE(k,\n  n,\n  \"doc\")\n", "k", "n", 3, HERE, 3},
	{"DF_FEATURE(k,\n  n,\n  \"doc\")\n\n", "k", "n", 4, ELSEWHERE, 1},
	{"\nDF_FEATURE\n(k, n)\n", "k", "n", 1, ELSEWHERE, 2},
	{"DF_FEATURE /* x\n */ (k, n)\n", "k", "n", 2, HERE, 2},
	{"DF_FEATURE(/* a */ k /* b */, // c\n n /* d */)\n", "k", "n", 1, HERE, 1},
	{"DF_FEAT\\\nURE(k, n)\n", "k", "n", 2, HERE, 2}, /* as a call of URE */
	{"DF_FEATURE(k, \\\n n)\n", "k", "n", 1, HERE, 1},
	{"assert(x &&\n  DF_FEATURE(k, n) &&\n  y);\n", "k", "n", 1, HERE, 1},
	{"assert(x &&\n  DF_FEATURE(k, n) &&\n  y);\n", "k", "n", 3, HERE, 3},
	{"if (x &&\n  DF_FEATURE(k, n) &&\n  y)\n", "k", "n", 1, ELSEWHERE, 2},
	{"f(a);\nDF_FEATURE(k, n);\n", "k", "n", 1, ELSEWHERE, 2},
	{"M({\nint x = DF_FEATURE(k, n);\n});\n", "k", "n", 3, HERE, 3},
	/* Names of several tokens */
	{"DF_FEATURE(k, section-foo.text:x)\n", "k", "section-foo.text:x", 1, HERE, 1},
	{"DF_FEATURE(k, x-linux.unix:EOF/0)\n", "k", "x-linux.unix:EOF/0", 1, HERE, 1},
	{"DF_FEATURE(a  b, c/**/d)\n", "a b", "c d", 1, HERE, 1},
	{"DF_FEATURE(k, f(x, y))\n", "k", "f(x, y)", 1, HERE, 1},
	/* Wrapped */
	{"#define MY(n) DF_FEATURE(my, n)\nif (MY(fast)) ;\n", "my", "fast", 2, HERE, 2},
	{"if (MY(fast, 1)) ;\n", "my", "fast", 1, HERE, 1},
	{"if (MY(1, fast)) ;\n", "my", "fast", 1, HERE, 1},
	{"\nif (my(other)) ;\n", "my", "fast", 2, NOWHERE, 0},
	{"if (MY(my, fast)) ;\n\n", "my", "fast", 2, ELSEWHERE, 1},
	{"if (MY(fast)) ;\n\n", "my", "fast", 2, NOWHERE, 0},
	{"#define FAST DF_FEATURE(my, fast)\n\nif (FAST) ;\n", "my", "fast", 3, HERE, 3},
	{"#define FAST() \\\n\tDF_FEATURE(my, fast)\n\nif (FAST()) ;\n", "my", "fast", 4, HERE, 4},
	{"#define FAST DF_FEATURE(my, fast)\n\nif (FASTER) ;\n", "my", "fast", 3, ELSEWHERE, 1},
	{"#define FAST DF_FEATURE(my, fast)\n\nif (0) ;\n", "my", "fast", 3, ELSEWHERE, 1},
	/* Perhaps by a macro of another file */
	{"if (FAST) ;\n", "my", "fast", 1, UNSURE, 0},
	{"if (MY_FLAG(x)) ;\n", "my", "fast", 1, UNSURE, 0},
	{"if (x == N) ;\n", "my", "fast", 1, NOWHERE, 0},
	{"DF_FEATURE(k, n);\n", "my", "fast", 1, NOWHERE, 0},
	/* Parentheses that do not match */
	{"))) DF_FEATURE(k, n);\n", "k", "n", 1, HERE, 1},
	{"((( DF_FEATURE(k, n);\n", "k", "n", 1, HERE, 1},
	{"f(\n#if X\n(\n#endif\n);\nDF_FEATURE(k, n)\n", "k", "n", 6, HERE, 6},
	{"#if f(\nDF_FEATURE(k, n)\n#endif\n", "k", "n", 2, HERE, 2},
	{"f(a, \n#define X ( ( (\nDF_FEATURE(k, n))\n\n", "k", "n", 4, ELSEWHERE, 3},
	{"int f(\n}\n\n\nDF_FEATURE(k, n); )\n", "k", "n", 2, ELSEWHERE, 5},
	{"DF_FEATURE(k, n", "k", "n", 1, NOWHERE, 0},
	{"DF_FEATURE(k, n,", "k", "n", 1, HERE, 1},
	{"DF_FEATURE(, n) DF_FEATURE() DF_FEATURE(,)", "", "n", 1, HERE, 1},
	{"# define\n#\n#define X\nDF_FEATURE(k, n)", "k", "n", 4, HERE, 4},
	{"/* unterminated\nDF_FEATURE(k, n)", "k", "n", 2, NOWHERE, 0},
	{"R\"(unterminated\nDF_FEATURE(k, n)", "k", "n", 2, NOWHERE, 0},
};

Test(mentions, cases)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mentions mentions;
		struct df_err err;
		uint32_t now;
		const size_t size = strlen(cases[i].text);
		char *text = malloc(size > 0 ? size : 1); /* of exactly this size */
		cr_assert(text);
		memcpy(text, cases[i].text, size);
		cr_assert_eq(mentions_read(text, size, &mentions, &err), 0);
		const enum mentioned got =
			mentions_find(&mentions, cases[i].kind, cases[i].name, cases[i].line, &now);
		cr_expect(got == cases[i].want && now == cases[i].now,
			  "%s:%s in line %u of\n%s: %d, %u; not %d, %u", cases[i].kind,
			  cases[i].name, cases[i].line, cases[i].text, got, now, cases[i].want,
			  cases[i].now);
		mentions_free(&mentions);
		free(text);
	}
}

/* A call that seems to have no end reaches no further than its neighbourhood. */
Test(mentions, far_away)
{
	char text[1000] = "broken(\nDF_FEATURE(k, n)\n";
	struct mentions mentions;
	struct df_err err;
	uint32_t now;
	memset(text + strlen(text), '\n', 100);
	strcat(text, ")\n");
	cr_assert_eq(mentions_read(text, strlen(text), &mentions, &err), 0);
	cr_expect_eq(mentions_find(&mentions, "k", "n", 2, &now), MENTIONED_HERE);
	cr_expect_eq(mentions_find(&mentions, "k", "n", 90, &now), MENTIONED_ELSEWHERE);
	cr_expect_eq(now, 2);
	mentions_free(&mentions);
}

static double seconds_for(const char *piece, size_t size)
{
	const size_t length = strlen(piece);
	struct timespec from, to;
	struct mentions mentions;
	struct df_err err;
	uint32_t now;
	char *text = malloc(size);
	cr_assert(text);
	for (size_t i = 0; i < size; i++)
		text[i] = piece[i % length];
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	cr_assert_eq(mentions_read(text, size, &mentions, &err), 0);
	mentions_find(&mentions, "k", "n", 1, &now);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	mentions_free(&mentions);
	free(text);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Texts made to be slow: eight times as much may take 30 times as long, not 64 times. */
Test(mentions, time_grows_with_the_text)
{
	static const char *const pieces[] = {
		"DF_FEATURE(k, n);\n",
		"f(",
		"(",
		"f(a,",
		")",
		"R\"(",
		"/*",
		"/* */",
		"//",
		"\"",
		"'",
		"#define f(\n",
		"\\\n",
		" ",
		"a",
		"f(/*x*/",
		"f(\n",
		"'a'a",
		"R\"x(",
		"\n}",
		"f(,,,,",
	};
	for (size_t i = 0; i < COUNT(pieces); i++) {
		const double some = seconds_for(pieces[i], 100000);
		const double many = seconds_for(pieces[i], 800000);
		cr_expect_lt(many, 30 * some + 0.1, "'%s': %.3f s, %.3f s", pieces[i], some, many);
	}
}
