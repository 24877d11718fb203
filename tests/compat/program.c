/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as one writes it for dynamic_flag.h, with every macro and function;
 * it checks itself. compile.sh builds it in all ways, as C and as C++.
 */
#include "dynamic_flag.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

/* Flags are live, or constants; without a library there is nobody who could say no. */
#if DYNAMIC_FLAG_IMPLEMENTATION_STYLE == 0 || defined(DF_DISABLE)
#define LIVE 0
#else
#define LIVE 1
#endif

#if defined(NDEBUG)
#define DEBUG_BUILT 0
#else
#define DEBUG_BUILT 1
#endif

/* There is no cold path to name where the value goes through the carry flag. */
#if DYNAMIC_FLAG_IMPLEMENTATION_STYLE == 1 || (defined(__clang__) && __clang_major__ < 17)
#define HAS_DESTINATION 0
#else
#define HAS_DESTINATION 1
#endif

static int failures;

int program_check(const char *file, int line, const char *what, long got, long wanted)
{
	if (got == wanted)
		return 0;
	fprintf(stderr, "%s:%d: %s is %ld, not %ld\n", file, line, what, got, wanted);
	failures++;
	return 1;
}

struct valves {
	int feature, normal, slow, opt, debug;
};

/* One place in text for each flag. */
__attribute__((__noinline__)) static struct valves read_valves(void)
{
	struct valves valves;

	valves.feature = DF_FEATURE(valve, feature, "opened by hand");
	valves.normal = DF_DEFAULT(valve, normal,
				   "open "
				   "from the start");
	valves.slow = 0;
	if (DF_DEFAULT_SLOW(valve, slow))
		valves.slow = 1;
	valves.opt = DF_OPT(valve, opt) ? 1 : 0;
	valves.debug = DF_DEBUG(valve, "looks at itself");
	return valves;
}

#define CHECK_VALVES(FEATURE, NORMAL, SLOW, OPT)                                                   \
	do {                                                                                       \
		const struct valves valves = read_valves();                                        \
		CHECK(valves.feature, LIVE ? (FEATURE) : 0);                                       \
		CHECK(valves.normal, LIVE ? (NORMAL) : 1);                                         \
		CHECK(valves.slow, LIVE ? (SLOW) : 1);                                             \
		CHECK(valves.opt, LIVE ? (OPT) : 1);                                               \
		CHECK(valves.debug, DEBUG_BUILT);                                                  \
	} while (0)

/* Nothing is off by one: a number that matched, where there is something to match. */
#define CHECK_MATCHED(CALL, COUNT) CHECK(CALL, LIVE ? (COUNT) : 0)

static void operations(void)
{
	CHECK_MATCHED(dynamic_flag_activate("valve:feature"), 1);
	CHECK_VALVES(1, 1, 1, 0);
	CHECK_MATCHED(dynamic_flag_deactivate("valve:(normal|slow)"), 2);
	CHECK_VALVES(1, 0, 0, 0);
	CHECK_MATCHED(dynamic_flag_unhook("valve:"), 4);
	CHECK_MATCHED(dynamic_flag_activate("valve:"), 4);
	CHECK_VALVES(1, 0, 0, 0);
	CHECK_MATCHED(dynamic_flag_deactivate("valve:feature"), 1);
	CHECK_VALVES(0, 0, 0, 0);
	CHECK_MATCHED(dynamic_flag_rehook("valve:"), 4);
}

static void kinds(void)
{
	const ssize_t none = dynamic_flag_activate_kind(no_such_kind, NULL);

	CHECK(none, 0);
	dynamic_flag_activate_kind(valve, NULL);
	CHECK_VALVES(1, 1, 1, 1);
	if (LIVE)
		dynamic_flag_deactivate_kind(valve, "valve:o");
	else
		dynamic_flag_deactivate_kind(valve, NULL);
	CHECK_VALVES(1, 1, 1, 0);
	CHECK_MATCHED(dynamic_flag_deactivate_kind(valve, ".*"), 4);
	CHECK_VALVES(0, 0, 0, 0);
}

struct seen {
	long count;
	long active;
	const char *first;
};

static ssize_t see(void *context, const struct dynamic_flag_state *state)
{
	struct seen *seen = (struct seen *)context;

	if (seen->count++ == 0)
		seen->first = state->name;
	seen->active += state->activation > 0;
	CHECK(state->unhook == 0, 1);
	CHECK(state->duplicate, false);
	CHECK(state->hook != NULL, 1);
	CHECK(state->doc != NULL, 1);
	CHECK(state->destination != NULL, HAS_DESTINATION);
	return 0;
}

static ssize_t stop_at_once(void *context, const struct dynamic_flag_state *state)
{
	++*(int *)context;
	CHECK(strncmp(state->name, "valve:", 6), 0);
	return -42;
}

static void listing(void)
{
	struct seen seen = {0, 0, NULL};
	int stopped = 0;

	dynamic_flag_activate("valve:slow");
	CHECK_MATCHED(dynamic_flag_list_state("valve:", see, &seen), 4);
	CHECK(seen.count, LIVE ? 4 : 0);
	CHECK(seen.active, LIVE ? 1 : 0);
	CHECK(seen.first != NULL && strncmp(seen.first, "valve:feature@", 14) == 0, LIVE);
	CHECK_MATCHED(dynamic_flag_list_state("valve:", stop_at_once, &stopped), -42);
	CHECK(stopped, LIVE);
	CHECK_MATCHED(dynamic_flag_list_state("valve:", dynamic_flag_list_fprintf_cb, stdout), 4);
}

/* Kept from the formatter, which would put blanks into the name. */
/* clang-format off */
__attribute__((__noinline__)) static int read_colons(void)
{
	return DF_OPT(dynamic, flag:with:colons);
}
/* clang-format on */

/* Functions are taken by address, and every call may stand where a statement does. */
static void forms(void)
{
	static const struct {
		char sign;
		ssize_t (*apply)(const char *regex);
	} table[] = {{'+', dynamic_flag_activate},
		     {'-', dynamic_flag_deactivate},
		     {'!', dynamic_flag_unhook},
		     {'?', dynamic_flag_rehook}};
	void (*init)(void) = dynamic_flag_init_lib;
	size_t i;

	init();
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		CHECK_MATCHED(table[i].apply("valve:normal"), 1);
	if (read_colons())
		DYNAMIC_FLAG_DUMMY(tap);
	else
		DYNAMIC_FLAG_DUMMY(spare, "nothing stands behind it");
	CHECK_MATCHED(dynamic_flag_activate_kind(spare, NULL), 1);
	CHECK_MATCHED(dynamic_flag_activate("dynamic:flag:with:colons@"), 1);
	dynamic_flag_set_minimal_write_mode(1);
	CHECK_MATCHED(dynamic_flag_activate("spare:dummy@"), 1);
	dynamic_flag_set_minimal_write_mode(false);
}

int main(void)
{
	CHECK_VALVES(0, 1, 1, 1);
	hooks_before_init();
	dynamic_flag_init_lib();
	dynamic_flag_init_lib();
	CHECK_VALVES(0, 1, 1, 0);
	operations();
	kinds();
	listing();
	forms();
	hooks();
	return failures != 0;
}
