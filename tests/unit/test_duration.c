/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/duration.c: the limits; what is written wrongly stands in test_cli.c. */
#include <criterion/criterion.h>

#include "duration.h"

Test(duration, times)
{
	uint64_t ns = 5;
	cr_expect(duration_parse("1.5", &ns) && ns == 1500000000);
	cr_expect(duration_parse("86400s", &ns) && ns == 86400000000000);
	ns = 5;
	cr_expect_not(duration_parse("86400.1s", &ns));
	cr_expect_not(duration_parse("1e3", &ns));
	cr_expect_not(duration_parse("0x1p3", &ns));
	cr_expect_eq(ns, 5);
}

Test(duration, ages)
{
	int64_t seconds = 5;
	cr_expect(duration_parse_age("1d", &seconds) && seconds == 86400);
	cr_expect(duration_parse_age("2w", &seconds) && seconds == INT64_C(14) * 86400);
	cr_expect(duration_parse_age("1000y", &seconds) && seconds == INT64_C(365000) * 86400);
	cr_expect_not(duration_parse_age("1001y", &seconds));
	cr_expect_not(duration_parse_age("0d", &seconds));
	cr_expect_not(duration_parse_age("1", &seconds));
}
