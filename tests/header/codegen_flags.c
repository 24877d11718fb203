/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that codegen.sh compares with and without flags. Each has its
 * flags on a path that goes straight to a return. Valid C and C++.
 */
#include <df.h>

#include <stdbool.h>

/*
 * Without flags the value has to be the one that the straight path is compiled
 * for, which for these two is not the value as built.
 */
#if defined(DF_DISABLE)
#undef DF_DEFAULT_SLOW
#undef DF_OPT
#define DF_DEFAULT_SLOW(KIND, ...) 0
#define DF_OPT(KIND, ...) 0
#endif

/* What a flag must not be, to see that the comparison notices. */
#if defined(WRONG_LOAD)
extern volatile bool wrong_flag;
#undef DF_FEATURE
#define DF_FEATURE(KIND, ...) __builtin_expect(wrong_flag, 0)
#elif defined(WRONG_EXTRA)
#undef DF_DEFAULT_
#define DF_DEFAULT_(KIND, NAME, DOC, ...)                                                          \
	(__extension__({                                                                           \
		__asm__ __volatile__("cmc");                                                       \
		__builtin_expect(DF_SITE_(DF_OPCODE_STRAIGHT_, "1,1", KIND, #NAME, DOC) == 0, 1);  \
	}))
#elif defined(WRONG_SPILL)
#undef DF_OPT_
#define DF_OPT_(KIND, NAME, DOC, ...)                                                              \
	(__extension__({                                                                           \
		__asm__ __volatile__("" : : : "rbx");                                              \
		__builtin_expect(DF_SITE_(DF_OPCODE_JUMP_, "6,0", KIND, #NAME, DOC) != 0, 0);      \
	}))
#elif defined(WRONG_OPCODE)
#undef DF_FEATURE
#define DF_FEATURE DF_OPT
#endif

#if defined(__cplusplus)
extern "C" {
#endif

__attribute__((__cold__)) int slow_path(int x);
extern volatile int table[];

int feature(int x);
int default_on(int x);
int default_slow(int x);
int opt(int x);
int feature_value(int x);
void two_flags(int x);
void live_values(int a, int b, int c, int d, int e, int f);
int loop(const int *numbers, int count);
void store(int x);

int feature(int x)
{
	if (DF_FEATURE(codegen, feature))
		return slow_path(x);
	return x * 3;
}

int default_on(int x)
{
	if (DF_DEFAULT(codegen, default_on))
		return x * 5;
	return slow_path(x);
}

int default_slow(int x)
{
	if (DF_DEFAULT_SLOW(codegen, default_slow))
		return slow_path(x);
	return x * 7;
}

int opt(int x)
{
	if (DF_OPT(codegen, opt))
		return slow_path(x);
	return x * 9;
}

int feature_value(int x)
{
	return DF_FEATURE(codegen, value) ? slow_path(x) : x;
}

void two_flags(int x)
{
	table[0] = x;
	if (DF_FEATURE(codegen, first))
		table[3] = x * x;
	table[1] = x;
	if (!DF_DEFAULT(codegen, second))
		table[4] = x * x;
	table[2] = x;
}

/* Six values are alive at the flag, and each stays in the register that it came in. */
void live_values(int a, int b, int c, int d, int e, int f)
{
	table[0] = a + b + c + d + e + f;
	if (DF_FEATURE(codegen, live))
		table[7] = a;
	table[1] = a;
	table[2] = b;
	table[3] = c;
	table[4] = d;
	table[5] = e;
	table[6] = f;
}

int loop(const int *numbers, int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++) {
		if (DF_FEATURE(codegen, loop))
			return slow_path(sum);
		sum ^= numbers[i];
	}
	return sum;
}

void store(int x)
{
	table[1] = x;
	if (DF_OPT(codegen, store))
		table[3] = x * x;
	table[2] = x;
}

#if defined(__cplusplus)
}
#endif
