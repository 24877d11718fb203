/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/faults.c: order, one of a kind, and a bound that no order changes.
 */
#include <criterion/criterion.h>

#include "faults.h"

Test(faults, in_order_and_once)
{
	static const struct fault given[] = {
		{1, 50, 7, 2}, {1, 10, 3, 1}, {1, 40, 7, 2}, {1, 60, 7, 1}, {1, 45, 7, 2},
	};
	struct faults faults;
	faults_begin(&faults);
	for (size_t i = 0; i < 5; i++)
		faults_add(&faults, &given[i]);
	cr_assert(faults_settle(&faults));
	cr_assert_eq(faults.count, 3);
	cr_expect(faults.list[0].site == 3 && faults.list[0].where == 10);
	cr_expect(faults.list[1].site == 7 && faults.list[1].kind == 1);
	cr_expect(faults.list[2].site == 7 && faults.list[2].kind == 2);
	cr_expect_eq(faults.list[2].where, 40, "the lowest place");
	faults_free(&faults);
}

Test(faults, none)
{
	struct faults faults;
	faults_begin(&faults);
	cr_assert(faults_settle(&faults));
	cr_expect_eq(faults.count, 0);
	faults_free(&faults);
}

/* The first sites' are kept, whether they come first, last or mixed, and repeatedly. */
Test(faults, bounded)
{
	enum { SITES = 5 * FAULTS_MAX };
	static const uint32_t steps[] = {1, SITES - 1, 7919};
	for (size_t i = 0; i < 3; i++) {
		struct faults faults;
		uint32_t site = 0;
		faults_begin(&faults);
		for (size_t n = 0; n < 2 * (size_t)SITES; n++) {
			const struct fault fault = {
				.site = site, .where = 2 * SITES - n, .kind = 1};
			faults_add(&faults, &fault);
			site = (uint32_t)(((uint64_t)site + steps[i]) % SITES);
		}
		cr_assert(faults_settle(&faults));
		cr_assert_eq(faults.count, FAULTS_MAX);
		cr_expect_leq(faults.room, 2 * FAULTS_MAX);
		for (uint32_t n = 0; n < FAULTS_MAX; n++)
			cr_assert_eq(faults.list[n].site, n, "step %u", steps[i]);
		faults_free(&faults);
	}
}
