/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One test for each difference that df(3) lists and that can be seen in a running program. Each runs
 * in a process of its own.
 */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flags.h"
#include "support.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* regexec(3) as libdf calls it, see CMakeLists.txt: it gives up when told to. */
static bool give_up;

int __real_regexec(const regex_t *preg, const char *string, size_t count, regmatch_t *matches,
		   int flags);
int __wrap_regexec(const regex_t *preg, const char *string, size_t count, regmatch_t *matches,
		   int flags);

int __wrap_regexec(const regex_t *preg, const char *string, size_t count, regmatch_t *matches,
		   int flags)
{
	return give_up ? REG_ESPACE : __real_regexec(preg, string, count, matches, flags);
}

Test(differences, alternatives_are_anchored_on_both_sides)
{
	cr_expect_eq(dynamic_flag_activate("anchor:foo|anchor:bar"), 2);
	cr_expect_eq(read_anchors(), 110, "xanchor:bar begins with x");
	cr_expect_eq(dynamic_flag_activate("^foo|bar"), 0);
}

Test(differences, a_search_that_gives_up_is_no_match)
{
	dynamic_flag_init_lib();
	give_up = true;
	cr_expect_lt(dynamic_flag_activate("lamp:[f]eature"), 0);
	cr_expect_str_neq(df_error(), "");
	cr_expect_eq(listing_of("lamp:[f]eature").answer, -1);
	give_up = false;
	cr_expect_eq(read_lamps().feature, 0);
	cr_expect_eq(dynamic_flag_activate("lamp:[f]eature"), 1);
	cr_expect_eq(read_lamps().feature, 1);
}

Test(differences, no_call_needs_init_before_it)
{
	cr_expect_eq(dynamic_flag_activate("lamp:feature"), 1);
	cr_expect_eq(read_lamps().feature, 1);
	cr_expect_eq(read_lamps().opt, 0, "the first call initialises");
}

Test(differences, listing_needs_no_init_before_it)
{
	cr_expect_eq(listing_of("lamp:").answer, 4);
	cr_expect_eq(state_of("lamp:opt").activation, (uint64_t)0);
	cr_expect_eq(read_lamps().opt, 0);
}

Test(differences, kinds_need_no_init_before_them)
{
	cr_expect_eq(dynamic_flag_deactivate_kind(lamp, NULL), 4);
	cr_expect_eq(read_lamps().normal, 0);
}

Test(differences, docs_and_names_come_unharmed)
{
	cr_expect_str_eq(state_of("text:hard").doc,
			 "\"quoted\" 100% %d {a|b} back\\slash\ttab \xc3\xa9");
	cr_expect_str_eq(state_of("text:colons:and@ats@").doc, "joined of two");
	cr_expect_eq(dynamic_flag_activate_kind(text, "text:colons:and@ats@text.c:603$"), 1);
	cr_expect_eq(read_texts(), 1);
}

Test(differences, kinds_and_names_are_not_expanded)
{
	cr_expect_eq(dynamic_flag_activate_kind(linux, NULL), 2);
	cr_expect_eq(read_predefined(), 1);
	cr_expect_eq(read_hook(), 1);
	cr_expect_str_eq(state_of("linux:unix").name, "linux:unix@odd.c:502");
	cr_expect_str_eq(state_of("linux:linux").name, "linux:linux@hook.c:702");
	cr_expect_eq(dynamic_flag_activate_kind(unix, NULL), 2, "two dummies");
	cr_expect_eq(listing_of("1").answer, 0);
}

Test(differences, a_kind_without_flags_is_no_error)
{
	const ssize_t activated = dynamic_flag_activate_kind(nobody_has_this_kind, NULL);
	const ssize_t deactivated = dynamic_flag_deactivate_kind(nobody_has_this_kind, ".*");

	cr_expect_eq(activated, 0);
	cr_expect_eq(deactivated, 0);
	cr_expect_lt(dynamic_flag_activate_kind(nobody_has_this_kind, "("), 0);
}

Test(differences, a_null_pattern_takes_all)
{
	const ssize_t flags = dynamic_flag_deactivate("");

	cr_expect_gt(flags, 10);
	cr_expect_eq(dynamic_flag_activate(NULL), flags);
	cr_expect_eq(read_lamps().feature, 1);
	cr_expect_eq(dynamic_flag_deactivate(NULL), flags);
	cr_expect_eq(dynamic_flag_unhook(NULL), flags);
	cr_expect_eq(dynamic_flag_rehook(NULL), flags);
	cr_expect_eq(listing_of(NULL).answer, listing_of("").answer);
}

Test(differences, counts_are_of_flags_not_of_sites)
{
	const ssize_t listed = listing_of("twin:").answer;

	cr_expect_eq(listed, 2, "a listing counts its entries");
	cr_expect_eq(dynamic_flag_activate("twin:"), 1);
	cr_expect_eq(dynamic_flag_deactivate_kind(twin, NULL), 1);
	cr_expect_eq(dynamic_flag_unhook("twin:"), 1);
	cr_expect_eq(dynamic_flag_rehook("twin:"), 1);
}

Test(differences, docs_do_not_count_in_the_order)
{
	const struct listing listing = listing_of("order:a@a.c");

	cr_assert_eq(listing.count, (size_t)3);
	cr_expect_str_eq(listing.states[0].name, "order:a@a.c:9");
	cr_expect_str_eq(listing.states[0].doc, "");
	cr_expect_str_eq(listing.states[2].name, "order:a@a.c:100");
}

Test(differences, the_library_has_no_flag_of_its_own)
{
	const struct listing all = listing_of("");

	for (size_t i = 0; i < all.count; i++)
		cr_expect(strncmp(all.states[i].name, "none:", 5), "%s", all.states[i].name);
	cr_expect_eq(dynamic_flag_activate_kind(none, NULL), 0);
}

Test(differences, a_flag_is_an_int)
{
	cr_expect(_Generic(DF_FEATURE(type, feature), int : 1, default : 0));
	cr_expect(_Generic(DF_DEFAULT(type, normal), int : 1, default : 0));
	cr_expect(_Generic(dynamic_flag_activate_kind(type, NULL), ssize_t : 1, default : 0));
}

/* The shared object is found, followed and forgotten; there are two copies of nothing. */
Test(differences, flags_of_shared_objects_are_found)
{
	cr_expect_eq(listing_of("plugin:").answer, 0);
	void *plugin = dlopen(COMPAT_PLUGIN, RTLD_NOW);
	cr_assert_not_null(plugin, "%s", dlerror());
	int (*value)(void);
	*(void **)&value = dlsym(plugin, "plugin_value");
	cr_assert_not_null((void *)value);

	cr_expect_eq(value(), 0);
	cr_expect_eq(dynamic_flag_activate("plugin:value"), 1);
	cr_expect_eq(value(), 1);
	char *text = print_of("plugin:");
	cr_expect_not_null(strstr(text, " (1): lives in a shared object\n"), "%s", text);
	free(text);
	cr_expect_eq(dynamic_flag_deactivate_kind(plugin, NULL), 1);
	cr_expect_eq(value(), 0);
	dlclose(plugin);
	cr_expect_eq(listing_of("plugin:").answer, 0);
}

/* Where pages cannot become writable and executable, text is written another way. */
Test(differences, flags_flip_under_memory_deny_write_execute)
{
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
		cr_skip_test("the kernel has no PR_SET_MDWE (Linux 6.3): %s", strerror(errno));
	const ssize_t flags = dynamic_flag_activate("");
	cr_expect_gt(flags, 10);
	cr_expect_eq(read_lamps().feature, 1);
	cr_expect_eq(dynamic_flag_deactivate_kind(lamp, NULL), 4);
	cr_expect_eq(read_lamps().feature, 0);
	cr_expect_eq(read_lamps().normal, 1);
}

/*
 * Without files there is no way by /proc/self/mem, and the other one has pages that are writable
 * and executable. Criterion needs files between the calls.
 */
static ssize_t activate_without_files(const char *pattern)
{
	struct rlimit limit, none;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	const ssize_t matched = dynamic_flag_activate(pattern);
	setrlimit(RLIMIT_NOFILE, &limit);
	return matched;
}

Test(differences, minimal_write_mode_is_never_writable_and_executable)
{
	dynamic_flag_set_minimal_write_mode(true);
	cr_expect_lt(activate_without_files("lamp:feature"), 0);
	cr_expect_str_neq(df_error(), "");
	cr_expect_eq(read_lamps().feature, 0);
	dynamic_flag_set_minimal_write_mode(false);
	cr_expect_eq(activate_without_files("lamp:feature"), 1);
	cr_expect_eq(read_lamps().feature, 1);
}

Test(differences, init_keeps_what_went_wrong)
{
	cr_assert_eq(setenv("DF_FLAGS", "lamp:feature is no operation", 1), 0);
	dynamic_flag_init_lib();
	cr_expect_str_neq(df_error(), "");
	cr_expect_eq(read_lamps().feature, 0);
	cr_expect_eq(read_lamps().opt, 0, "flags are initialised all the same");
}

Test(differences, start_up_wishes_are_carried_out)
{
	cr_assert_eq(setenv("DF_FLAGS", "+lamp:feature", 1), 0);
	dynamic_flag_init_lib();
	cr_expect_eq(read_lamps().feature, 1);
	cr_expect_eq(read_lamps().opt, 0);
}

/* What the child does to its flags stays with it, and it can. */
static int child(void)
{
	if (read_lamps().feature != 1)
		return 1;
	if (dynamic_flag_deactivate("lamp:feature") != 1 || read_lamps().feature != 0)
		return 2;
	return dynamic_flag_activate("lamp:opt") == 1 && read_lamps().opt == 1 ? 0 : 3;
}

Test(differences, a_forked_child_has_flags_of_its_own)
{
	int status;

	dynamic_flag_activate("lamp:feature");
	const pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0)
		_exit(child());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status), "the child died: %d", status);
	cr_expect_eq(WEXITSTATUS(status), 0, "the child's check %d", WEXITSTATUS(status));
	cr_expect_eq(read_lamps().feature, 1);
	cr_expect_eq(read_lamps().opt, 0);
}
