/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of every call fails once: an error, nothing changed, and the next call works. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "child.h"
#include "deny.h"
#include "flags.h"
#include "inside.h"
#include "many.h"

static int ignore(void *context, const struct df_flag_info *flag)
{
	(void)context;
	(void)flag;
	return 0;
}

static int activate_all(void)
{
	return df_activate(NULL);
}

static int activate_prefix(void)
{
	return df_activate("http:conn_00");
}

static int activate_regex(void)
{
	return df_activate("http:.*0@");
}

/* The second search sorts. */
static int search_twice(void)
{
	const int first = df_unhook("ht:c00");
	return first < 0 ? first : df_activate("ht:c01");
}

static int activate_kind(void)
{
	return df_activate_kind("http", NULL);
}

static int activate_in_kind(void)
{
	return df_activate_kind("http", "http:conn");
}

static int apply(void)
{
	return df_apply("+http:\n-http:conn_\nenable db:row@");
}

static int list_all(void)
{
	return df_list(NULL, ignore, NULL);
}

static int list_some(void)
{
	return df_list("http:conn_.*5", ignore, NULL);
}

static int initialise(void)
{
	return df_init();
}

static const struct {
	const char *name;
	int (*call)(void);
} calls[] = {
	{"activate all", activate_all},
	{"a prefix", activate_prefix},
	{"an expression", activate_regex},
	{"two searches", search_twice},
	{"a kind", activate_kind},
	{"an expression in a kind", activate_in_kind},
	{"a script", apply},
	{"a listing of all", list_all},
	{"a listing of some", list_some},
	{"init", initialise},
};

/* What a child and its parent tell each other. */
static struct shared {
	size_t which;
	int failing;	  /* the allocation */
	bool initialised; /* before */
	int right;	  /* what the call returns with all memory */
	bool refused;
} * shared;

static void share(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	cr_assert(shared != MAP_FAILED);
}

static int call(void)
{
	return calls[shared->which].call();
}

static void find_what_is_right(void)
{
	shared->right = call();
	EXPECT(shared->right >= 0, "%s: %s", calls[shared->which].name, df_error());
}

static void run_out_of_memory(void)
{
	const char *name = calls[shared->which].name;
	if (shared->initialised)
		EXPECT(df_init() == 0, "%s", df_error());
	struct snapshot before = snapshot_take();
	deny.memory = shared->failing;
	const int got = call();
	deny = DENY_NOTHING;
	shared->refused = refused > 0;
	if (got >= 0) {
		EXPECT(got == shared->right, "%s without allocation %d: %d for %d", name,
		       shared->failing, got, shared->right);
		return;
	}
	EXPECT(shared->refused && got == -DF_ERROR_MEMORY, "%s without allocation %d: %d, %s", name,
	       shared->failing, got, df_error());
	EXPECT(strstr(df_error(), "out of memory"), "'%s'", df_error());
	/* Two calls, or an initialisation and a call, may have got half of the way. */
	if (shared->initialised && calls[shared->which].call != search_twice)
		EXPECT(snapshot_is_same(&before), "%s without allocation %d changed something",
		       name, shared->failing);
	EXPECT(call() == shared->right, "%s behind one without allocation %d: %s", name,
	       shared->failing, df_error());
}

static void refuse_each(void)
{
	in_child(find_what_is_right);
	for (int i = 0; i < 2; i++) {
		shared->initialised = i != 0;
		shared->failing = 0;
		do {
			in_child(run_out_of_memory);
			shared->failing++;
		} while (shared->refused);
		cr_expect(shared->initialised || shared->failing > 1, "%s allocates nothing",
			  calls[shared->which].name);
	}
}

Test(memory, may_run_out_in_every_call)
{
	share();
	for (shared->which = 0; shared->which < COUNT(calls); shared->which++)
		refuse_each();
}

/* Of the first three lamps, with the wishes below. */
static const int wished_lamps[] = {1, 0, 1};

/* Either no module is initialised yet, or all are, and without any wish. */
static void run_out_with_wishes(void)
{
	deny.memory = shared->failing;
	const int got = df_init();
	deny = DENY_NOTHING;
	shared->refused = refused > 0;
	EXPECT(got == (shared->refused ? -DF_ERROR_MEMORY : 0), "without allocation %d: %d, %s",
	       shared->failing, got, df_error());
	if (df_module_v1.initialised == 0)
		EXPECT(df_init() == 0, "behind one without allocation %d: %s", shared->failing,
		       df_error());
	const int wished = shared->refused && df_init() < 0 ? 0 : 1;
	for (size_t i = 0; i < 3; i++)
		EXPECT(lamps[i].read() == (wished ? wished_lamps[i] : (int)lamps[i].activation),
		       "without allocation %d: %s is %d", shared->failing, lamps[i].full_name,
		       lamps[i].read());
}

Test(memory, may_run_out_with_wishes)
{
	share();
	setenv("DF_FLAGS", "+lamp:feature;-lamp:standard;+many:", 1);
	do {
		in_child(run_out_with_wishes);
		shared->failing++;
	} while (shared->refused);
	cr_expect_gt(shared->failing, 5, "%d", shared->failing);
}
