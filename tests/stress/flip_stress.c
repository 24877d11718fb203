/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flip_stress - every function of libdf from many threads at once, while others run
 * through the sites, and modules come and go.
 *
 *     flip_stress ROUNDS RESIDENT GUEST
 *
 * The program has a copy of libdf; the shared object RESIDENT, which is loaded all the
 * time, has another, and GUEST, which comes and goes, a third. What threads add to the
 * counts of `sum:` and `hook:` is written down and held against the counts at the end;
 * the flags of `any:` take whatever comes. Exit status 1, and a line, if anything is wrong.
 * ThreadSanitizer sees that what libdf shares between threads is shared in order; that
 * text is written and run at the same time it cannot see.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flip_stress.h"

/* Flags of the program and of a shared object, and those of kind `any` among them. */
#define OWN_FLAGS 7
#define OWN_ANY 2
#define GUEST_FLAGS 153
#define GUEST_ANY 2

#define RUNNERS 2
#define FLIPPERS 4

static const struct stress_calls own_calls = STRESS_CALLS;
static const struct stress_guest *resident;
static const char *guest_path;
static long rounds;
static bool over;
static int failures;

struct flipper {
	pthread_t thread;
	const struct stress_calls *calls;
	uint32_t random;
	long sum;  /* activations of `sum:` less deactivations */
	long hook; /* likewise unhooks of `hook:` */
	long listed;
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "flip_stress: %s: %s\n", what, why);
	__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

static void expect(const struct stress_calls *calls, const char *what, int result)
{
	if (result < 0)
		fail(what, calls->error());
}

/* Numerical Recipes' generator; its upper bits are the good ones. */
static uint32_t draw(uint32_t *random, uint32_t below)
{
	*random = *random * 1664525 + 1013904223;
	return (*random >> 16) % below;
}

/* ---- running through the sites ---- */

static inline __attribute__((always_inline)) int inlined(void)
{
	return DF_FEATURE(sum, inlined);
}

static __attribute__((noinline)) int ask(void)
{
	int on = DF_FEATURE(sum, feature) + DF_DEFAULT(sum, standard) + DF_DEFAULT_SLOW(sum, slow);
	on += DF_OPT(any, option) + DF_FEATURE(any, feature) + DF_DEFAULT(hook, standard);
	return on + inlined() + inlined() + inlined();
}

static void *run(void *looks)
{
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		const int on = ask(), theirs = resident->ask();
		if (on < 0 || on > 9 || theirs < 0 || theirs > 7)
			fail("sites", "a flag that is neither on nor off");
		++*(long *)looks;
	}
	return NULL;
}

/* ---- flipping ---- */

static int count_entry(void *context, const struct df_flag_info *flag)
{
	struct flipper *f = context;
	if (flag->active != 0 && flag->active != 1)
		fail(flag->full_name, "neither on nor off");
	f->listed++;
	/* A callback may do what everybody may. */
	if (flag->line % 7 == 3 && draw(&f->random, 40) == 0)
		expect(f->calls, "enable in a callback", f->calls->enable("any:feature"));
	return 0;
}

static int stop_at_once(void *context, const struct df_flag_info *flag)
{
	(void)context;
	return flag->site ? 42 : 41;
}

static void up(struct flipper *f)
{
	const uint32_t way = draw(&f->random, 3);
	const int result = way == 0   ? f->calls->activate("sum:")
			   : way == 1 ? f->calls->activate_kind("sum", NULL)
				      : f->calls->apply("# one\n+sum:.*\n");
	expect(f->calls, "activate", result);
	f->sum++;
}

static void down(struct flipper *f)
{
	const uint32_t way = draw(&f->random, 3);
	if (f->sum == 0)
		return;
	const int result = way == 0   ? f->calls->deactivate("sum:")
			   : way == 1 ? f->calls->deactivate_kind("sum", "sum:[a-z]")
				      : f->calls->apply("-sum:");
	expect(f->calls, "deactivate", result);
	f->sum--;
}

static void hook(struct flipper *f)
{
	if (f->hook > 0 && draw(&f->random, 2)) {
		expect(f->calls, "rehook", f->calls->rehook("hook:"));
		f->hook--;
	} else {
		expect(f->calls, "unhook", f->calls->unhook("hook:"));
		f->hook++;
	}
}

static void several(struct flipper *f)
{
	const char *script = draw(&f->random, 2) ? "enable any:\n!any:g\n?any:g\n-any:feature"
						 : "disable any:\n+hook:\n-hook:";
	expect(f->calls, "apply", f->calls->apply(script));
}

static void look(struct flipper *f)
{
	if (draw(&f->random, 4) == 0 && f->calls->list(NULL, stop_at_once, NULL) != 42)
		fail("list", "the callback's answer was lost");
	const int all = f->calls->list(NULL, count_entry, f);
	const int some = f->calls->list("any:", count_entry, f);
	if (all < 0 || some < 0)
		fail("list", f->calls->error());
	else if (all < OWN_FLAGS + GUEST_FLAGS || some < OWN_ANY + GUEST_ANY)
		fail("list", "it leaves out flags of a module that stays");
}

static void refuse(struct flipper *f)
{
	if (f->calls->activate("(") != -(int)DF_ERROR_PATTERN || f->calls->error()[0] == '\0')
		fail("activate", "a bad pattern was taken");
	if (f->calls->apply("nonsense") != -(int)DF_ERROR_USAGE)
		fail("apply", "nonsense was taken");
	if (f->calls->activate("nothing:") != 0)
		fail("activate", "a flag that is none was found");
}

static void change_policy(struct flipper *f)
{
	const bool never = draw(&f->random, 2);
	expect(f->calls, "set_write_policy",
	       f->calls->set_write_policy(never ? DF_WRITE_NEVER_WX : DF_WRITE_BY_COST));
	expect(f->calls, "init", f->calls->init());
}

static void *flip(void *argument)
{
	struct flipper *f = argument;
	static void (*const deeds[])(struct flipper *) = {
		up, down, up, down, up, down, hook, several, look, refuse, change_policy,
	};
	for (long i = 0; i < rounds; i++)
		deeds[draw(&f->random, sizeof(deeds) / sizeof(deeds[0]))](f);
	return NULL;
}

/* ---- modules that come and go ---- */

static const struct stress_guest *open_guest(const char *path, void **handle)
{
	*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct stress_guest *guest = *handle ? dlsym(*handle, "stress_guest") : NULL;
	if (!guest) {
		fail(path, dlerror());
		exit(1);
	}
	return guest;
}

static void visit(void)
{
	void *handle;
	const struct stress_guest *guest = open_guest(guest_path, &handle);
	expect(&guest->calls, "init of the guest", guest->calls.init());
	expect(&guest->calls, "enable by the guest", guest->calls.enable("any:"));
	const int on = guest->ask();
	if (on < 0 || on > 7 || guest->ask_many() != 0)
		fail("guest", "a flag that is neither on nor off");
	expect(&guest->calls, "disable by the guest", guest->calls.disable("any:guest"));
	dlclose(handle);
}

static void *come_and_go(void *visits)
{
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		visit();
		++*(long *)visits;
		sched_yield();
	}
	return NULL;
}

/* ---- at the end ---- */

struct expected {
	long sum, hook;
};

static int check_entry(void *context, const struct df_flag_info *flag)
{
	const struct expected *e = context;
	/* What is on as built was counted once before. */
	const bool built = strcmp(flag->name, "standard") == 0 || strcmp(flag->name, "slow") == 0;
	if (strcmp(flag->kind, "sum") == 0 && flag->activation != e->sum + built)
		fail(flag->full_name, "its activation count is not the sum of all");
	if (strcmp(flag->kind, "hook") == 0 && flag->unhook != e->hook)
		fail(flag->full_name, "its unhook count is not the sum of all");
	if (strcmp(flag->kind, "sum") == 0 && flag->active != (flag->activation > 0))
		fail(flag->full_name, "its count does not say whether it is on");
	return 0;
}

/* Down to what was built: then the values are known. */
static void check(const struct expected *e)
{
	struct expected none = {0};
	expect(&own_calls, "list", own_calls.list(NULL, check_entry, (void *)e));
	expect(&own_calls, "list", resident->calls.list(NULL, check_entry, (void *)e));
	for (long i = 0; i < e->sum; i++)
		expect(&own_calls, "deactivate", own_calls.deactivate("sum:"));
	for (long i = 0; i < e->hook; i++)
		expect(&own_calls, "rehook", resident->calls.rehook("hook:"));
	expect(&own_calls, "disable", own_calls.disable("any:|hook:"));
	expect(&own_calls, "list", resident->calls.list(NULL, check_entry, &none));
	if (ask() != 2 || resident->ask() != 0)
		fail("sites", "not what was built after all was taken back");
}

/* Open descriptors. */
static int count_files(void)
{
	int count = 0;
	DIR *directory = opendir("/proc/self/fd");
	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count;
}

static pthread_t start(void *(*work)(void *), void *argument)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, work, argument) != 0) {
		fail("threads", "cannot start one");
		exit(1);
	}
	return thread;
}

static void stress(struct expected *sums)
{
	static struct flipper flippers[FLIPPERS];
	static long looks[RUNNERS], visits, listed;
	pthread_t runners[RUNNERS];
	const pthread_t loader = start(come_and_go, &visits);
	for (int i = 0; i < RUNNERS; i++)
		runners[i] = start(run, &looks[i]);
	for (uint32_t i = 0; i < FLIPPERS; i++) {
		flippers[i].calls = i % 2 ? &resident->calls : &own_calls;
		flippers[i].random = i;
		flippers[i].thread = start(flip, &flippers[i]);
	}
	for (int i = 0; i < FLIPPERS; i++) {
		pthread_join(flippers[i].thread, NULL);
		sums->sum += flippers[i].sum;
		sums->hook += flippers[i].hook;
		listed += flippers[i].listed;
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < RUNNERS; i++)
		pthread_join(runners[i], NULL);
	pthread_join(loader, NULL);
	printf("%ld operations, %ld looks at all sites, %ld entries listed, %ld visits of a "
	       "guest\n",
	       rounds * FLIPPERS, looks[0] + looks[1], listed, visits);
	if (visits == 0 || looks[0] == 0 || listed == 0)
		fail("threads", "one of them did nothing");
}

int main(int argc, char **argv)
{
	struct expected sums = {0};
	void *handle;
	if (argc != 4 || (rounds = strtol(argv[1], NULL, 10)) <= 0) {
		fprintf(stderr, "usage: flip_stress ROUNDS RESIDENT GUEST\n");
		return 2;
	}
	resident = open_guest(argv[2], &handle);
	guest_path = argv[3];
	expect(&own_calls, "init", own_calls.init());
	visit();
	expect(&resident->calls, "init of the resident", resident->calls.init());
	const int files = count_files();
	stress(&sums);
	check(&sums);
	if (count_files() > files)
		fail("guest", "it leaves files open behind");
	return failures != 0;
}
