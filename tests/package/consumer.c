/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consumer.c - a program that flips its own flags, in C and in C++; every function of libdf is
 * called. It says what it expected, and ends with 1, where something is not so.
 */
#include <df.h>
#include <stdio.h>
#include <string.h>

static int failures;

#define EXPECT(WHAT)                                                                               \
	do {                                                                                       \
		if (!(WHAT)) {                                                                     \
			printf("line %d: expected " #WHAT "; the last error was '%s'\n", __LINE__, \
			       df_error());                                                        \
			failures++;                                                                \
		}                                                                                  \
	} while (0)

static __attribute__((noinline)) int fast(void)
{
	return DF_FEATURE(http, fast_path, "answer from the cache");
}

static __attribute__((noinline)) int keep_alive(void)
{
	return DF_DEFAULT(http, keep_alive);
}

static __attribute__((noinline)) int hidden(void)
{
	return DF_OPT(menu, hidden);
}

static int count_one(void *context, const struct df_flag_info *flag)
{
	*(int *)context += flag->active;
	return 0;
}

static void operations(void)
{
	EXPECT(df_activate("http:fast_path") == 1 && fast());
	EXPECT(df_activate("http:fast_path") == 1 && fast());
	EXPECT(df_deactivate("http:fast_path") == 1 && fast());
	EXPECT(df_deactivate("http:fast_path") == 1 && !fast());
	EXPECT(df_enable("http:") == 2 && fast() && keep_alive());
	EXPECT(df_disable("http:") == 2 && !fast() && !keep_alive());
	EXPECT(df_unhook("http:fast") == 1 && df_enable("http:fast") == 1 && !fast());
	EXPECT(df_rehook("http:fast") == 1 && df_enable("http:fast") == 1 && fast());
}

static void operations_of_a_kind(void)
{
	EXPECT(df_disable_kind("http", NULL) == 2 && !fast() && !keep_alive());
	EXPECT(df_activate_kind("http", "http:fast") == 1 && fast() && !keep_alive());
	EXPECT(df_deactivate_kind("http", NULL) == 2 && !fast());
	EXPECT(df_enable_kind("http", NULL) == 2 && fast() && keep_alive());
	EXPECT(df_unhook_kind("http", NULL) == 2 && df_rehook_kind("http", NULL) == 2);
	EXPECT(df_enable_kind(NULL, NULL) == -DF_ERROR_USAGE && *df_error() != '\0');
}

int main(void)
{
	int on = 0;
	EXPECT(!fast() && keep_alive() && hidden());
	EXPECT(df_set_write_policy(DF_WRITE_BY_COST) == 0);
	EXPECT(df_init() == 0 && !hidden());
	operations();
	operations_of_a_kind();
	EXPECT(df_apply("-http:fast_path\n+menu:") == 2 && !fast() && hidden());
	EXPECT(df_list(NULL, count_one, &on) == 3 && on == 2);
	EXPECT(df_list("http:fast", df_list_print, stdout) == 1);
	EXPECT(df_activate("(") == -DF_ERROR_PATTERN && strchr(df_error(), '('));
	return failures != 0;
}
