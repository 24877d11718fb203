/* SPDX-License-Identifier: Apache-2.0 */
/* A program or shared object of 120 flags, for what they add to the file: layout.sh. C and C++. */
#include <df.h>

extern int calls;
int calls;

/* One body, one record: none is inlined where it is called. */
#define NOINLINE __attribute__((__noinline__))

static int slow(int x)
{
	calls++;
	return x;
}

int feature00(int x);
int default00(int x);
int slow00(int x);
int opt00(int x);

int main(void)
{
	const int sum = feature00(0) + default00(0) + slow00(0) + opt00(0);

	return sum == 3 && calls == 2 ? 0 : 1;
}

#define FOUR(N)                                                                                    \
	NOINLINE int feature##N(int x);                                                            \
	int feature##N(int x)                                                                      \
	{                                                                                          \
		return DF_FEATURE(many, feature##N, "the doc of one") ? slow(x) : x + 1;           \
	}                                                                                          \
	NOINLINE int default##N(int x);                                                            \
	int default##N(int x)                                                                      \
	{                                                                                          \
		return DF_DEFAULT(many, default##N) ? x + 2 : slow(x);                             \
	}                                                                                          \
	NOINLINE int slow##N(int x);                                                               \
	int slow##N(int x)                                                                         \
	{                                                                                          \
		return DF_DEFAULT_SLOW(many, slow##N) ? slow(x) : x + 3;                           \
	}                                                                                          \
	NOINLINE int opt##N(int x);                                                                \
	int opt##N(int x)                                                                          \
	{                                                                                          \
		return DF_OPT(many, opt##N, "the doc of another") ? slow(x) : x + 4;               \
	}

/* clang-format off */
#define FORTY(N)                                                                                   \
	FOUR(N##0) FOUR(N##1) FOUR(N##2) FOUR(N##3) FOUR(N##4)                                     \
	FOUR(N##5) FOUR(N##6) FOUR(N##7) FOUR(N##8) FOUR(N##9)
FORTY(0) FORTY(1) FORTY(2)
