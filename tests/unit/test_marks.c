/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/marks.c: what a fork brought along is known again, and nothing else. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "marks.h"

#define CONTROL 0x5000
#define CLAIM UINT64_C(0x700000009)

static struct marks marks;

static void note(uint64_t generation, uint64_t claim, uint64_t at)
{
	struct df_err err;
	const struct mark mark = {CONTROL, generation, claim, at};
	cr_assert_eq(marks_reserve(&marks, 1, &err), 0);
	marks_note(&marks, &mark);
}

static struct df_control_v1 idle(uint64_t generation, uint64_t at)
{
	return (struct df_control_v1){
		.phase = DF_PHASE_IDLE,
		.generation = generation,
		.changed_at = at,
		.changed_by = (uint32_t)getpid(),
	};
}

static bool is_in(struct df_control_v1 block)
{
	return marks_include(&marks, CONTROL, &block);
}

Test(marks, done)
{
	cr_expect_not(is_in(idle(4, 100)), "nothing was done yet");
	note(3, CLAIM, 100);
	cr_expect(is_in(idle(4, 100)));
	struct df_control_v1 block = idle(4, 100);
	cr_expect_not(marks_include(&marks, CONTROL + 128, &block), "another module");
	block.changed_by++;
	cr_expect_not(is_in(block), "by another");
	marks_free(&marks);
	cr_expect_not(is_in(idle(4, 100)));
}

/* We wrote that as well, and in time: but it only put right what another controller began. */
Test(marks, not_what_was_put_right_before)
{
	note(4, CLAIM, 120);
	cr_expect_not(is_in(idle(4, 100)));
	cr_expect_not(is_in(idle(4, 120)));
	cr_expect_not(is_in(idle(5, 110)));
	cr_expect(is_in(idle(5, 120)));
	marks_free(&marks);
}

/* A clock that is set back between two turns makes no difference. */
Test(marks, whatever_the_clock_says)
{
	note(3, CLAIM, 1000);
	note(8, CLAIM + 1, 20);
	cr_expect(is_in(idle(4, 1000)));
	cr_expect(is_in(idle(9, 20)));
	cr_expect_not(is_in(idle(4, 20)));
	cr_expect_not(is_in(idle(9, 1000)));
	marks_free(&marks);
}

Test(marks, in_the_middle)
{
	static const struct {
		uint32_t phase;
		bool goes_forward;
	} rows[] = {
		{DF_PHASE_PREPARING, false},
		{DF_PHASE_WRITING, true},
		{DF_PHASE_CLOSING, true},
		{DF_PHASE_UNDOING, false},
	};
	note(3, CLAIM, 100);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct df_control_v1 block = idle(3, 50);
		block.phase = rows[i].phase;
		block.external = (uint32_t)CLAIM;
		block.external_nonce = (uint32_t)(CLAIM >> 32);
		cr_expect_eq(is_in(block), rows[i].goes_forward, "phase %u", rows[i].phase);
		block.generation--;
		cr_expect_not(is_in(block), "phase %u: a recovery before", rows[i].phase);
		block.generation++;
		block.external_nonce++;
		cr_expect_not(is_in(block), "phase %u: another claim", rows[i].phase);
	}
	marks_free(&marks);
}

/* Between the last but one write and the last. */
Test(marks, stamped_already)
{
	note(3, CLAIM, 100);
	struct df_control_v1 block = idle(4, 100);
	block.phase = DF_PHASE_CLOSING;
	cr_expect(is_in(block));
	block.changed_at--;
	cr_expect_not(is_in(block));
	marks_free(&marks);
}

/* What is gone on with has a new stamp, and one mark. */
Test(marks, gone_on_with)
{
	note(3, CLAIM, 100);
	note(3, CLAIM, 130);
	cr_expect_eq(marks.count, 1);
	cr_expect(is_in(idle(4, 130)));
	cr_expect_not(is_in(idle(4, 100)));
	note(3, CLAIM + 1, 160);
	cr_expect_eq(marks.count, 2);
	cr_expect(is_in(idle(4, 160)));
	marks_free(&marks);
}

Test(marks, without_room)
{
	const struct mark mark = {CONTROL, 3, CLAIM, 100};
	marks_note(&marks, &mark);
	cr_expect_eq(marks.count, 0);
}
