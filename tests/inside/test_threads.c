/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads at once: some run through sites, others flip, list, unhook, load, or are cancelled.
 */
#include <criterion/criterion.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "flags.h"
#include "inside.h"
#include "load.h"

static atomic_bool enough;

static void begin(pthread_t *threads, size_t count, void *(*run)(void *))
{
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)i), 0);
}

static void end(pthread_t *threads, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* With everybody at rest: no lock, no phase, and every byte and `next` as the counts say. */
static void expect_rest(void)
{
	struct listing l = listing_of(NULL);
	cr_expect_eq(df_module_v1.lock, 0u);
	cr_expect_eq(df_module_v1.phase, (uint32_t)DF_PHASE_IDLE);
	for (size_t i = 0; i < l.count; i++) {
		const struct df_flag_info *e = &l.entries[i];
		if (e->module[0] != '\0')
			continue;
		const struct df_state_v1 *state = state_of(e->site);
		const int inverted = (record_of(e->site)->flags & DF_SITE_INVERTED) != 0;
		const unsigned char opcode = *(const unsigned char *)e->site;
		cr_expect_eq(memcmp(&state->current, &state->next, sizeof(state->next)), 0, "%s",
			     e->full_name);
		cr_expect_eq(opcode == 0xe9 || opcode == 0xf9, e->active != inverted, "%s: %02x",
			     e->full_name, opcode);
	}
	listing_free(&l);
}

static int look(void *context, const struct df_flag_info *flag)
{
	size_t *sum = context;
	/* Every string is one, wherever it is. */
	*sum += strlen(flag->full_name) + strlen(flag->doc) + strlen(flag->module);
	return strchr(flag->full_name, '@') ? 0 : -1;
}

static void *list(void *unused)
{
	size_t sum = 0;
	while (!enough)
		if (df_list(NULL, look, &sum) < (int)lamp_count)
			return "a listing fell short";
	return sum == 0 ? unused : NULL;
}

/* ---- who sees what, and when ---- */

#define SPINNERS 8

/* What its value by four tells: flags are off, on their way, on, and on their way back. */
static atomic_uint epoch;
static atomic_ullong checked[2]; /* how often they were seen off, and on, in time */
static atomic_int wrong;

static int read_three(void)
{
	const int twin = lamp_named("many:twin@twins.c:200")->read();
	const int feature = lamp_named("lamp:feature@lamps.c:100")->read();
	const int standard = lamp_named("lamp:standard@lamps.c:101")->read();
	return twin == feature && feature == standard ? twin : -1;
}

static void *spin(void *unused)
{
	while (!enough) {
		const unsigned before = epoch;
		const int on = read_three();
		const unsigned after = epoch;
		if (before != after || before % 2 == 1)
			continue;
		const int wanted = before % 4 == 2;
		checked[wanted]++;
		if (on != wanted)
			wrong++;
	}
	return unused;
}

/* Gives somebody a chance to be wrong. */
static void wait_for_a_look(bool on)
{
	const unsigned long long before = checked[on];
	for (int i = 0; i < 3 && checked[on] == before; i++)
		sched_yield();
}

/* Also of a flag with several sites, and of several flags in one call. */
Test(threads, see_a_flip_when_the_call_has_returned)
{
	pthread_t spinners[SPINNERS], lister;
	cr_assert_eq(df_apply("disable many:\ndisable lamp:"), 8, "%s", df_error());
	begin(spinners, SPINNERS, spin);
	begin(&lister, 1, list);
	for (int i = 0; i < (sanitized() ? 50 : 200); i++) {
		epoch++;
		cr_assert_eq(df_apply(i % 2 == 0 ? "enable many:\nenable lamp:"
						 : "disable many:\ndisable lamp:"),
			     8, "%s", df_error());
		epoch++;
		wait_for_a_look(i % 2 == 0);
	}
	enough = true;
	end(spinners, SPINNERS);
	end(&lister, 1);
	cr_expect_eq(wrong, 0, "%d times of %llu off and %llu on", wrong, checked[0], checked[1]);
	cr_expect(checked[0] > 10 && checked[1] > 10, "few looked: %llu, %llu", checked[0],
		  checked[1]);
	expect_rest();
}

/* ---- counts ---- */

#define COUNTERS 6
#define BASE 100000

static const char *const counted[] = {"lamp:feature", "many:twin", "lamp:standard",
				      "lines:same",   "http:fast", "debug:"};
static atomic_int sums[COUNT(counted)];

static void *count(void *number)
{
	unsigned seed = (unsigned)(uintptr_t)number + 1;
	for (int i = 0; i < 2000; i++) {
		const size_t which = (size_t)rand_r(&seed) % COUNT(counted);
		const bool up = rand_r(&seed) % 3 != 0;
		char script[64];
		sums[which] += up ? 1 : -1;
		if (rand_r(&seed) % 4 != 0) {
			if ((up ? df_activate : df_deactivate)(counted[which]) <= 0)
				return "a flip failed";
			continue;
		}
		snprintf(script, sizeof(script), "%c%s\n-%s\n+%s", up ? '+' : '-', counted[which],
			 counted[which], counted[which]);
		if (df_apply(script) <= 0)
			return "a script failed";
	}
	return NULL;
}

static void *unhook(void *unused)
{
	while (!enough) {
		df_unhook("(https|ht):");
		df_activate("ht:");
		df_rehook("(https|ht):");
	}
	return unused;
}

Test(threads, lose_no_count)
{
	pthread_t counters[COUNTERS], others[3];
	cr_assert_eq(df_init(), 0);
	for (size_t i = 0; i < COUNT(counted); i++) {
		df_enable(counted[i]);
		store_counts(counted[i], BASE, 0);
	}
	begin(counters, COUNTERS, count);
	begin(&others[0], 1, spin);
	begin(&others[1], 1, list);
	begin(&others[2], 1, unhook);
	for (size_t i = 0; i < COUNTERS; i++) {
		void *error;
		pthread_join(counters[i], &error);
		cr_expect_null(error, "%s", (const char *)error);
	}
	enough = true;
	end(others, COUNT(others));
	for (size_t i = 0; i < COUNT(counted); i++) {
		struct listing l = listing_of(counted[i]);
		for (size_t k = 0; k < l.count; k++)
			cr_expect_eq(l.entries[k].activation, (uint32_t)(BASE + sums[i]), "%s: %u",
				     l.entries[k].full_name, l.entries[k].activation);
		listing_free(&l);
	}
	cr_expect_eq(flag_of("ht:").unhook, 0u);
	expect_rest();
}

/* ---- threads that are cancelled ---- */

static void *flip_until_cancelled(void *type)
{
	size_t sum = 0;
	pthread_setcanceltype(type ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED, NULL);
	for (;;) {
		df_activate("lamp:");
		df_apply("+many:\n-many:");
		df_deactivate("lamp:");
		df_list("many:", look, &sum);
		if (!type)
			pthread_testcancel();
	}
	return NULL;
}

Test(threads, that_are_cancelled_leave_nothing_locked)
{
	unsigned seed = 5;
	cr_assert_eq(df_init(), 0);
	for (size_t round = 0; round < 200; round++) {
		pthread_t thread;
		void *result;
		cr_assert_eq(pthread_create(&thread, NULL, flip_until_cancelled,
					    (void *)(uintptr_t)(round % 2)),
			     0);
		usleep((unsigned)rand_r(&seed) % 1000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		cr_assert_eq(result, PTHREAD_CANCELED);
		cr_assert_eq(df_enable("lamp:feature"), 1, "%s", df_error());
		cr_assert_eq(df_module_v1.phase, (uint32_t)DF_PHASE_IDLE);
	}
	expect_rest();
}

/* ---- modules that come and go ---- */

static const struct plugin *other;

/* Some of it before the module is there, some when it has gone. */
static void *flip_what_comes(void *by_copy)
{
	const struct copy *copy = by_copy ? &other->copy : NULL;
	while (!enough) {
		const int on = copy ? copy->activate("plugin_[ab]:") : df_activate("plugin_[ab]:");
		const int off = copy ? copy->deactivate("plugin_[ab]:")
				     : df_deactivate_kind("plugin_a", NULL);
		/* None, one of them, or both, but never a part of one. */
		if (on < 0 || off < 0 || on % (PLUGIN_MANY + 3) != 0 ||
		    off % (PLUGIN_MANY + 3) != 0)
			return "a module was changed in part";
	}
	return NULL;
}

static void *list_what_comes(void *unused)
{
	size_t sum = 0;
	while (!enough) {
		if (df_list("plugin_.*[05]@", look, &sum) < 0)
			return "a listing failed";
		if (other->copy.list(NULL, look, &sum) < (int)lamp_count)
			return "a listing of the copy's fell short";
	}
	return sum == 1 ? unused : NULL;
}

Test(threads, work_while_modules_come_and_go)
{
	pthread_t threads[4];
	struct opened o = load("copy");
	other = o.p;
	begin(&threads[0], 2, flip_what_comes);
	begin(&threads[2], 1, list_what_comes);
	begin(&threads[3], 1, list);
	for (int round = 0; round < (sanitized() ? 60 : 300); round++) {
		struct opened a = load("plugin_a"), b = load("plugin_b");
		cr_expect_eq(df_enable("plugin_a:feature"), 1, "%s", df_error());
		cr_expect_eq(a.p->opt() & ~1, 0);
		unload(&a, "plugin_a");
		cr_expect_eq(df_enable("plugin_b:feature"), 1, "%s", df_error());
		unload(&b, "plugin_b");
		cr_expect_eq(df_enable("plugin_[ab]:feature"), 0, "%s", df_error());
	}
	enough = true;
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *error;
		pthread_join(threads[i], &error);
		cr_expect_null(error, "%s", (const char *)error);
	}
	expect_rest();
}

/* ---- a thread that is new to a copy of libdf ---- */

static pthread_t newcomer;

static void *list_by_copy(void *unused)
{
	size_t sum = 0;
	return other->copy.list(NULL, look, &sum) < (int)lamp_count ? "a listing fell short"
								    : unused;
}

static int look_away(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)info;
	(void)size;
	(void)unused;
	return 0;
}

/*
 * Called by a plugin's constructor: this thread holds one lock of the loader's, takes the
 * other as well, as dlopen() does, and must get it from the newcomer. With glibc before
 * 2.35 it does not if the newcomer's first touch of thread-local storage comes too late.
 */
void while_loading(void) __attribute__((visibility("default")));
void while_loading(void)
{
	begin(&newcomer, 1, list_by_copy);
	usleep(100000);
	dl_iterate_phdr(look_away, NULL);
}

Test(threads, may_come_to_a_copy_while_the_loader_works, .timeout = 60)
{
	void *error;
	struct opened o = load("copy");
	other = o.p;
	load("calling");
	pthread_join(newcomer, &error);
	cr_expect_null(error, "%s", (const char *)error);
}
