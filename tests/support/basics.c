/* SPDX-License-Identifier: Apache-2.0 */
/* basics.c - what the sites of the target `basic` say. */
#include "basics.h"

#include <criterion/criterion.h>

#include "basic.h"

const char *basic_values(const struct live *live)
{
	static char text[BASIC_COUNT + 1];
	live_beat(live);
	for (int i = 0; i < BASIC_COUNT; i++)
		text[i] = (char)('0' + live->page->value[i]);
	return text;
}

void basic_values_are(const struct live *live, const char *wanted)
{
	cr_assert_str_eq(basic_values(live), wanted);
}
