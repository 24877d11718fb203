/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of df.h: what it returns, what it says, and what it leaves alone. */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flags.h"
#include "inside.h"

typedef int (*by_pattern)(const char *pattern);
typedef int (*by_kind)(const char *kind, const char *pattern);

static const by_pattern pattern_calls[] = {df_activate, df_deactivate, df_enable,
					   df_disable,	df_unhook,     df_rehook};
static const by_kind kind_calls[] = {df_activate_kind, df_deactivate_kind, df_enable_kind,
				     df_disable_kind,  df_unhook_kind,	   df_rehook_kind};

static int count_calls(void *context, const struct df_flag_info *flag)
{
	(void)flag;
	++*(int *)context;
	return 0;
}

static int list_all(const char *pattern)
{
	int calls = 0;
	return df_list(pattern, count_calls, &calls);
}

static int all_lamps(void)
{
	return (int)lamp_count;
}

/* ---- what is returned ---- */

static const struct {
	const char *pattern;
	int flags;
} matched[] = {
	{"lamp:", 5},
	{"lamp:feature", 1},
	{"lamp:opt", 2},
	{"many:twin", 1},
	{"many:opt_twin@twins.c:210$", 1},
	{"many:unrolled", 1},
	{"many:", 3},
	{"lines:same", 2},
	{"lines:same@lines.c:31", 1},
	{"lines:same@lines.c:3[01]0$", 2},
	{"(http|ht):", 2},
	{"http|ht", 3},
	{"amp:", 0},
	{"lamp:feature@lamps.c:1000", 0},
	{"no such flag", 0},
};

Test(calls, return_the_number_of_full_names)
{
	for (size_t i = 0; i < COUNT(matched); i++) {
		const char *pattern = matched[i].pattern;
		for (size_t c = 0; c < COUNT(pattern_calls); c++)
			cr_expect_eq(pattern_calls[c](pattern), matched[i].flags, "call %zu, %s", c,
				     pattern);
		cr_expect_eq(list_all(pattern), matched[i].flags, "df_list, %s", pattern);
	}
}

Test(calls, take_null_the_empty_pattern_and_any_character_for_every_flag)
{
	static const char *const everything[] = {NULL, "", ".*", ".", "^", "()", "x?"};
	for (size_t i = 0; i < COUNT(everything); i++) {
		const char *pattern = everything[i];
		for (size_t c = 0; c < COUNT(pattern_calls); c++)
			cr_expect_eq(pattern_calls[c](pattern), all_lamps(), "call %zu, %s", c,
				     pattern ? pattern : "NULL");
		cr_expect_eq(list_all(pattern), all_lamps());
	}
}

static const struct {
	const char *kind, *pattern;
	int flags;
} of_kind[] = {
	{"lamp", NULL, 5},	  {"lamp", "", 5},	{"lamp", "lamp:f", 1},
	{"lamp", "lamp:opt@", 1}, {"lamp", "many:", 0}, {"lamp", "feature", 0},
	{"lamp:", NULL, 0},	  {"lam", NULL, 0},	{"lamps", NULL, 0},
	{"LAMP", NULL, 0},	  {".*", NULL, 0},	{"", NULL, 0},
	{" lamp", NULL, 0},	  {"lamp ", NULL, 0},	{"ht", NULL, 1},
	{"http", NULL, 1},	  {"http", "http", 1},	{"http", "https", 0},
	{"ht", "http", 0},	  {"many", NULL, 3},	{"many", "many:[^@]*twin", 2},
	{"lines", NULL, 2},	  {"debug", NULL, 1},
};

Test(calls, compare_a_kind_as_it_stands)
{
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < COUNT(of_kind); i++)
			for (size_t c = 0; c < COUNT(kind_calls); c++)
				cr_expect_eq(kind_calls[c](of_kind[i].kind, of_kind[i].pattern),
					     of_kind[i].flags, "call %zu, kind '%s', pattern %s", c,
					     of_kind[i].kind,
					     of_kind[i].pattern ? of_kind[i].pattern : "NULL");
}

Test(calls, by_kind_change_only_that_kind)
{
	cr_assert_eq(df_init(), 0);
	df_disable(NULL);
	cr_expect_eq(df_activate_kind("http", NULL), 1);
	for (size_t i = 0; i < lamp_count; i++)
		cr_expect_eq(lamps[i].read(), strcmp(lamps[i].kind, "http") == 0, "%s",
			     lamps[i].full_name);
}

Test(calls, of_init_return_0_and_change_nothing_the_second_time)
{
	cr_assert_eq(df_init(), 0, "%s", df_error());
	struct snapshot initialised = snapshot_take();
	cr_expect_eq(df_init(), 0);
	cr_expect(snapshot_is_same(&initialised));
	cr_expect_eq(df_module_v1.initialised, (uint32_t)DF_INITIALISED);
	cr_expect_eq(df_module_v1.generation, (uint64_t)1);
	cr_expect_eq(df_module_v1.changed_by, (uint32_t)getpid());
}

Test(calls, that_match_nothing_initialise_all_the_same)
{
	for (size_t i = 0; i < lamp_count; i++)
		cr_expect_eq(lamps[i].read(), lamps[i].activation || lamps[i].held, "%s",
			     lamps[i].full_name);
	cr_expect_eq(df_activate("no such flag"), 0);
	for (size_t i = 0; i < lamp_count; i++)
		cr_expect_eq(lamps[i].read(), (int)lamps[i].activation, "%s", lamps[i].full_name);
	cr_expect_str_eq(df_error(), "");
}

/* ---- scripts ---- */

static const struct {
	const char *script;
	int flags;
} scripts[] = {
	{"", 0},
	{"\n\n  \n\t\n", 0},
	{"# +lamp:\n   # -many:", 0},
	{"+lamp:feature", 1},
	{"+lamp:feature\n-lamp:feature\n", 2},
	{"  +  lamp:feature  \r\n\t- lamp:feature\t\r\n", 2},
	{"enable lamp:\ndisable lamp:\nactivate many:\ndeactivate many:", 16},
	{"unhook lines:same\nrehook\tlines:same", 4},
	{"!no such flag\n?lamp:", 5},
	{"+.*", 14},
	{"+lamp:feature@lamps.c:100$\n+lamp:f", 2},
};

Test(scripts, return_the_sum_over_their_lines)
{
	for (size_t i = 0; i < COUNT(scripts); i++)
		cr_expect_eq(df_apply(scripts[i].script), scripts[i].flags, "'%s'",
			     scripts[i].script);
}

static const struct {
	const char *script;
	int code;
	const char *says;
} bad_scripts[] = {
	{"lamp:", DF_ERROR_USAGE, "line 1"},
	{"+lamp:\n+many:\nenable", DF_ERROR_USAGE, "line 3"},
	{"+lamp:\n+", DF_ERROR_USAGE, "line 2"},
	{"+lamp:\n\n!  \t", DF_ERROR_USAGE, "line 3"},
	{"+lamp:\nenablelamp:", DF_ERROR_USAGE, "line 2"},
	{"-lamp:\n# fine\n*lamp:", DF_ERROR_USAGE, "line 3"},
	{"+lamp:;-lamp:(", DF_ERROR_PATTERN, "line 1"},
	{"disable .*\nunhook [", DF_ERROR_PATTERN, "line 2"},
	{"init lamp:", DF_ERROR_USAGE, "'init lamp:'"},
	{NULL, DF_ERROR_USAGE, "script"},
};

Test(scripts, that_are_wrong_change_nothing)
{
	cr_assert_eq(df_init(), 0);
	for (size_t i = 0; i < COUNT(bad_scripts); i++) {
		const char *script = bad_scripts[i].script ? bad_scripts[i].script : "NULL";
		struct snapshot before = snapshot_take();
		cr_expect_eq(df_apply(bad_scripts[i].script), -bad_scripts[i].code, "'%s'", script);
		cr_expect(strstr(df_error(), bad_scripts[i].says), "'%s' says '%s'", script,
			  df_error());
		cr_expect(snapshot_is_same(&before), "'%s'", script);
	}
}

/* All lines of a script are one operation of the module. */
Test(scripts, happen_at_once)
{
	cr_assert_eq(df_init(), 0);
	const uint64_t generation = df_module_v1.generation;
	cr_expect_eq(df_apply("+lamp:\n-lamp:feature\n+lamp:feature\n!many:\n+many:"), 13);
	cr_expect_eq(df_module_v1.generation, generation + 1);
	cr_expect_eq(flag_of("many:twin").activation, 0u);
	cr_expect_eq(flag_of("lamp:feature").activation, 1u);
}

/* ---- errors ---- */

static const char *const bad_patterns[] = {"(", "[",  "lamp:(", "a{2,1}", "lamp:[[:nothing:]]",
					   "*", "\\", "x**(",	"[b-a]"};

static void expect_bad(int got, const char *pattern, size_t call)
{
	const char *text = df_error();
	cr_expect_eq(got, -DF_ERROR_PATTERN, "call %zu of '%s' is %d", call, pattern, got);
	cr_expect(strstr(text, pattern), "'%s' does not name '%s'", text, pattern);
	cr_expect_neq(text[strlen(text) - 1], '\n');
}

Test(errors, of_patterns_change_nothing)
{
	cr_assert_eq(df_init(), 0);
	struct snapshot before = snapshot_take();
	for (size_t i = 0; i < COUNT(bad_patterns); i++) {
		const char *bad = bad_patterns[i];
		for (size_t c = 0; c < COUNT(pattern_calls); c++) {
			expect_bad(pattern_calls[c](bad), bad, c);
			expect_bad(kind_calls[c]("lamp", bad), bad, 10 + c);
		}
		expect_bad(list_all(bad), bad, 20);
	}
	cr_expect(snapshot_is_same(&before));
}

/* Also before anything was initialised: an argument that makes no sense starts nothing. */
Test(errors, of_arguments_come_before_initialisation)
{
	cr_expect_eq(df_activate("("), -DF_ERROR_PATTERN);
	cr_expect_eq(df_activate_kind(NULL, "lamp:"), -DF_ERROR_USAGE);
	cr_expect_eq(df_apply("nonsense"), -DF_ERROR_USAGE);
	cr_expect_eq(df_list("lamp:", NULL, NULL), -DF_ERROR_USAGE);
	cr_expect_eq(df_module_v1.initialised, 0u);
	cr_expect_eq(df_module_v1.generation, (uint64_t)0);
}

Test(errors, of_null_arguments_are_usage)
{
	for (size_t c = 0; c < COUNT(kind_calls); c++) {
		cr_expect_eq(kind_calls[c](NULL, "lamp:"), -DF_ERROR_USAGE);
		cr_expect_eq(kind_calls[c](NULL, NULL), -DF_ERROR_USAGE);
		cr_expect(strstr(df_error(), "kind"), "'%s'", df_error());
	}
	cr_expect_eq(df_list(NULL, NULL, NULL), -DF_ERROR_USAGE);
	cr_expect(strstr(df_error(), "callback"), "'%s'", df_error());
	cr_expect_eq(df_set_write_policy((enum df_write_policy)7), -DF_ERROR_USAGE);
	cr_expect(strstr(df_error(), "7"), "'%s'", df_error());
	cr_expect_eq(df_set_write_policy((enum df_write_policy) - 1), -DF_ERROR_USAGE);
	cr_expect_eq(df_set_write_policy(DF_WRITE_NEVER_WX), 0);
	cr_expect_eq(df_set_write_policy(DF_WRITE_BY_COST), 0);
}

Test(errors, stay_until_the_next_one)
{
	char first[1024];
	cr_expect_str_eq(df_error(), "");
	cr_expect_eq(df_activate("lamp:["), -DF_ERROR_PATTERN);
	snprintf(first, sizeof(first), "%s", df_error());
	cr_expect_str_neq(first, "");
	cr_expect_eq(df_activate("lamp:"), 5);
	cr_expect_eq(df_apply("+lamp:"), 5);
	cr_expect_eq(list_all("lamp:"), 5);
	cr_expect_eq(df_init(), 0);
	cr_expect_str_eq(df_error(), first, "a call that succeeded has changed it");
	cr_expect_eq(df_apply("?"), -DF_ERROR_USAGE);
	cr_expect_str_neq(df_error(), first);
}

static void *fail_elsewhere(void *context)
{
	(void)context;
	cr_expect_str_eq(df_error(), "", "a new thread has the error of another");
	cr_expect_eq(df_apply("elsewhere"), -DF_ERROR_USAGE);
	cr_expect(strstr(df_error(), "elsewhere"));
	return NULL;
}

Test(errors, are_each_threads_own)
{
	pthread_t thread;
	cr_expect_eq(df_apply("here"), -DF_ERROR_USAGE);
	cr_assert_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
	pthread_join(thread, NULL);
	cr_expect(strstr(df_error(), "'here'"), "'%s'", df_error());
}

/* A pattern as long as it likes: the message is cut, and still one. */
Test(errors, may_be_longer_than_their_text)
{
	char *pattern = malloc(100001);
	cr_assert(pattern);
	memset(pattern, 'x', 100000);
	pattern[100000] = '\0';
	cr_expect_eq(df_activate(pattern), 0);
	pattern[0] = '(';
	cr_expect_eq(df_activate(pattern), -DF_ERROR_PATTERN);
	cr_expect_gt(strlen(df_error()), (size_t)100);
	cr_expect_eq(df_apply(pattern), -DF_ERROR_USAGE);
	cr_expect_eq(df_activate_kind(pattern, NULL), 0);
	free(pattern);
}

/* ---- what is left alone ---- */

#define STRANGE 4711

static void expect_errno(const char *what, size_t which)
{
	cr_expect_eq(errno, STRANGE, "%s %zu leaves errno %d", what, which, errno);
	errno = STRANGE;
}

static int set_errno(void *context, const struct df_flag_info *flag)
{
	(void)context;
	(void)flag;
	cr_expect_eq(errno, STRANGE, "the callback finds errno %d", errno);
	errno = STRANGE + 1;
	return 1;
}

static void call_everything(const char *pattern)
{
	errno = STRANGE;
	for (size_t c = 0; c < COUNT(pattern_calls); c++) {
		pattern_calls[c](pattern);
		expect_errno("pattern call", c);
		kind_calls[c]("lamp", pattern);
		expect_errno("kind call", c);
		kind_calls[c](NULL, pattern);
		expect_errno("kind call of NULL", c);
	}
	list_all(pattern);
	expect_errno("df_list", 0);
}

Test(calls, leave_errno_alone)
{
	static const char *const scripts_of_all_sorts[] = {"+lamp:\n-lamp:", "+(", "nonsense",
							   NULL};
	errno = STRANGE;
	df_init();
	expect_errno("df_init", 0);
	call_everything("lamp:");
	call_everything("lamp:[");
	call_everything(NULL);
	for (size_t i = 0; i < COUNT(scripts_of_all_sorts); i++) {
		df_apply(scripts_of_all_sorts[i]);
		expect_errno("df_apply", i);
	}
	df_set_write_policy(DF_WRITE_NEVER_WX);
	expect_errno("df_set_write_policy", 0);
	df_set_write_policy((enum df_write_policy)9);
	expect_errno("df_set_write_policy", 1);
	(void)df_error();
	expect_errno("df_error", 0);
	df_list(NULL, NULL, NULL);
	expect_errno("df_list", 1);
	df_list(NULL, set_errno, NULL);
	cr_expect_eq(errno, STRANGE + 1, "what a callback leaves in errno is lost");
}

static int cancel_state(void)
{
	int state;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	pthread_setcancelstate(state, NULL);
	return state;
}

static int look_and_disable(void *context, const struct df_flag_info *flag)
{
	(void)flag;
	*(int *)context = cancel_state();
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return 0;
}

Test(calls, leave_the_cancel_state_alone)
{
	int seen = -1;
	df_activate("lamp:");
	df_activate("(");
	df_apply("nonsense");
	cr_expect_eq(cancel_state(), PTHREAD_CANCEL_ENABLE);
	df_list("lamp:feature", look_and_disable, &seen);
	cr_expect_eq(seen, PTHREAD_CANCEL_ENABLE, "a callback cannot be cancelled");
	cr_expect_eq(cancel_state(), PTHREAD_CANCEL_DISABLE, "what a callback chose is lost");
	df_list("lamp:feature", look_and_disable, &seen);
	cr_expect_eq(seen, PTHREAD_CANCEL_DISABLE);
}
