/* SPDX-License-Identifier: Apache-2.0 */
/* Sites, tables and control blocks that others have left in a bad state. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "flags.h"
#include "inside.h"
#include "load.h"
#include "poke.h"

#define FEATURE "lamp:feature@lamps.c:100"
#define TWIN "many:twin@twins.c:200"

static int read_lamp(const char *name)
{
	return lamp_named(name)->read();
}

/* What stood at a site; back with it at the end. */
struct hurt {
	const void *site;
	unsigned char bytes[5];
};

static struct hurt hurt(const char *pattern, const void *bytes, size_t at, size_t size)
{
	struct hurt h = {.site = flag_of(pattern).site};
	memcpy(h.bytes, h.site, sizeof(h.bytes));
	poke((const char *)h.site + at, bytes, size);
	return h;
}

static void heal(const struct hurt *h)
{
	poke(h->site, h->bytes, sizeof(h->bytes));
}

/* ---- sites ---- */

static void expect_refused(int code, const char *says, const char *name)
{
	static const char *const patterns[] = {"lamp:feature", "lamp:", NULL};
	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct snapshot before = snapshot_take();
		const char *pattern = patterns[i] ? patterns[i] : "NULL";
		cr_expect_eq(df_activate(patterns[i]), -code, "%s", pattern);
		cr_expect(strstr(df_error(), says) && strstr(df_error(), name), "'%s'", df_error());
		cr_expect_eq(df_rehook(patterns[i]), -code, "%s changes nothing anyway", pattern);
		cr_expect(snapshot_is_same(&before), "%s", pattern);
	}
	struct snapshot before = snapshot_take();
	cr_expect_eq(df_activate_kind("lamp", NULL), -code);
	cr_expect_eq(df_apply("+many:\n-lamp:slow\n+lamp:feature"), -code);
	cr_expect_eq(df_apply("-lamp:feature\n+lamp:feature"), -code);
	cr_expect(snapshot_is_same(&before), "by kind, or by a script");
}

static void expect_others_work(void)
{
	cr_expect_eq(df_activate("many:"), 3, "%s", df_error());
	cr_expect_eq(read_lamp(TWIN), 1);
	struct listing l = listing_of(NULL);
	cr_expect_geq(l.answer, (int)lamp_count);
	listing_free(&l);
}

static void expect_healed(const struct hurt *h)
{
	heal(h);
	cr_expect_eq(df_activate("lamp:feature"), 1, "%s", df_error());
	cr_expect_eq(read_lamp(FEATURE), 1);
}

Test(site, under_a_breakpoint)
{
	cr_assert_eq(df_init(), 0);
	const struct hurt h = hurt("lamp:feature", "\xcc", 0, 1);
	expect_refused(DF_ERROR_BREAKPOINT, "a breakpoint stands there", "lamp:feature");
	expect_others_work();
	expect_healed(&h);
}

Test(site, overwritten)
{
	static const struct {
		const char *bytes;
		size_t at, size;
	} wounds[] = {{"\x90", 0, 1}, {"\x0f\x0b", 0, 2}, {"\xeb", 0, 1}, {"", 0, 1}};
	cr_assert_eq(df_init(), 0);
	for (size_t i = 0; i < COUNT(wounds); i++) {
		const struct hurt h =
			hurt("lamp:feature", wounds[i].bytes, wounds[i].at, wounds[i].size);
		expect_refused(DF_ERROR_SITE, "none of its two instructions", "lamp:feature");
		expect_others_work();
		heal(&h);
	}
}

/* The opcode is right, and where it would jump to is not. */
Test(site, with_another_target)
{
	cr_assert_eq(df_init(), 0);
	if (!flag_of("lamp:feature").target)
		cr_skip("this compiler's sites have a single byte");
	const struct hurt h = hurt("lamp:feature", "\x11", 1, 1);
	expect_refused(DF_ERROR_SITE, "none of its two instructions", "lamp:feature");
	expect_healed(&h);
}

static int count_flag(void *context, const struct df_flag_info *flag)
{
	(void)flag;
	++*(int *)context;
	return 0;
}

/* A breakpoint on a held site: the module stays as built, and its flags can be flipped. */
Test(site, that_must_be_initialised_under_a_breakpoint)
{
	const struct df_site_v1 *record = NULL;
	extern const struct df_site_v1 __start_df_sites_v1[] __attribute__((visibility("hidden")));
	for (record = __start_df_sites_v1; !(record->flags & DF_SITE_HELD);)
		record++;
	struct hurt h = {.site = (const char *)&record->site + record->site};
	memcpy(h.bytes, h.site, sizeof(h.bytes));
	poke(h.site, "\xcc", 1);
	struct opened a = load("plugin_a");
	struct snapshot before = snapshot_take();
	cr_expect_eq(df_init(), -DF_ERROR_BREAKPOINT);
	cr_expect(snapshot_is_same(&before));
	cr_expect_eq(a.p->opt(), 0);
	cr_expect_eq(df_activate("http:fast|plugin_a:feature"), 2, "%s", df_error());
	cr_expect_eq(read_lamp("http:fast@kinds.c:401"), 1);
	cr_expect_eq(a.p->feature(), 1, "the other module was not changed");
	int listed = 0;
	cr_expect_gt(df_list("lamp:|http:", count_flag, &listed), 0, "%s", df_error());
	cr_expect_gt(listed, 0);
	heal(&h);
	cr_expect_eq(df_activate("http:fast"), 1, "%s", df_error());
	cr_expect_eq(read_lamp("lamp:opt@lamps.c:103"), 0);
	cr_expect_eq(read_lamp("http:fast@kinds.c:401"), 1);
}

/* What cannot be read of one module hides nothing of another. */
Test(site, beside_a_module_of_another_version)
{
	struct opened a = load("plugin_a");
	struct df_control_v1 *control = (struct df_control_v1 *)a.p->control;
	int listed = 0;
	control->state_size ^= 1;
	cr_expect_eq(df_list("lamp:|plugin_a:", count_flag, &listed), -DF_ERROR_VERSION);
	cr_expect_neq(strstr(df_error(), "plugin_a"), NULL, "%s", df_error());
	cr_expect_gt(listed, 0);
	cr_expect_eq(df_enable("lamp:feature"), -DF_ERROR_VERSION);
	cr_expect_eq(read_lamp("lamp:feature@lamps.c:100"), 1,
		     "the others are changed all the same");
	control->state_size ^= 1;
	cr_expect_gt(df_enable("plugin_a:"), 0, "%s", df_error());
}

/* ---- what a controller that died leaves ---- */

/* The sites of TWIN, of which a half is done. */
static struct listing twins;

/* Prepares activation 0 -> 1 of them: all `next`, and how many bytes and `current` are new. */
static void die_in(uint32_t phase, size_t bytes, size_t currents)
{
	twins = listing_of("many:twin");
	cr_assert_geq(twins.count, (size_t)3);
	for (size_t i = 0; i < twins.count; i++) {
		struct df_state_v1 *state = state_of(twins.entries[i].site);
		const unsigned char jump = twins.entries[i].target ? 0xe9 : 0xf9;
		state->next.activation = 1;
		if (i < currents)
			state->current = state->next;
		if (i < bytes)
			poke(twins.entries[i].site, &jump, 1);
	}
	df_module_v1.phase = phase;
}

static void expect_rest(int on)
{
	cr_expect_eq(df_module_v1.phase, (uint32_t)DF_PHASE_IDLE, "phase %u", df_module_v1.phase);
	cr_expect_eq(read_lamp(TWIN), on, "%d", read_lamp(TWIN));
	for (size_t i = 0; i < twins.count; i++) {
		const struct df_state_v1 *state = state_of(twins.entries[i].site);
		cr_expect_eq(state->current.activation, (uint32_t)on, "site %zu", i);
		cr_expect_eq(memcmp(&state->current, &state->next, sizeof(state->next)), 0);
	}
	cr_expect_eq(df_activate("many:twin"), 1);
	cr_expect_eq(flag_of("many:twin").activation, (uint32_t)on + 1);
	df_disable("many:twin");
	listing_free(&twins);
}

static int ignore(void *context, const struct df_flag_info *flag)
{
	(void)context;
	(void)flag;
	return 0;
}

static void call_something(unsigned which)
{
	const int got = which % 3 == 0	 ? df_init()
			: which % 3 == 1 ? df_activate("no such flag")
					 : df_list("no such flag", ignore, NULL);
	cr_expect_eq(got, 0, "%s", df_error());
}

Test(phase, preparing_is_taken_back)
{
	df_init();
	const uint64_t generation = df_module_v1.generation;
	for (unsigned i = 0; i < 3; i++) {
		die_in(DF_PHASE_PREPARING, 0, 0);
		call_something(i);
		if (i == 0)
			cr_expect_eq(df_module_v1.generation, generation);
		expect_rest(0);
	}
}

Test(phase, writing_and_closing_are_finished)
{
	df_init();
	for (unsigned i = 0; i < 4; i++) {
		die_in(DF_PHASE_WRITING, i, 0);
		const uint64_t generation = df_module_v1.generation;
		call_something(i);
		cr_expect_eq(df_module_v1.generation, generation + 1);
		expect_rest(1);
		die_in(DF_PHASE_CLOSING, SIZE_MAX, i);
		call_something(i);
		expect_rest(1);
	}
}

Test(phase, undoing_is_undone)
{
	df_init();
	for (unsigned i = 0; i < 4; i++) {
		die_in(DF_PHASE_UNDOING, i, 0);
		call_something(i);
		expect_rest(0);
	}
}

/* The next operation does what it is asked on top of what it put right. */
Test(phase, is_left_before_the_operation_begins)
{
	df_init();
	die_in(DF_PHASE_WRITING, 1, 0);
	cr_expect_eq(df_activate("many:twin"), 1);
	cr_expect_eq(flag_of("many:twin").activation, 2u);
	df_disable("many:twin");
	listing_free(&twins);
	die_in(DF_PHASE_PREPARING, 0, 0);
	cr_expect_eq(df_apply("+many:twin\n+lamp:feature"), 2);
	cr_expect_eq(flag_of("many:twin").activation, 1u);
	cr_expect_eq(read_lamp(FEATURE), 1);
	df_disable("many:twin");
	expect_rest(0);
}

/* In the middle of init: back means that it is done anew, forward that it was done. */
Test(phase, of_an_initialisation)
{
	df_init();
	die_in(DF_PHASE_PREPARING, 0, 0);
	df_module_v1.initialised = DF_INITIALISING;
	call_something(0);
	cr_expect_eq(df_module_v1.initialised, (uint32_t)DF_INITIALISED);
	expect_rest(0);
	die_in(DF_PHASE_CLOSING, SIZE_MAX, 1);
	df_module_v1.initialised = DF_INITIALISING;
	const uint64_t generation = df_module_v1.generation;
	call_something(0);
	cr_expect_eq(df_module_v1.initialised, (uint32_t)DF_INITIALISED);
	cr_expect_eq(df_module_v1.generation, generation + 1, "initialised again");
	expect_rest(1);
}

Test(phase, that_is_none)
{
	static const uint32_t none[] = {5, 255, UINT32_MAX};
	df_init();
	for (size_t i = 0; i < COUNT(none); i++) {
		die_in(none[i], 1, 0);
		struct snapshot before = snapshot_take();
		df_module_v1.lock = 0;
		cr_expect_eq(df_activate("lamp:feature"), -DF_ERROR_TABLE);
		cr_expect(strstr(df_error(), "phase"), "'%s'", df_error());
		cr_expect_eq(df_init(), -DF_ERROR_TABLE);
		cr_expect(snapshot_is_same(&before));
		df_module_v1.phase = DF_PHASE_UNDOING;
		call_something(0);
		expect_rest(0);
	}
}

Test(phase, that_cannot_be_left_yet)
{
	df_init();
	die_in(DF_PHASE_WRITING, 0, 0);
	struct hurt h = {.site = twins.entries[1].site};
	memcpy(h.bytes, h.site, sizeof(h.bytes));
	poke(h.site, "\xcc", 1);
	struct snapshot before = snapshot_take();
	cr_expect_eq(df_activate("lamp:feature"), -DF_ERROR_BREAKPOINT);
	cr_expect(strstr(df_error(), "many:twin"), "'%s'", df_error());
	cr_expect(snapshot_is_same(&before));
	heal(&h);
	call_something(0);
	expect_rest(1);
}

/* ---- locks and claims of the dead ---- */

static void *nothing(void *unused)
{
	*(pid_t *)unused = (pid_t)syscall(SYS_gettid);
	return unused;
}

/* A thread that has ended. */
static uint32_t dead_thread(void)
{
	pthread_t thread;
	pid_t id = 0;
	cr_assert_eq(pthread_create(&thread, NULL, nothing, &id), 0);
	pthread_join(thread, NULL);
	while (syscall(SYS_tgkill, getpid(), id, 0) == 0)
		sched_yield();
	return (uint32_t)id;
}

Test(lock, of_a_dead_thread_is_taken_over)
{
	df_init();
	const uint32_t owners[] = {dead_thread(), dead_thread() | DF_LOCK_WAITERS,
				   (uint32_t)syscall(SYS_gettid), DF_LOCK_WAITERS};
	for (size_t i = 0; i < COUNT(owners); i++) {
		df_module_v1.lock = owners[i];
		cr_expect_eq(df_activate("lamp:feature"), 1, "%s", df_error());
		cr_expect_eq(df_module_v1.lock, 0u, "%#x is left", df_module_v1.lock);
	}
	cr_expect_eq(flag_of("lamp:feature").activation, (uint32_t)COUNT(owners));
}

/* It stands with one nonce for longer than a live controller may take. */
Test(claim, of_a_dead_controller_is_taken_over)
{
	df_init();
	df_module_v1.external_nonce = 7;
	df_module_v1.external = 4711;
	cr_expect_eq(df_activate("lamp:feature"), 1, "%s", df_error());
	cr_expect_eq(df_module_v1.external, 0u);
	cr_expect_eq(read_lamp(FEATURE), 1);
}

/* ---- tables ---- */

static void expect_damaged(const struct opened *o, int code, const char *says)
{
	cr_expect_eq(df_enable("lamp:feature"), -code, "%s", says);
	cr_expect(strstr(df_error(), says), "'%s' does not say '%s'", df_error(), says);
	cr_expect(strstr(df_error(), "inside_plugin_a.so"), "'%s'", df_error());
	cr_expect_eq(read_lamp(FEATURE), 1, "the other module was not changed");
	cr_expect_eq(o->p->opt(), 1);
	df_disable("lamp:feature");
}

Test(table, with_a_control_block_of_another_size)
{
	struct opened a = load("plugin_a");
	a.p->control->site_size++;
	expect_damaged(&a, DF_ERROR_VERSION, "sizes");
	a.p->control->site_size--;
	/* Looked for at places that belong to sanitizers. */
	a.p->control->magic[3] ^= 1;
	if (!sanitized())
		expect_damaged(&a, DF_ERROR_TABLE, "no control block");
	a.p->control->magic[3] ^= 1;
	const int32_t stop = a.p->control->stop;
	a.p->control->stop -= 4;
	expect_damaged(&a, DF_ERROR_TABLE, "no whole number of records");
	a.p->control->stop += 50000000 * DF_SITE_SIZE + 4;
	expect_damaged(&a, DF_ERROR_TABLE, "lies in no readable segment");
	a.p->control->stop = stop;
	cr_expect_eq(df_activate("plugin_a:feature"), 1, "%s", df_error());
	cr_expect_eq(a.p->feature(), 1);
}

/* The first record of a plugin, which another record does not help out. */
static const struct df_site_v1 *first_record(const struct opened *o)
{
	return (const void *)((const char *)&o->p->control->start + o->p->control->start);
}

Test(table, with_a_record_of_another_style)
{
	struct opened a = load("plugin_a");
	const struct df_site_v1 *record = first_record(&a);
	const uint8_t style = record->style, flags = record->flags;
	poke(&record->style, "\x09", 1);
	cr_expect_eq(df_activate("plugin_a:"), -DF_ERROR_VERSION);
	cr_expect(strstr(df_error(), "inside_plugin_a.so: record 0: style 9"), "'%s'", df_error());
	poke(&record->style, &style, 1);
	poke(&record->flags, "\x80", 1);
	cr_expect_eq(df_activate("plugin_a:"), -DF_ERROR_VERSION);
	cr_expect(strstr(df_error(), "record 0: flags"), "'%s'", df_error());
	poke(&record->flags, &flags, 1);
	cr_expect_eq(df_activate("plugin_a:"), PLUGIN_MANY + 3, "%s", df_error());
	cr_expect_eq(a.p->many(), (unsigned)PLUGIN_MANY);
}

static void expect_bad_distance(const struct opened *a, size_t field, const char *name)
{
	const char *at = (const char *)first_record(a) + field;
	int32_t before, wild = INT32_MIN;
	memcpy(&before, at, sizeof(before));
	poke(at, &wild, sizeof(wild));
	cr_expect_eq(df_activate("plugin_a:"), -DF_ERROR_TABLE, "%s", name);
	cr_expect(strstr(df_error(), name), "'%s' does not name %s", df_error(), name);
	poke(at, &before, sizeof(before));
}

Test(table, with_distances_that_lead_nowhere)
{
	struct opened a = load("plugin_a");
	expect_bad_distance(&a, offsetof(struct df_site_v1, site), "site");
	if (first_record(&a)->style == DF_STYLE_X86_GOTO)
		expect_bad_distance(&a, offsetof(struct df_site_v1, target), "target");
	expect_bad_distance(&a, offsetof(struct df_site_v1, kind), "kind");
	expect_bad_distance(&a, offsetof(struct df_site_v1, name), "name");
	expect_bad_distance(&a, offsetof(struct df_site_v1, file), "file");
	expect_bad_distance(&a, offsetof(struct df_site_v1, doc), "doc");
	expect_bad_distance(&a, offsetof(struct df_site_v1, state), "state");
	cr_expect_eq(df_activate("plugin_a:"), PLUGIN_MANY + 3, "%s", df_error());
}

/* ---- modules that bear no commit by which they could be told apart ---- */

static const void *held_site(const struct plugin *p)
{
	const char *start = (const char *)&p->control->start + p->control->start;
	const struct df_site_v1 *record = (const struct df_site_v1 *)(const void *)start;
	while (!(record->flags & DF_SITE_HELD))
		record++;
	return (const char *)&record->site + record->site;
}

/* Where it was. */
static const struct plugin *come_and_go(const char *kind)
{
	struct opened o = load(kind);
	const struct plugin *place = o.p;
	poke(held_site(o.p), "\xcc", 1);
	struct listing l = listing_of("plugin_");
	cr_expect_eq(l.answer, PLUGIN_MANY + 3);
	for (size_t i = 0; i < l.count; i++)
		cr_expect_str_eq(l.entries[i].kind, kind);
	listing_free(&l);
	cr_expect_eq(o.p->control->generation, 0u);
	unload(&o, kind);
	return place;
}

Test(table, of_one_that_was_never_initialised_is_not_the_next_ones)
{
	if (come_and_go("plugin_a") != come_and_go("plugin_b"))
		cr_skip("the loader puts each at a place of its own");
}
