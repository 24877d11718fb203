/* SPDX-License-Identifier: Apache-2.0 */
/* Flags in shared objects: there from the start, loaded later, unloaded, and loaded again. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flags.h"
#include "inside.h"
#include "load.h"

/* The one that this program is linked to. */
extern const struct plugin linked_offer;

#define A "plugin_a"
#define B "plugin_b"

Test(modules, linked_at_start)
{
	cr_expect_eq(linked_offer.opt(), 1);
	cr_assert_eq(df_init(), 0, "%s", df_error());
	cr_expect_eq(linked_offer.opt(), 0);
	cr_expect_eq(linked_offer.control->initialised, (uint32_t)DF_INITIALISED);
	cr_expect_eq(df_activate("linked:feature"), 1);
	cr_expect_eq(linked_offer.feature(), 1);
	cr_expect_eq(df_activate("linked:many_"), PLUGIN_MANY);
	cr_expect_eq(linked_offer.many(), (unsigned)PLUGIN_MANY);
	struct listing l = listing_of("linked:feature");
	cr_assert_eq(l.count, (size_t)1);
	cr_expect(strstr(l.entries[0].module, "inside_linked"), "'%s'", l.entries[0].module);
	cr_expect_eq(l.entries[0].module[0], '/');
	listing_free(&l);
}

Test(modules, loaded_after_init_are_initialised_and_changed_by_the_next_call)
{
	cr_assert_eq(df_init(), 0);
	cr_expect_eq(df_activate("plugin_a:"), 0);
	struct opened a = load(A);
	cr_expect_eq(a.p->opt(), 1, "nothing was called since");
	cr_expect_eq(a.p->control->initialised, 0u);
	cr_expect_eq(df_activate("plugin_a:feature"), 1);
	cr_expect_eq(a.p->opt(), 0);
	cr_expect_eq(a.p->feature(), 1);
	cr_expect_eq(a.p->control->initialised, (uint32_t)DF_INITIALISED);
	struct opened b = load(B);
	cr_expect_eq(df_init(), 0);
	cr_expect_eq(b.p->opt(), 0);
	cr_expect_eq(a.p->feature(), 1, "the second load has reset the first");
	cr_expect_eq(df_activate_kind("plugin_b", NULL), PLUGIN_MANY + 3);
	cr_expect_eq(b.p->many(), (unsigned)PLUGIN_MANY);
	cr_expect_eq(a.p->many(), 0u);
}

Test(modules, loaded_again_begin_anew)
{
	for (int round = 0; round < 3; round++) {
		struct opened a = load(A);
		cr_expect_eq(a.p->opt(), 1);
		cr_expect_eq(a.p->feature(), 0);
		cr_expect_eq(a.p->standard(), 1);
		for (int i = 0; i < 3; i++)
			cr_expect_eq(df_activate("plugin_a:"), PLUGIN_MANY + 3);
		cr_expect_eq(df_disable("plugin_a:standard"), 1);
		struct listing l = listing_of("plugin_a:feature");
		cr_assert_eq(l.count, (size_t)1);
		cr_expect_eq(l.entries[0].activation, 3u, "%u", l.entries[0].activation);
		listing_free(&l);
		cr_expect_eq(a.p->feature(), 1);
		cr_expect_eq(a.p->standard(), 0);
		cr_expect_eq(a.p->many(), (unsigned)PLUGIN_MANY);
		unload(&a, A);
		cr_expect_eq(df_activate("plugin_a:"), 0, "it is gone");
	}
}

/* Everything that is said of a module is its own: nothing is kept of another. */
static void expect_own(const char *kind, const char *other_kind)
{
	char name[64], path[64];
	snprintf(name, sizeof(name), "%s:", kind);
	snprintf(path, sizeof(path), "/inside_%s.so", kind);
	struct listing l = listing_of(name);
	cr_expect_eq(l.answer, PLUGIN_MANY + 3);
	for (size_t i = 0; i < l.count; i++) {
		cr_expect_eq(strncmp(l.entries[i].full_name, name, strlen(name)), 0, "%s is of %s",
			     l.entries[i].full_name, other_kind);
		cr_expect_str_eq(l.entries[i].kind, kind);
		cr_expect(strstr(l.entries[i].module, path), "'%s'", l.entries[i].module);
	}
	listing_free(&l);
	cr_expect_eq(df_activate_kind(kind, NULL), PLUGIN_MANY + 3);
	cr_expect_eq(df_activate_kind(other_kind, NULL), 0);
	snprintf(name, sizeof(name), "%s:many_00", kind);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(df_activate(name), 10);
}

/* Two of one shape, so that the second may lie exactly where the first did. */
Test(modules, taken_place_of_by_others_are_not_taken_for_them)
{
	static const char *const kinds[] = {A, B};
	const struct plugin *last = NULL;
	int same_place = 0;
	for (int round = 0; round < 6; round++) {
		struct opened o = load(kinds[round % 2]);
		same_place += o.p == last;
		last = o.p;
		expect_own(kinds[round % 2], kinds[1 - round % 2]);
		cr_expect_eq(o.p->feature(), 1);
		unload(&o, kinds[round % 2]);
	}
	if (same_place == 0)
		cr_skip("the loader puts each at a place of its own");
}

static __attribute__((__noinline__)) int shared_here(void)
{
	return shared_flag();
}

/* A full name is counted once in each module; a listing's answer is such a count too. */
Test(modules, of_one_header_each_count)
{
	cr_expect_eq(shared_here(), 0);
	struct opened a = load(A);
	cr_expect_eq(df_activate("shared:flag"), 3);
	cr_expect_eq(shared_here() + linked_offer.shared() + a.p->shared(), 3);
	struct listing l = listing_of("shared:flag");
	cr_assert_eq(l.count, (size_t)3);
	cr_expect_eq(listing_flags(&l), 3);
	cr_expect_eq(l.answer, 3, "df_list() counts %d", l.answer);
	for (size_t i = 0; i < l.count; i++)
		cr_expect_eq(l.entries[i].duplicate, i > 0);
	cr_expect_str_eq(l.entries[0].module, "");
	listing_free(&l);
}

/* ---- a listing under which modules come and go ---- */

struct meddling {
	struct opened *unload;
	const char *name; /* of it */
	const char *load;
	struct opened loaded;
	int seen_a, seen_b, calls;
	int at; /* the call to do it in */
};

static int meddle(void *context, const struct df_flag_info *flag)
{
	struct meddling *m = context;
	char full_name[256];
	m->seen_a += strcmp(flag->kind, "plugin_a") == 0;
	m->seen_b += strcmp(flag->kind, "plugin_b") == 0;
	if (m->calls++ == m->at) {
		snprintf(full_name, sizeof(full_name), "%s", flag->full_name);
		if (m->unload)
			unload(m->unload, m->name);
		if (m->load)
			m->loaded = load(m->load);
		cr_expect_str_eq(flag->full_name, full_name, "a string has gone");
		cr_expect(strstr(flag->module, "inside_plugin"), "'%s'", flag->module);
		cr_expect_str_eq(flag->file, "plugin.c");
	}
	return 0;
}

/* The module that is being listed ends where it is, or is told to its end from a copy. */
Test(modules, unloaded_by_the_callback_that_lists_them)
{
	for (int at = 0; at < PLUGIN_MANY + 3; at += 50) {
		struct opened a = load(A);
		struct meddling m = {.unload = &a, .name = A, .at = at};
		cr_expect_geq(df_list("plugin_a:", meddle, &m), at + 1);
		cr_expect_geq(m.seen_a, at + 1);
		cr_expect_leq(m.seen_a, PLUGIN_MANY + 3);
	}
}

/* All others are listed to their ends. */
Test(modules, stay_listed_when_others_are_unloaded)
{
	struct opened b = load(B);
	for (int at = 0; at < PLUGIN_MANY + 3; at += 50) {
		struct opened a = load(A);
		struct meddling m = {.unload = &a, .name = A, .at = at};
		df_list("plugin_[ab]:", meddle, &m);
		cr_expect_eq(m.seen_b, PLUGIN_MANY + 3, "at %d: %d of plugin_b", at, m.seen_b);
	}
	cr_expect_eq(df_activate("plugin_b:feature"), 1);
	cr_expect_eq(b.p->feature(), 1);
}

Test(modules, stay_listed_when_others_are_loaded)
{
	struct opened a = load(A);
	for (int at = 0; at < PLUGIN_MANY + 3; at += 50) {
		struct meddling m = {.load = B, .at = at};
		df_list("plugin_[ab]:", meddle, &m);
		cr_expect_eq(m.seen_a, PLUGIN_MANY + 3, "at %d: %d of plugin_a", at, m.seen_a);
		cr_expect_eq(m.seen_b, 0, "loaded when the listing had begun");
		unload(&m.loaded, B);
	}
	cr_expect_eq(a.p->opt(), 0);
}

/* Nothing of the one that lies there now is told as the other's. */
Test(modules, taken_place_of_by_others_in_the_midst_of_a_listing)
{
	struct opened a = load(A);
	const struct plugin *place = a.p;
	struct meddling m = {.unload = &a, .name = A, .load = B, .at = 5};
	cr_expect_geq(df_list("plugin_[ab]:", meddle, &m), 6);
	cr_expect_eq(m.seen_b, 0, "%d of plugin_b", m.seen_b);
	if (m.loaded.p != place)
		cr_skip("the loader puts each at a place of its own");
}

static int flip_while_listed(void *context, const struct df_flag_info *flag)
{
	char pattern[256];
	int *calls = context;
	snprintf(pattern, sizeof(pattern), "%s$", flag->full_name);
	cr_expect_eq(df_activate(pattern), 1, "%s", pattern);
	cr_expect_eq(df_list(pattern, df_list_print, fopen("/dev/null", "we")), 1);
	if (*calls % 100 == 0) {
		const pid_t pid = fork();
		if (pid == 0)
			_exit(df_deactivate(pattern) == 1 ? 0 : 1);
		int status = -1;
		cr_expect(waitpid(pid, &status, 0) == pid && status == 0, "in a child: %d", status);
	}
	++*calls;
	return 0;
}

Test(modules, are_changed_from_the_callback_that_lists_them)
{
	struct opened a = load(A);
	int calls = 0;
	cr_expect_eq(df_list("plugin_a:(many|f)", flip_while_listed, &calls), PLUGIN_MANY + 1);
	cr_expect_eq(calls, PLUGIN_MANY + 1);
	cr_expect_eq(a.p->many(), (unsigned)PLUGIN_MANY);
}

/* What a controller left in one module is no other module's: each has its own generation. */
Test(modules, commit_each_for_itself)
{
	struct opened a = load(A);
	cr_assert_eq(df_init(), 0);
	const uint64_t ours = df_module_v1.generation, others = a.p->control->generation;
	df_activate("plugin_a:");
	cr_expect_eq(df_module_v1.generation, ours);
	cr_expect_eq(a.p->control->generation, others + 1);
	df_activate("shared:");
	cr_expect_eq(df_module_v1.generation, ours + 1);
	cr_expect_eq(a.p->control->generation, others + 2);
}
