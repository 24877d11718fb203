/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/sync.c: the claim of a controller outside, which a thread plays. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sync.h"

static struct df_control_v1 control;
static struct sync_patience patience;
static struct df_err err;

static void claim(uint32_t id, uint32_t nonce)
{
	const uint64_t word = (uint64_t)nonce << 32 | id;
	__atomic_store_n((uint64_t *)(void *)&control.external, word, __ATOMIC_SEQ_CST);
}

static uint64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

Test(sync_claim, claim_goes_before)
{
	claim(4711, 1);
	cr_assert_eq(sync_own(&control, &patience, &err), 0);
	cr_assert_eq(control.lock, 0);
	cr_assert_eq(control.external, 4711);
	cr_assert_eq(control.external_nonce, 1);
	claim(0, 0);
	cr_assert_eq(sync_own(&control, &patience, &err), 1);
}

Test(sync_claim, claim_without_nonce)
{
	claim(4711, 0);
	cr_assert_eq(sync_own(&control, &patience, &err), 0);
	/* Half of a claim on its way: its writer will find our lock. */
	claim(0, 4711);
	cr_assert_eq(sync_own(&control, &patience, &err), 1);
}

Test(sync_claim, dead_claim)
{
	struct df_control_v1 after = control;
	const uint64_t since = now();
	int owned;
	claim(4711, 77);
	while ((owned = sync_own(&control, &patience, &err)) == 0) {
		cr_assert_eq(control.external, 4711);
		sync_pause();
	}
	cr_assert_eq(owned, 1);
	cr_assert_geq(now() - since, SYNC_CLAIM_MAX_NS);
	after.lock = (uint32_t)gettid();
	cr_assert_eq(memcmp(&control, &after, sizeof(after)), 0);

	/* The same controller claimed another module as well: it need not die twice. */
	sync_disown(&control);
	claim(4711, 77);
	cr_assert_eq(sync_own(&control, &patience, &err), 1);
	cr_assert_eq(control.external, 0);
	sync_disown(&control);
	claim(4711, 78);
	cr_assert_eq(sync_own(&control, &patience, &err), 0);
}

Test(sync_claim, changing_claims)
{
	int owned = 0;
	uint32_t nonce = 0;
	while (owned == 0 && patience.waited < 2 * SYNC_CLAIM_MAX_NS) {
		claim(4711, ++nonce);
		owned = sync_own(&control, &patience, &err);
		sync_pause();
	}
	cr_assert_eq(owned, 0);
	patience.waited *= 6;
	claim(4711, ++nonce);
	cr_assert_eq(sync_own(&control, &patience, &err), -DF_E_BUSY);
	cr_assert_eq(err.code, DF_E_BUSY);
	cr_assert(strstr(err.text, "4711"), "%s", err.text);
	cr_assert_eq(control.lock, 0);
	cr_assert_eq(control.external_nonce, nonce);
}

/* A container that was frozen with all that is in it: the controller lost the same time. */
Test(sync_claim, time_that_nobody_had)
{
	claim(4711, 1);
	cr_assert_eq(sync_own(&control, &patience, &err), 0);
	for (int i = 0; i < 5; i++) {
		patience.looked = now() - 10 * SYNC_CLAIM_MAX_NS;
		cr_assert_eq(sync_own(&control, &patience, &err), 0);
	}
}

/* ---- both at once ---------------------------------------------------------------------- */

#define ROUNDS 3000000
#define BOTH 1000 /* that each has to be in, so that there was a race */

/* How the controller outside writes: the kernel copies in one piece, or byte by byte. */
enum manner { WHOLE, BYTES_UP, BYTES_DOWN };

struct race {
	enum manner manner;
	uint32_t id;
	long tool, ours; /* how often each was in */
	int inside;
	bool met;
	bool over;
};

static void write_claim(const struct race *race, uint64_t word)
{
	uint8_t *bytes = (uint8_t *)&control.external;
	if (race->manner == WHOLE) {
		__atomic_store_n((uint64_t *)(void *)bytes, word, __ATOMIC_SEQ_CST);
		return;
	}
	for (size_t i = 0; i < sizeof(word); i++) {
		const size_t at = race->manner == BYTES_UP ? i : sizeof(word) - 1 - i;
		__atomic_store_n(&bytes[at], (uint8_t)(word >> 8 * at), __ATOMIC_SEQ_CST);
	}
}

/* Long enough to be met. */
static void be_inside(struct race *race)
{
	if (__atomic_add_fetch(&race->inside, 1, __ATOMIC_SEQ_CST) != 1)
		race->met = true;
	for (int i = 0; i < 10; i++)
		__builtin_ia32_pause();
	__atomic_sub_fetch(&race->inside, 1, __ATOMIC_SEQ_CST);
}

static void *play_tool(void *argument)
{
	struct race *race = argument;
	for (uint32_t nonce = 1; !__atomic_load_n(&race->over, __ATOMIC_RELAXED); nonce++) {
		write_claim(race, (uint64_t)nonce << 32 | race->id);
		if (__atomic_load_n(&control.lock, __ATOMIC_SEQ_CST) == 0) {
			__atomic_add_fetch(&race->tool, 1, __ATOMIC_RELAXED);
			be_inside(race);
		}
		write_claim(race, 0);
	}
	return NULL;
}

static long tool_was_in(const struct race *race)
{
	return __atomic_load_n(&race->tool, __ATOMIC_RELAXED);
}

static void run_race(enum manner manner, uint32_t id)
{
	struct race race = {.manner = manner, .id = id};
	pthread_t tool;
	cr_assert_eq(pthread_create(&tool, NULL, play_tool, &race), 0);
	for (long i = 0; i < ROUNDS || race.ours < BOTH || tool_was_in(&race) < BOTH; i++) {
		patience = (struct sync_patience){0};
		if (sync_own(&control, &patience, &err) != 1)
			continue;
		race.ours++;
		be_inside(&race);
		sync_disown(&control);
	}
	__atomic_store_n(&race.over, true, __ATOMIC_RELAXED);
	pthread_join(tool, NULL);
	cr_assert_not(race.met);
}

Test(sync_claim, never_both)
{
	run_race(WHOLE, 4711);
}

Test(sync_claim, never_both_with_bytes_upward)
{
	run_race(BYTES_UP, 0x00010000);
}

Test(sync_claim, never_both_with_bytes_downward)
{
	run_race(BYTES_DOWN, 1);
}
