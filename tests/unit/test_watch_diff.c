/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/watch_diff.c: from two readings of a module to what is told. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "watch_diff.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define FLAG(NAME) .kind = "k", .name = (NAME), .file = "a.c", .doc = "", .line = 1, .style = 1
#define OWN 77

static const struct df_site sites[] = {
	{FLAG("feature")},
	{FLAG("opt"), .flags = DF_SITE_HELD},
	{FLAG("many")},
	{FLAG("many")},
};
enum { FEATURE, OPT, MANY, SITES = COUNT(sites) };

static struct images images;
static struct image *image;
static struct df_state_v1 states[SITES];
static struct watch_reading before;
static bool selected[SITES];
static struct criteria criteria;

static char told[1024];
static size_t told_most;

/* One word for each event, with what it is about. */
static bool tell(void *context, const struct watch_event *e)
{
	char *to = told + strlen(told);
	const size_t room = sizeof(told) - strlen(told);
	(void)context;
	cr_expect_eq(e->image, image);
	cr_expect_eq(e->pid, 5);
	snprintf(to, room, "%s%s", *told ? " " : "", watch_what_name(e->what));
	to += strlen(to);
	if (e->flag)
		snprintf(to, (size_t)(told + sizeof(told) - to), ":%s:%s>%s:%u>%u:%zu",
			 e->image->sites[e->image->order[e->flag->first]].name,
			 flag_state(&e->before), flag_state(&e->after), e->before.activation_max,
			 e->after.activation_max, e->sites_changed);
	to += strlen(to);
	snprintf(to, (size_t)(told + sizeof(told) - to), "/%ju", (uintmax_t)e->commits.count);
	return --told_most > 0;
}

static void begin(void)
{
	image = fake_image_add(&images, "/x", sites, SITES);
	before = (struct watch_reading){.states = states};
	memset(selected, true, sizeof(selected));
	image->control.generation = 1;
	told_most = 100;
}

static void end(void)
{
	images_free(&images);
}

TestSuite(watch_diff, .init = begin, .fini = end);

static bool diff(void)
{
	const struct watch_event base = {.pid = 5, .image = image, .name = "x"};
	const struct watch_sink sink = {.tell = tell};
	struct df_state_v1 *const now = image->states;
	told[0] = '\0';
	const bool more = watch_diff(&base, image, &before, selected, &criteria, OWN, &sink);
	cr_expect_eq(image->states, now, "the reading is the image's again");
	return more;
}

Test(watch_diff, nothing)
{
	cr_expect(diff());
	cr_expect_str_eq(told, "");
}

Test(watch_diff, a_flag_and_its_sites)
{
	image->states[FEATURE].current.activation = 1;
	image->states[MANY + 1].current.activation = 3;
	cr_expect(diff());
	cr_expect_str_eq(told, "change:feature:off>on:0>1:1/1 change:many:off>mixed:0>3:1/1");
}

Test(watch_diff, counts_without_another_state)
{
	states[FEATURE].current.activation = 1;
	image->states[FEATURE].current.activation = 2;
	image->states[OPT].current.unhook = DF_HOLD_RELEASED;
	diff();
	cr_expect_str_eq(told, "change:feature:on>on:1>2:1/1 change:opt:held>off:0>0:1/1");
}

Test(watch_diff, what_is_prepared_is_no_change)
{
	image->states[FEATURE].next.activation = 1;
	diff();
	cr_expect_str_eq(told, "");
}

Test(watch_diff, flags_that_are_not_meant)
{
	memset(selected, false, sizeof(selected));
	selected[OPT] = true;
	image->states[FEATURE].current.activation = 1;
	diff();
	cr_expect_str_eq(told, "");
}

Test(watch_diff, states_before_or_after)
{
	criteria.active = true;
	image->states[FEATURE].current.activation = 1;
	image->states[OPT].current.unhook = DF_HOLD_RELEASED;
	image->states[MANY].current.unhook = 1;
	diff();
	cr_expect_str_eq(told, "change:feature:off>on:0>1:1/1 change:opt:held>off:0>0:1/1");
	criteria = (struct criteria){.unhooked = true};
	diff();
	cr_expect_str_eq(told, "change:many:off>off:0>0:1/1");
}

Test(watch_diff, several_changes_are_a_sum)
{
	before.control.generation = 3;
	image->control.generation = 5;
	diff();
	cr_expect_str_eq(told, "missed/2");
	image->states[FEATURE].current.activation = 1;
	diff();
	cr_expect_str_eq(told, "missed/2 change:feature:off>on:0>1:1/2");
}

Test(watch_diff, initialised_once)
{
	image->control.initialised = DF_INITIALISING;
	diff();
	cr_expect_str_eq(told, "");
	image->control.initialised = DF_INITIALISED;
	diff();
	cr_expect_str_eq(told, "init/1");
	before.control.initialised = DF_INITIALISED;
	diff();
	cr_expect_str_eq(told, "");
}

Test(watch_diff, a_sink_that_is_full)
{
	image->states[FEATURE].current.activation = 1;
	image->states[OPT].current.unhook = DF_HOLD_RELEASED;
	told_most = 1;
	cr_expect(!diff());
	cr_expect_str_eq(told, "change:feature:off>on:0>1:1/1");
}

static struct watch_commits last;

static bool keep(void *context, const struct watch_event *e)
{
	(void)context;
	last = e->commits;
	return true;
}

Test(watch_diff, who)
{
	const struct watch_event base = {.image = image};
	const struct watch_sink sink = {.tell = keep};
	image->states[FEATURE].current.activation = 1;
	image->control.generation = 9;
	before.control.generation = 8;
	image->control.changed_at = 123;
	image->control.changed_by = OWN;
	watch_diff(&base, image, &before, selected, &criteria, OWN, &sink);
	cr_expect(last.inside && last.by == OWN && last.at == 123 && last.generation == 9 &&
		  last.count == 1);
	image->control.changed_by = OWN + 1;
	watch_diff(&base, image, &before, selected, &criteria, OWN, &sink);
	cr_expect(!last.inside && last.by == OWN + 1);
	/* It is not known what it calls itself. */
	image->control.changed_by = 0;
	watch_diff(&base, image, &before, selected, &criteria, 0, &sink);
	cr_expect(!last.inside);
}
