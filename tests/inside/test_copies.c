/* SPDX-License-Identifier: Apache-2.0 */
/* Several copies of libdf in one process: they meet at each module's lock, and agree. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "flags.h"
#include "inside.h"
#include "load.h"

/* This program's own copy, as a plugin's. */
static const struct copy ours = {
	.init = df_init,
	.activate = df_activate,
	.deactivate = df_deactivate,
	.enable = df_enable,
	.disable = df_disable,
	.apply = df_apply,
	.list = df_list,
	.set_write_policy = df_set_write_policy,
	.error = df_error,
};

static int count(void *context, const struct df_flag_info *flag)
{
	*(uint32_t *)context = flag->activation;
	return 0;
}

static uint32_t activation_by(const struct copy *copy, const char *pattern)
{
	uint32_t activation = UINT32_MAX;
	cr_assert_eq(copy->list(pattern, count, &activation), 1, "%s", copy->error());
	return activation;
}

static void expect_both(const struct copy *theirs, const char *pattern, uint32_t activation)
{
	cr_expect_eq(activation_by(&ours, pattern), activation, "ours: %s", pattern);
	cr_expect_eq(activation_by(theirs, pattern), activation, "theirs: %s", pattern);
}

Test(copies, are_not_the_same)
{
	struct opened o = load("copy");
	cr_assert(o.p->copy.init, "the plugin has no copy");
	cr_expect_neq((void *)o.p->copy.activate, (void *)df_activate);
	cr_expect_eq(o.p->copy.activate("("), -DF_ERROR_PATTERN);
	cr_expect_str_eq(df_error(), "");
	cr_expect_str_neq(o.p->copy.error(), "");
	cr_expect_eq(df_apply("nonsense"), -DF_ERROR_USAGE);
	cr_expect(strstr(o.p->copy.error(), "("), "'%s'", o.p->copy.error());
}

Test(copies, flip_the_same_flags)
{
	struct opened o = load("copy"), a = load("plugin_a");
	const struct copy *theirs = &o.p->copy;
	static const char *const flags[] = {"lamp:feature", "plugin_a:feature", "copy:feature"};
	for (size_t i = 0; i < COUNT(flags); i++) {
		cr_expect_eq(df_activate(flags[i]), 1);
		cr_expect_eq(theirs->activate(flags[i]), 1);
		expect_both(theirs, flags[i], 2);
	}
	cr_expect_eq(lamp_named("lamp:feature@lamps.c:100")->read() + a.p->feature() +
			     o.p->feature(),
		     3);
	for (size_t i = 0; i < COUNT(flags); i++) {
		cr_expect_eq(theirs->deactivate(flags[i]), 1);
		expect_both(theirs, flags[i], 1);
		cr_expect_eq(df_deactivate(flags[i]), 1);
		expect_both(theirs, flags[i], 0);
	}
	cr_expect_eq(lamp_named("lamp:feature@lamps.c:100")->read() + a.p->feature() +
			     o.p->feature(),
		     0);
}

/* Whoever comes first initialises; whoever comes second finds it done. */
Test(copies, initialise_once)
{
	struct opened o = load("copy");
	cr_expect_eq(o.p->copy.activate("lamp:opt@"), 1);
	cr_expect_eq(df_module_v1.initialised, (uint32_t)DF_INITIALISED);
	const uint64_t generation = df_module_v1.generation;
	cr_expect_eq(df_init(), 0);
	cr_expect_eq(df_module_v1.generation, generation);
	cr_expect_eq(lamp_named("lamp:opt@lamps.c:103")->read(), 1);
	cr_expect_eq(lamp_named("lamp:opt_two@lamps.c:104")->read(), 0);
	struct opened a = load("plugin_a");
	cr_expect_eq(df_activate("plugin_a:opt"), 1);
	cr_expect_eq(o.p->copy.init(), 0);
	cr_expect_eq(a.p->opt(), 1, "the second has released what the first switched on");
}

/* A copy goes with its module; its flags, its locks and its handlers of fork go along. */
Test(copies, are_unloaded_and_loaded_again)
{
	for (int round = 0; round < 5; round++) {
		struct opened o = load("copy");
		cr_expect_eq(o.p->copy.activate("lamp:feature"), 1);
		cr_expect_eq(df_activate("copy:feature"), 1);
		cr_expect_eq(o.p->feature(), 1);
		cr_expect_eq(activation_by(&ours, "lamp:feature"), (uint32_t)round + 1);
		unload(&o, "copy");
		cr_expect_eq(df_activate("copy:feature"), 0);
		const pid_t pid = fork();
		if (pid == 0)
			_exit(df_activate("lamp:") == 5 ? 0 : 1);
		int status = -1;
		cr_expect(waitpid(pid, &status, 0) == pid && status == 0, "in a child: %d", status);
	}
}

static void expect_slow(uint32_t activation, const char *when)
{
	cr_expect_eq(activation_by(&ours, "lamp:slow"), activation, "%s", when);
}

static int open_files(void)
{
	int files = 0;
	for (int fd = 0; fd < 256; fd++)
		files += fcntl(fd, F_GETFD) >= 0;
	return files;
}

/* A constructor works on all modules while the loader is at work; so does a destructor. */
Test(copies, work_while_the_loader_does)
{
	cr_assert_eq(df_init(), 0);
	const int files = open_files();
	for (uint32_t count = 1; count < 7; count += 2) {
		expect_slow(count, "at first");
		struct opened o = load("come");
		cr_expect_eq(activation_by(&ours, "come:feature"), 1u);
		cr_expect_eq(o.p->feature(), 1);
		expect_slow(count + 1, "by the constructor");
		unload(&o, "come");
		expect_slow(count + 2, "by the destructor");
	}
	cr_expect_eq(open_files(), files, "a copy has left files open");
}

/* A namespace of its own: the copy in it knows nothing of the rest, and says whose flags they are.
 */
static int note_module(void *context, const struct df_flag_info *flag)
{
	cr_expect_str_neq(flag->module, "", "%s is said to be the executable's", flag->full_name);
	++*(int *)context;
	return 0;
}

Test(copies, in_a_namespace_of_its_own)
{
	char path[512];
	int sites = 0;
	if (sanitized())
		cr_skip("the sanitizers' library cannot be loaded twice");
	snprintf(path, sizeof(path), "%s/inside_copy.so", INSIDE_DIR);
	void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
	cr_assert(handle, "%s", dlerror());
	const struct plugin *p = dlsym(handle, "copy_offer");
	cr_assert(p);
	cr_expect_eq(p->copy.activate("copy:feature"), 1);
	cr_expect_eq(p->feature(), 1);
	cr_expect_eq(p->copy.activate("lamp:"), 0);
	cr_expect_eq(df_activate("copy:"), 0);
	cr_expect_gt(p->copy.list(NULL, note_module, &sites), PLUGIN_MANY);
	cr_expect_gt(sites, PLUGIN_MANY);
	dlclose(handle);
}

/* ---- a listing by one, while the other commits in what is listed ---- */

struct meddling {
	const struct copy *theirs;
	struct opened *gone;
	int seen;
};

static int meddle(void *context, const struct df_flag_info *flag)
{
	struct meddling *m = context;
	cr_expect_str_eq(flag->kind, "plugin_b");
	if (m->seen++ == 5) {
		cr_expect_eq(m->theirs->activate("plugin_b:"), PLUGIN_MANY + 3);
		unload(m->gone, "plugin_a");
	}
	return 0;
}

/* Something was unloaded, and the module bears a commit that the lister has not seen. */
Test(copies, list_to_the_end_what_the_other_changes)
{
	struct opened o = load("copy"), a = load("plugin_a");
	load("plugin_b");
	struct meddling m = {.theirs = &o.p->copy, .gone = &a};
	cr_expect_eq(df_list("plugin_b:", meddle, &m), PLUGIN_MANY + 3);
	cr_expect_eq(m.seen, PLUGIN_MANY + 3);
}

/* Another at the same place, and with as many commits, of which the first copy has seen none. */
Test(copies, tell_modules_by_the_time_of_their_commits)
{
	struct opened o = load("copy"), a = load("plugin_a");
	const struct plugin *place = a.p;
	cr_expect_eq(df_activate("plugin_a:"), PLUGIN_MANY + 3);
	const uint64_t generation = a.p->control->generation;
	unload(&a, "plugin_a");
	struct opened b = load("plugin_b");
	if (b.p != place)
		cr_skip("the loader puts each at a place of its own");
	cr_expect_eq(o.p->copy.activate("plugin_b:"), PLUGIN_MANY + 3);
	cr_expect_eq(b.p->control->generation, generation);
	cr_expect_eq(df_activate("plugin_b:"), PLUGIN_MANY + 3);
	cr_expect_eq(df_activate("plugin_a:"), 0);
}

/* ---- all at once ---- */

#define THREADS 3 /* of each copy */
#define ROUNDS 300

static const char *const contested[] = {"lamp:feature", "many:twin", "copy:feature",
					"plugin_a:feature", "shared:flag"};

static void *add(void *context)
{
	const struct copy *copy = context;
	for (size_t i = 0; i < ROUNDS; i++) {
		const char *pattern = contested[i % COUNT(contested)];
		EXPECT(copy->activate(pattern) > 0, "%s: %s", pattern, copy->error());
		EXPECT(copy->activate(pattern) > 0, "%s: %s", pattern, copy->error());
		EXPECT(copy->deactivate(pattern) > 0, "%s", copy->error());
	}
	return NULL;
}

static const struct plugin *other;

static void add_from_all(void)
{
	pthread_t threads[2 * THREADS];
	for (size_t i = 0; i < COUNT(threads); i++)
		EXPECT(pthread_create(&threads[i], NULL, add,
				      (void *)(uintptr_t)(i % 2 ? &other->copy : &ours)) == 0,
		       "no thread");
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	struct listing l =
		listing_of("(lamp:feature|many:twin|copy:feature|plugin_a:feature|shared)");
	for (size_t i = 0; i < l.count; i++)
		EXPECT(l.entries[i].activation == 2 * THREADS * ROUNDS / COUNT(contested),
		       "%s of '%s': %u", l.entries[i].full_name, l.entries[i].module,
		       l.entries[i].activation);
	EXPECT(l.answer == 6, "%d flags", l.answer);
}

Test(copies, at_once_lose_no_count)
{
	struct opened o = load("copy");
	load("plugin_a");
	other = o.p;
	in_child(add_from_all);
}
