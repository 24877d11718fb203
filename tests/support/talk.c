/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c - telling the target `inside` what to do. */
#include "talk.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define PATIENCE 30000000000u /* ns */

void talk_send(const struct live *live, int worker, const struct talk *talk)
{
	struct inside_box *box = inside_box(live->page, worker);
	cr_assert_eq(box->asked, box->answered, "worker %d is busy", worker);
	box->command = talk->command;
	box->library = talk->library;
	snprintf(box->kind, sizeof(box->kind), "%s", talk->kind ? talk->kind : "");
	snprintf(box->pattern, sizeof(box->pattern), "%s", talk->pattern ? talk->pattern : "");
	box->up = talk->up;
	box->down = talk->down;
	box->matches = talk->matches;
	box->pause_us = talk->pause_us;
	__atomic_store_n(&box->asked, box->asked + 1, __ATOMIC_RELEASE);
}

bool talk_answered(const struct live *live, int worker)
{
	const struct inside_box *box = inside_box(live->page, worker);
	return __atomic_load_n(&box->answered, __ATOMIC_ACQUIRE) == box->asked;
}

int talk_wait(const struct live *live, int worker)
{
	const uint64_t end = now_ns() + PATIENCE;
	while (!talk_answered(live, worker)) {
		cr_assert(live_runs(live), "the target died");
		cr_assert(now_ns() < end, "worker %d does not answer", worker);
		sleep_us(50);
	}
	return inside_box(live->page, worker)->result;
}

int talk_do(const struct live *live, const struct talk *talk)
{
	talk_send(live, 0, talk);
	return talk_wait(live, 0);
}

const char *talk_error(const struct live *live, int worker)
{
	return inside_box(live->page, worker)->error;
}

void talk_load_plugin(const struct live *live, struct spots *plugin)
{
	const uint64_t control = live->page->control;
	const char *path = live_path("inside-plugin.so");
	cr_assert(path);
	cr_assert_eq(TALK(live, .command = INSIDE_LOAD, .pattern = path), 0, "%s not loaded", path);
	live->page->control = (uint64_t)live->page->word[INSIDE_PLUGIN_CONTROL];
	spots_open(plugin, live);
	live->page->control = control;
}

void talk_at_rest(const struct spots *spots)
{
	const struct df_control_v1 control = peek_control(spots);
	cr_assert_eq(control.lock, 0, "the lock is held by %u", control.lock);
	cr_assert_eq(control.external, 0, "a claim of %u stands", control.external);
	spots_are_whole(spots);
}

struct df_count talk_count(const struct spots *spots, const struct spot *spot)
{
	const struct df_count_v1 stored = peek_state(spots, spot).current;
	const struct df_site site = {.flags = spot->record.flags,
				     .activation = spot->record.activation,
				     .unhook = spot->record.unhook};
	return df_count_decode(&site, &stored);
}
